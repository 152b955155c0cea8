"""The live view of a queue, as a widget."""

from typing import Any

import traitlets

from sbtutorial.views.live.watcher import Watcher
from sbtutorial.views.widget import LiveWidget, Plain, source


class QueueView(LiveWidget):
    """A queue or a subscription that shows itself while things happen to it.

    Attributes:
        watcher: What keeps the picture true.
        place: Where it stands: "cell"; "asks" to be put beside the notebook; "beside" it.
    """

    _esm = source("asking.js", "steady.js", "live/planned.js", "live/watch.js")
    _css = source("live/watch.css")

    place = traitlets.Unicode("cell").tag(sync=True)

    def __init__(self, watcher: Watcher, **traits: Any) -> None:
        self.watcher = watcher
        super().__init__(picture=watcher.look(), **traits)
        self.on_request("refresh", self._refresh)
        self.on_request("closed", lambda _asked: self.close())
        watcher.start(self.push)

    def _refresh(self, _asked: Plain) -> None:
        """A page shows it: have it there as it is by now, and nothing else in its place."""
        self.settle()
        self.push(self.watcher.look())

    def close(self) -> None:
        """End: it disappears from the page; its twins stay."""
        self.watcher.close()
        super().close()

    def text(self) -> str:
        """The facts as text."""
        return self.watcher.text()

    def html(self) -> str:
        """The facts as tables and lists."""
        return self.watcher.html()
