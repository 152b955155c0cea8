"""Requests put to the administration API as values, without TLS, HTTP or tokens."""

import os
from typing import Any
from xml.etree.ElementTree import fromstring

from sbtutorial.admin.atom import SERVICE_BUS
from sbtutorial.admin.call import Administered
from sbtutorial.admin.routes import handle
from sbtutorial.broker.namespace import Namespace
from sbtutorial.gateway.ids import Ids
from sbtutorial.http.request import Request, Response

ATOM = "{http://www.w3.org/2005/Atom}"
SB = f"{{{SERVICE_BUS}}}"
VERSION = "api-version=2024-05"
HOST = "127.0.0.1:5672"
new_key = Ids(os.urandom).key
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"


def allow(token: str | None, path: str, entity: str, right: str) -> None:
    """Everybody may do everything."""


def ask(
    namespace: Namespace,
    method: str,
    target: str,
    body: bytes = b"",
    now: float = 100.0,
    authorize: Any = allow,
    **headers: str,
) -> Response:
    lower_case = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    request = Request(method, target, lower_case, body)
    administered = Administered(namespace, lambda at: at + 1000.0, 50.0, authorize, new_key)
    return handle(request, administered, now=now, host=HOST)


def body_of(inner: str = "", element: str = "QueueDescription") -> bytes:
    return (
        f'<entry xmlns="http://www.w3.org/2005/Atom"><content type="application/xml">'
        f'<{element} xmlns="{SERVICE_BUS}" xmlns:i="{INSTANCE}">{inner}</{element}>'
        f"</content></entry>"
    ).encode()


def detail_of(response: Response) -> str:
    error = fromstring(response.body)
    assert error.tag == "Error"
    assert error.findtext("Code") == str(response.status)
    return error.findtext("Detail") or ""


def titles_of(response: Response) -> list[str | None]:
    assert response.status == 200
    feed = fromstring(response.body)
    assert feed.tag == f"{ATOM}feed"
    return [entry.findtext(f"{ATOM}title") for entry in feed.findall(f"{ATOM}entry")]


def id_of(response: Response) -> str | None:
    entry = fromstring(response.body)
    assert entry.tag == f"{ATOM}entry"
    return entry.findtext(f"{ATOM}id")


def etag_of(response: Response) -> str:
    return dict(response.headers)["ETag"]


def next_of(response: Response) -> str | None:
    links = fromstring(response.body).findall(f"{ATOM}link")
    assert len(links) <= 2
    return links[1].get("href") if len(links) == 2 else None
