"""Where roles play, as the day sees it: processes of their own, or threads of this one."""

from typing import Any, Protocol

# What is heard: a line that was printed; a report, which `asks` or has `failed`; None for silence.
Heard = str | dict[str, Any] | None


class Actor(Protocol):
    """One incarnation of a role: what dies when it is killed. It stands still when it asks."""

    def hear(self, limit_seconds: float) -> Heard:
        """The next thing that comes of it; `{"ended": …}` when it is gone by itself."""

    def go_on(self, **answer: Any) -> None:
        """Answer what it asked."""

    def kill(self) -> None:
        """End it, now; it may have ended already."""


class Stage(Protocol):
    """Makes actors of one learner's program."""

    def actor(self, role: str) -> Actor:
        """A new one, which asks for a turn."""

    def expect(self, more: int) -> None:
        """So many may be wanted beside those of the beginning, and soon: after kills."""

    def close(self) -> None:
        """End all of them."""
