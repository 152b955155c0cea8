"""What a planned fault is called: the line of Python that plans it, and what it will do."""

from collections.abc import Callable

from sbtutorial.lab.refusals import name_of
from sbtutorial.snapshot import PlannedFault
from sbtutorial.text import one_line
from sbtutorial.views.live.planned import ToldFault


def tell(fault: PlannedFault) -> ToldFault:
    """The line of Python that plans a fault, and what it will do, each on one line."""
    where = f" of {fault.path}" if fault.path else ""
    line = _LINES.get(fault.kind, _plan_line)(fault)
    words = _TOLD.get(fault.kind, _refused)(fault, where)
    left = fault.seconds_left if fault.kind == "outage" else None
    return ToldFault(fault.number, one_line(line), one_line(words), left)


def _drop_line(fault: PlannedFault) -> str:
    of = ', of="send"' if fault.kind == "sent" else ""
    return f'lab.faults.drop_next_ack("{fault.path}"{of})'


def _refuse_line(fault: PlannedFault) -> str:
    name = name_of(fault.condition)
    if name is None:
        return _plan_line(fault)
    times = "" if fault.asked == 1 else f", times={fault.asked}"
    queue = f', queue="{fault.path}"' if fault.path else ""
    return f'lab.faults.refuse_sends("{name}"{times}{queue})'


def _plan_line(fault: PlannedFault) -> str:
    """For what was planned by a program, past the lab."""
    named = {"condition": fault.condition, "path": fault.path}
    arguments = "".join(f', {name}="{value}"' for name, value in named.items() if value)
    return f'plan_fault("{fault.kind}"{arguments}, times={fault.asked})'


def _refused(fault: PlannedFault, where: str) -> str:
    noun = _NOUNS.get(fault.kind, fault.kind)
    which = noun if fault.times == 1 else f"{fault.times} {noun}s"
    return f"the next {which}{where}: refused"


_NOUNS = {
    "connect": "connection",
    "detach": "link",
    "settle": "settlement",
    "http": "HTTP request",
}
_LINES: dict[str, Callable[[PlannedFault], str]] = {
    "sent": _drop_line,
    "settled": _drop_line,
    "send": _refuse_line,
    "delay": lambda fault: f"lab.faults.delay({fault.seconds:g})",
    "outage": lambda fault: f"lab.faults.outage({fault.seconds:g})",
}
_TOLD: dict[str, Callable[[PlannedFault, str], str]] = {
    "sent": lambda _fault, where: f"the next send{where}: done, and not told",
    "settled": lambda _fault, where: f"the next settlement{where}: done, and not told",
    "delay": lambda fault, _where: f"every answer comes {fault.seconds:g} s late",
    "outage": lambda _fault, _where: "nobody is served until it is over",
}
