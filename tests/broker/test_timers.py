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


def entries(agenda: Timers) -> int:
    """What is kept in all, timers and shells."""
    return len(agenda._heap) + len(agenda._swept)


def test_cancelled_timers_never_fill_much_more_than_half_of_the_heap(agenda) -> None:
    kept = [agenda.call_at(1e6 + n, print, None) for n in range(100)]
    for n in range(10_000):
        agenda.call_at(1e5 + n, print, None).cancel()
        assert entries(agenda) <= 2.1 * len(kept)
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


def test_a_sweep_of_very_many_takes_a_little_of_each_cancellation(agenda, ran) -> None:
    timers = [
        agenda.call_at(float(n), lambda arg, due: ran.append((arg, due)), n) for n in range(20_000)
    ]
    kept = timers[7::10]
    for timer in timers:
        if timer in kept[-1:] or timer.at % 10 != 7:
            before = entries(agenda)
            timer.cancel()
            assert before - entries(agenda) <= 32
    assert entries(agenda) < 3 * len(kept)
    agenda.run_due(30_000.0)
    assert [due for _, due in ran] == [timer.at for timer in kept[:-1]]
    assert (entries(agenda), len(agenda)) == (0, 0)


def test_timers_made_and_run_while_a_sweep_is_under_way_keep_their_order(agenda, ran) -> None:
    def note(arg: object, due: float) -> None:
        ran.append((arg, due))

    timers = [agenda.call_at(float(n), note, n) for n in range(1000)]
    for timer in timers[:501]:
        timer.cancel()
    assert agenda._swept
    for n in range(500, 700):
        agenda.call_at(n + 0.5, note, n)
    assert agenda.next_at() == 500.5
    agenda.run_due(700.0)
    assert [due for _, due in ran] == sorted(due for _, due in ran)
    assert len(ran) == 200 + 200
    agenda.clear()
    assert (entries(agenda), agenda.next_at()) == (0, None)


def test_very_many_that_were_cancelled_first_of_all_are_passed_over_little_by_little(
    agenda, ran
) -> None:
    timers = [agenda.call_at(float(n), lambda arg, due: ran.append(due), n) for n in range(20_000)]
    for timer in timers[:5000]:
        timer.cancel()
    looks = 0
    while not ran:
        before = entries(agenda)
        agenda.run_due(5000.0, at_most=10)
        assert before - entries(agenda) <= 1024 + 10
        looks += 1
    assert looks > 4
    assert ran == [5000.0]
    assert agenda.next_at() == 5001.0


def test_who_steps_nothing_passes_over_very_many_at_once(agenda, ran) -> None:
    timers = [agenda.call_at(float(n), lambda arg, due: ran.append(due), n) for n in range(20_000)]
    for timer in timers[:5000]:
        timer.cancel()
    agenda.run_due(5001.0)
    assert ran == [5000.0, 5001.0]
    assert not agenda.is_behind


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


def test_what_happens_within_something_due_does_not_run_what_is_due_after_it(agenda, ran) -> None:
    def act(name: object, at: float) -> None:
        agenda.catch_up(at)
        ran.append((name, at))

    for name in range(3000):  # one within the other would be deeper than Python goes
        agenda.call_at(1.0, act, name)
    agenda.run_due(1.0)
    assert ran == [(name, 1.0) for name in range(3000)]


def test_what_was_prepared_happens_as_if_it_was_called_when_it_is_set(agenda, ran) -> None:
    calls = [(3.0, "b"), (2.0, "a"), (5.0, "never")]
    timers = [
        agenda.prepared(at, lambda arg, due: ran.append((arg, due)), arg) for at, arg in calls
    ]
    agenda.run_due(1.0)
    assert len(agenda) == 0
    agenda.call_at(2.0, lambda arg, due: ran.append((arg, due)), "first")
    agenda.set_all(timers)
    agenda.call_at(2.0, lambda arg, due: ran.append((arg, due)), "last")
    timers[2].cancel()
    agenda.run_due(9.0)
    assert ran == [("first", 2.0), ("a", 2.0), ("last", 2.0), ("b", 3.0)]


def test_what_is_due_already_when_it_is_set_happens_at_the_same_instant(agenda, ran) -> None:
    agenda.run_due(4.0)
    agenda.set_all([agenda.prepared(3.0, lambda arg, due: ran.append((arg, due)), "late")])
    assert agenda.caught_up_to < 4.0
    agenda.catch_up(4.0)
    assert ran == [("late", 3.0)]
