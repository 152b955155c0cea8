"""The Explorer as a notebook gets it: it shows itself as a view."""

from collections.abc import Callable, Iterable
from typing import Any

from sbtutorial.explorer.explorer import Explorer
from sbtutorial.trace import Event


class ShownExplorer(Explorer):
    """See `Explorer`; where it stands last in a cell, its view opens.

    Shown again, it takes the place of the view before.

    Args:
        connection_string: As the SDK takes it.
        events: Tells what has happened to an entity; None where nobody can. Where somebody can,
            the broker's events keep the view true, too.
    """

    def __init__(
        self,
        connection_string: str,
        *,
        events: Callable[[str], Iterable[Event]] | None = None,
    ) -> None:
        super().__init__(connection_string, events=events)
        self._tells_events = events is not None

    def _repr_mimebundle_(self, **_options: Any) -> Any:
        """The view, and its twins in text and in HTML; the twins alone without ipywidgets."""
        try:
            from sbtutorial.explorer.view.widget import ExplorerView
        except ModuleNotFoundError:  # it comes with the extra `lab`
            return {"text/plain": repr(self), "text/html": self._repr_html_()}, {}
        return ExplorerView(self, tells_events=self._tells_events)._repr_mimebundle_()
