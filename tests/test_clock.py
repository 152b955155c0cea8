import time

import pytest

from sbtutorial.clock import Clock, ManualClock, SystemClock

_DRIFT_SECONDS = 1.0


def test_manual_clock_stands_still_until_moved() -> None:
    clock = ManualClock(100.0)
    assert clock.now() == clock.now() == 100.0
    clock.tick(5)
    assert clock.now() == 105.0


def test_advance_moves_broker_time_and_leaves_the_wire_alone() -> None:
    clock = ManualClock(100.0)
    clock.advance(60)
    assert clock.now() == 160.0
    assert clock.to_wire(clock.now()) == 100.0
    assert clock.advanced_seconds == 60.0


def test_what_was_there_before_an_advance_is_older_on_the_wire() -> None:
    clock = ManualClock(100.0)
    enqueued_at = clock.now()
    clock.advance(60)
    assert clock.to_wire(enqueued_at) == 40.0


def test_wire_and_broker_time_are_each_others_inverse() -> None:
    clock = ManualClock()
    clock.advance(7)
    assert clock.to_wire(clock.from_wire(123.0)) == 123.0


def test_advances_add_up() -> None:
    clock = ManualClock(0.0)
    clock.advance(1)
    clock.advance(2)
    assert clock.advanced_seconds == clock.now() == 3.0


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_time_cannot_be_turned_back(seconds: float) -> None:
    clock = ManualClock(0.0)
    with pytest.raises(ValueError, match="cannot advance"):
        clock.advance(seconds)
    with pytest.raises(ValueError, match="cannot tick"):
        clock.tick(seconds)
    assert clock.now() == 0.0


def test_system_clock_is_the_wall_clock_plus_what_was_advanced() -> None:
    clock: Clock = SystemClock()
    before = time.time()
    clock.advance(3600)
    now = clock.now()
    # The clock that only goes forward and the wall clock are not one: they drift by microseconds.
    assert before + 3600 - _DRIFT_SECONDS <= now <= time.time() + 3600 + _DRIFT_SECONDS


@pytest.mark.parametrize("seconds", [-3600.0, 3600.0], ids=["back", "forth"])
def test_a_wall_clock_that_is_set_moves_what_is_shown_and_nothing_else(seconds: float) -> None:
    clock = ManualClock()
    clock.advance(100)
    ends_at = clock.now() + 30
    clock.set_wall(clock.wall() + seconds)
    assert clock.now() == ends_at - 30
    assert clock.to_wire(ends_at) == clock.wall() + 30
    assert clock.from_wire(clock.wall() + 30) == ends_at
    clock.tick(30)
    assert clock.now() == ends_at
    assert clock.to_wire(ends_at) == clock.wall()


def test_one_instant_always_reads_the_same_though_two_clocks_never_agree_quite() -> None:
    clock = ManualClock()
    at = clock.now()
    shown = clock.to_wire(at)
    for _ in range(3):
        clock.set_wall(clock.wall() + 0.2)
        assert clock.to_wire(at) == shown


def test_the_computers_clock_goes_on_by_itself() -> None:
    clock = SystemClock()
    first = clock.now()
    assert abs(first - clock.wall()) < 5
    assert clock.now() >= first
    assert clock.elapsed() >= 0


# -- After another broker's --------------------------------------------------------------------


def test_a_clock_goes_on_as_the_one_before_by_the_wall_clock() -> None:
    before = ManualClock(1000.0)
    before.advance(60)
    before.tick(5)
    after = ManualClock(1100.0)  # the broker was away for 95 seconds
    after.resume(before.advanced_seconds, before.now())
    assert (after.now(), after.advanced_seconds) == (1160.0, 60.0)
    assert after.to_wire(after.now()) == 1100.0


def test_a_clock_never_goes_back_though_the_wall_clock_was_set_back_meanwhile() -> None:
    after = ManualClock(500.0)
    after.resume(60.0, 1065.0)
    assert after.now() == 1065.0
    assert after.to_wire(after.now()) == 500.0
