"""Opening a broker with the options of a test: its mark, the command line, the ini file."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

from sbtutorial.errors import TutorialError
from sbtutorial.local.broker import LocalBroker

_NAMES = ("tier", "runs_in", "storage", "config")
_STORAGES = ("memory", "disk")


def marked(item: pytest.Item) -> dict[str, Any]:
    """What the marks of a test, its class and its module say; the nearest counts.

    Raises:
        Failed: There is no such option.
    """
    chosen: dict[str, Any] = {}
    for mark in reversed([*item.iter_markers("servicebus")]):
        if mark.args:
            _fail("pytest.mark.servicebus takes its options by name.")
        if unknown := set(mark.kwargs) - set(_NAMES):
            _fail(
                f"pytest.mark.servicebus has no option {min(unknown)!r}: it has "
                f"{', '.join(_NAMES)}."
            )
        chosen |= mark.kwargs
    return chosen


@contextmanager
def opened(
    config: pytest.Config, folders: pytest.TempPathFactory, marked: Mapping[str, Any] | None = None
) -> Iterator[LocalBroker]:
    """A broker that runs while the block does.

    Args:
        config: The command line and the ini file.
        folders: Makes the folder of a broker that keeps something.
        marked: What a test has chosen itself.

    Raises:
        Failed: An option has a value that it cannot have; the broker cannot start.
    """
    options = {**_configured(config), **(marked or {})}
    storage = options.pop("storage", "memory")
    if storage not in _STORAGES:
        _fail(f"storage is one of {', '.join(_STORAGES)}; {storage!r} is not.")
    if storage == "disk":
        options["folder"] = folders.mktemp("servicebus")
    if "config" in options:
        options["config"] = _beside_ini(config) / options["config"]
    with ExitStack() as stack:
        refusal = ""
        try:
            broker = stack.enter_context(LocalBroker(**options))
        except TutorialError as error:
            refusal = str(error)
        if refusal:  # told by itself, not as an error in the handling of an error
            _fail(refusal)
        yield broker


def _configured(config: pytest.Config) -> dict[str, Any]:
    """What the command line says, else the ini file."""
    found: dict[str, Any] = {}
    for name in _NAMES:
        given = config.getoption(f"servicebus_{name}")
        if given is not None and name == "config":
            found[name] = config.invocation_params.dir / given
        elif chosen := given or config.getini(f"servicebus_{name}"):
            found[name] = chosen
    return found


def _beside_ini(config: pytest.Config) -> Path:
    """Where paths lead from that are not written on the command line."""
    return config.inipath.parent if config.inipath else config.rootpath


def _fail(text: str) -> NoReturn:
    pytest.fail(text, pytrace=False)
