"""Links of the SDK that stay open while nobody uses them, for whoever wants the like next.

To open a link takes the SDK half a second, and to close one as long again. A link that lies here is
nobody's: whoever takes it out is alone with it until it comes back, as two threads must not use a
sender or a receiver of the SDK at once. There are few of them: the one that nobody has used for the
longest time is closed for a new one.

The service ends a link that nothing has moved on for 10 minutes, and the SDK renews a token of an
hour when a link is used in the last 6 minutes of it. So what has lain here for 4 minutes is not
given out again; it is closed the next time that anybody comes here. Nothing watches it meanwhile.

Source: "AMQP errors in Service Bus".
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Any, Protocol

MOST = 8
IDLE_SECONDS = 240.0


class Closable(Protocol):
    """What is kept."""

    def close(self) -> None:
        """End it."""


@dataclass(frozen=True, slots=True)
class Key:
    """What links have in common that may stand in for each other.

    Attributes:
        what: Of which sort, as in "sender".
        path: To where, as a `Place` is written.
    """

    what: str
    path: str


@dataclass(frozen=True, slots=True)
class _Kept:
    key: Key
    link: Closable
    since: float


class KeptLinks:
    """What is open, and in nobody's use; any thread may come.

    Args:
        most: How many at most.
        idle_seconds: After how long one is too old to be given out.
        now: A clock, in seconds, that goes on while the computer sleeps: the service's does.
    """

    def __init__(
        self,
        *,
        most: int = MOST,
        idle_seconds: float = IDLE_SECONDS,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._most = most
        self._idle_seconds = idle_seconds
        self._now = now
        self._lock = Lock()
        self._kept: list[_Kept] = []  # the one that was used last at the end
        self._era = 0

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def era(self) -> int:
        """Goes up when something is forgotten; what was opened in an earlier one is not kept."""
        return self._era

    def take(self, key: Key) -> Any:
        """One that fits, out of here; None when there is none."""
        with self._lock:
            too_old = self._now() - self._idle_seconds
            dropped = self._drop(lambda one: one.since <= too_old)
            fitting = [one for one in self._kept if one.key == key]
            if fitting:
                self._kept.remove(fitting[-1])
        if dropped:
            close_behind(dropped)
        return fitting[-1].link if fitting else None

    def keep(self, key: Key, link: Closable, era: int) -> None:
        """Lay one down here that holds nothing and waits for nothing.

        Args:
            key: Where it leads.
            link: Nobody else has it any more.
            era: In which it was opened or taken.
        """
        with self._lock:
            if era == self._era:
                self._kept.append(_Kept(key, link, self._now()))
                dropped = [one.link for one in self._kept[: -self._most]]
                del self._kept[: -self._most]
            else:
                dropped = [link]
        if dropped:
            close_behind(dropped)

    def forget(self, is_gone: Callable[[Key], bool]) -> None:
        """Close some, and keep nothing that is in use now."""
        with self._lock:
            self._era += 1
            dropped = self._drop(lambda one: is_gone(one.key))
        if dropped:
            close_behind(dropped)

    def _drop(self, is_dropped: Callable[[_Kept], bool]) -> list[Closable]:
        dropped = [one for one in self._kept if is_dropped(one)]
        self._kept = [one for one in self._kept if one not in dropped]
        return [one.link for one in dropped]


def close_behind(links: list[Closable]) -> Thread:
    """Close links while others go on, on a thread that a program which ends does not wait for.

    What goes wrong meanwhile is nobody's: its entity may be gone, or the broker.

    Returns:
        The thread, for who does wait.
    """

    def close() -> None:
        for link in links:
            with suppress(Exception):
                link.close()

    closing = Thread(target=close, name="sbtutorial closes links", daemon=True)
    closing.start()
    return closing
