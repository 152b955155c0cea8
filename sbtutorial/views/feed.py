"""One feed of what happens at a broker, for all live views of this program.

A daemon thread asks the broker for news and waits for the answer there: when nothing happens,
nothing is sent. A broker that is gone is looked for, and when it, or the next one, answers, its
story begins anew.
"""

from collections.abc import Callable, Sequence
from threading import Event as Flag
from threading import Lock, Thread
from typing import ClassVar, NamedTuple

from sbtutorial.errors import TutorialError
from sbtutorial.hosting.control_client import ControlClient
from sbtutorial.trace import Event

_WAIT_SECONDS = 30.0
_LOOK_AGAIN_SECONDS = 0.25
_BEYOND_ALL_EVENTS = 2**53


class News(NamedTuple):
    """What a listener is told.

    Attributes:
        events: What has happened, in order; none when somebody came or went.
        is_anew: Whether these are the first events of another broker than before.
        trouble: Why there is no broker, in a sentence; "" when there is one.
    """

    events: Sequence[Event] = ()
    is_anew: bool = False
    trouble: str = ""


Listener = Callable[[News], None]


class Feed:
    """The news of one broker; `Feed.of` finds the one that there is.

    Args:
        connection_string: Of the broker.
    """

    _feeds: ClassVar[dict[str, "Feed"]] = {}

    @classmethod
    def of(cls, connection_string: str) -> "Feed":
        """The feed of a broker: one, however many views there are."""
        if connection_string not in cls._feeds:
            cls._feeds[connection_string] = cls(connection_string)
        return cls._feeds[connection_string]

    def __init__(self, connection_string: str) -> None:
        self._client = ControlClient(connection_string)
        self._lock = Lock()
        self._listeners: list[Listener] = []
        self._is_running = False
        self._pause = Flag()  # never set: what it waits for is only time
        self._last = self._presence = 0

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Have all news told from now on, on the feed's own thread.

        Args:
            listener: Told quickly: everybody else waits meanwhile. What had happened before is
                for it to ask; then it may be told of some of that again.

        Returns:
            What ends it.

        Raises:
            TutorialError: The broker is gone.
        """
        with self._lock:
            if not self._is_running:
                self._last = self._client.events(_BEYOND_ALL_EVENTS).last
                self._is_running, self._presence = True, 0
                Thread(target=self._run, name="broker feed", daemon=True).start()
            self._listeners = [*self._listeners, listener]

        def stop() -> None:
            with self._lock:
                self._listeners = [one for one in self._listeners if one is not listener]

        return stop

    def _run(self) -> None:
        is_gone = False
        while self._has_listeners():
            # That a broker is back is news, though nothing has happened there.
            wait_seconds = 0 if is_gone else _WAIT_SECONDS
            try:
                page = self._client.news(self._last, self._presence, wait_seconds)
            except TutorialError as error:
                if not is_gone:
                    self._tell(News(trouble=str(error)))
                is_gone, self._last, self._presence = True, 0, 0
                self._pause.wait(_LOOK_AGAIN_SECONDS)
                continue
            is_anew = is_gone or page.last < self._last
            is_news = is_anew or page.events or page.presence != self._presence
            is_gone, self._presence = False, page.presence
            self._last = 0 if page.last < self._last else page.last
            if is_news:
                self._tell(News(page.events, is_anew))

    def _has_listeners(self) -> bool:
        with self._lock:
            self._is_running = bool(self._listeners)
            return self._is_running

    def _tell(self, news: News) -> None:
        for listener in self._listeners:
            listener(news)
