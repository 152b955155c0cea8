"""A log that stays small, for a process that may run for months."""

import io
import os
from contextlib import suppress

LIMIT_BYTES = 1_000_000


class BoundedLog(io.TextIOBase):
    """Text for a file that starts over when it is full, so that it ends with the newest.

    Args:
        descriptor: The file, open for writing.
        limit_bytes: How much it may hold.
    """

    def __init__(self, descriptor: int, limit_bytes: int = LIMIT_BYTES) -> None:
        self._descriptor = descriptor
        self._limit_bytes = limit_bytes
        self._written_bytes = 0

    def write(self, text: str, /) -> int:
        """Add text; of a text that is longer than the file may be, the end."""
        data = text.encode("utf-8", "backslashreplace")[-self._limit_bytes :]
        with suppress(OSError):  # a full disk, a closed terminal: nobody to tell
            if self._written_bytes + len(data) > self._limit_bytes:
                self._start_over()
            self._written_bytes += os.write(self._descriptor, data)
        return len(text)

    def fileno(self) -> int:
        """The file's descriptor."""
        return self._descriptor

    def _start_over(self) -> None:
        self._written_bytes = 0
        with suppress(OSError):  # no file, but a terminal
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
