"""What ends a program from outside, and gives it the time to end cleanly: signals, a closed window.

SIGHUP is what a terminal's end sends. Windows has SIGBREAK for that, and for the end of a session,
but ends the process as soon as the handler returns; so there a handler of the console itself waits
until the broker is gone, as long as the system lets it.
Source: "HandlerRoutine callback function".
"""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
_CLOSED, _LOGGED_OFF, _SHUT_DOWN = 2, 5, 6  # CTRL_CLOSE_EVENT and so on
_PATIENCE_SECONDS = 4.5  # of the five that the system gives


@contextmanager
def clean_end(stop: Callable[[], None]) -> Iterator[None]:
    """While the block runs, whatever ends programs calls `stop`; the block's end is waited for.

    Args:
        stop: Called in any thread, or between any two steps of the main one; returns at once.
    """
    for name in _SIGNALS:
        number = getattr(signal, name, None)
        # What `nohup` starts outlives its terminal.
        if number is None or (name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN):
            continue
        signal.signal(number, lambda *_: stop())
    gone = Event()
    if sys.platform == "win32":
        _watch_console(lambda event: on_console_event(event, stop, gone))
    try:
        yield
    finally:
        gone.set()


def on_console_event(event: int, stop: Callable[[], None], gone: Event) -> bool:
    """End cleanly when the console does; the system ends the process when this returns.

    Returns:
        Whether it was such an event; what is a signal, too, is left to that.
    """
    if event not in (_CLOSED, _LOGGED_OFF, _SHUT_DOWN):
        return False
    stop()
    gone.wait(_PATIENCE_SECONDS)
    return True


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _Handler = ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.DWORD)
    _handlers: list[Any] = []  # the system keeps no reference

    def _watch_console(handle: Callable[[int], bool]) -> None:
        handler = _Handler(handle)
        _handlers.append(handler)
        ctypes.windll.kernel32.SetConsoleCtrlHandler(handler, True)
