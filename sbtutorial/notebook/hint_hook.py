"""A hint under each error of a notebook; which hint that is, `lab.hints` knows."""

import traceback
from contextlib import suppress
from typing import Any

from sbtutorial.errors import cause_in_words
from sbtutorial.lab import hints, running_cell
from sbtutorial.notebook.names_above import is_given_above
from sbtutorial.notebook.nothing_received import nothing_received
from sbtutorial.notebook.variables import find_lab

_TAG = "raises-exception"


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
    names = shell.user_ns if shell else {}
    lab = find_lab(names)
    return hints.Failure(
        types=[kind.__name__ for kind in type(error).__mro__],
        text=str(error),
        cause=cause_in_words(error),
        in_sdk=_passed_through_sdk(error),
        service=lab.service if lab else None,
        nothing=nothing_received(error, names.get("In", ())),
        is_planned=_is_planned(),
        is_given_above=_is_given_above(hints.undefined_name(str(error))),
    )


def _is_given_above(name: str) -> bool:
    notebook = running_cell.notebook()
    return bool(name) and is_given_above(name, notebook, running_cell.cell_id())


def _is_planned() -> bool:
    """Whether the notebook goes on after an error of this cell: it carries a tag that says so.

    A front end that tells which cell it is sends the cell's tags along. Programs that run a
    notebook (nbclient, nbval) send no more than that they go on.
    """
    if running_cell.cell_id():
        return _TAG in running_cell.tags()
    return running_cell.goes_on_after_error()


def _passed_through_sdk(error: BaseException) -> bool:
    modules = (
        frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__)
    )
    return any(module.startswith("azure.servicebus") for module in modules)
