"""What is drawn, read back from the axes: the data are seconds since the beginning."""

from base64 import b64decode
from collections import Counter
from collections.abc import Iterator, Sequence
from html import unescape
from io import BytesIO
from itertools import pairwise

import matplotlib.pyplot as plt
import pytest
from IPython.core.formatters import DisplayFormatter
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle
from PIL import Image

from sbtutorial.trace import Event
from sbtutorial.views import plots
from sbtutorial.views.life import State
from sbtutorial.views.lives import lives
from sbtutorial.views.many_messages import MOST_ROWS
from sbtutorial.views.palette import STYLES
from sbtutorial.views.timeline import QueueTimeline
from sbtutorial.views.timeline_axes import Mark
from tests.views.test_timeline import CRASH, event, timeline

plt.switch_backend("Agg")

MOVED = Event(0, 1.6, "advanced", "shop", seconds=31.0)


@pytest.fixture(autouse=True)
def no_figure_stays_open() -> Iterator[None]:
    yield
    plt.close("all")


def plot(*events: Event, now: float = 100.0, moves: Sequence[Event] = ()) -> Axes:
    return timeline(*events, now=now, moves=moves).plot()


def plot_queue(*events: Event, now: float = 100.0, moves: Sequence[Event] = ()) -> Axes:
    ordered = sorted(events, key=lambda one: one.at)
    return QueueTimeline("orders", lives(ordered, now), moves).plot()


def message(number: int, *events: Event, name: str = "id") -> list[Event]:
    return [one._replace(sequence_number=number, message_id=name) for one in events]


def rows(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.get_yticklabels()]


def bars(axes: Axes) -> list[tuple[str, float, float]]:
    """Row, start and length of each bar."""
    found = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    return [
        (rows(axes)[round(bar.get_y() + bar.get_height() / 2)], bar.get_x(), bar.get_width())
        for bar in found
    ]


def crosses(axes: Axes) -> list[tuple[float, float]]:
    marks = [line for line in axes.lines if line.get_marker() == "X"]
    return [(float(mark.get_xdata()[0]), float(mark.get_ydata()[0])) for mark in marks]


def legend(axes: Axes) -> list[str]:
    found = axes.get_legend()
    assert found is not None
    return [text.get_text() for text in found.get_texts()]


def width(axes: Axes, start: float, end: float) -> float:
    """How wide a stretch of time is drawn, in pixels."""
    axes.figure.canvas.draw()
    (left, _), (right, _) = axes.transData.transform([(start, 0), (end, 0)])
    return float(right - left)


# --- one message ----------------------------------------------------------------------------------


def test_a_message_is_drawn_in_the_rows_of_those_who_had_it() -> None:
    drawn = bars(plot(*CRASH))
    assert [row for row, _, _ in drawn] == ["queue", "cashier", "cashier", "queue", "relief"]
    for (_, start, length), (_, following, _) in pairwise(drawn):
        assert start + length == pytest.approx(following)
    assert drawn[2][2] == pytest.approx(29.9)


def test_time_is_to_scale_and_an_idle_stretch_is_broken() -> None:
    axes = plot(*CRASH)
    assert width(axes, 0, 1.3) == pytest.approx(13 * width(axes, 1.3, 1.4), rel=1e-3)
    assert width(axes, 31.3, 32.6) == pytest.approx(width(axes, 0, 1.3), rel=1e-3)
    assert width(axes, 1.4, 31.3) < width(axes, 0, 1.3)
    assert "30 s" in [text.get_text() for text in axes.texts]


def test_where_nothing_is_idle_nothing_is_broken() -> None:
    axes = plot(event(0, "sent"), event(10, "locked", "a"), event(25, "completed", "a"))
    assert width(axes, 10, 25) == pytest.approx(1.5 * width(axes, 0, 10), rel=1e-3)


def test_cross_stands_where_the_process_died() -> None:
    axes = plot(*CRASH)
    assert crosses(axes) == [(pytest.approx(1.4), rows(axes).index("cashier"))]
    assert Mark.CRASH.value in legend(axes)


def test_no_cross_without_a_crash() -> None:
    axes = plot(*(one for one in CRASH if one.what != "receiver_gone"))
    assert crosses(axes) == []
    assert Mark.CRASH.value not in legend(axes)


def test_a_renewed_lock_has_a_mark_where_it_was_renewed() -> None:
    renewed = [event(0, "sent"), event(1, "locked", "a"), event(20, "lock_renewed", "a")]
    for axes in (plot(*renewed, now=30), plot_queue(*renewed, now=30)):
        assert Mark.RENEWAL.value in legend(axes)
        assert [20.0] in [[float(x) for x in line.get_xdata()] for line in axes.lines]


def test_what_happened_is_numbered_and_told_below() -> None:
    axes = plot(*CRASH, moves=[MOVED])
    assert axes.get_xlabel().split("\n") == [
        "1  sent by shop",
        "2  locked by cashier",
        "3  cashier vanished",
        "4  the clock was moved on by 31 s",
        "5  the lock ran out, delivery count 1",
        "6  locked by relief",
        "7  completed by relief",
    ]
    numbers = [text for text in axes.texts if text.get_text().isdecimal()]
    assert [text.get_text() for text in numbers] == [*"1234567"]
    axes.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in numbers]
    assert not any(one.overlaps(other) for one, other in pairwise(boxes))


def test_a_line_stands_where_the_clock_was_moved() -> None:
    axes = plot(*CRASH, moves=[MOVED])
    assert Mark.CLOCK.value in legend(axes)
    assert [1.6, 1.6] in [[float(x) for x in line.get_xdata()] for line in axes.lines]


def test_timeline_of_nothing_can_be_drawn() -> None:
    assert bars(plot()) == []


# --- many messages --------------------------------------------------------------------------------


def test_each_message_has_its_row_by_number_and_id() -> None:
    axes = plot_queue(
        *message(1, event(0, "sent"), event(1, "locked", "a"), name="order-17"),
        *message(2, event(2, "sent"), name="order-17"),
        *message(3, event(3, "sent"), name="order-18"),
    )
    assert rows(axes) == ["1 order-17", "2 order-17 again", "3 order-18"]
    assert [row for row, _, _ in bars(axes)] == ["1 order-17", *rows(axes)]


def test_who_has_a_lock_is_told_by_the_legend_and_a_hatch() -> None:
    axes = plot_queue(
        *message(1, event(0, "sent"), event(1, "locked", "cashier")),
        *message(2, event(0, "sent"), event(1, "locked", "relief")),
    )
    assert legend(axes) == ["waiting", "locked by cashier", "locked by relief"]
    hatches = {bar.get_hatch() for bar in axes.patches if isinstance(bar, Rectangle)}
    assert len(hatches) == 3


def test_a_copy_that_was_dropped_has_a_mark() -> None:
    axes = plot_queue(*message(1, event(0, "sent"), event(1, "duplicate_dropped")))
    assert Mark.COPY.value in legend(axes)
    assert [1.0] in [[float(x) for x in line.get_xdata()] for line in axes.lines]


def test_a_scheduled_message_keeps_its_row_under_its_new_number() -> None:
    scheduled = message(1, event(0, "scheduled", "shop"))
    axes = plot_queue(*scheduled, *message(7, event(60, "activated")))
    assert rows(axes) == ["7 id"]
    assert legend(axes) == ["scheduled", "waiting"]


def test_of_a_thousand_messages_those_with_the_most_to_tell_have_rows_and_the_rest_is_counted() -> (
    None
):
    many = [
        one
        for number in range(1, 1001)
        for one in message(number, event(0, "sent"), event(number / 10, "taken", "a"))
    ]
    crash = message(500, *CRASH[1:4])
    axes = plot_queue(*(one for one in many if one[4] != 500), *message(500, CRASH[0]), *crash)
    assert "500 id again" in rows(axes)
    assert "and 989 more" in rows(axes)
    assert len({row for row, _, _ in bars(axes)}) == MOST_ROWS - 1
    (crowd,) = axes.collections
    assert crowd.get_hatch() == STYLES[State.WAITING].hatch


def test_the_crowd_is_as_high_as_its_messages_are_many() -> None:
    many = [
        one
        for number in range(1, 101)
        for one in message(number, event(0, "sent"), event(10 if number % 2 else 20, "taken", "a"))
    ]
    axes = plot_queue(*many, now=20)
    (crowd,) = axes.collections
    (path,) = crowd.get_paths()
    heights = Counter(round(float(y), 3) for _, y in path.vertices)
    bottom, top = max(heights), min(heights)
    (middle,) = [y for y in heights if y not in (bottom, top)]
    assert (bottom - middle) / (bottom - top) == pytest.approx(0.5, abs=0.02)


# --- all ------------------------------------------------------------------------------------------


def test_axes_that_are_given_are_drawn_on() -> None:
    _, (left, right) = plt.subplots(1, 2)
    figures = plt.get_fignums()  # others' may be among them
    assert timeline(*CRASH).plot(ax=left) is left
    assert QueueTimeline("orders", lives(CRASH, 100.0)).plot(right) is right
    assert plt.get_fignums() == figures
    assert bars(left) and bars(right)


@pytest.mark.parametrize("name", ["$\\frac$", "a$b$c", "$^$"])
def test_a_name_that_would_be_a_formula_is_drawn_as_it_is(name: str) -> None:
    events = [event(0, "sent", name), event(1, "locked", name), event(2, "receiver_gone", name)]
    for axes in (plot(*events), plot_queue(*message(1, *events, name=name))):
        axes.figure.canvas.draw()
    share = plots.draw_shares([plots.Share(name, (1, 2))])
    share.figure.canvas.draw()
    plots.throughput([(name, 1, 1.0)]).plot().figure.canvas.draw()


def test_everything_that_is_drawn_is_inside_of_the_picture() -> None:
    long = message(3, event(0, "sent"), event(1, "locked", "a cashier with a long name"))
    for axes in (plot(*CRASH, moves=[MOVED]), plot_queue(*CRASH, *long, moves=[MOVED])):
        axes.figure.canvas.draw()
        found = axes.get_tightbbox()
        assert found is not None
        outer = axes.figure.bbox
        assert found.x0 >= -1 and found.y0 >= -1
        assert found.x1 <= outer.x1 + 1 and found.y1 <= outer.y1 + 1


def test_a_figure_of_its_own_offers_itself_with_alternative_text() -> None:
    shown = timeline(*CRASH)
    bundle, metadata = DisplayFormatter().format(shown.plot().figure)
    assert bundle["text/plain"] == shown.description == metadata["image/png"]["alt"]
    assert f'alt="{shown.description}"' in unescape(bundle["text/html"])
    assert bundle["image/png"] in bundle["text/html"]
    picture = Image.open(BytesIO(b64decode(bundle["image/png"])))
    assert picture.width == 2 * metadata["image/png"]["width"]


def test_every_place_has_a_colour_and_a_hatch_of_its_own() -> None:
    assert STYLES.keys() == set(State)
    assert len({to_hex(style.colour) for style in STYLES.values()}) == len(State)
    assert len({style.hatch for style in STYLES.values()}) == len(State)


def test_many_crashes_in_the_crowd_are_counted_and_do_not_hide_it() -> None:
    many = [one for number in range(1, 501) for one in message(number, *CRASH[:4])]
    axes = plot_queue(*many)
    assert rows(axes)[-3:] == ["", "and 489 more", "✗ 489 times"]
    of_the_crowd = [place for place in crosses(axes) if place[1] >= MOST_ROWS - 1]
    assert len(of_the_crowd) == 1
