"""A hint under each error of a notebook; which hint that is, `lab.hints` knows."""

import traceback
from contextlib import suppress
from typing import Any

from sbtutorial.errors import cause_in_words
from sbtutorial.lab import hints
from sbtutorial.notebook.variables import find_lab


def install(shell: Any) -> None:
    """Have a hint under each error of a notebook from now on; once, however often it is called."""
    shell.events.register("post_run_cell", _print_hint)


def _print_hint(result: Any) -> None:
    """After a cell; whatever goes wrong in here must not hide what went wrong there."""
    error = result.error_before_exec or result.error_in_exec
    if error is None:
        return
    with suppress(Exception):
        hints.print_hint_for(_failure(error))


def _failure(error: BaseException) -> hints.Failure:
    from IPython import get_ipython

    shell = get_ipython()
    lab = find_lab(shell.user_ns) if shell else None
    return hints.Failure(
        types=[kind.__name__ for kind in type(error).__mro__],
        text=str(error),
        cause=cause_in_words(error),
        in_sdk=_passed_through_sdk(error),
        service=lab.service if lab else None,
    )


def _passed_through_sdk(error: BaseException) -> bool:
    modules = (
        frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__)
    )
    return any(module.startswith("azure.servicebus") for module in modules)
