"""Between an HTTP request or response and the broker's `Message`.

A body that is sent is one AMQP data section, byte for byte. One that is received is the bytes of
the data sections, joined; of an AMQP value or sequence, text in UTF-8, binary as it is, anything
else as JSON (what JSON has no type for as text; more sections of a sequence are left out).
Properties that no header can carry are left out: by their name (one with a blank, or a header of
HTTP's own) or by their type (binary, null, lists, maps). A message with more headers than clients
of HTTP read is refused, and stays where it is.

Source: Azure Service Bus, REST API, "Send Message", "Send Message Batch", "Message headers and
properties".
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.messaging import (
    APPLICATION_PROPERTIES,
    DATA,
    MESSAGE_ANNOTATIONS,
    data_sections,
    encode_section,
)
from sbtutorial.amqp.types import Long, Symbol, decode
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.limits import MAX_HEADER_BYTES
from sbtutorial.broker.message import Message
from sbtutorial.gateway.rest import broker_properties
from sbtutorial.gateway.rest.property_headers import escape, read_properties, write_properties
from sbtutorial.gateway.wire.decimals import is_decimal, read_decimal
from sbtutorial.gateway.wire.message import Content, read_message
from sbtutorial.gateway.wire.properties import WireView
from sbtutorial.http.request import Request, Response

BATCH_CONTENT_TYPE = "application/vnd.microsoft.servicebus.json"
# Python's `http.client` reads 100 headers, each of 64 KiB; the endpoint adds a few.
_MAX_HEADERS = 90
_MAX_HEADER_CHARS = 65_000
# The shortest property has a name of one letter and a value of one byte: four bytes in all.
_MOST_PROPERTIES = MAX_HEADER_BYTES // 4
# What Azure says of a body whose sender says nothing.
_CONTENT_TYPE = "application/atom+xml;type=entry;charset=utf-8"

ToWire = Callable[[float], float]
NewId = Callable[[], str]


def batch_items(request: Request, at_most: int) -> list[Mapping[str, Any]] | None:
    """The messages of a batch, each as JSON has it; None for a request that sends one message.

    Args:
        request: Its content type says whether it is a batch.
        at_most: What the tier allows in one batch.

    Raises:
        BrokerError: ARGUMENT_ERROR: it is no batch, and says that it is one;
            MESSAGE_SIZE_EXCEEDED: it has too many messages.
    """
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != BATCH_CONTENT_TYPE:
        return None
    return _items(request.body, at_most)


def read_items(
    items: Iterable[Mapping[str, Any]], from_wire: ToWire, new_id: NewId
) -> Iterator[Message]:
    """Messages of a batch, one after the other; see `read_sent`.

    Raises:
        BrokerError: ARGUMENT_ERROR: one of them cannot be read.
    """
    for item in items:
        with _unicode():
            message = _read_item(item, from_wire, new_id)
        yield message


def read_sent(request: Request, from_wire: ToWire, new_id: NewId) -> Message:
    """The message that a request sends; its body is the message's.

    Args:
        request: Not one that sends a batch.
        from_wire: Turns an instant on the client's clock into broker time.
        new_id: Makes a message id, for a message without.

    Raises:
        BrokerError: ARGUMENT_ERROR: it cannot be read.
    """
    given = broker_properties.parse_header(request.headers.get("brokerproperties", ""))
    application = read_properties(request.raw_headers)
    content_type = request.headers.get("content-type", "")
    with _unicode():
        return _message(given, application, request.body, content_type, from_wire, new_id)


@contextmanager
def _unicode() -> Iterator[None]:
    """Refuse half a character, which JSON can write and nobody can send on."""
    try:
        yield
    except UnicodeEncodeError:
        raise BrokerError(
            ErrorCode.ARGUMENT_ERROR, "A text of the message is not Unicode: it has half a letter."
        ) from None


def write_received(
    status: int, message: Message, to_wire: ToWire, location: str | None = None
) -> Response:
    """A message as the response to who receives it.

    Args:
        status: 201 for one under a lock, 200 for one that is taken.
        message: As the broker has it now.
        to_wire: Turns broker time into an instant on the client's clock.
        location: Where a message under a lock is settled.

    Raises:
        BrokerError: MESSAGE_SIZE_EXCEEDED: HTTP cannot carry it.
    """
    view = WireView(message, to_wire)
    content: Content = message.content  # type: ignore[assignment]
    content_type = view.system("ContentType")
    given = escape(content_type).strip() if isinstance(content_type, str) else ""
    headers = [
        # Without a length, as Azure: version 0.21 takes Content-Length for a property.
        ("Transfer-Encoding", "chunked"),
        ("Content-Type", given or _CONTENT_TYPE),
        ("BrokerProperties", broker_properties.write(message, view)),
        *([("Location", location)] if location else []),
        *write_properties(view.application),
    ]
    _require_readable(message, headers)
    return Response(status, tuple(headers), body_bytes(content.body))


def _require_readable(message: Message, headers: list[tuple[str, str]]) -> None:
    """Refuse what Python's own HTTP client would give up, when it is too late."""
    longest = max(len(name) + len(text) for name, text in headers)
    if len(headers) > _MAX_HEADERS or longest > _MAX_HEADER_CHARS:
        raise BrokerError(
            ErrorCode.MESSAGE_SIZE_EXCEEDED,
            f"Message {message.sequence_number} has {len(headers)} headers, the longest of "
            f"{longest} characters; clients of HTTP read {_MAX_HEADERS} of {_MAX_HEADER_CHARS}. "
            "The message stays: receive it over AMQP.",
        )


def body_bytes(body: bytes) -> bytes:
    """What the body sections of an AMQP message hold, as bytes: text in UTF-8, the rest as JSON."""
    if not body:
        return b""
    if body[2] == DATA:
        return b"".join(data_sections(body))
    try:
        value = decode(body)[0].value
    except DecodeError:  # a map whose keys Python cannot tell apart
        return body
    if isinstance(value, bytes) and not is_decimal(value):
        return value
    if is_decimal(value):
        return _as_text(value).encode()
    return (value if isinstance(value, str) else _as_json(value)).encode(errors="replace")


def _as_json(value: object) -> str:
    try:
        return json.dumps(value, default=_as_text)
    except TypeError:  # a map whose keys are no texts, which JSON knows none of
        return str(value)
    except RecursionError:
        raise BrokerError(
            ErrorCode.MESSAGE_SIZE_EXCEEDED,
            "The body of the message is nested too deeply for JSON. The message stays: receive it "
            "over AMQP.",
        ) from None


def _as_text(value: object) -> str:
    return str(read_decimal(value) if is_decimal(value) else value)


def _items(body: bytes, at_most: int) -> list[Mapping[str, Any]]:
    try:
        items = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _no_batch(f"it is no JSON: {error}") from None
    if not isinstance(items, list):
        raise _no_batch("it is no JSON array")
    if len(items) > at_most:
        raise BrokerError(
            ErrorCode.MESSAGE_SIZE_EXCEEDED,
            f"The batch has {len(items)} messages; {at_most} are allowed, however small they are. "
            "Send them in several batches.",
        )
    return [broker_properties.as_object("A message", item) for item in items]


def _read_item(item: Mapping[str, Any], from_wire: ToWire, new_id: NewId) -> Message:
    body = item.get("Body", "")
    if not isinstance(body, str):
        raise _no_batch(f"a Body is no text but {broker_properties.shown(body)}")
    given = broker_properties.as_object("BrokerProperties", item.get("BrokerProperties"))
    application = broker_properties.as_object("UserProperties", item.get("UserProperties"))
    if len(application) > _MOST_PROPERTIES:
        raise BrokerError(
            ErrorCode.MESSAGE_SIZE_EXCEEDED,
            f"A message has {len(application)} properties, which are longer together than "
            f"{MAX_HEADER_BYTES} bytes (64 KB), all that is allowed.",
        )
    values = {name: _user_property(name, value) for name, value in application.items()}
    content_type = given.get("ContentType", "")
    return _message(given, values, body.encode(), str(content_type), from_wire, new_id)


def _user_property(name: str, value: object) -> object:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return Long(value)
    if isinstance(value, str | float):
        return value
    raise _no_batch(f"the value of '{name[:40]}' is no text, number or boolean")


def _message(
    given: Mapping[str, Any],
    application: Mapping[str, object],
    body: bytes,
    content_type: str,
    from_wire: ToWire,
    new_id: NewId,
) -> Message:
    said = broker_properties.read(given)
    properties = said.properties
    if content_type:
        properties.content_type = Symbol(escape(content_type).encode("ascii", "replace").decode())
    payload = b"".join(
        (
            encode_section(MESSAGE_ANNOTATIONS, said.annotations) if said.annotations else b"",
            properties.encode(),
            encode_section(APPLICATION_PROPERTIES, dict(application)) if application else b"",
            encode_section(DATA, body),
        )
    )
    message = read_message(payload, from_wire=from_wire, new_id=new_id)
    message.time_to_live = said.time_to_live
    return message


def _no_batch(problem: str) -> BrokerError:
    return BrokerError(
        ErrorCode.ARGUMENT_ERROR,
        f"The request's body is no batch: {problem}. Send "
        '[{"Body": "coffee", "BrokerProperties": {}, "UserProperties": {}}], or one message with '
        "another Content-Type.",
    )
