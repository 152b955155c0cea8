"""The Explorer's view, as a widget."""

from functools import partial
from importlib.resources import files
from typing import Any

from sbtutorial.errors import TutorialError
from sbtutorial.explorer.explorer import Explorer
from sbtutorial.explorer.view.actions import ACTIONS, LOOKS, Actions
from sbtutorial.explorer.view.counts import Counts
from sbtutorial.explorer.view.plain import Plain
from sbtutorial.views.widget import LiveWidget, source

KEY = "explorer"


def _own(name: str) -> str:
    return files("sbtutorial.explorer.view").joinpath(name).read_text("utf-8")


class ExplorerView(LiveWidget):
    """Three panes: the tree with live counts, a list, and a message or a form.

    Args:
        explorer: What it shows and works on.
        tells_events: Whether the broker is one that tells what happens.
    """

    _esm = "\n".join((source("asking.js", "steady.js"), _own("parts.js"), _own("explorer.js")))
    _css = _own("explorer.css")

    def __init__(self, explorer: Explorer, *, tells_events: bool, **traits: Any) -> None:
        self._explorer = explorer
        self._actions = Actions(explorer, lambda words: self.tell({"progress": words}))
        self._counts = Counts(explorer, tells_events=tells_events)
        super().__init__(picture=self._counts.look(), **traits)
        for name in ACTIONS:
            self.on_request(name, partial(self._act, name))
        self.on_request("loads", lambda _asked: self._actions.loads())
        self.on_request("stop_load", lambda asked: self._actions.stop_load(asked["at"]))
        self.take_place(KEY)
        self.settle()
        self._counts.start(self.push)

    def close(self) -> None:
        """End: it disappears from the page; its twins stay."""
        self._counts.close()
        super().close()

    def text(self) -> str:
        """The tree, as text."""
        return self._twin(repr)

    def html(self) -> str:
        """The tree, as a list."""
        return self._twin(lambda tree: tree._repr_html_())

    def _act(self, name: str, asked: Plain) -> Plain:
        try:
            return self._actions.do(name, asked)
        finally:
            if name not in LOOKS or name == "tree":
                self._counts.stir()

    def _twin(self, drawn: Any) -> str:
        try:
            return str(drawn(self._explorer.tree()))
        except TutorialError as error:
            return str(error)
