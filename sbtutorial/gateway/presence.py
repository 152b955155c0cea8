"""Who has a link to which entity now: what a picture shows of those who send and receive.

Nothing happens to a message when somebody comes or goes, so no event tells of it: who looks on
compares the `version`, or listens. The same goes for faults that are planned: `stir` tells.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from sbtutorial.amqp.link import Link

Listener = Callable[[], None]


class Attached(NamedTuple):
    """One link, seen from outside.

    Attributes:
        who: The client's name, as it gave it.
        right: What it does there: "Send" or "Listen".
        path: At which entity, in lower case; `orders` or `orders/$deadletterqueue`.
    """

    who: str
    right: str
    path: str


class Presence:
    """The links of all clients to entities.

    Attributes:
        version: Another one after each coming and going, and whenever it is stirred.
    """

    def __init__(self) -> None:
        self.version = 0
        self._by_link: dict[Link, Attached] = {}
        self._listeners: list[Listener] = []

    def enter(self, link: Link, attached: Attached) -> None:
        """A client has a link."""
        self._by_link[link] = attached
        self.stir()

    def leave(self, link: Link) -> None:
        """It has it no more, if it had it."""
        if self._by_link.pop(link, None) is not None:
            self.stir()

    def at(self, path: str) -> Iterator[Attached]:
        """Those at an entity and at its subqueues, in the order in which they came."""
        name = path.lower()
        below = name + "/$"
        for attached in self._by_link.values():
            if attached.path == name or attached.path.startswith(below):
                yield attached

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Have every change told from now on; call what is returned to stop."""
        self._listeners = [*self._listeners, listener]  # a call may be under way over the old

        def unsubscribe() -> None:
            self._listeners = [one for one in self._listeners if one is not listener]

        return unsubscribe

    def stir(self) -> None:
        """Have those who look on look again."""
        self.version += 1
        for listener in self._listeners:
            listener()
