"""Control calls: the lab's own, below `/$lab/` on the broker's port: state, time, events, pictures.

Azure has none of this, so it is no part of any SDK: `sbtutorial.hosting.control_client` calls it.
JSON goes both ways; every call but `hello` needs a shared access signature that gives Manage; what
is wrong with a call is said in a sentence, as `{"error": ...}`.

`hello` proves to who has the key that the broker has it, too (`gateway.access.proof`), and names
this instance of it. Below `/$lab/@<instance>/` are the same calls as below `/$lab/`, and a token
for that path opens no other broker.
"""

import json
import os
import sys
from collections.abc import Awaitable, Callable
from math import isfinite
from typing import Any, NamedTuple

from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.gateway.access import proof
from sbtutorial.gateway.access.resource import Resource
from sbtutorial.gateway.access.sas import MANAGE, TokenError
from sbtutorial.gateway.core import Core
from sbtutorial.gateway.faults import Occasion
from sbtutorial.http.request import Request, Response
from sbtutorial.server.snapshot import snapshot
from sbtutorial.text import text_of
from sbtutorial.trace import Event
from sbtutorial.version import __version__

PREFIX = "$lab/"
MAX_ADVANCE_SECONDS = 10 * 365 * 86400.0
MAX_WAIT_SECONDS = 60.0
# One answer holds so many events; a reader asks again from the last one.
MAX_EVENTS = 2000
_HELLO = "hello"

Json = dict[str, Any]


class CallError(Exception):
    """A call that cannot be served; the text says why."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def is_control_call(request: Request) -> bool:
    """Whether a request is one for `handle`."""
    return request.path.startswith(PREFIX)


def is_hello(request: Request) -> bool:
    """Whether a request is the one call that needs no token."""
    return request.path == PREFIX + _HELLO


def handle(request: Request, broker: Core) -> Response | Awaitable[Response]:
    """Answer a call: at once, or later for a long poll."""
    try:
        if is_hello(request):
            return _respond(_hello(request, broker))
        authorize(request, broker)
        answer = _route(request, broker)
    except (CallError, BrokerError, TokenError) as refusal:
        return _refuse(refusal)
    return _respond(answer) if isinstance(answer, dict) else _respond_later(answer)


def refusal(request: Request, broker: Core) -> Response | None:
    """What refuses a call by its head alone; None when nothing does."""
    try:
        authorize(request, broker)
    except TokenError as refusal:
        return _refuse(refusal)
    return None


def authorize(request: Request, broker: Core) -> None:
    """Ask of a call's token that it gives Manage on the lab: no entity's own key does.

    Raises:
        TokenError: As `Keyring.authorize`.
    """
    broker.keyring.authorize(
        request.headers.get("authorization"),
        Resource(request.host, request.path.lower()),
        now=broker.clock.wall(),
        right=MANAGE,
    )


def _hello(request: Request, broker: Core) -> Json:
    """Prove that this broker has a key, to a client that has it."""
    query = request.query
    nonce, tag = query.get("nonce", ""), query.get("tag", "")
    if not proof.is_nonce(nonce):
        raise CallError(400, "'nonce' is 32 to 64 hexadecimal digits, made up for this one call.")
    key = broker.keyring.of_namespace.get(query.get("key", ""))
    if key is None or not proof.is_equal(tag, proof.tag(key.value, nonce)):
        raise CallError(401, "The call was made with another key than this broker's.")
    answer = proof.proof(key.value, nonce, broker.instance)
    return {"instance": broker.instance, "proof": answer}


def _route(request: Request, broker: Core) -> Json | Awaitable[Json]:
    path = request.path.removeprefix(PREFIX)
    if path.startswith("@"):
        instance, _, path = path.removeprefix("@").partition("/")
        if instance != broker.instance:
            raise CallError(404, "This call is for another broker, which was here before.")
    name, _, rest = path.partition("/")
    methods = _ROUTES.get(name)
    if methods is None:
        known = ", ".join(sorted(_ROUTES))
        raise CallError(404, f"There is no '{name}' below /{PREFIX}; there is {known}.")
    if request.method not in methods:
        raise CallError(405, f"/{PREFIX}{name} takes {' and '.join(methods)} only.")
    return methods[request.method](broker, ControlCall(rest, request))


def _status(broker: Core, _call: "ControlCall") -> Json:
    return {
        "namespace": broker.namespace.name,
        "tier": broker.namespace.limits.name,
        "pid": os.getpid(),
        "version": __version__,
        "started_at": broker.started_at,
        "queues": len(broker.namespace.directory.queues()),
        "topics": len(broker.namespace.directory.topics()),
        "connections": broker.connections,
        "advanced_seconds": broker.clock.advanced_seconds,
        "now": broker.clock.now(),
    }


async def _advance(broker: Core, call: "ControlCall") -> Json:
    from sbtutorial.server.long_poll import advance

    await advance(broker, call.seconds_to_advance())
    return {"advanced_seconds": broker.clock.advanced_seconds}


def _shrink(broker: Core, call: "ControlCall") -> Json:
    with broker.reactor.turn() as now:
        queue = broker.namespace.directory.queue(call.rest)
        broker.namespace.shrink(queue, call.megabytes(), now=now)
        return {"max_size_in_megabytes": queue.description.max_size_in_megabytes}


def _fault(broker: Core, call: "ControlCall") -> Json:
    broker.faults.plan(**call.fault())
    return {"planned": len(broker.faults.planned)}


def _reset(broker: Core, _call: "ControlCall") -> Json:
    broker.reset()
    return {}


def _shutdown(broker: Core, _call: "ControlCall") -> Json:
    if broker.on_shutdown is None:
        raise CallError(
            409, "This broker is part of another program and ends with it: stop that program."
        )
    broker.on_shutdown()
    return {}


def _queue(broker: Core, call: "ControlCall") -> Json:
    with broker.reactor.turn() as now:
        entity = broker.namespace.directory.receivable(call.rest)
        return snapshot(entity, now=now, is_connected=broker.is_connected).to_plain()


def _config(broker: Core, _call: "ControlCall") -> Json:
    from sbtutorial.admin.config import write_config

    return {"config": write_config(broker.namespace)}


async def _events(broker: Core, call: "ControlCall") -> Json:
    from sbtutorial.server.long_poll import next_events

    after = int(call.number("after", 0, at_most=sys.maxsize))
    wait_seconds = call.number("wait", 0, at_most=MAX_WAIT_SECONDS)
    trace = broker.trace
    entity = call.request.query.get("entity") or None
    events = await next_events(trace, after, entity, wait_seconds, MAX_EVENTS)
    return {
        "events": [_plain(event) for event in events],
        "last": events[-1].number if len(events) == MAX_EVENTS else trace.last_number,
        "dropped": max(trace.dropped - after, 0),
    }


def _plain(event: Event) -> Json:
    """An event for JSON and for every screen, whatever a client has put into it."""
    texts = {name: text_of(getattr(event, name)) for name in ("what", "entity", "who", "detail")}
    own_id = None if event.message_id is None else text_of(event.message_id)
    return {**event._asdict(), **texts, "message_id": own_id}


class ControlCall(NamedTuple):
    """One call: what follows its name in the path, and the request to read arguments from."""

    rest: str
    request: Request

    def number(self, name: str, default: float, *, at_most: float) -> float:
        """A number from the query, from 0 to `at_most`; more than that counts as that."""
        text = self.request.query.get(name, "")
        try:
            value = float(text) if text else default
        except ValueError:
            value = float("nan")
        if not (isfinite(value) and value >= 0):
            raise CallError(400, f"'{name}' is a number, 0 or more; '{text[:40]}' is not.")
        return min(value, at_most)

    def argument(self, name: str, advice: str) -> Any:
        """The one argument of a call, from the JSON body; what is said when it is not there."""
        try:
            return json.loads(self.request.body)[name]
        except (ValueError, TypeError, KeyError, RecursionError):
            raise CallError(400, advice) from None

    def megabytes(self) -> int:
        """The one argument of `shrink`."""
        megabytes = self.argument("megabytes", 'Say to what size, as JSON: {"megabytes": 1}.')
        if type(megabytes) is not int:
            text = json.dumps(megabytes)[:40]
            raise CallError(400, f"'megabytes' is a whole number; {text} is not.")
        return megabytes

    def fault(self) -> dict[str, Any]:
        """The arguments of `faults`: an occasion, and what else `Faults.plan` takes."""
        advice = f'Say when, as JSON: {{"occasion": "send"}}, one of {", ".join(Occasion)}.'
        occasion = self.argument("occasion", advice)
        if occasion not in tuple(Occasion):
            raise CallError(400, advice)
        given: dict[str, Any] = json.loads(self.request.body)
        for name, value in given.items():
            if name not in _FAULT_ARGUMENTS:
                known = ", ".join(_FAULT_ARGUMENTS)
                raise CallError(400, f"A fault has no '{name[:40]}'; it has {known}.")
            kind, what = _FAULT_ARGUMENTS[name]
            if type(value) is not kind or (type(value) is int and not 0 < value < 1000):
                raise CallError(400, f"'{name}' is {what}; {json.dumps(value)[:40]} is not.")
        if occasion == Occasion.HTTP and not 400 <= given.get("status_code", 500) <= 599:
            raise CallError(400, "'status_code' is 400 to 599 over HTTP.")
        return given

    def seconds_to_advance(self) -> float:
        """The one argument of `advance`."""
        seconds = self.argument("seconds", 'Say how far, as JSON: {"seconds": 60}.')
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise CallError(400, f"'seconds' is a number; {json.dumps(seconds)[:40]} is not.")
        if not 0 < seconds <= MAX_ADVANCE_SECONDS:
            raise CallError(
                400,
                f"Time moves forward, by ten years at most: {seconds} seconds is not between 0 "
                f"and {MAX_ADVANCE_SECONDS:.0f}.",
            )
        return float(seconds)


_FAULT_ARGUMENTS: dict[str, tuple[type, str]] = {
    "occasion": (str, "when it comes"),
    "condition": (str, "the AMQP error condition"),
    "text": (str, "what is said of it"),
    "status_code": (int, "a whole number, 1 to 999"),
    "path": (str, "the entity"),
    "times": (int, "a whole number, 1 to 999"),
}

_Handler = Callable[[Core, ControlCall], Json | Awaitable[Json]]

_ROUTES: dict[str, dict[str, _Handler]] = {
    "status": {"GET": _status},
    "advance": {"POST": _advance},
    "reset": {"POST": _reset},
    "shrink": {"POST": _shrink},
    "shutdown": {"POST": _shutdown},
    "events": {"GET": _events},
    "queues": {"GET": _queue},
    "config": {"GET": _config},
    "faults": {"POST": _fault},
}


_STATUS = {ErrorCode.ENTITY_NOT_FOUND: 404}


def _refuse(refusal: CallError | BrokerError | TokenError) -> Response:
    if isinstance(refusal, CallError):
        status = refusal.status
    elif isinstance(refusal, BrokerError):
        status = _STATUS.get(refusal.code, 400)
    else:
        status = 401
    return _respond({"error": str(refusal)}, status)


def _respond(answer: Json, status: int = 200) -> Response:
    return Response(status, (("Content-Type", "application/json"),), json.dumps(answer).encode())


async def _respond_later(answer: Awaitable[Json]) -> Response:
    try:
        return _respond(await answer)
    except CallError as refusal:
        return _refuse(refusal)
