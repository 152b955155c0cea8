"""Views beside the notebook: where the front end is JupyterLab, which has room for them there.

The first stands to the right of the notebook, the second below it; more share that place. A view
that takes the place of another is put there before the other one leaves, so nothing jumps.
"""

from typing import TYPE_CHECKING

from sbtutorial.views.widget import LiveWidget

if TYPE_CHECKING:
    from sidecar import Sidecar

_open: "list[tuple[LiveWidget, Sidecar]]" = []


def open_beside(view: LiveWidget, title: str) -> None:
    """Put a view beside the notebook, in the place of its predecessor if that stands there.

    Args:
        view: It asks for it itself, from a page that is JupyterLab.
        title: Of its tab.
    """
    from sidecar import Sidecar

    anchor, neighbour = _place(view.predecessor)
    sidecar = Sidecar(title=title, anchor=anchor, ref=neighbour)
    sidecar.append_display_data(view)
    _open.append((view, sidecar))
    view.on_close(lambda: _leave(view))


def _place(predecessor: LiveWidget | None) -> "tuple[str, Sidecar | None]":
    for view, sidecar in _open:
        if view is predecessor:
            return "tab-after", sidecar
    if not _open:
        return "split-right", None
    return ("split-bottom" if len(_open) == 1 else "tab-after"), _open[-1][1]


def _leave(view: LiveWidget) -> None:
    for entry in [entry for entry in _open if entry[0] is view]:
        _open.remove(entry)
        entry[1].close()
