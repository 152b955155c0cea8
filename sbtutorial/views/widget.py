"""What every live view stands on: a widget that answers at once, also while a cell is busy.

A view shows a *picture*, plain values that the kernel pushes and that stay with the widget, so that
a page that was loaded again has it at once. What a reader clicks comes as a *request*: it is taken
where it arrives, done on the view's own thread, and answered with plain values or a sentence.

Imported by itself only where a view is made: it brings ipywidgets along.
"""

import html
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from threading import RLock
from typing import Any, ClassVar

import anywidget
import traitlets

from sbtutorial.errors import TutorialError

_REMEMBERED = 200  # requests

Plain = dict[str, Any]
Handler = Callable[[Plain], Mapping[str, Any] | None]


def source(*names: str) -> str:
    """Files of the package, one after the other: what a browser gets as one.

    Args:
        names: Paths below the room: "asking.js", "live/watch.js".
    """
    return "\n".join(files("sbtutorial.views").joinpath(name).read_text("utf-8") for name in names)


class LiveWidget(anywidget.AnyWidget):
    """A live view: its picture, its requests, its twins in text and in HTML.

    A view of its own kind has `_esm` and `_css`, from `source`, and overrides `text` and `html`.
    `asking.js` is the other half of the requests.

    Attributes:
        picture: What is shown, as plain values; `push` changes it.
        predecessor: The view whose place it takes, until that is closed.
    """

    _open: ClassVar[dict[str, "LiveWidget"]] = {}

    picture = traitlets.Dict().tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        self._handlers: dict[str, Handler] = {}
        self._prompt: set[str] = set()
        self._taken: list[object] = []
        self._at_close: list[Callable[[], object]] = []
        self.predecessor: LiveWidget | None = None
        self._guard = RLock()
        self._hands = _hand("live view")
        self._prompt_hands = _hand("live view, at once")
        super().__init__(**traits)
        self.on_msg(self._take)

    # --- for a view ------------------------------------------------------------------------------

    def text(self) -> str:
        """The facts as text, the same from run to run."""
        return type(self).__name__

    def html(self) -> str:
        """The facts as plain HTML that needs no style; everything in it is escaped."""
        return f"<pre>{html.escape(self.text())}</pre>"

    def on_request(self, name: str, handler: Handler) -> None:
        """Have a request of the browser done.

        Args:
            name: Which.
            handler: Called with the request's arguments, one request at a time, on the view's own
                thread. It returns the answer as plain values; an error's sentence is shown.
        """
        self._handlers[name] = handler

    def on_prompt_request(self, name: str, handler: Handler) -> None:
        """Have a request done that is over soon: it does not wait behind one that is slow.

        Args:
            name: Which.
            handler: As `on_request` has it, on another thread.
        """
        self._prompt.add(name)
        self.on_request(name, handler)

    def on_close(self, action: Callable[[], object]) -> None:
        """Have something done when it ends."""
        self._at_close.append(action)

    def push(self, picture: Plain) -> None:
        """Show something else, from any thread; when it is the same, nothing is sent."""
        with self._guard:
            if self.comm is not None:
                self.picture = picture

    def tell(self, news: Plain) -> None:
        """Send the page something that does not stay, from any thread."""
        with self._guard:
            self.send(news)

    def take_place(self, key: str) -> None:
        """Be the one view of a name; who was it before is closed by `settle`, or when this is."""
        earlier = self._open.get(key)
        self._open[key] = self
        if earlier is not self:
            self.predecessor = earlier

    def settle(self) -> None:
        """Close the predecessor: this view is in its place."""
        earlier, self.predecessor = self.predecessor, None
        if earlier is not None:
            earlier.close()

    def close(self) -> None:
        """End: it disappears from the page; its twins stay."""
        self.settle()
        with self._guard:
            super().close()
        for key in [key for key, view in self._open.items() if view is self]:
            del self._open[key]
        for hands in (self._hands, self._prompt_hands):
            hands.shutdown(wait=False, cancel_futures=True)
        while self._at_close:
            self._at_close.pop()()

    # --- twins -----------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return self.html()

    def _twins(self) -> Plain:
        return {"text/plain": self.text(), "text/html": self.html()}

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[Plain, Plain]:
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        return {**data, **self._twins()}, metadata

    # --- requests --------------------------------------------------------------------------------

    def open(self) -> None:
        """Open the way to the page."""
        super().open()
        _let_through(self.comm, self._handle_msg)

    def _take(self, _widget: object, content: Plain, _buffers: object) -> None:
        """Say at once that a request has arrived, and have it done: what is slow blocks nobody."""
        request = content.get("request")
        if request is None:
            return
        self.tell({"taken": request})
        with self._guard:
            if request in self._taken:
                return  # it came again, by another way
            self._taken = [*self._taken[-_REMEMBERED:], request]
        hands = self._prompt_hands if content.get("name") in self._prompt else self._hands
        hands.submit(self._do, content)

    def _do(self, content: Plain) -> None:
        answer = {"answer": content["request"], **self._answer(content)}
        if self.comm is not None:
            self.tell(answer)

    def _answer(self, content: Plain) -> Plain:
        handler = self._handlers.get(content.get("name", ""))
        if handler is None:
            return {"error": f"This view has no '{content.get('name')}'."}
        try:
            return {"result": dict(handler(content.get("arguments") or {}) or {})}
        except TutorialError as error:
            return {"error": str(error)}
        except Exception as error:  # of the SDK; a thread has nobody else to tell
            first = str(error).strip().partition("\n")[0]
            return {"error": f"{type(error).__name__}: {first}"}


def _hand(name: str) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)


def _let_through(comm: Any, handle: Callable[[Any], None]) -> None:
    """Have the browser's messages come where it sent them to, and not to the cell that is busy.

    JupyterLab sends what a widget asks to a subshell, a thread of the kernel that answers while a
    cell runs. ipykernel from 7.4 on hands a message over to the thread that last sent one to that
    widget instead: the cell's, for what a cell has opened, and so it waits for the end of the cell.
    Neither is a cell executed: whoever acts before and after cells (matplotlib draws what is open)
    must not act in the middle of one.
    """
    if comm is None:
        return
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda _data, addressed: addressed
    if hasattr(comm, "handle_msg"):
        comm.handle_msg = handle
