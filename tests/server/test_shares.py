"""Many who go on later take turns, one in each pass of the loop; strangers have a few ms of it."""

from collections.abc import Callable

from sbtutorial.server.shares import STRANGERS_SECONDS, Shares


class Loop:
    """Passes that are made by hand."""

    def __init__(self) -> None:
        self.soon: list[Callable[[], None]] = []
        self.timers: list[float] = []
        self.now = 0.0

    def time(self) -> float:
        return self.now

    def call_later(self, seconds: float, action: Callable[[], None]) -> "Loop":
        if seconds:
            self.timers.append(seconds)
        else:
            self.soon.append(action)
        return self

    def cancel(self) -> None:
        """For the type alone."""

    def turn(self) -> None:
        soon, self.soon = self.soon, []
        for action in soon:
            action()


def test_one_goes_on_in_each_pass_and_again_behind_the_others() -> None:
    loop, done = Loop(), list[str]()
    shares = Shares(loop.call_later, loop.time)

    def busy(name: str, times: int) -> None:
        done.append(name)
        if times > 1:
            shares.later(0.0, lambda: busy(name, times - 1))

    for name in "abc":
        shares.later(0.0, lambda name=name: busy(name, 2))  # type: ignore[misc]
    passes = []
    while loop.soon:
        before = len(done)
        loop.turn()
        passes.append(len(done) - before)
    assert done == ["a", "b", "c", "a", "b", "c"]
    assert passes == [*[1] * 6, 0]


def test_who_is_cancelled_takes_nobodys_turn() -> None:
    loop, done = Loop(), list[str]()
    shares = Shares(loop.call_later, loop.time)
    first, *_, last = (shares.later(0.0, lambda name=n: done.append(name)) for n in "abcd")  # type: ignore[misc]
    first.cancel()
    last.cancel()
    while loop.soon:
        loop.turn()
    assert done == ["b", "c"]
    shares.later(0.0, lambda: done.append("e"))
    loop.turn()
    loop.turn()
    assert not loop.soon
    assert done == ["b", "c", "e"]


def test_one_that_fails_keeps_nobody_from_going_on() -> None:
    loop, done = Loop(), list[str]()
    shares = Shares(loop.call_later, loop.time)

    def fail() -> None:
        raise ZeroDivisionError

    shares.later(0.0, fail)
    shares.later(0.0, lambda: done.append("next"))
    try:
        loop.turn()
    except ZeroDivisionError:
        done.append("failed")
    loop.turn()
    assert done == ["failed", "next"]


def test_what_is_to_come_in_a_while_is_a_timer() -> None:
    loop = Loop()
    Shares(loop.call_later, loop.time).later(2.5, lambda: None)
    assert (loop.timers, loop.soon) == ([2.5], [])


def test_strangers_are_heard_at_once_until_a_pass_has_had_its_time() -> None:
    loop, done = Loop(), list[str]()
    shares = Shares(loop.call_later, loop.time)

    def hear(name: str) -> None:
        done.append(name)
        loop.now += STRANGERS_SECONDS / 2

    for name in "abcdefg":
        if shares.enter(lambda name=name: hear(name)) is None:  # type: ignore[misc]
            hear(name)
    assert done == ["a", "b"]
    shares.later(0.0, lambda: done.append("goes on"))
    loop.turn()
    assert done == ["a", "b", "c", "d", "goes on"]
    assert shares.enter(lambda: hear("newest")) is not None
    while loop.soon:
        loop.turn()
    assert done == ["a", "b", "c", "d", "goes on", *"efg", "newest"]


def test_who_has_heard_no_stranger_for_a_pass_hears_the_next_at_once() -> None:
    loop = Loop()
    shares = Shares(loop.call_later, loop.time)
    assert shares.enter(lambda: None) is None
    loop.now += 1
    waiting = shares.enter(lambda: None)
    assert waiting is not None
    waiting.cancel()
    while loop.soon:
        loop.turn()
    assert shares.enter(lambda: None) is None
