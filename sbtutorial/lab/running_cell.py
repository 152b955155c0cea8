"""The cell that runs: what a front end tells a kernel of it, beside its code.

JupyterLab sends a cell's metadata along, its tags among them, and which cell it is. Programs that
run a notebook send neither.
"""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_NOTEBOOK_VARIABLE = "JPY_SESSION_NAME"  # Jupyter's server tells a kernel whose it is
_LESSON = re.compile(r"\d\d[a-z]?(?=_)")


def is_in_notebook() -> bool:
    """Whether there is a kernel: who runs us in a terminal has the text."""
    return getattr(_shell(), "kernel", None) is not None


def cell_id() -> str:
    """Which cell it is; "" when nobody says."""
    return str(_metadata().get("cellId", ""))


def tags() -> Sequence[str]:
    """The tags that it carries."""
    found = _metadata().get("tags", ())
    return found if isinstance(found, list | tuple) else ()


def goes_on_after_error() -> bool:
    """Whether an error does not keep the cells below from running."""
    return _request().get("content", {}).get("stop_on_error", True) is False


def notebook() -> Path:
    """The notebook's file, as far as the front end's server told of it; else one without a name."""
    return Path(os.environ.get(_NOTEBOOK_VARIABLE, ""))


def lesson_number() -> str:
    """The number that its notebook's name begins with: "04" or "04b"; "" when it has none."""
    found = _LESSON.match(notebook().name)
    return found[0] if found else ""


def _metadata() -> Mapping[str, Any]:
    return _request().get("metadata") or {}


def _request() -> Mapping[str, Any]:
    shell = _shell()
    return shell.get_parent() if hasattr(shell, "get_parent") else {}


def _shell() -> Any:
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    return get_ipython()
