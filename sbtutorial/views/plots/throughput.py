"""How many messages a second: one by one, as a list, as a batch; or by prefetch."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from sbtutorial.errors import TutorialError
from sbtutorial.trace import Event
from sbtutorial.views.figure import verbatim
from sbtutorial.views.palette import BARS, INK
from sbtutorial.views.plots.rows import Rows, events_of, prepared, rows_of, significant

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MADE_BY = "lab.plots.throughput(...)"
_BY_PREFETCH_LINES = 6


class Throughput(NamedTuple):
    """One measurement.

    Attributes:
        how: In which way: "one by one", or a prefetch count.
        messages: How many went through.
        seconds: How long that took.
    """

    how: str | int
    messages: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds


class Throughputs(Rows[Throughput]):
    """Measurements, as they were made."""

    title = "Messages a second"
    heads = ("how", "messages", "seconds", "a second")

    def cells(self, row: Throughput) -> tuple[str, ...]:
        """How, how many, how long, how many a second."""
        seconds, rate = significant(row.seconds), significant(row.per_second)
        return str(row.how), str(row.messages), seconds, rate

    @property
    def description(self) -> str:
        """Which ways were measured; which was the fastest differs from machine to machine."""
        return self._named("a bar each", [str(row.how) for row in self])

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw a bar for each; see `draw_throughput`."""
        return draw_throughput(self, ax)


class Stopwatch:
    """Measures different ways to do the same thing.

        watch = lab.plots.Stopwatch()
        with watch("one by one", 100):
            for message in messages:
                sender.send_messages(message)
        watch.rows.plot()

    Attributes:
        rows: What was measured so far.
    """

    def __init__(self) -> None:
        self.rows = Throughputs()

    @contextmanager
    def __call__(self, how: str | int, messages: int) -> Iterator[None]:
        """Measure what is done within; what fails is not counted."""
        began_at = time.perf_counter()
        yield
        self.rows += throughput([(how, messages, time.perf_counter() - began_at)])


def throughput(measured: Iterable[tuple[str | int, int, float]]) -> Throughputs:
    """Rows of what was measured: how, how many messages, in how many seconds.

    Raises:
        TutorialError: A measurement is something else, or took no time.
    """
    return Throughputs(_measurement(one) for one in measured)


def throughput_of(events_by_how: Mapping[str, Sequence[Event]], what: str = "sent") -> Throughputs:
    """Rows made of events: for each way, from the first event of a kind to the last.

    Args:
        events_by_how: As `lab.events(…, after=number)` gives them, by the way it was done.
        what: Which kind of event counts: "sent", "completed", "taken", …

    Raises:
        TutorialError: There are fewer than two such events, or none has a time of its own.
    """
    rows = Throughputs()
    for how, events in events_by_how.items():
        instants = [event.at for event in events_of(events) if event.what == what]
        if len(instants) < 2 or instants[0] == instants[-1]:
            raise TutorialError(
                f"Of '{how}' there are no two events '{what}' at different times: nothing can be "
                "measured."
            )
        # From the first to the last there is one less to be waited for.
        rows.append(Throughput(how, len(instants) - 1, instants[-1] - instants[0]))
    return rows


def draw_throughput(rows: Sequence[Throughput], ax: "Axes | None" = None) -> "Axes":
    """Draw a bar for each way, with its messages a second at its end."""
    shown = Throughputs(rows_of(rows, Throughput, _MADE_BY))
    axes = prepared(shown, ax, len(shown))
    names = [str(row.how) for row in shown]
    for place, row in enumerate(shown):
        axes.barh(place, row.per_second, height=0.62, **BARS[place % len(BARS)].fill)
        words = f" {significant(row.per_second)}"
        axes.annotate(words, (row.per_second, place), va="center", color=INK)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.margins(x=0.18)
    axes.set_xlim(left=0)
    axes.set_xlabel("messages a second", color=INK)
    verbatim(axes)
    return axes


def draw_by_prefetch(rows: Sequence[Throughput], ax: "Axes | None" = None) -> "Axes":
    """Draw a point for each prefetch count, in the order of these, joined by a line."""
    known = rows_of(rows, Throughput, _MADE_BY)
    shown = Throughputs(sorted(known, key=lambda row: _prefetch(row.how)))
    axes = prepared(shown, ax, _BY_PREFETCH_LINES)
    rates = [row.per_second for row in shown]
    axes.plot(range(len(rates)), rates, marker="o", color=BARS[-1].colour)
    for place, rate in enumerate(rates):
        axes.annotate(
            significant(rate),
            (place, rate),
            xytext=(0, 6),
            textcoords="offset points",
            ha="center",
            color=INK,
        )
    axes.set_xticks(range(len(rates)), [str(row.how) for row in shown])
    axes.margins(x=0.08, y=0.2)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("prefetch count", color=INK)
    verbatim(axes)
    return axes


def _prefetch(how: object) -> int:
    try:
        return int(str(how))
    except ValueError:
        raise TutorialError(
            f"Here each measurement is called by its prefetch count, as in (10, 100, 0.25); "
            f"{how!r:.40} is none."
        ) from None


def _measurement(value: object) -> Throughput:
    try:
        row = Throughput(*value)  # type: ignore[misc]
        is_one = row.messages >= 0 and row.seconds > 0
    except TypeError:
        is_one = False
    if not is_one:
        raise TutorialError(
            'A measurement is how, how many messages and in how many seconds, as in ("list", 100, '
            f"0.25); {value!r:.60} is none."
        )
    return row
