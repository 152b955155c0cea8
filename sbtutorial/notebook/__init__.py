"""What the parts that live in a notebook need to know of it."""

import sys
import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sbtutorial.lab.lab import Lab

_LINE_CHARS = 72  # as wide as a traceback; fits into a small window, too


def equip() -> None:
    """Add `%%worker`, short tracebacks and hints to a notebook; once is enough."""
    if "IPython" not in sys.modules:
        return
    from IPython import get_ipython

    if (shell := get_ipython()) is not None:
        equip_shell(shell)


def equip_shell(shell: Any) -> None:
    """The same for a shell that is at hand."""
    from sbtutorial.lab import hints
    from sbtutorial.notebook import magic, tracebacks

    magic.load(shell)
    tracebacks.install(shell)
    hints.install(shell)


def wrapped(text: str) -> str:
    """A text with its long lines broken between words: JupyterLab would break them anywhere."""
    lines = (
        textwrap.wrap(line, _LINE_CHARS, break_long_words=False, break_on_hyphens=False) or [line]
        for line in text.split("\n")
    )
    return "\n".join(part for parts in lines for part in parts)


def find_lab(variables: dict[str, Any]) -> "Lab | None":
    """The lab of a notebook, from its variables: the one called `lab`, else the newest."""
    from sbtutorial.lab.lab import Lab

    candidates = [variables.get("lab"), *reversed(list(variables.values()))]
    return next((value for value in candidates if isinstance(value, Lab)), None)
