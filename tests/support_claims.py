"""What the tests claim: each test with a real client is one claim, about one feature.

`pytest.mark.feature` says which feature, `pytest.mark.client` which client where it is not one half
of the SDK, and `pytest.mark.differs` that Azure does otherwise. The claim's words are the test's
name, or the first line of its docstring where a name does not read well.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.clients.releases import HALVES, RELEASES, Release

ROOT = Path(__file__).parents[1]
FOLDERS = ("tests/sdk", "tests/clients", "tests/legacy", "tests/loops")
FEATURES = (
    "Sending and message properties",
    "Receiving and settling",
    "Peeking",
    "Prefetching",
    "Locks",
    "Dead letters",
    "Time to live",
    "Scheduled and deferred messages",
    "Message sessions",
    "Topics, subscriptions and rules",
    "Forwarding",
    "Duplicate detection",
    "Transactions",
    "Entity status",
    "Auto-delete on idle",
    "Administration: queues and the namespace",
    "Administration: topics and subscriptions",
    "Administration: rules",
    "Administration: refusals",
    "Keys and tokens",
    "Transports",
    "Options of the clients",
    "Limits",
    "Errors",
    "The whole of the SDK",
    "Event loops",
    "Other people's programs",
    "Releases of the SDK",
    "The tutorial of 2019",
)
DIFFERENCES = ("Not here", "Otherwise than on Azure", "Only here")
# The two halves of the SDK, by the class of the fixture `flavour`.
FLAVOURS = {"Sync": "Python", "Aio": "asyncio"}
# Event loops, by the parameter of the fixture `loop`.
LOOPS = {"selector": "selector loop", "proactor": "proactor loop", "uvloop": "uvloop"}
CLIENTS = (
    *FLAVOURS.values(),
    "JavaScript",
    "7.8 to 7.15",
    "uAMQP",
    "Qpid Proton",
    "rhea",
    "rhea-promise",
    "aiohttp",
    "Celery",
    "FastAPI",
    "Airflow",
    *LOOPS.values(),
    "SDK of 2020",
    "SDK of 2019",
)
# As they are written: what a test's name cannot say.
_WRITTEN = {
    "amqp": "AMQP",
    "api": "API",
    "azure": "Azure",
    "azures": "Azure's",
    "dead letter queue": "dead-letter queue",
    "dead lettered": "dead-lettered",
    "http": "HTTP",
    "microsofts": "Microsoft's",
    "peek lock": "peek-lock",
    "receive and delete": "receive-and-delete",
    "sdk": "SDK",
    "service bus": "Service Bus",
    "sql": "SQL",
    "tls": "TLS",
    "websocket": "WebSocket",
}


class Claim(NamedTuple):
    """One line of the page.

    Attributes:
        feature: One of `FEATURES`; "" for what is only a difference.
        text: What works, or what is different.
        difference: One of `DIFFERENCES`; "" for what Azure does, too.
        clients: Who showed it, in the order of `CLIENTS`.
    """

    feature: str
    text: str
    difference: str
    clients: tuple[str, ...]


class Shown(NamedTuple):
    """What one release of the SDK shows.

    Attributes:
        lines: How many, by its half.
        is_overnight: Whether most runs leave it out.
    """

    release: Release
    lines: dict[str, int]
    is_overnight: bool


class _Collector:
    """A plugin for pytest that keeps the tests that were found."""

    def __init__(self) -> None:
        self.items: list[pytest.Item] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = list(session.items)


def collected() -> list[pytest.Item]:
    """Every test with a real client.

    Raises:
        SystemExit: Some module cannot be read.
    """
    collector = _Collector()
    folders = [folder for folder in FOLDERS if (ROOT / folder).is_dir()]
    with redirect_stdout(StringIO()):
        code = pytest.main(["--collect-only", *folders], plugins=[collector])
    if code != pytest.ExitCode.OK:
        raise SystemExit("The tests cannot be collected: run pytest to see why.")
    return collector.items


def claims(items: Iterable[pytest.Item]) -> list[Claim]:
    """One for each name of a test within its feature, with all clients that show it.

    Raises:
        ValueError: A test does not say its feature or its client, or is not expected to pass; the
            text names each.
    """
    tests = list(items)
    if problems := sorted({problem for item in tests for problem in _problems(item)}):
        raise ValueError("\n".join(problems))
    clients: dict[tuple[str, str, str], set[str]] = {}
    for item in tests:
        what = (_said(item, "feature"), _sentence(item), _said(item, "differs"))
        clients.setdefault(what, set()).update(_clients(item))
    return [
        Claim(*what, tuple(sorted(names, key=CLIENTS.index))) for what, names in clients.items()
    ]


def releases(items: Iterable[pytest.Item]) -> list[Shown]:
    """What each release of the SDK shows, the newest first, from tests that have a `case`."""
    found: dict[tuple[Release, str], set[str]] = {}
    overnight = set()
    for item in items:
        release, half = _parameters(item).get("case", (None, ""))
        if release is not None:
            found.setdefault((release, half), set()).add(_sentence(item))
            if item.get_closest_marker("overnight"):
                overnight.add(release)
    newest_first = [one for one in reversed(RELEASES) if (one, "sync") in found]
    return [
        Shown(one, {half: len(found.get((one, half), ())) for half in HALVES}, one in overnight)
        for one in newest_first
    ]


def _problems(item: pytest.Item) -> Iterator[str]:
    name = item.nodeid.partition("[")[0]
    feature, difference = _said(item, "feature"), _said(item, "differs")
    if not feature and not difference:
        yield f"{name} has no pytest.mark.feature(...)."
    if feature and feature not in FEATURES:
        yield f"{name}: '{feature}' is not in FEATURES."
    if difference and difference not in DIFFERENCES:
        yield f"{name}: '{difference}' is not in DIFFERENCES."
    if feature and not _clients(item):
        yield f"{name} has no `flavour`, and so needs pytest.mark.client(...)."
    if any(map(item.get_closest_marker, ("skip", "xfail"))):
        yield f"{name} is not expected to pass, and so it shows nothing."
    for client in _clients(item):
        if client not in CLIENTS:
            yield f"{name}: '{client}' is not in CLIENTS."


def _said(item: pytest.Item, marker: str) -> str:
    """What the nearest marker of this name says, the test's own before its module's."""
    found = item.get_closest_marker(marker)
    return str(found.args[0]) if found else ""


def _clients(item: pytest.Item) -> tuple[str, ...]:
    chosen = _parameters(item)
    loop = LOOPS.get(chosen.get("loop", ""))
    loops = (loop,) if loop else ()
    if found := item.get_closest_marker("client"):
        return (*found.args, *loops)
    return (FLAVOURS[chosen["flavour"].__name__], *loops) if "flavour" in chosen else loops


def _parameters(item: pytest.Item) -> dict[str, Any]:
    return dict(item.callspec.params) if hasattr(item, "callspec") else {}


def _sentence(item: pytest.Item) -> str:
    """The first line of the test's docstring, or its name in words."""
    assert isinstance(item, pytest.Function)
    if text := item.function.__doc__:
        return str(text).strip().splitlines()[0].rstrip(".")
    words = item.originalname.removeprefix("test_").replace("_", " ")
    for plain, written in _WRITTEN.items():
        words = re.sub(rf"\b{plain}\b", written, words)
    return words[:1].upper() + words[1:]
