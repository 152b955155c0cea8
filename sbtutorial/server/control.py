"""Control calls: the lab's own, below `/$lab/` on the broker's port: state, time, events, pictures.

Azure has none of this, so it is no part of any SDK: `sbtutorial.hosting.control_client` calls it.
JSON goes both ways; every call but `hello` needs a shared access signature that gives Manage; what
is wrong with a call is said in a sentence, as `{"error": ...}`.

`hello` proves to who has the key that the broker has it, too (`gateway.access.proof`), and names
this instance of it. Below `/$lab/@<instance>/` are the same calls as below `/$lab/`, and a token
for that path opens no other broker.
"""

import os
import sys
from collections.abc import Awaitable
from itertools import islice

from sbtutorial.broker.errors import BrokerError
from sbtutorial.gateway.access import proof
from sbtutorial.gateway.access.resource import Resource
from sbtutorial.gateway.access.sas import MANAGE, SEND, TokenError
from sbtutorial.gateway.core import Core
from sbtutorial.gateway.rest.data_plane import Work
from sbtutorial.http.request import NO_ANSWER, Request, Response
from sbtutorial.server import config_calls, fault_calls
from sbtutorial.server.control_call import (
    CallError,
    ControlCall,
    Handler,
    Json,
    refuse,
    respond,
)
from sbtutorial.server.http_answers import Vigil
from sbtutorial.server.snapshot import snapshot
from sbtutorial.snapshot import BEGINNING_CHARS, MOST_TEXT_CHARS, ClientSnapshot
from sbtutorial.text import text_of
from sbtutorial.trace import Event
from sbtutorial.version import __version__

PREFIX = "$lab/"
MAX_WAIT_SECONDS = 60.0
# One answer holds so many events; a reader asks again from the last one.
MAX_EVENTS = 2000
# A picture has room for few, and of one queue there may be thousands.
MAX_CLIENTS = 100
_HELLO = "hello"


def is_control_call(request: Request) -> bool:
    """Whether a request is one for `handle`."""
    return request.path.startswith(PREFIX)


def is_hello(request: Request) -> bool:
    """Whether a request is the one call that needs no token."""
    return request.path == PREFIX + _HELLO


def handle(request: Request, broker: Core) -> Response | Work | Awaitable[Response]:
    """Answer a call: at once, or later for a long poll and for what takes a while."""
    try:
        if is_hello(request):
            return respond(_hello(request, broker))
        authorize(request, broker)
        if request.method != "GET" and not request.path.endswith("shutdown"):
            broker.require_store()
        answer = _route(request, broker)
    except (CallError, BrokerError, TokenError) as refusal:
        return refuse(refusal)
    if isinstance(answer, Work):
        return answer
    if isinstance(answer, dict):
        return respond(answer)
    later = _respond_later(answer)
    return Vigil(later, NO_ANSWER) if request.method == "GET" else later


def refusal(request: Request, broker: Core) -> Response | None:
    """What refuses a call by its head alone; None when nothing does."""
    try:
        authorize(request, broker)
    except TokenError as refusal:
        return refuse(refusal)
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


def _route(request: Request, broker: Core) -> Json | Work | Awaitable[Json]:
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


def _status(broker: Core, _call: ControlCall) -> Json:
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
        "keeps": broker.keeps,
    }


async def _advance(broker: Core, call: ControlCall) -> Json:
    from sbtutorial.server.long_poll import advance

    await advance(broker, call.seconds_to_advance())
    return {"advanced_seconds": broker.clock.advanced_seconds}


def _shrink(broker: Core, call: ControlCall) -> Json:
    with broker.reactor.turn() as now:
        queue = broker.namespace.directory.queue(call.rest)
        broker.namespace.shrink(queue, call.megabytes(), now=now)
        return {"max_size_in_megabytes": queue.description.max_size_in_megabytes}


def _reset(broker: Core, _call: ControlCall) -> Json:
    broker.reset()
    return {}


def _shutdown(broker: Core, _call: ControlCall) -> Json:
    if broker.on_shutdown is None:
        raise CallError(
            409, "This broker is part of another program and ends with it: stop that program."
        )
    broker.on_shutdown()
    return {}


def _queue(broker: Core, call: ControlCall) -> Json:
    text_chars = int(call.number("text", BEGINNING_CHARS, at_most=MOST_TEXT_CHARS))
    with broker.reactor.turn() as now:
        entity = broker.namespace.directory.receivable(call.rest)
        return snapshot(
            entity,
            now=now,
            is_connected=broker.is_connected,
            clients=[
                ClientSnapshot(text_of(one.who), one.right == SEND)
                for one in islice(broker.presence.at(entity.path), MAX_CLIENTS)
            ],
            faults=[*fault_calls.planned_at(broker.faults, entity.path)],
            advanced_seconds=broker.clock.advanced_seconds,
            text_chars=text_chars,
        ).to_plain()


async def _events(broker: Core, call: ControlCall) -> Json:
    from sbtutorial.server.long_poll import next_events, next_events_or_comers

    after = int(call.number("after", 0, at_most=sys.maxsize))
    wait_seconds = call.number("wait", 0, at_most=MAX_WAIT_SECONDS)
    trace = broker.trace
    entity = call.request.query.get("entity") or None
    answer: Json = {}
    if "presence" in call.request.query:
        known = int(call.number("presence", 0, at_most=sys.maxsize))
        presence = broker.presence
        events = await next_events_or_comers(
            trace, presence, known, after, wait_seconds, MAX_EVENTS
        )
        answer["presence"] = presence.version
    else:
        events = await next_events(trace, after, entity, wait_seconds, MAX_EVENTS)
    return answer | {
        "events": [_plain(event) for event in events],
        "last": events[-1].number if len(events) == MAX_EVENTS else trace.last_number,
        "dropped": max(trace.dropped - after, 0),
    }


def _plain(event: Event) -> Json:
    """An event for JSON and for every screen, whatever a client has put into it."""
    texts = {name: text_of(getattr(event, name)) for name in ("what", "entity", "who", "detail")}
    own_id = None if event.message_id is None else text_of(event.message_id)
    return {**event._asdict(), **texts, "message_id": own_id}


_ROUTES: dict[str, dict[str, Handler]] = {
    "status": {"GET": _status},
    "advance": {"POST": _advance},
    "reset": {"POST": _reset},
    "shrink": {"POST": _shrink},
    "shutdown": {"POST": _shutdown},
    "events": {"GET": _events},
    "queues": {"GET": _queue},
    **config_calls.ROUTES,
    **fault_calls.ROUTES,
}


async def _respond_later(answer: Awaitable[Json]) -> Response:
    try:
        return respond(await answer)
    except CallError as refusal:
        return refuse(refusal)
