"""Links of the SDK that close while something else happens: to close one takes it half a second."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from threading import Thread
from typing import TypeVar

from sbtutorial.explorer.keeping.kept_links import close_behind

_Link = TypeVar("_Link")


class Aside:
    """Closes links, each on a thread of its own.

    They are senders, or receivers that have only peeked: another would take messages meanwhile.
    """

    def __init__(self) -> None:
        self._closing: list[Thread] = []

    @contextmanager
    def opened(self, link: AbstractContextManager[_Link]) -> Iterator[_Link]:
        """A link that is open in the block; after it the link is closed, and nobody waits.

        After an error it is closed at once.
        """
        with ExitStack() as stack:
            yield stack.enter_context(link)
            self._closing.append(close_behind([stack.pop_all()]))

    def wait(self) -> None:
        """Return when all of them are closed."""
        for closing in self._closing:
            closing.join()
