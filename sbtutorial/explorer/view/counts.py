"""The tree, kept true: told by the broker's events where there are some, else when it is asked."""

from collections.abc import Callable
from threading import Event as Flag
from threading import Thread

from sbtutorial.errors import TutorialError
from sbtutorial.explorer.explorer import Explorer
from sbtutorial.explorer.view.plain import Plain, plain
from sbtutorial.views.feed import Feed

_PAUSE_SECONDS = 0.2


class Counts:
    """Looks at the tree after something has happened, and shows it when it is another.

    Args:
        explorer: Whose tree.
        tells_events: Whether the broker is one that tells what happens.
    """

    def __init__(self, explorer: Explorer, *, tells_events: bool) -> None:
        self._explorer = explorer
        self._stirred, self._closed = Flag(), Flag()
        self._stop_listening: Callable[[], None] = lambda: None
        if tells_events:
            feed = Feed.of(explorer.connection_string)
            self._stop_listening = feed.listen(lambda _news: self.stir())

    def start(self, show: Callable[[Plain], None]) -> None:
        """Have each look shown from now on; the first at once, if something has happened already.

        Args:
            show: Called with the tree as plain values, on a thread of this object's.
        """
        Thread(target=self._run, args=(show,), name="explorer's tree", daemon=True).start()

    def stir(self) -> None:
        """Something has happened: look, as soon as the pause after the last look is over."""
        self._stirred.set()

    def look(self) -> Plain:
        """The tree as it is now, or why there is none."""
        try:
            return {**plain(self._explorer.tree()), "trouble": ""}
        except TutorialError as error:
            return {"namespace": "", "nodes": [], "trouble": str(error)}

    def close(self) -> None:
        """Stop."""
        self._stop_listening()
        self._closed.set()
        self._stirred.set()

    def _run(self, show: Callable[[Plain], None]) -> None:
        while not self._closed.is_set():
            self._stirred.wait()
            self._stirred.clear()
            if not self._closed.is_set():
                show(self.look())
                self._closed.wait(_PAUSE_SECONDS)
