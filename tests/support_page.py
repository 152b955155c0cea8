"""`python -m tests.support_page`: writes SUPPORT.md, what works with which client, from the tests.

The page cannot say more than the tests do: a line that is not tested cannot be there, and the test
command fails when one of them does.
"""

import sys
from collections.abc import Collection, Iterable

from tests.clients.releases import HALVES
from tests.support_claims import (
    DIFFERENCES,
    FEATURES,
    LOOPS,
    ROOT,
    Claim,
    Shown,
    claims,
    collected,
    releases,
)

PAGE = ROOT / "SUPPORT.md"
_INTRODUCTION = """\
# What the broker supports, and what differs from Azure

Each line of this page is a test in this repository, with real and unchanged clients on a real
socket; `python -m sbtutorial test` runs them, and fails when the page says anything else. First
comes [what differs from Azure](#what-differs-from-azure), then [all features at a
glance](#at-a-glance), then feature by feature what exactly was shown. What is not here is not
promised.
"""
_GLANCE = """
## At a glance

How many of the lines below each client shows. A client that is not installed is left out of a run.

[programs]: sbtutorial/docs/other_programs.md

"""
# A column, its clients, and what these are.
_COLUMNS = {
    "Python": {"Python": "`azure-servicebus` 7, its synchronous clients"},
    "asyncio": {"asyncio": "`azure-servicebus` 7, its asyncio clients"},
    "JavaScript": {"JavaScript": "`@azure/service-bus` 7.9 on Node.js"},
    "Other releases": {
        "7.8 to 7.15": "`azure-servicebus`, both halves of [each release](#releases-of-the-sdk)",
    },
    "Other clients": {
        "uAMQP": "`azure-servicebus` 7 on its earlier engine, with `uamqp_transport=True`",
        "Qpid Proton": "AMQP 1.0 in C, used from Python; it knows nothing of Service Bus",
        "rhea": "AMQP 1.0 in JavaScript, version 3, used by itself",
        "rhea-promise": "rhea with promises, version 3, used by itself",
        "aiohttp": "a WebSocket client that knows nothing of AMQP",
    },
    "[Programs][programs]": {
        "Celery": "Celery 5.7 on kombu's transport `azureservicebus`",
        "FastAPI": "FastAPI with the SDK's asyncio client, served by uvicorn",
        "Airflow": "the hooks of Airflow's provider for Azure; overnight",
    },
    "Event loops": {
        LOOPS["selector"]: "the broker on asyncio's selector loop, its own choice but on Windows",
        LOOPS["proactor"]: "the broker on asyncio's proactor loop, its own choice on Windows",
        LOOPS["uvloop"]: "the broker, or the SDK's asyncio client, on uvloop",
    },
    "SDKs of 2019 and 2020": {
        "SDK of 2020": "`azure-servicebus` 0.50.3, led to the broker's port",
        "SDK of 2019": "`azure-servicebus` 0.21.1, the one of Microsoft's tutorial",
    },
}


# The feature below which the releases stand one by one.
_RELEASES = "Releases of the SDK"
_WAYS = {
    "": "AMQP, the port in the connection string",
    "Amqp": "uAMQP",
    "AmqpOverWebsocket": "AMQP over WebSocket; in TLS on 5671",
}
# What a release does not do, wherever it is.
_OWN_FAULTS = {
    "large": "settles no message of several frames",
    "receive_and_delete": "drops messages in receive-and-delete",
}


def main() -> int:
    """Write the page; returns the exit code."""
    try:
        text = made()
    except ValueError as problems:
        print(problems, file=sys.stderr)
        return 1
    PAGE.write_text(text, encoding="utf-8", newline="\n")
    print(f"{PAGE.name} is written.")
    return 0


def made() -> str:
    """The text of the page, from the tests.

    Raises:
        ValueError: A test does not say what it shows.
    """
    items = collected()
    return page(claims(items), releases(items))


def page(found: Collection[Claim], shown_by_release: Collection[Shown] = ()) -> str:
    """The text of the page."""
    lines = sorted(found, key=lambda claim: -len(claim.clients))  # what most clients show first
    by_feature = {name: [line for line in lines if line.feature == name] for name in FEATURES}
    shown = {name: of_it for name, of_it in by_feature.items() if of_it}
    sections = {name: _section(name, of_it) for name, of_it in shown.items()}
    if shown_by_release:
        sections[_RELEASES] += _release_table(shown_by_release)
    return _INTRODUCTION + _differences(found) + _glance(shown) + "".join(sections.values())


def _differences(lines: Iterable[Claim]) -> str:
    text = "\n## What differs from Azure\n"
    for kind in DIFFERENCES:
        rows = "".join(f"- {line.text}.\n" for line in lines if line.difference == kind)
        text += f"\n**{kind}**\n\n{rows}" if rows else ""
    return text


def _glance(shown: dict[str, list[Claim]]) -> str:
    head = f"| | {' | '.join(_COLUMNS)} |\n|---|{'--:|' * len(_COLUMNS)}\n"
    rows = "".join(
        f"| [{name}](#{_anchor(name)}) | {' | '.join(_counts(lines))} |\n"
        for name, lines in shown.items()
    )
    clients = "".join(
        f"| {name} | {what} |\n" for column in _COLUMNS.values() for name, what in column.items()
    )
    return f"{_GLANCE}{head}{rows}\n| Client | |\n|---|---|\n{clients}"


def _counts(lines: Iterable[Claim]) -> list[str]:
    """For each column the number of lines that one of its clients shows."""
    counts = (_count(lines, column) for column in _COLUMNS.values())
    return [str(count) if count else "–" for count in counts]


def _count(lines: Iterable[Claim], clients: Collection[str]) -> int:
    return sum(1 for line in lines if not set(clients).isdisjoint(line.clients))


def _release_table(shown: Iterable[Shown]) -> str:
    head = "| `azure-servicebus` | synchronous | asyncio | how | in each run |"
    rows = "".join(_release_row(one) for one in shown)
    return f"\n{head}\n|---|--:|--:|---|---|\n{rows}"


def _release_row(one: Shown) -> str:
    release = one.release
    own = [_OWN_FAULTS[act] for act in sorted(release.fails)]
    if release.halves != HALVES:
        own.append("has no asyncio with a port of one's own")
    faults = " and ".join(own)
    way = _WAYS[release.transport] + (f"; by itself it {faults}" if faults else "")
    when = "overnight" if one.is_overnight else "yes"
    return f"| {release.version} | {one.lines['sync']} | {one.lines['aio']} | {way} | {when} |\n"


def _anchor(heading: str) -> str:
    """How a page of GitHub is addressed at a heading."""
    kept = (letter for letter in heading.lower() if letter.isalnum() or letter in " -")
    return "".join(kept).replace(" ", "-")


def _section(name: str, lines: Iterable[Claim]) -> str:
    rows = "".join(f"| {line.text} | {', '.join(line.clients)} |\n" for line in lines)
    return f"\n## {name}\n\n| | Shown with |\n|---|---|\n{rows}"


if __name__ == "__main__":
    sys.exit(main())
