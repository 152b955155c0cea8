"""The administration API's routes: which request does what, and the right that it takes.

One table decides, `ROUTES`: from path and method to a handler. Nothing here knows a socket or a
clock.

Source: Azure Service Bus, REST API "Service Bus resource provider", Atom-based entity operations;
"Access control with shared access signatures", rights required for operations.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from sbtutorial.admin import namespace_info, queues_and_topics, rules, subscriptions
from sbtutorial.admin.call import LISTEN, MANAGE, Administered, AdministrationCall
from sbtutorial.admin.versions import served
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.http.refusals import HttpRefusal, method_refused, refused
from sbtutorial.http.request import Request, Response


class Handled(NamedTuple):
    """A method of a route: what answers a call, given the names in its path, and its right."""

    handler: Callable[..., Response]
    right: str = MANAGE


class Route(NamedTuple):
    """A kind of path, in any case, with its names in brackets, and the methods it takes."""

    path: re.Pattern[str]
    methods: Mapping[str, Handled]


_ENTITY = "([^$].*)"
_SUBSCRIPTIONS = f"{_ENTITY}/subscriptions"
_SUBSCRIPTION = f"{_SUBSCRIPTIONS}/([^/]+)"
_RULES = f"{_SUBSCRIPTION}/rules"
_RULE = f"{_RULES}/([^/]+)"

ROUTES = tuple(
    Route(re.compile(path, re.IGNORECASE | re.DOTALL), methods)
    for path, methods in (
        (r"\$namespaceinfo", {"GET": Handled(namespace_info.get)}),
        (r"\$resources/queues", {"GET": Handled(queues_and_topics.list_queues)}),
        (r"\$resources/topics", {"GET": Handled(queues_and_topics.list_topics)}),
        (_RULES, {"GET": Handled(rules.list_all, LISTEN)}),
        (
            _RULE,
            {
                "PUT": Handled(rules.put),
                "GET": Handled(rules.get, LISTEN),
                "DELETE": Handled(rules.delete),
            },
        ),
        (_SUBSCRIPTIONS, {"GET": Handled(subscriptions.list_all)}),
        (
            _SUBSCRIPTION,
            {
                "PUT": Handled(subscriptions.put),
                "GET": Handled(subscriptions.get),
                "DELETE": Handled(subscriptions.delete),
            },
        ),
        (
            _ENTITY,
            {
                "PUT": Handled(queues_and_topics.put),
                "GET": Handled(queues_and_topics.get),
                "DELETE": Handled(queues_and_topics.delete),
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
        administered.namespace.catch_up(now)
        authorize(request, administered)
        return _handle(request, administered, now, host)
    except HttpRefusal as refusal:
        return refusal.response
    except BrokerError as error:
        return refused(error)


def authorize(request: Request, administered: Administered) -> None:
    """Ask of a request's token that it allows what is asked; the head of the request is enough.

    An entity's own keys count where the entity is there, so none of them can create another one.

    Raises:
        BrokerError: UNAUTHORIZED.
    """
    route, names = _find(request.path)
    handled = route.methods.get(request.method) if route else None
    administered.authorize(
        request.headers.get("authorization"),
        request.path,
        names[0] if names else "",
        handled.right if handled else MANAGE,
    )


def _handle(request: Request, administered: Administered, now: float, host: str) -> Response:
    route, names = _find(request.path)
    if route is None:
        raise _nowhere(request.path)
    if request.method not in route.methods:
        raise HttpRefusal(method_refused(request, route.methods))
    version = served(request.query.get("api-version"))
    call = AdministrationCall(request, administered, now, host, version)
    return route.methods[request.method].handler(call, *names)


def _find(path: str) -> tuple[Route | None, tuple[str, ...]]:
    """The route of a path, and the names in it; the first is that of a queue or a topic."""
    for route in ROUTES:
        if match := route.path.fullmatch(path):
            return route, match.groups()
    return None, ()


def _nowhere(path: str) -> BrokerError:
    return BrokerError(
        ErrorCode.ARGUMENT_ERROR,
        f"'/{path}' names nothing that can be administered. Use the name of a queue or a topic, "
        "/$Resources/queues, /$Resources/topics or /$namespaceinfo.",
    )
