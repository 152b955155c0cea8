"""Saying what is being done, where it takes long: for how long it is there already, then gone.

Only to somebody who is there: in a terminal, or in a notebook whose front end has a reader. A
notebook that is run by a program, as lessons are when they are tested, is left as it is.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from threading import Event, Thread
from typing import Any

PATIENCE_SECONDS = 1.0
_STEP_SECONDS = 1.0
_FORMAT = "{desc} … {elapsed}"


@contextmanager
def working(what: str) -> Iterator[None]:
    """Say what is being done, from a second on until it is done.

    Args:
        what: In words: "starting the broker".
    """
    done = Event()
    # In the cell's own context: there the front end puts what is shown.
    thread = Thread(target=copy_context().run, args=(_show, what, done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _show(what: str, done: Event) -> None:
    if done.wait(PATIENCE_SECONDS):
        return
    kind = _bar_kind()
    if kind is None:
        return
    with kind(desc=what, bar_format=_FORMAT, leave=False) as bar:
        while not done.wait(_STEP_SECONDS):
            bar.update()


def _bar_kind() -> Any:
    """The bar for who is there; None when nobody is, or `tqdm` is not."""
    try:
        if _is_read_in_a_notebook():
            from tqdm.notebook import tqdm as notebook_bar

            return notebook_bar
        if sys.stderr.isatty():
            from tqdm import tqdm

            return tqdm
    except ImportError:  # they come with the extra `lab`
        pass
    return None


def _is_read_in_a_notebook() -> bool:
    """Whether a kernel's front end has somebody who could be asked something."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    kernel = getattr(get_ipython(), "kernel", None)
    return bool(getattr(kernel, "_allow_stdin", False))
