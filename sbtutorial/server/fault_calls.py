"""The lab's calls about faults: what is to fail, once or for a while, and a list of it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

from sbtutorial.broker.directory import Directory
from sbtutorial.broker.paths import split_subscription
from sbtutorial.gateway.core import Core
from sbtutorial.gateway.faults import Fault, Faults, Occasion
from sbtutorial.server.control_call import CallError, ControlCall, Handler, Json
from sbtutorial.snapshot import PlannedFault

MAX_PLANNED = 100
MAX_NAME_CHARS = 256
MAX_TEXT_CHARS = 1000
MAX_DELAY_SECONDS = 60.0
MAX_OUTAGE_SECONDS = 600.0
_MAX_DIGITS = 15


def _plan(broker: Core, call: ControlCall) -> Json:
    given = planned(call)
    if find := _PLACES.get(given["occasion"]):
        given["path"] = find(broker.namespace.directory, given["path"]) if given.get("path") else ""
    if len(broker.faults.planned) >= MAX_PLANNED:
        raise CallError(409, f"There are {MAX_PLANNED} faults to come already: a reset ends them.")
    broker.faults.plan(**given)
    return {"planned": len(broker.faults.planned)}


def _list(broker: Core, _call: ControlCall) -> Json:
    return {"faults": [asdict(fault) for fault in _planned(broker.faults)]}


def planned_at(faults: Faults, path: str) -> Iterator[PlannedFault]:
    """What fails, or is still to fail, at an entity, its subqueues, or the topic it belongs to."""
    here = path.lower()
    topic = (split_subscription(here) or ("",))[0]
    for fault in _planned(faults):
        at = fault.path.lower()
        if at in ("", here, topic) or at.startswith(here + "/$"):
            yield fault


def _planned(faults: Faults) -> Iterator[PlannedFault]:
    """What lasts, and then what is still to come, in the order in which it was planned."""
    if faults.is_out:
        yield PlannedFault(
            "outage",
            seconds=faults.outage_seconds,
            seconds_left=faults.outage_seconds_left,
            number=faults.outage_number,
        )
    if faults.delay_seconds:
        yield PlannedFault("delay", seconds=faults.delay_seconds, number=faults.delay_number)
    yield from map(_described, faults.planned)


def _described(fault: Fault) -> PlannedFault:
    return PlannedFault(
        fault.occasion.value,
        fault.path,
        fault.condition,
        fault.text,
        fault.times,
        fault.asked,
        number=fault.number,
    )


def _take_back(broker: Core, call: ControlCall) -> Json:
    """Have one fault come no more, by its number; without a number, all of them."""
    number = call.rest
    if not number:
        broker.faults.clear()
        return {}
    is_number = number.isdecimal() and len(number) <= _MAX_DIGITS
    if not (is_number and broker.faults.take_back(int(number))):
        raise CallError(
            404,
            f"There is no fault {_shown(number)} to be taken back: it has struck, is over, or "
            "was taken back before.",
        )
    return {}


def _delay(broker: Core, call: ControlCall) -> Json:
    seconds = call.seconds('Say how late, as JSON: {"seconds": 2}; 0 for in time again.')
    if not 0 <= seconds <= MAX_DELAY_SECONDS:
        raise CallError(
            400, f"An answer is 0 to {MAX_DELAY_SECONDS:.0f} seconds late, not {_shown(seconds)}."
        )
    broker.faults.delay(float(seconds))
    return {}


def _outage(broker: Core, call: ControlCall) -> Json:
    seconds = call.seconds('Say for how long, as JSON: {"seconds": 10}.')
    if not 0 < seconds <= MAX_OUTAGE_SECONDS:
        raise CallError(
            400,
            f"An outage lasts more than 0 and at most {MAX_OUTAGE_SECONDS:.0f} seconds, "
            f"not {_shown(seconds)}.",
        )
    broker.faults.outage(float(seconds))
    return {}


def _cut(broker: Core, call: ControlCall) -> Json:
    who = call.argument("who", 'Say whose, as JSON: {"who": "cashier"}, or null for everybody\'s.')
    if who is not None and not (isinstance(who, str) and 0 < len(who) <= MAX_NAME_CHARS):
        raise CallError(400, f"'who' is a name; {_shown(who)} is none.")
    cut = broker.cut_connections(who)
    if who is not None and not cut:
        here = ", ".join(f"'{name}'" for name in broker.clients.names) or "nobody"
        raise CallError(404, f"Nobody called '{who[:80]}' is connected: here is {here}.")
    return {"cut": cut}


def planned(call: ControlCall) -> dict[str, Any]:
    """The arguments of `faults`: an occasion, and what else `Faults.plan` takes."""
    advice = f'Say when, as JSON: {{"occasion": "send"}}, one of {", ".join(Occasion)}.'
    occasion = call.argument("occasion", advice)
    if occasion not in tuple(Occasion):
        raise CallError(400, advice)
    given: dict[str, Any] = json.loads(call.request.body)
    for name, value in given.items():
        if name not in _ARGUMENTS:
            known = ", ".join(_ARGUMENTS)
            raise CallError(400, f"A fault has no '{name[:40]}'; it has {known}.")
        kind, what = _ARGUMENTS[name]
        if type(value) is not kind or (type(value) is int and not 0 < value < 1000):
            raise CallError(400, f"'{name}' is {what}; {_shown(value)} is not.")
        if type(value) is str and not (len(value) <= MAX_TEXT_CHARS and _is_plain(name, value)):
            raise CallError(
                400,
                f"'{name}' is at most {MAX_TEXT_CHARS} characters, and a condition is of ASCII's; "
                f"{_shown(value)} is not.",
            )
    if occasion in _OVER_HTTP and not 400 <= given.get("status_code", 500) <= 599:
        raise CallError(400, "'status_code' is 400 to 599 where a refusal may go over HTTP.")
    return given


def _is_plain(name: str, value: str) -> bool:
    return name != "condition" or (value.isascii() and value.isprintable())


def _shown(value: object) -> str:
    return json.dumps(value)[:40]


_ARGUMENTS: dict[str, tuple[type, str]] = {
    "occasion": (str, "when it comes"),
    "condition": (str, "the AMQP error condition"),
    "text": (str, "what is said of it"),
    "status_code": (int, "a whole number, 1 to 999"),
    "path": (str, "the entity"),
    "times": (int, "a whole number, 1 to 999"),
}

_OVER_HTTP = (Occasion.HTTP, Occasion.SEND, Occasion.SETTLE)

# Where what a learner asks for can happen at all; a name that is mistyped had better be said so.
_PLACES: dict[str, Callable[[Directory, str], str]] = {
    Occasion.SEND: lambda directory, path: directory.sendable(path).path,
    Occasion.SENT: lambda directory, path: directory.sendable(path).path,
    Occasion.SETTLED: lambda directory, path: directory.subqueue(path).path,
}

ROUTES: dict[str, dict[str, Handler]] = {
    "faults": {"GET": _list, "POST": _plan, "DELETE": _take_back},
    "cut": {"POST": _cut},
    "delay": {"POST": _delay},
    "outage": {"POST": _outage},
}
