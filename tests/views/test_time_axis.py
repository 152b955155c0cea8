from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbtutorial.views.time_axis import Break, TimeAxis, exactly

SECONDS = st.lists(st.floats(0, 1e6), max_size=30)


@given(SECONDS)
def test_order_is_kept_and_there_is_a_way_back(seconds: list[float]) -> None:
    axis = TimeAxis(seconds)
    ordered = sorted({0.0, *seconds, axis.end})
    places = [axis.place(second) for second in ordered]
    assert places == sorted(places)
    assert (places[0], places[-1]) == (0.0, pytest.approx(1.0))
    for second, place in zip(ordered, places, strict=True):
        assert axis.second(place) == pytest.approx(second, rel=1e-6, abs=1e-3 * axis.end)


@given(SECONDS)
def test_ticks_stand_apart_and_not_in_breaks(seconds: list[float]) -> None:
    axis = TimeAxis(seconds)
    ticks = axis.ticks()
    places = [axis.place(second) for second, _ in ticks]
    assert all(after - before > 0.1 for before, after in pairwise(places))
    for one in axis.breaks:
        assert not any(one.start < second < one.end for second, _ in ticks)


def test_what_is_longer_than_all_the_rest_is_broken() -> None:
    axis = TimeAxis([0, 1, 2, 302, 303])
    assert axis.breaks == (Break(2, 302),)
    assert axis.breaks[0].words == "5 min"
    assert axis.place(1) == pytest.approx(axis.place(303) - axis.place(302))
    assert [words for _, words in axis.ticks()] == ["0 s", "1 s", "2 s", "5 min 2 s", "+1 s"]


def test_equal_stretches_are_not_broken() -> None:
    assert TimeAxis([0, 30, 60, 90, 91]).breaks == ()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.004, "4 ms"),
        (0.25, "0.2 s"),
        (2, "2 s"),
        (29.9, "30 s"),
        (65, "1 min 5 s"),
        (3600, "1 h"),
        (90_061, "1 d 1 h"),
    ],
)
def test_times_have_one_unit_or_two(seconds: float, words: str) -> None:
    assert exactly(seconds) == words
