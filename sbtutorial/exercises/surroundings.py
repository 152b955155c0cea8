"""What a whole program has only one of, and a learner's function may change: it is put back."""

import builtins
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple


class State(NamedTuple):
    """One thing that all of a program shares.

    Attributes:
        what: It, in words that follow "your function changed".
        read: What it is now, as a value that does not change with it.
        restore: Makes it that again.
    """

    what: str
    read: Callable[[], Any]
    restore: Callable[[Any], object]


@contextmanager
def kept(tell: Callable[[str], object]) -> Iterator[None]:
    """Put back what changes meanwhile.

    Args:
        tell: Called with a sentence for each thing that had changed.
    """
    before = [(state, _read(state)) for state in STATES]
    try:
        yield
    finally:
        for state, value in before:
            if value is not _UNKNOWN and _read(state) != value:
                with suppress(Exception):
                    state.restore(value)
                    tell(f"your function changed {state.what} for all of Python; it is put back.")


_UNKNOWN = object()


def _read(state: State) -> Any:
    try:
        return state.read()
    except Exception:  # of a folder that is gone, say
        return _UNKNOWN


def _attributes(owner: Any, *names: str) -> Callable[[], dict[str, Any]]:
    return lambda: {name: getattr(owner, name) for name in names}


def _set_attributes(owner: Any) -> Callable[[dict[str, Any]], None]:
    def restore(values: dict[str, Any]) -> None:
        for name, value in values.items():
            setattr(owner, name, value)

    return restore


def _mapping(live: MutableMapping[str, Any]) -> Callable[[Mapping[str, Any]], None]:
    """What brings a live mapping back, name by name: other threads are using it."""

    def restore(values: Mapping[str, Any]) -> None:
        for name in [name for name in live if name not in values]:
            del live[name]
        for name, value in values.items():
            if name not in live or live[name] is not value:
                live[name] = value

    return restore


def _restore_path(values: list[str]) -> None:
    sys.path[:] = values


def _logging() -> tuple[int, int, tuple[Any, ...]]:
    root = logging.getLogger()
    return root.level, root.manager.disable, tuple(root.handlers)


def _restore_logging(values: tuple[int, int, tuple[Any, ...]]) -> None:
    root = logging.getLogger()
    level, disabled, handlers = values
    root.setLevel(level)
    logging.disable(disabled)
    root.handlers[:] = handlers


STATES = (
    State("the working directory", os.getcwd, os.chdir),
    State("the environment variables", lambda: dict(os.environ), _mapping(os.environ)),
    State("the default timeout of sockets", socket.getdefaulttimeout, socket.setdefaulttimeout),
    State("how deep calls may go", sys.getrecursionlimit, sys.setrecursionlimit),
    State("where modules are looked for", lambda: [*sys.path], _restore_path),
    State("where the log goes", _logging, _restore_logging),
    State("a name that is built in", lambda: dict(vars(builtins)), _mapping(vars(builtins))),
    State(
        "a function of time", _attributes(time, "time", "sleep", "monotonic"), _set_attributes(time)
    ),
    State(
        "a function of socket",
        _attributes(socket, "socket", "create_connection", "getaddrinfo"),
        _set_attributes(socket),
    ),
    State(
        "what becomes of errors",
        _attributes(sys, "excepthook", "displayhook"),
        _set_attributes(sys),
    ),
    State(
        "what becomes of errors in threads",
        _attributes(threading, "excepthook"),
        _set_attributes(threading),
    ),
)
