"""HTTP's answers to what is refused: the status of each kind of refusal, and the error document.

Administration and the data plane answer with the same XML, in which SDKs look for their texts.

Source: Azure Service Bus, REST API, "Service Bus resource provider", error codes.
"""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement, tostring

from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.http.request import Request, Response


class HttpRefusal(Exception):
    """A refusal that only HTTP knows: its response, ready to be sent."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


class Status(NamedTuple):
    """HTTP's status of a refusal, and the number by which Azure refines it."""

    http: int
    sub_code: int


STATUSES = {
    ErrorCode.ENTITY_NOT_FOUND: Status(404, 40400),
    ErrorCode.ENTITY_ALREADY_EXISTS: Status(409, 40900),
    ErrorCode.ENTITY_DISABLED: Status(403, 40301),
    ErrorCode.MESSAGE_SIZE_EXCEEDED: Status(413, 41300),
    # Not 40301: with that, the JavaScript SDK takes a quota for an invalid operation.
    ErrorCode.QUOTA_EXCEEDED: Status(403, 40300),
    ErrorCode.MESSAGE_LOCK_LOST: Status(410, 41000),
    ErrorCode.MESSAGE_NOT_FOUND: Status(404, 40400),
    ErrorCode.SESSION_LOCK_LOST: Status(410, 41000),
    # Not 40901, which JavaScript's SDK takes for a conflict that ends by itself.
    ErrorCode.SESSION_CANNOT_BE_LOCKED: Status(409, 40900),
    ErrorCode.ARGUMENT_ERROR: Status(400, 40000),
    ErrorCode.ARGUMENT_OUT_OF_RANGE: Status(400, 40000),
    ErrorCode.NOT_ALLOWED: Status(403, 40301),
    ErrorCode.NOT_IMPLEMENTED: Status(501, 50100),
    ErrorCode.UNAUTHORIZED: Status(401, 40100),
    ErrorCode.TIMEOUT: Status(504, 50004),
    ErrorCode.PRECONDITION_FAILED: Status(412, 41200),
}

# Where HTTP's data plane says something else than administration does.
DATA_PLANE_STATUSES = {
    **STATUSES,
    ErrorCode.MESSAGE_LOCK_LOST: Status(404, 40400),
    ErrorCode.NOT_ALLOWED: Status(405, 40500),
}

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def refused(error: BrokerError, statuses: Mapping[ErrorCode, Status] = STATUSES) -> Response:
    """A refusal of the broker, in HTTP's terms.

    Args:
        error: The refusal; its text becomes the answer's detail.
        statuses: The status of each kind.
    """
    status = statuses[error.code]
    return error_response(status.http, f"SubCode={status.sub_code}. {error.message}")


def error_response(status: int, detail: str) -> Response:
    """The error document; the Python SDK shows `detail` as the message of its exception."""
    error = Element("Error")
    SubElement(error, "Code").text = str(status)
    SubElement(error, "Detail").text = detail
    headers = (("Content-Type", "application/xml; charset=utf-8"),)
    return Response(status, headers, xml_bytes(error))


def method_refused(request: Request, offered: Iterable[str]) -> Response:
    """405, with the methods that are offered: RFC 9110, 15.5.6."""
    allowed = ", ".join(offered)
    text = f"{request.method} is not offered on '/{request.path}': use {allowed}."
    refusal = error_response(405, text)
    return Response(405, (*refusal.headers, ("Allow", allowed)), refusal.body)


def xml_bytes(element: Element) -> bytes:
    """An XML document; a character that XML cannot hold becomes U+FFFD."""
    text = _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", tostring(element, encoding="unicode"))
    return b"<?xml version='1.0' encoding='utf-8'?>\n" + text.encode()
