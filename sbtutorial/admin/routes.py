"""The administration API: which request does what, and what is said when it cannot.

Two tables decide: `ROUTES`, from method and path to a handler, and `STATUSES`, from the broker's
kinds of refusal to HTTP's. Nothing here knows a socket or a clock.

Source: Azure Service Bus, REST API "Service Bus resource provider", Atom-based entity operations.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote, urlencode
from xml.etree.ElementTree import SubElement

from sbtutorial.admin import queue_xml
from sbtutorial.admin.atom import (
    NEVER,
    Entry,
    described,
    entry_response,
    error_response,
    feed_response,
    format_instant,
    local_name,
    read_description,
)
from sbtutorial.admin.http import Request, Response
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.namespace import Namespace
from sbtutorial.broker.queue import Queue

# Twelve authorization rules and 1024 characters of metadata fit many times.
MAX_BODY_BYTES = 256 * 1024
API_VERSIONS = ("2017-04", "2021-05", "2024-05")
_WITHOUT_MESSAGE_SIZE = "2017-04"
_PAGE_SIZE = 100

ToWire = Callable[[float], float]


class Status(NamedTuple):
    """What HTTP says about a refusal, and the number by which Azure refines it."""

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


@dataclass(frozen=True, slots=True)
class Call:
    """One request on its way, with all that a handler may need."""

    request: Request
    namespace: Namespace
    now: float
    to_wire: ToWire
    host: str
    api_version: str | None

    @property
    def wire_now(self) -> str:
        """Now, as it is written."""
        return format_instant(self.to_wire(self.now))

    def url(self, path: str, **query: int) -> str:
        """Where a path is, for the client."""
        pairs = {f"${name}": str(value) for name, value in query.items()}
        if self.api_version:
            pairs["api-version"] = self.api_version
        suffix = f"?{urlencode(pairs, safe='$')}" if pairs else ""
        return f"https://{self.host}/{quote(path, safe='/$')}{suffix}"


Handler = Callable[[Call, str], Response]


class Route(NamedTuple):
    """What answers a method on the paths that match, in any case."""

    method: str
    path: re.Pattern[str]
    handler: Handler


def handle(
    request: Request, namespace: Namespace, *, now: float, to_wire: ToWire, host: str
) -> Response:
    """Do what an administration client asks.

    Args:
        request: The request, whole; whether it may be made is decided before.
        namespace: What is administered.
        now: Broker time, in seconds.
        to_wire: From broker time to wall-clock seconds since the epoch.
        host: Host and port by which the client reached us, for the URLs in answers.
    """
    try:
        namespace.run_due(now)
        version = _api_version(request)
        call = Call(request, namespace, now, to_wire, host, version)
        return _route(request).handler(call, request.path)
    except _Refusal as refusal:
        return refusal.response
    except BrokerError as error:
        return refused(error)


def refused(error: BrokerError) -> Response:
    """A refusal of the broker, in HTTP's terms."""
    status = STATUSES[error.code]
    return error_response(status.http, f"SubCode={status.sub_code}. {error.message}")


class _Refusal(Exception):
    """A refusal that only HTTP knows."""

    def __init__(self, response: Response):
        super().__init__(response.status)
        self.response = response


def _api_version(request: Request) -> str | None:
    version = request.query.get("api-version")
    if version is not None and version not in API_VERSIONS:
        raise BrokerError(
            ErrorCode.ARGUMENT_ERROR,
            f"api-version is '{version}'; this broker knows {', '.join(API_VERSIONS)}.",
        )
    return version


def _route(request: Request) -> Route:
    path = request.path
    on_path = [route for route in ROUTES if route.path.fullmatch(path)]
    if not on_path:
        raise BrokerError(
            ErrorCode.ARGUMENT_ERROR,
            f"'/{path}' names nothing that can be administered. Use the name of a queue, "
            "/$Resources/queues or /$namespaceinfo.",
        )
    for route in on_path:
        if route.method in (request.method, "*"):
            return route
    allowed = ", ".join(dict.fromkeys(route.method for route in on_path))
    refusal = error_response(405, f"{request.method} is not offered on '/{path}': use {allowed}.")
    raise _Refusal(Response(405, (*refusal.headers, ("Allow", allowed)), refusal.body))


# -- Queues ---------------------------------------------------------------------------------


def _put_queue(call: Call, name: str) -> Response:
    """Create, or with If-Match change."""
    settings = _settings(call)
    queues = call.namespace
    if "if-match" in call.request.headers:
        description = queue_xml.apply_settings(settings, queues.queue(name))
        queue = queues.update_queue(name, description, now=call.now)
        return entry_response(200, _queue_entry(call, queue))
    description = queue_xml.apply_settings(settings, None)
    queue = queues.create_queue(name, description, now=call.now)
    return entry_response(201, _queue_entry(call, queue))


def _get_queue(call: Call, name: str) -> Response:
    """Its description and its counters; Azure answers for a missing one with an empty feed."""
    try:
        queue = call.namespace.queue(name)
    except BrokerError:
        return feed_response("Publicly Listed Services", call.url(name), call.wire_now, [])
    return entry_response(200, _queue_entry(call, queue))


def _delete_queue(call: Call, name: str) -> Response:
    call.namespace.delete_queue(name, now=call.now)
    return Response(200)  # the Python SDK takes 204 for a failure


def _list_queues(call: Call, path: str) -> Response:
    skip, top = _number(call, "$skip", 0), _number(call, "$top", _PAGE_SIZE)
    queues = call.namespace.queues()
    page, end = queues[skip : skip + top], skip + top
    has_more = len(page) == top > 0 and end < len(queues)
    return feed_response(
        "Queues",
        call.url(path, skip=skip, top=top),
        call.wire_now,
        (_queue_entry(call, queue) for queue in page),
        call.url(path, skip=end, top=top) if has_more else None,
    )


def _queue_entry(call: Call, queue: Queue) -> Entry:
    has_message_size = call.api_version != _WITHOUT_MESSAGE_SIZE
    return Entry(
        call.url(queue.name),
        queue.name,
        format_instant(call.to_wire(queue.created_at)),
        format_instant(call.to_wire(queue.updated_at)),
        call.namespace.name,
        queue_xml.write_queue(queue, call.to_wire, has_message_size=has_message_size),
    )


def _settings(call: Call) -> dict[str, object]:
    body = call.request.body
    if len(body) > MAX_BODY_BYTES:
        text = f"The request's body has {len(body)} bytes; {MAX_BODY_BYTES} are allowed."
        raise _Refusal(error_response(413, text))
    element = read_description(body)
    if local_name(element) != queue_xml.ELEMENT:
        raise _not_a_queue(local_name(element))
    settings = queue_xml.read_settings(element)
    message_size = settings.get("max_message_size_in_kilobytes")
    if message_size is not None and call.api_version == _WITHOUT_MESSAGE_SIZE:
        raise BrokerError(
            ErrorCode.ARGUMENT_ERROR,
            f"max_message_size_in_kilobytes ({queue_xml.MESSAGE_SIZE}) needs api-version 2021-05 "
            f"or later; this request has {call.api_version}. Leave it out or raise the version.",
        )
    return settings


def _not_a_queue(element: str) -> BrokerError:
    if element == "TopicDescription":
        return BrokerError(
            ErrorCode.NOT_IMPLEMENTED,
            "This broker has queues only, and no topics yet. Create a queue here, or use Azure "
            "for topics.",
        )
    return BrokerError(
        ErrorCode.ARGUMENT_ERROR,
        f"The content of the entry is a '{element[:80]}', and must be a {queue_xml.ELEMENT}.",
    )


def _number(call: Call, name: str, default: int) -> int:
    text = call.request.query.get(name, str(default))
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise BrokerError(
            ErrorCode.ARGUMENT_ERROR, f"{name} is '{text[:40]}'; it must be 0 or a whole number."
        )
    return int(text)


# -- The rest of the namespace ---------------------------------------------------------------


def _list_topics(call: Call, path: str) -> Response:
    return feed_response("Topics", call.url(path), call.wire_now, [])


def _no_topics(call: Call, path: str) -> Response:
    raise BrokerError(
        ErrorCode.ENTITY_NOT_FOUND,
        f"The messaging entity 'sb://{call.host}/{path}' could not be found. This broker has "
        "queues only, and no topics yet: use Azure for topics and subscriptions.",
    )


def _namespace_info(call: Call, path: str) -> Response:
    namespace = call.namespace
    info = described("NamespaceInfo")
    values = {
        "CreatedTime": NEVER,
        "MessagingSKU": namespace.limits.name,
        "MessagingUnits": "1" if namespace.limits.name == "Premium" else None,
        "ModifiedTime": NEVER,
        "Name": namespace.name,
        "NamespaceType": "Messaging",
    }
    for element, value in values.items():
        if value is not None:
            SubElement(info, element).text = value
    now = call.wire_now
    entry = Entry(call.url(path), namespace.name, now, now, namespace.name, info)
    return entry_response(200, entry)


_SUBSCRIPTION = "[^$].*/subscriptions(/[^/]+(/rules(/[^/]+)?)?)?"
_ENTITY = "[^$].*"

ROUTES = tuple(
    Route(method, re.compile(path, re.IGNORECASE), handler)
    for method, path, handler in (
        ("GET", r"\$namespaceinfo", _namespace_info),
        ("GET", r"\$resources/queues", _list_queues),
        ("GET", r"\$resources/topics", _list_topics),
        ("*", _SUBSCRIPTION, _no_topics),
        ("PUT", _ENTITY, _put_queue),
        ("GET", _ENTITY, _get_queue),
        ("DELETE", _ENTITY, _delete_queue),
    )
)
