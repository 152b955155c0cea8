"""What a notebook gets beside its lab: `%%worker`, short tracebacks, hints under errors."""

import sys
from typing import Any


def equip() -> None:
    """Add all of it to the notebook that runs us; once is enough, and outside notebooks nothing."""
    if "IPython" not in sys.modules:
        return
    from IPython import get_ipython

    if (shell := get_ipython()) is not None:
        equip_shell(shell)


def equip_shell(shell: Any) -> None:
    """The same for a shell that is at hand."""
    from sbtutorial.notebook import (
        hint_hook,
        magic,
        program_magic,
        rewriting_hook,
        tracebacks,
    )

    magic.load(shell)
    program_magic.load(shell)
    tracebacks.install(shell)
    hint_hook.install(shell)
    rewriting_hook.install(shell)
