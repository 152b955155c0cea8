"""Many who go on later take turns, one in each pass of the loop."""

from collections.abc import Callable

from sbtutorial.server.shares import Shares


class Loop:
    """Passes that are made by hand."""

    def __init__(self) -> None:
        self.soon: list[Callable[[], None]] = []
        self.timers: list[float] = []

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
    shares = Shares(loop.call_later)

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
    assert passes == [1] * 6


def test_who_is_cancelled_takes_nobodys_turn() -> None:
    loop, done = Loop(), list[str]()
    shares = Shares(loop.call_later)
    first, *_, last = (shares.later(0.0, lambda name=n: done.append(name)) for n in "abcd")  # type: ignore[misc]
    first.cancel()
    last.cancel()
    while loop.soon:
        loop.turn()
    assert done == ["b", "c"]
    shares.later(0.0, lambda: done.append("e"))
    loop.turn()
    assert done == ["b", "c", "e"]


def test_one_that_fails_keeps_nobody_from_going_on() -> None:
    loop, done = Loop(), list[str]()
    shares = Shares(loop.call_later)

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
    Shares(loop.call_later).later(2.5, lambda: None)
    assert (loop.timers, loop.soon) == ([2.5], [])
