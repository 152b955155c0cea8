"""Every release of `azure-servicebus` from 7.8 to 7.15, and how each gets to a port of ours.

Until 7.13 they know no port in a connection string: they are given one in an address of their own,
over WebSocket. 7.8 and 7.9 have no engine of their own yet, and take uAMQP. The oldest and the
newest two are heard in each run, the others overnight.

Source of what fails by itself: the SDK's CHANGELOG, "Bugs Fixed" of 7.8.1, 7.11.0 and 7.11.3.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.clients import installed
from tests.clients.program import Failed

# Until 7.11.0 a message of several frames has no delivery id, and cannot be settled.
_LARGE = frozenset({"large"})
# Until 7.11.3 more is asked for than is handed out, and the rest is dropped.
_DROPS = frozenset({"receive_and_delete"})


HALVES = ("sync", "aio")


class Release(NamedTuple):
    """A release, and how it gets to a port that is not Azure's.

    Attributes:
        transport: Its name in the SDK; "" with what tells it the port.
        halves: Those that can be told a port.
        fails: What it does not do, wherever it is: functions of tests/clients/python/releases.py.
    """

    version: str
    transport: str = ""
    fails: frozenset[str] = frozenset()
    halves: tuple[str, ...] = HALVES


_WEBSOCKET = "AmqpOverWebsocket"
_ON_UAMQP = (
    Release("7.8.0", "Amqp", halves=("sync",)),  # asyncio's authentication forgets the port
    *(Release(version, "Amqp") for version in ("7.8.1", "7.8.2", "7.8.3", "7.9.0")),
)
_WITHOUT_PORT = (
    Release("7.10.0", _WEBSOCKET, _LARGE | _DROPS),
    *(Release(version, _WEBSOCKET, _DROPS) for version in ("7.11.0", "7.11.1", "7.11.2")),
    *(Release(version, _WEBSOCKET) for version in ("7.11.3", "7.11.4", "7.12.0", "7.12.1")),
    *(Release(version, _WEBSOCKET) for version in ("7.12.2", "7.12.3", "7.13.0")),
)
_WITH_PORT = tuple(Release(version) for version in ("7.14.0", "7.14.1", "7.14.2", "7.14.3", "7.15"))
RELEASES = (*_ON_UAMQP, *_WITHOUT_PORT, *_WITH_PORT)
BY_DAY = frozenset({"7.8.1", "7.14.3", "7.15"})
INSTALLED = "7.15"  # the one of the environment around the tests
OWN_FAULT = "fails by itself"


def expected(release: Release, act: str, result: Any) -> Any:
    """What should come of an act."""
    return OWN_FAULT if act in release.fails else result


def outcome(release: Release, act: str, do: Callable[[], Any]) -> Any:
    """What comes of an act.

    Raises:
        Failed: It should have done it.
    """
    try:
        return do()
    except Failed:
        if act in release.fails:
            return OWN_FAULT
        raise


def unpacked(versions: Iterable[str]) -> list[str]:
    """Those that are not installed, but unpacked each by itself."""
    return [version for version in versions if version != INSTALLED]


def each_half(releases: Iterable[Release]) -> Iterator[object]:
    """Parameters of a test: each release with each of its halves, most of them overnight."""
    for release in releases:
        marks = [] if release.version in BY_DAY else [pytest.mark.overnight]
        for half in release.halves:
            yield pytest.param((release, half), marks=marks, id=f"{release.version}-{half}")


def place(version: str) -> tuple[Path, Path]:
    """The Python that a release runs on, and the folder to put on its path.

    Either may be missing.
    """
    if version == INSTALLED:
        return Path(sys.executable), installed.NOWHERE
    on_uamqp = version in {one.version for one in _ON_UAMQP}
    python = installed.python_of(installed.SDK_ON_UAMQP) if on_uamqp else Path(sys.executable)
    return python, installed.RELEASES / version


def place_or_skip(release: Release) -> tuple[Path, Path]:
    """The Python and the folder of a release; skips where they are missing."""
    python, path = place(release.version)
    if not (python.exists() and path.exists()):
        is_by_day = release.version in BY_DAY
        pytest.skip(f"needs: {installed.HOW if is_by_day else installed.HOW_OVERNIGHT}")
    return python, path
