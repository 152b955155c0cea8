"""Keeps the picture of one queue or subscription true: told by the feed, drawn on its own thread.

What happened is told at once and remembered; drawing it asks the broker how things stand by then.
A burst is one drawing: the first comes at once, the next when the pause after it is over.
"""

from collections.abc import Callable
from contextlib import suppress
from threading import Event as Flag
from threading import RLock, Thread

from sbtutorial.errors import TutorialError
from sbtutorial.hosting.control_client import BrokerGone, ControlClient
from sbtutorial.snapshot import QueueSnapshot
from sbtutorial.views.feed import Feed, News
from sbtutorial.views.live import twin
from sbtutorial.views.live.cast import Cast
from sbtutorial.views.live.history import History
from sbtutorial.views.live.picture import Condition, Plain, picture, troubled
from sbtutorial.views.live.planned import Tell, ToldFault

_PAUSE_SECONDS = 0.05  # at most twenty pictures a second
_GONE = "The broker is gone. This view goes on when it is back."


class Watcher:
    """One entity under the eyes of one view.

    Args:
        connection_string: Of the broker.
        path: The entity's, as the broker has it.
        cast: Says which workers there are.
        tell_fault: Says what a planned fault is called.

    Attributes:
        path: The entity's.
        snapshot: How it stood last.
        history: What happened so far.

    Raises:
        TutorialError: There is no such entity, or the broker is gone.
    """

    def __init__(self, connection_string: str, path: str, cast: Cast, tell_fault: Tell) -> None:
        self.path = path
        self._client = ControlClient(connection_string)
        self._cast, self._tell_fault = cast, tell_fault
        self._guard = RLock()
        self._stirred, self._closed = Flag(), Flag()
        self._shown: Plain = {}
        self._show: Callable[[Plain], None] = lambda _picture: None
        self.snapshot: QueueSnapshot = self._client.queue(path)
        self.history = History(self.snapshot.name)
        self._is_anew = Flag()
        self._stop_listening = Feed.of(connection_string).listen(self._on_news)
        self._read_past()

    def start(self, show: Callable[[Plain], None]) -> None:
        """Have each new picture shown from now on, on a thread of the watcher's."""
        self._show = show
        Thread(target=self._run, name=f"view of {self.path}", daemon=True).start()
        self.stir()

    def stir(self) -> None:
        """Have it drawn anew, as soon as the pause is over."""
        self._stirred.set()

    def look_closely(self) -> QueueSnapshot:
        """How it stands now.

        Raises:
            TutorialError: It is not there, or the broker is gone.
        """
        return self._client.queue(self.path)

    def look(self) -> Plain:
        """The picture as of now."""
        try:
            self.snapshot = self.look_closely()
        except BrokerGone:
            return troubled(self._shown, self.history, Condition.GONE, _GONE)
        except TutorialError as error:
            self._catch_up()
            note = f"{error} This view goes on when it is there again."
            return troubled(self._shown, self.history, Condition.MISSING, note)
        # Later than the picture, not earlier: what has left the lanes must be known to be gone.
        self._catch_up()
        with self._guard:
            return picture(self.snapshot, self.history, self._cast(), self._faults())

    def close(self) -> None:
        """Stop."""
        self._stop_listening()
        self._closed.set()
        self._stirred.set()

    def text(self) -> str:
        """The text twin of what was last seen."""
        with self._guard:
            return twin.text(self.snapshot, self.history, self._cast(), self._faults())

    def html(self) -> str:
        """The HTML twin of what was last seen."""
        with self._guard:
            return twin.html(self.snapshot, self.history, self._cast(), self._faults())

    def folded(self) -> str:
        """The same under one line."""
        with self._guard:
            return twin.folded(self.snapshot, self.history, self._cast(), self._faults())

    def _faults(self) -> list[ToldFault]:
        return [*map(self._tell_fault, self.snapshot.faults)]

    # --- in threads ------------------------------------------------------------------------------

    def _read_past(self) -> None:
        after = 0
        while (page := self._client.events(after, self.snapshot.name)).events:
            self.history.note_all(page.events)
            after = page.last
        self.history.seen = max(self.history.seen, page.last)

    def _catch_up(self) -> None:
        """Take in what happened before the snapshot; where much happens, there is always more."""
        with self._guard, suppress(TutorialError):  # the next look says that the broker is gone
            if self._is_anew.is_set():
                self._is_anew.clear()
                self.history.begin_anew()
            while (page := self._client.events(self.history.seen)).events:
                self.history.note_all(page.events)
                if page.events[-1].at >= self.snapshot.at:
                    break
            self.history.know(self.snapshot.messages)

    def _on_news(self, news: News) -> None:
        """Only wake up: what there is to know is asked for when it is drawn."""
        if news.is_anew:
            self._is_anew.set()
        if news.trouble or not news.events or any(map(self.history.concerns, news.events)):
            self.stir()

    def _run(self) -> None:
        while not self._closed.is_set():
            self._stirred.wait()
            self._stirred.clear()
            if not self._closed.is_set():
                self._draw()
                self._closed.wait(_PAUSE_SECONDS)

    def _draw(self) -> None:
        """Show the picture, if it says anything that the one before did not."""
        drawn = self.look()
        if {**drawn, "at": 0} != {**self._shown, "at": 0}:
            self._shown = drawn
            self._show(drawn)
