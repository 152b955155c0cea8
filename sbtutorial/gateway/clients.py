"""Who is connected over AMQP, so that connections can be cut by the name of their client."""

from typing import Protocol

from sbtutorial.text import readable_name


class Client(Protocol):
    """One connection."""

    @property
    def who(self) -> str:
        """What its client calls itself (its container-id)."""

    def cut_off(self, why: str) -> None:
        """Drop it at the end of the turn, without a word, and tell of it as a fault."""

    def catch_up(self) -> None:
        """Write what was held back and is not to be any longer."""


class Clients:
    """The connections that there are, the oldest first; who has not opened his yet has no name."""

    def __init__(self) -> None:
        self._here: dict[Client, None] = {}

    def enter(self, client: Client) -> None:
        """One more."""
        self._here[client] = None

    def leave(self, client: Client) -> None:
        """One less, if it was there."""
        self._here.pop(client, None)

    def named(self, who: str | None) -> list[Client]:
        """Those of a client; of every client for None.

        Args:
            who: Its own name; or "a sender", "a receiver" for those to which the SDK gave one.
        """
        if who is None:
            return list(self._here)
        return [one for one in self._here if one.who and who in (one.who, readable_name(one.who))]

    @property
    def names(self) -> list[str]:
        """What clients that are here may be called, each once, in the order of the alphabet."""
        return sorted({readable_name(one.who) for one in self._here if one.who})
