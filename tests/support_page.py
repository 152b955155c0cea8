"""`python -m tests.support_page`: writes SUPPORT.md, what works with which client, from the tests.

A line is a test's own name. So the page cannot say more than the tests do: a line that is not
tested cannot be there, and the test command fails when one of them does.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "SUPPORT.md"
FOLDERS = ("tests/sdk", "tests/clients", "tests/legacy")
DIFFERS = "differs"
# How a test says which client it uses: by a parameter in its id, or by where it stands.
_CLIENTS = {"[sync": "Python", "[aio": "asyncio"}
_INTRODUCTION = """\
# What the broker supports

Written by `python -m tests.support_page` from the names of the tests: each line is a test that
passes with the clients that it names, which are the real ones, unchanged, on a real socket. What is
not here is not promised. `Python` and `asyncio` are the two halves of `azure-servicebus` 7.
"""


class Claim(NamedTuple):
    """One line of the page.

    Attributes:
        area: The heading that it stands under.
        text: What works, or what is different.
        clients: Who showed it.
        differs: Whether it is about something that Azure does otherwise.
    """

    area: str
    text: str
    clients: tuple[str, ...]
    differs: bool


class Collector:
    """A plugin for pytest that keeps the tests that were found."""

    def __init__(self) -> None:
        self.items: list[pytest.Item] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = list(session.items)


def main() -> int:
    """Write the page; returns the exit code."""
    PAGE.write_text(page(claims(collected())), encoding="utf-8", newline="\n")
    print(f"{PAGE.name} is written.")
    return 0


def collected() -> list[pytest.Item]:
    """Every test with a real client.

    Raises:
        SystemExit: Some module cannot be read.
    """
    collector = Collector()
    folders = [folder for folder in FOLDERS if (ROOT / folder).is_dir()]
    with redirect_stdout(StringIO()):
        code = pytest.main(["--collect-only", *folders], plugins=[collector])
    if code != pytest.ExitCode.OK:
        raise SystemExit("The tests cannot be collected: run pytest to see why.")
    return collector.items


def claims(items: Iterable[pytest.Item]) -> list[Claim]:
    """A line for each test function, whatever its parameters."""
    clients: dict[tuple[str, str, bool], dict[str, None]] = {}
    for item in items:
        differs = item.get_closest_marker(DIFFERS) is not None
        key = (_area(item), _sentence(item), differs)
        clients.setdefault(key, {})[_client(item)] = None
    return [Claim(*key[:2], tuple(names), key[2]) for key, names in clients.items()]


def page(found: Iterable[Claim]) -> str:
    """The text of the page."""
    areas: dict[str, list[Claim]] = {}
    for claim in found:
        areas.setdefault("Different from Azure" if claim.differs else claim.area, []).append(claim)
    return _INTRODUCTION + "".join(_section(area, lines) for area, lines in _in_order(areas))


def _in_order(areas: Mapping[str, list[Claim]]) -> Iterator[tuple[str, list[Claim]]]:
    yield from sorted(areas.items(), key=lambda item: (item[1][0].differs, item[0].lower()))


def _section(area: str, lines: Iterable[Claim]) -> str:
    rows = "".join(f"| {claim.text} | {', '.join(claim.clients)} |\n" for claim in lines)
    return f"\n## {area}\n\n| | shown with |\n|---|---|\n{rows}"


def _area(item: pytest.Item) -> str:
    """What the test module's docstring begins with, up to a colon; else the module's name."""
    module = item.getparent(pytest.Module)
    assert module is not None
    text = (module.obj.__doc__ or module.obj.__name__.rpartition("test_")[2]).strip()
    first = text.splitlines()[0].rstrip(".").partition(":")[0].replace("_", " ")
    return first[:1].upper() + first[1:]


def _sentence(item: pytest.Item) -> str:
    """The test's name as a sentence."""
    assert isinstance(item, pytest.Function)
    words = item.originalname.removeprefix("test_").replace("_", " ")
    return words[:1].upper() + words[1:]


def _client(item: pytest.Item) -> str:
    for part, name in _CLIENTS.items():
        if part in item.nodeid.replace("-", "["):
            return name
    marker = item.get_closest_marker("client")
    return str(marker.args[0]) if marker else "Python"


if __name__ == "__main__":
    sys.exit(main())
