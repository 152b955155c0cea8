"""A queue at one instant, which shows itself: as text, or as HTML where that can be shown."""

from sbtutorial.snapshot import QueueSnapshot
from sbtutorial.views.queue_html import write
from sbtutorial.views.queue_text import draw


class Picture:
    """A queue at one instant.

    Attributes:
        snapshot: What is drawn.
    """

    def __init__(self, snapshot: QueueSnapshot) -> None:
        self.snapshot = snapshot

    def __repr__(self) -> str:
        return draw(self.snapshot)

    def _repr_html_(self) -> str:
        return write(self.snapshot).text
