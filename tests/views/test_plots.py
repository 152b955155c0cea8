"""What is drawn, read back from the axes."""

from collections.abc import Iterator
from itertools import pairwise

import matplotlib.pyplot as plt
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from sbtutorial.views.life import State
from sbtutorial.views.plots import _STYLES
from sbtutorial.views.timeline import Timeline
from tests.views.test_timeline import CRASH, event

plt.switch_backend("Agg")


@pytest.fixture(autouse=True)
def no_figure_stays_open() -> Iterator[None]:
    yield
    plt.close("all")


def plot(*events, now: float = 100.0) -> Axes:
    return Timeline("orders, message 2", events, now).plot()


def bars(axes: Axes) -> list[tuple[str, float, float]]:
    """Row, start and length of each bar."""
    names = [text.get_text() for text in axes.get_yticklabels()]
    found = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    return [
        (
            names[round(bar.get_y() + bar.get_height() / 2)],
            bar.get_x(),
            bar.get_width(),
        )
        for bar in found
    ]


def test_bars_follow_one_another_in_the_row_of_their_place() -> None:
    drawn = bars(plot(*CRASH))
    assert [row for row, _, _ in drawn] == [
        "waiting",
        "locked by cashier",
        "locked by cashier (gone)",
        "waiting",
        "locked by relief",
    ]
    for (_, start, width), (_, following, _) in pairwise(drawn):
        assert start + width == pytest.approx(following)
    assert drawn[2][2] == 30


def test_cross_stands_where_the_process_died() -> None:
    axes = plot(*CRASH)
    (cross,) = axes.lines
    dark_start = bars(axes)[2][1]
    assert cross.get_marker() == "X"
    assert (cross.get_xdata()[0], cross.get_ydata()[0]) == (pytest.approx(dark_start), 1)


def test_no_cross_without_a_crash() -> None:
    assert not plot(*(one for one in CRASH if one.what != "receiver_gone")).lines


def test_picture_says_what_the_text_says() -> None:
    axes = plot(*CRASH)
    words = [text.get_text() for text in axes.texts]
    assert words == [
        "cashier vanished",
        "the lock ran out, delivery count 1",
        "completed by relief",
    ]
    assert axes.get_title(loc="left") == "orders, message 2"


def test_moment_is_wide_enough_to_be_seen() -> None:
    drawn = bars(plot(event(0, "sent"), event(3600, "locked", "a"), now=3601))
    assert drawn[1][2] >= 0.02 * drawn[0][2]


def test_every_place_has_a_colour_and_a_hatch_of_its_own() -> None:
    assert _STYLES.keys() == set(State)
    assert len({to_hex(style.colour) for style in _STYLES.values()}) == len(State)
    assert len({style.hatch for style in _STYLES.values()}) == len(State)


def test_timeline_of_nothing_can_be_drawn() -> None:
    assert bars(plot()) == []
