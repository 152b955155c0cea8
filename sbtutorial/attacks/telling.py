"""A day as it streams by: a line for each thing that matters, and one for many like it."""

from collections.abc import Callable
from textwrap import shorten

from sbtutorial.attacks.plan import QUIET, Harm, Moment, Plan
from sbtutorial.attacks.steps import BROKER, WORK, Step, What
from sbtutorial.text import one_line
from sbtutorial.views.text_table import table

_MOST_CHARS = 76  # of a whole line: as many as a window of 800 pixels shows
_OF_THE_ROLE = 9
_OF_A_PRINTED_LINE = 2  # the rule before it
_LINES_OF_A_ROLE = 30
_DEEDS = {What.TOOK: "took", What.SERVED: "served", What.CHARGED: "charged"}
_HARMS = {
    Harm.LOSE_ACK: "the next acknowledgement will be lost",
    Harm.CUT: "its connections are cut",
    Harm.SLOW: "this takes longer than any lock",
    Harm.BREAK: "the broker is killed, and started again",
    Harm.LONG: "this takes twenty seconds",
    Harm.PAUSE: "a break of one hour",
    Harm.REFUSE: "the oven is out",
}
_FORETOLD = {
    Harm.KILL: "killed",
    Harm.LOSE_ACK: "the next acknowledgement is lost",
    Harm.CUT: "all connections are cut",
    Harm.SLOW: "takes longer than any lock",
    Harm.BREAK: "the broker is killed, and started again",
    Harm.LONG: "takes twenty seconds",
    Harm.PAUSE: "a break of one hour",
    Harm.REFUSE: "the oven is out, once",
}
_WHENS = {
    Moment.ORDER: "before it takes order",
    Moment.COOKING: "cooking meal",
    Moment.SERVED: "having served meal",
    Moment.PAYING: "before commit",
    Moment.PAID: "after commit",
}
_KILLS = {
    "order": "killed before it took",
    "cooking": "killed while it cooked",
    "served": "killed right after it had served",
    "paying": "killed before the commit",
    "paid": "killed right after the commit",
}


def announce(plan: Plan) -> str:
    """What kind of day it will be."""
    if plan.seed == QUIET:
        return f"A quiet day: {len(plan.orders)} orders, and nothing goes wrong."
    return (
        f"Day {plan.seed}: {len(plan.orders)} orders, {len(plan.poison)} of them unreadable, "
        f"{len(plan.doubled)} sent twice by their customers."
    )


def forecast(plan: Plan) -> list[str]:
    """What goes wrong on a day: orders that nobody can read, second clicks, and each blow."""
    rows = [(order.id, "nobody can read it") for order in plan.poison]
    rows += [(order.id, "the customer clicks twice") for order in plan.doubled]
    rows += [
        (f"{blow.role}, {_WHENS[blow.moment]} {blow.nth}", _FORETOLD[blow.harm])
        for blow in plan.blows
    ]
    return list(table(rows)) or ["nothing goes wrong"]


class Telling:
    """Prints steps as lines; call `end` when the day is over.

    Args:
        show: Takes each line.
    """

    def __init__(self, show: Callable[[str], object]) -> None:
        self._show = show
        self._run: list[Step] = []
        self._printed: dict[str, int] = {}

    def tell(self, step: Step) -> None:
        """Tell a step, or keep it until it is known how many like it follow."""
        if step.what in WORK:
            if self._run and (self._run[-1].role, self._run[-1].what) != (step.role, step.what):
                self.end()
            self._run.append(step)
            return
        self.end()
        if words := _words(step):
            self._line(step.role, words)

    def show(self, role: str, line: str) -> None:
        """Show what somebody's program has printed."""
        self.end()
        count = self._printed[role] = self._printed.get(role, 0) + 1
        room = _MOST_CHARS - _OF_THE_ROLE - _OF_A_PRINTED_LINE
        if count <= _LINES_OF_A_ROLE:
            self._show(f"{role:8} │ {one_line(line, room)}")
        elif count == _LINES_OF_A_ROLE + 1:
            self._show(f"{role:8} │ …")

    def end(self) -> None:
        """Tell what was kept."""
        run, self._run = self._run, []
        if len(run) == 1:
            self._line(run[0].role, f"{_DEEDS[run[0].what]} {run[0].order}")
        elif run:
            what = f"{_DEEDS[run[0].what]} {len(run)} orders, up to {run[-1].order}"
            self._line(run[0].role, what)

    def _line(self, role: str, words: str) -> None:
        # Cut between words: an error's text begins with what matters.
        told = shorten(one_line(words), _MOST_CHARS - _OF_THE_ROLE, placeholder=" …")
        self._show(f"{'' if role == BROKER else role:8} {told}")


def _words(step: Step) -> str:
    if step.what is What.KILLED:
        return f"✗ {_KILLS.get(step.detail, step.detail)} {step.order}".rstrip()
    if step.what is What.FAILED:
        return f"! failed: {step.detail}"
    if step.what is What.SILENT:
        return f"! ended, and not started again: {step.detail}"
    if step.what is What.HARMED:
        return f"~ {_HARMS[Harm(step.detail)]}"
    if step.what is What.LATER:
        return "» five minutes pass: every lock is over"
    return "went home"
