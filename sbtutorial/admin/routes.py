"""The administration API: which request does what, and what is said when it cannot.

Two tables decide: `PLACES`, from path and method to a handler and the right that it takes, and
`STATUSES`, from the broker's kinds of refusal to HTTP's. Nothing here knows a socket or a clock.

Source: Azure Service Bus, REST API "Service Bus resource provider", Atom-based entity operations;
"Access control with shared access signatures", rights required for operations.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from sbtutorial.admin import namespace_info, queues_and_topics, rules, subscriptions
from sbtutorial.admin.atom import error_response
from sbtutorial.admin.call import LISTEN, MANAGE, Administered, Call, Refusal
from sbtutorial.admin.versions import served
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.http.request import Request, Response


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


class Operation(NamedTuple):
    """What is done, given the call and the names in its path, and what it takes to be allowed."""

    handler: Callable[..., Response]
    right: str = MANAGE


class Place(NamedTuple):
    """A kind of path, in any case, with its names in brackets, and what can be done there."""

    path: re.Pattern[str]
    methods: Mapping[str, Operation]


_ENTITY = "([^$].*)"
_SUBSCRIPTIONS = f"{_ENTITY}/subscriptions"
_SUBSCRIPTION = f"{_SUBSCRIPTIONS}/([^/]+)"
_RULES = f"{_SUBSCRIPTION}/rules"
_RULE = f"{_RULES}/([^/]+)"

PLACES = tuple(
    Place(re.compile(path, re.IGNORECASE | re.DOTALL), methods)
    for path, methods in (
        (r"\$namespaceinfo", {"GET": Operation(namespace_info.get)}),
        (r"\$resources/queues", {"GET": Operation(queues_and_topics.list_queues)}),
        (r"\$resources/topics", {"GET": Operation(queues_and_topics.list_topics)}),
        (_RULES, {"GET": Operation(rules.list_all, LISTEN)}),
        (
            _RULE,
            {
                "PUT": Operation(rules.put),
                "GET": Operation(rules.get, LISTEN),
                "DELETE": Operation(rules.delete),
            },
        ),
        (_SUBSCRIPTIONS, {"GET": Operation(subscriptions.list_all)}),
        (
            _SUBSCRIPTION,
            {
                "PUT": Operation(subscriptions.put),
                "GET": Operation(subscriptions.get),
                "DELETE": Operation(subscriptions.delete),
            },
        ),
        (
            _ENTITY,
            {
                "PUT": Operation(queues_and_topics.put),
                "GET": Operation(queues_and_topics.get),
                "DELETE": Operation(queues_and_topics.delete),
            },
        ),
    )
)


def handle(request: Request, administered: Administered, *, now: float, host: str) -> Response:
    """Do what an administration client asks, if its token allows it.

    Args:
        request: The request, whole.
        administered: The namespace, and what belongs to it.
        now: Broker time, in seconds.
        host: Host and port by which the client reached us, for the URLs in answers.
    """
    try:
        return _handle(request, administered, now, host)
    except Refusal as refusal:
        return refusal.response
    except BrokerError as error:
        return refused(error)


def refused(error: BrokerError) -> Response:
    """A refusal of the broker, in HTTP's terms."""
    status = STATUSES[error.code]
    return error_response(status.http, f"SubCode={status.sub_code}. {error.message}")


def _handle(request: Request, administered: Administered, now: float, host: str) -> Response:
    administered.namespace.run_due(now)
    path = request.path
    place = next((place for place in PLACES if place.path.fullmatch(path)), None)
    operation = place.methods.get(request.method) if place else None
    administered.authorize(
        request.headers.get("authorization"),
        f"https://{host}{request.target}",
        operation.right if operation else MANAGE,
    )
    if place is None:
        raise _nowhere(path)
    if operation is None:
        raise _not_offered(request, place)
    match = place.path.fullmatch(path)
    names = match.groups() if match else ()
    version = served(request.query.get("api-version"))
    return operation.handler(Call(request, administered, now, host, version), *names)


def _nowhere(path: str) -> BrokerError:
    return BrokerError(
        ErrorCode.ARGUMENT_ERROR,
        f"'/{path}' names nothing that can be administered. Use the name of a queue or a topic, "
        "/$Resources/queues, /$Resources/topics or /$namespaceinfo.",
    )


def _not_offered(request: Request, place: Place) -> Refusal:
    allowed = ", ".join(place.methods)
    text = f"{request.method} is not offered on '/{request.path}': use {allowed}."
    refusal = error_response(405, text)
    return Refusal(Response(405, (*refusal.headers, ("Allow", allowed)), refusal.body))
