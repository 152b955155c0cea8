"""An exception raised in another thread, which ends what runs there and listens to nothing else.

CPython before 3.12 keeps one note for all threads that one of them has an exception to notice, and
takes it away when it is noticed. A thread that ends first leaves the note for good; while it is
there, code that is traced, as by a debugger, stands still. `forget` takes it away.

Source: Python/C API, "PyThreadState_SetAsyncExc".
"""

import ctypes
import sys
import threading
from contextlib import suppress
from threading import Thread

_LEAVES_A_NOTE = sys.version_info < (3, 12)
_TURNS = 100  # of a loop, each of which looks whether there is something to notice


class _Noticed(BaseException):
    """Raised in one's own thread, to be noticed at once."""


def raise_in(thread: Thread, error: type[BaseException]) -> None:
    """Raise an exception in a thread, as soon as it is back from what listens to nothing."""
    if thread.ident is not None:
        _raise_in(thread.ident, error)


def forget() -> None:
    """Leave no note behind of threads that are over; those that are not notice theirs all the same.

    Call it once the threads have had a moment.
    """
    if _LEAVES_A_NOTE:
        with suppress(_Noticed):
            _raise_in(threading.get_ident(), _Noticed)
            for _ in range(_TURNS):
                pass


def _raise_in(ident: int, error: type[BaseException]) -> None:
    send = ctypes.pythonapi.PyThreadState_SetAsyncExc
    send(ctypes.c_ulong(ident), ctypes.py_object(error))
