"""What a learner's function prints while a check runs it, apart from what others print."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Take = Callable[[str], object]


@contextmanager
def taken(take: Take) -> Iterator[None]:
    """Have all that is printed by threads that begin meanwhile, whichever way they print.

    Args:
        take: Called with each piece of text, from the thread that prints it.
    """
    before = {thread.ident for thread in threading.enumerate()}
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (_Divided(stream, take, before) for stream in streams)
    try:
        yield
    finally:  # whatever the function has put there
        sys.stdout, sys.stderr = streams


class _Divided:
    """A stream that has two ends: one for the threads that were there before, one for new ones."""

    def __init__(self, stream: Any, take: Take, before: set[int | None]) -> None:
        self._stream = stream
        self._take = take
        self._before = before

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        if threading.get_ident() in self._before:
            return int(self._stream.write(text))
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._take(text)
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)
