"""`lab.faults`: what goes wrong because you ask for it, on the wire and for real.

    lab.faults.drop_next_ack("orders")  # the next settlement is done, and never told
    lab.faults.cut_connections("cashier")
    lab.faults.refuse_sends("server busy", times=2)
    lab.faults.delay(2)                 # every answer comes two seconds late
    lab.faults.outage(10)               # nobody is served for ten seconds
    lab.faults                          # what fails and what is to fail, each with its line
    lab.faults.take_back()              # nothing more of it

The offline broker does it, and the SDK meets it as it would meet it from Azure, where nobody can
ask for it: there each is a sentence. `lab.reset()` ends them all.
"""

from collections.abc import Iterator
from datetime import timedelta

from sbtutorial.errors import TutorialError
from sbtutorial.lab.fault_lines import tell
from sbtutorial.lab.refusals import refusal_named
from sbtutorial.lab.service import Acknowledged, Service
from sbtutorial.snapshot import PlannedFault
from sbtutorial.text import one_line
from sbtutorial.views.markup import element
from sbtutorial.views.text_table import table

MAX_TIMES = 999
_BEYOND_SECONDS = 1e9  # of which nobody need say how many they are


class Faults:
    """The faults of one lab: planned by its methods, listed when it is shown.

    Args:
        service: Whose broker fails.
    """

    def __init__(self, service: Service) -> None:
        self._service = service

    def __iter__(self) -> Iterator[PlannedFault]:
        return iter(self._service.faults())

    def __repr__(self) -> str:
        return "\n".join(table(self._rows())) or _NONE

    def _repr_html_(self) -> str:
        rows = self._rows()
        if not rows:
            return element("p", _NONE).text
        items = (element("li", element("code", line), f" {text}") for line, text in rows)
        return element("ul", *items).text

    def drop_next_ack(self, queue: str, *, of: str = Acknowledged.SETTLEMENT) -> None:
        """Have the next settlement of a queue done and kept, and its answer lost.

        The connection is cut instead of the answer, as when a network dies at that moment: the SDK
        cannot know what was done, so `complete_message` looks failed, and a message is sent twice.

        Args:
            queue: Whose: a queue, `<topic>/Subscriptions/<name>`, or a topic that is sent to.
            of: "settlement", or "send".

        Raises:
            TutorialError: There is no such queue, nothing else is acknowledged, or the broker is
                gone.
        """
        _require_name("A queue", queue)
        if of not in tuple(Acknowledged):
            raise TutorialError(
                f"{of!r} is not acknowledged in a way that could be dropped: of= is "
                + " or ".join(f'"{each}"' for each in Acknowledged)
                + "."
            )
        self._service.drop_next_ack(queue, Acknowledged(of))

    def refuse_sends(self, error: str, times: int = 1, *, queue: str | None = None) -> None:
        """Have the next sends refused.

        Args:
            error: Why: "server busy", "quota exceeded", "entity disabled", "entity not found",
                "unauthorized", "message too large", "timeout" or "internal error". The SDK tries
                again after some of them, and raises the others at once.
            times: How many; 1 to 999. Each try of the SDK is one.
            queue: Of one queue or topic only.

        Raises:
            TutorialError: There is no such error or no such queue, that is no number of times, or
                the broker is gone.
        """
        refusal = refusal_named(error)
        if type(times) is not int or not 1 <= times <= MAX_TIMES:
            raise TutorialError(f"A send is refused 1 to {MAX_TIMES} times; not {times!r} times.")
        if queue is not None:
            _require_name("A queue", queue)
        self._service.refuse_sends(refusal, times, queue or "")

    def delay(self, seconds: float | timedelta) -> None:
        """Have every answer of the broker come so late, until a reset or `delay(0)`.

        To connect takes several answers, one after the other, and each is late.

        Args:
            seconds: How late, up to 60; 0 for in time again.

        Raises:
            TutorialError: Answers cannot be so late, or the broker is gone.
        """
        self._service.delay(_number("lab.faults.delay", seconds))

    def outage(self, seconds: float | timedelta) -> None:
        """Have the broker serve nobody for so long: connections are cut, and new ones, too.

        It goes by real time, whatever `lab.advance` does; `lab.show` and the rest of the lab work
        meanwhile. What the queues hold stays there; `lab.reset()` ends it sooner.

        Args:
            seconds: How long, up to 600.

        Raises:
            TutorialError: It cannot last so long, or the broker is gone.
        """
        self._service.outage(_number("lab.faults.outage", seconds))

    def cut_connections(self, who: str | None = None) -> int:
        """Cut connections now, without a word; the SDK connects again when it needs to.

        Args:
            who: Whose: a worker's name, a `client_identifier`, or "a receiver" and "a sender" for
                those that the SDK gave a name to, as `lab.events()` calls them; None for all.

        Returns:
            How many were cut.

        Raises:
            TutorialError: Nobody of that name is connected; the text says who is.
        """
        if who is not None:
            _require_name("A client", who)
        return self._service.cut_connections(who)

    def take_back(self, fault: PlannedFault | int | None = None) -> None:
        """Have a fault come no more, or one that lasts end now.

        Args:
            fault: One of those that are listed, or its `number`; None for all of them.

        Raises:
            TutorialError: It has struck already, is over, or was taken back before.
        """
        number = fault.number if isinstance(fault, PlannedFault) else fault
        if number is not None and type(number) is not int:
            raise TutorialError(
                f"A fault is taken back by its number, as in lab.faults.take_back(1); {number!r} "
                "is none. `for fault in lab.faults` has those that there are."
            )
        self._service.take_back_fault(number)

    def kill_broker(self) -> None:
        """Kill the broker on this machine, and start it again: `lab.kill_broker()`.

        Raises:
            TutorialError: The broker is gone, or another program's.
        """
        self._service.kill_broker()

    def _rows(self) -> list[tuple[str, str]]:
        """Of each fault the line that plans it, and what it will do, in words."""
        return [(told.line, told.words) for told in map(tell, self)]


_NONE = "no faults"


def _number(call: str, seconds: object) -> float:
    number = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise TutorialError(f"{call} takes a number of seconds; {seconds!r} is none.")
    if not abs(number) < _BEYOND_SECONDS:
        raise TutorialError(f"{call} takes fewer seconds than {one_line(repr(seconds), 20)}.")
    return float(number)


def _require_name(what: str, value: object) -> None:
    if not isinstance(value, str) or not value:
        raise TutorialError(f'{what} is named by text, as in "orders"; {value!r} is no name.')
