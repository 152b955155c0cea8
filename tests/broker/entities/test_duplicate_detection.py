from sbtutorial.broker.entities.duplicate_detection import DuplicateWindow
from sbtutorial.broker.timers import Timers


def window(length_seconds: float = 60.0) -> tuple[DuplicateWindow, Timers]:
    timers = Timers()
    return DuplicateWindow(length_seconds, timers), timers


def test_accepted_id_is_known_with_its_number_until_the_window_ends() -> None:
    ids, _ = window(60)
    ids.remember("a", 7, 100.0)
    assert ids.original("a", 159.9) == 7
    assert ids.original("a", 160.0) is None


def test_unknown_id_is_new() -> None:
    ids, _ = window()
    assert ids.original("a", 0.0) is None


def test_ids_of_different_case_are_different() -> None:
    ids, _ = window()
    ids.remember("a", 1, 0.0)
    assert ids.original("A", 0.0) is None


def test_window_of_an_id_starts_anew_when_it_is_accepted_anew() -> None:
    ids, timers = window(60)
    ids.remember("a", 1, 0.0)
    ids.remember("b", 2, 30.0)
    ids.remember("a", 3, 60.0)
    timers.run_due(90.0)
    assert ids.original("a", 90.0) == 3
    assert len(ids) == 1


def test_longer_window_holds_for_ids_already_remembered() -> None:
    ids, timers = window(60)
    ids.remember("a", 1, 0.0)
    ids.length_seconds = 120
    timers.run_due(100.0)
    assert ids.original("a", 100.0) == 1
    timers.run_due(120.0)
    assert ids.original("a", 120.0) is None


def test_shorter_window_holds_for_ids_already_remembered() -> None:
    ids, _ = window(60)
    ids.remember("a", 1, 0.0)
    ids.length_seconds = 20
    assert ids.original("a", 20.0) is None


def test_memory_is_freed_by_one_timer_when_nobody_sends() -> None:
    ids, timers = window(60)
    for n in range(100):
        ids.remember(n, n, float(n))
    assert len(timers) == 1
    timers.run_due(109.0)
    assert len(ids) == 50
    timers.run_due(1000.0)
    assert len(ids) == 0
    assert timers.next_at() is None


def test_cleared_window_knows_nothing_and_waits_for_nothing() -> None:
    ids, timers = window(60)
    ids.remember("a", 1, 0.0)
    ids.clear()
    assert ids.original("a", 1.0) is None
    assert timers.next_at() is None


def test_very_many_ids_are_forgotten_a_few_at_a_time() -> None:
    ids, timers = window(60)
    for n in range(1000):
        ids.remember(n, n, 0.0)
    ids.resize(20, 30.0)
    assert len(ids) == 1000
    assert all(ids.original(n, 30.0) is None for n in range(1000))
    timers.run_due(30.0, at_most=2)
    assert 0 < len(ids) < 1000
    assert timers.is_behind
    timers.run_due(30.0)
    assert len(ids) == 0


def test_what_is_forgotten_stays_so_however_long_the_window_becomes() -> None:
    ids, timers = window(60)
    ids.remember("old", 1, 0.0)
    ids.remember("new", 2, 30.0)
    ids.resize(600, 60.0)
    assert ids.original("old", 60.0) is None
    assert ids.original("new", 60.0) == 2
    assert [key for key, _at, _number in ids] == ["new"]
    timers.run_due(60.0)
    assert len(ids) == 1


def test_memory_of_very_many_ids_that_are_cleared_is_freed_in_steps() -> None:
    ids, _ = window(60)
    for n in range(1000):
        ids.remember(n, n, 0.0)
    steps = ids.clear()
    assert steps is not None
    assert len(list(steps)) > 2
