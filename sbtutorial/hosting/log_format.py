"""How a broker in a terminal writes: lines for people, or an object of JSON on each line.

What it says goes to standard output, what went wrong and who comes and goes to standard error; both
in the same form, so that what collects a container's output can read all of it.
"""

import json
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import TextIO


class LogFormat(StrEnum):
    """For whom it writes."""

    TEXT = "text"
    JSON = "json"


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON: `time`, `level`, `message`, `logger`, perhaps `exception`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        more: dict[str, object] = {"logger": record.name}
        if record.exc_info:
            more["exception"] = self.formatException(record.exc_info)
        return json_line(record.getMessage(), more, record.levelname, record.created)


class _TextFormatter(logging.Formatter):
    """A record with the time before it, in UTC."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, and what was raised below it."""
        return f"{_time(record.created)} {super().format(record)}"


_FORMATTERS: Mapping[LogFormat, logging.Formatter] = {
    LogFormat.TEXT: _TextFormatter("%(levelname)s %(message)s"),
    LogFormat.JSON: JsonFormatter(),
}


@contextmanager
def logging_as(format: LogFormat, *, is_verbose: bool) -> Iterator[None]:
    """While the block runs, every record of this process is written to standard error.

    Args:
        format: How.
        is_verbose: Whether who connects and who leaves is told, too.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(_FORMATTERS[format])
    root, own = logging.getLogger(), logging.getLogger("sbtutorial")
    before = own.level
    root.addHandler(handler)
    if is_verbose:
        own.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
        own.setLevel(before)


def json_line(
    message: str, more: Mapping[str, object], level: str = "INFO", at: float | None = None
) -> str:
    """One line of JSON.

    Args:
        message: What is the matter.
        more: What else there is to say, by name.
        level: How bad it is, as `logging` has it.
        at: Wall-clock seconds; now unless given.
    """
    now = datetime.now(UTC).timestamp() if at is None else at
    fields = {"time": _time(now), "level": level.lower(), "message": message, **more}
    return json.dumps(fields, ensure_ascii=False)


def say(text: str, stream: TextIO | None = None) -> None:
    """Print at once; nobody is left to tell where a terminal or a pipe is gone."""
    try:
        print(text, file=stream, flush=True)
    except OSError:
        # What is still to be written would be tried again, and complained of, at the very end.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, (stream or sys.stdout).fileno())
        os.close(nowhere)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
