import pytest

from sbtutorial.broker.timers import Timers


@pytest.fixture
def agenda() -> Timers:
    return Timers()


@pytest.fixture
def ran() -> list[tuple[object, float]]:
    return []


def test_due_timers_run_in_order_and_learn_their_own_instants(agenda, ran) -> None:
    for at in (3.0, 1.0, 2.0, 9.0):
        agenda.call_at(at, lambda arg, due: ran.append((arg, due)), f"at {at}")
    agenda.run_due(3.0)
    assert ran == [("at 1.0", 1.0), ("at 2.0", 2.0), ("at 3.0", 3.0)]


def test_timers_of_one_instant_run_in_the_order_they_were_made(agenda, ran) -> None:
    for name in "abc":
        agenda.call_at(1.0, lambda arg, due: ran.append((arg, due)), name)
    agenda.run_due(1.0)
    assert [name for name, _ in ran] == ["a", "b", "c"]


def test_timer_is_not_run_before_its_instant(agenda, ran) -> None:
    agenda.call_at(2.0, lambda arg, due: ran.append((arg, due)), None)
    agenda.run_due(1.999)
    assert ran == []


def test_cancelled_timer_does_not_run(agenda, ran) -> None:
    timer = agenda.call_at(1.0, lambda arg, due: ran.append((arg, due)), None)
    timer.cancel()
    agenda.run_due(2.0)
    assert ran == []
    assert len(agenda) == 0


def test_cancelling_twice_or_after_the_run_changes_nothing(agenda, ran) -> None:
    done = agenda.call_at(1.0, lambda arg, due: ran.append((arg, due)), None)
    agenda.call_at(5.0, lambda arg, due: ran.append((arg, due)), None)
    agenda.run_due(1.0)
    done.cancel()
    done.cancel()
    assert len(agenda) == 1


def test_next_at_skips_cancelled_timers(agenda) -> None:
    first = agenda.call_at(1.0, print, None)
    agenda.call_at(2.0, print, None)
    assert agenda.next_at() == 1.0
    first.cancel()
    assert agenda.next_at() == 2.0


def test_next_at_of_nothing_is_none(agenda) -> None:
    agenda.call_at(1.0, print, None).cancel()
    assert agenda.next_at() is None


def test_timer_made_by_an_action_runs_in_the_same_call_if_it_is_due(agenda, ran) -> None:
    def again(arg: object, due: float) -> None:
        ran.append((arg, due))
        agenda.call_at(due + 1, again, arg)

    agenda.call_at(1.0, again, "tick")
    agenda.run_due(3.5)
    assert [due for _, due in ran] == [1.0, 2.0, 3.0]
    assert agenda.next_at() == 4.0


def test_action_may_cancel_a_later_timer_and_run_the_agenda(agenda, ran) -> None:
    later = agenda.call_at(2.0, lambda arg, due: ran.append((arg, due)), "cancelled")
    agenda.call_at(3.0, lambda arg, due: ran.append((arg, due)), "kept")

    def meddle(arg: object, due: float) -> None:
        later.cancel()
        agenda.run_due(3.0)
        ran.append((arg, due))

    agenda.call_at(1.0, meddle, "meddler")
    agenda.run_due(3.0)
    assert ran == [("kept", 3.0), ("meddler", 1.0)]


def test_cancelled_timers_never_fill_more_than_half_of_the_heap(agenda) -> None:
    kept = [agenda.call_at(1e6 + n, print, None) for n in range(100)]
    for n in range(10_000):
        agenda.call_at(1e5 + n, print, None).cancel()
        assert len(agenda._heap) <= 2 * len(kept) + 2
    assert len(agenda) == 100
    assert agenda.next_at() == kept[0].at


def test_order_survives_compaction(agenda, ran) -> None:
    timers = [
        agenda.call_at(float(n * 37 % 500), lambda arg, due: ran.append((arg, due)), n)
        for n in range(500)
    ]
    for timer in timers[::3] + timers[1::3]:
        timer.cancel()
    agenda.run_due(1000.0)
    assert [due for _, due in ran] == sorted(timer.at for timer in timers[2::3])


def test_cancelled_timer_lets_go_of_its_argument(agenda) -> None:
    import weakref

    class Thing:
        pass

    thing = Thing()
    gone = weakref.ref(thing)
    agenda.call_at(1.0, print, thing).cancel()
    del thing
    assert gone() is None


def test_clear_forgets_everything(agenda, ran) -> None:
    agenda.call_at(1.0, lambda arg, due: ran.append((arg, due)), None)
    agenda.clear()
    agenda.run_due(2.0)
    assert ran == []
    assert agenda.next_at() is None
