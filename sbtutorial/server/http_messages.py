"""HTTP's messages between h11 and ours: a request from its head and body, a response on the wire.

Source: RFC 9110, RFC 9112.
"""

from collections.abc import Iterable
from http import HTTPStatus

import h11

from sbtutorial.http.request import Headers, Request, Response


def plain_text(status: int, text: str) -> Response:
    """A response that is one sentence."""
    return Response(status, (("Content-Type", "text/plain; charset=utf-8"),), f"{text}\n".encode())


def too_large(most: int) -> Response:
    """The refusal of a body that is longer than so many bytes."""
    return plain_text(413, f"a request's body has {most} bytes at most")


def closing(response: Response) -> Response:
    """The response with which a connection ends."""
    return Response(response.status, (*response.headers, ("Connection", "close")), response.body)


def has_body(head: h11.Request) -> bool:
    """Whether a body follows: RFC 9112, 6."""
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0"))
        for name, value in head.headers
    )


def request_of(head: h11.Request, body: bytes) -> Request:
    """The request without HTTP's own concerns: HEAD is GET whose body is not sent."""
    method = head.method.decode("ascii")
    target = head.target.decode("ascii", "replace")
    if not target.startswith("/"):  # the absolute form, which proxies use: RFC 9112, 3.2.2
        target = "/" + target.partition("://")[2].partition("/")[2]
    headers = _headers(head.headers)
    if head.http_version < b"1.1":
        headers.pop("upgrade", None)  # RFC 9110, 7.8: it means nothing there
    raw_headers = tuple(
        (name.decode("ascii"), value.decode("latin-1")) for name, value in head.headers.raw_items()
    )
    return Request("GET" if method == "HEAD" else method, target, headers, body, raw_headers)


def _headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("ascii"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def framed(response: Response) -> Headers:
    """The headers, and where the body ends: RFC 9112, 6.2; there is none to end with 204."""
    names = {name.lower() for name, _ in response.headers}
    if response.status == HTTPStatus.NO_CONTENT or "transfer-encoding" in names:
        return response.headers
    return (*response.headers, ("Content-Length", str(len(response.body))))


def declared_bytes(head: h11.Request) -> int:
    """How long the head says that the body is; 0 when it does not."""
    return next((int(value) for name, value in head.headers if name == b"content-length"), 0)


def reason_of(status: int) -> str:
    """The phrase beside a status; empty for one that HTTP does not know."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
