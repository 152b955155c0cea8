"""Lessons before a second broker: another process, TLS, no events, no time that moves.

Each runs there by a key, and by sign-in with a prefix; and says what its evidence is.
"""

import re
from collections.abc import Iterator, Mapping

import pytest
from nbformat import NotebookNode

from tests.notebooks.elsewhere import BY_IDENTITY, BY_KEY, said_elsewhere
from tests.notebooks.lessons import chosen
from tests.notebooks.saved import text_of
from tests.remote import HOST, Remote, remote_broker

pytestmark = [pytest.mark.notebooks, pytest.mark.timeout(600)]

NUMBERS = tuple(
    pytest.param(number, marks=() if number in ("00", "11") else pytest.mark.overnight)
    for number in ("00", "01", "02", "03", "08", "09", "10", "11")
)
EVIDENCE = "There is no log of events: lab.show and lab.timeline are made from peeking"
# Of the queues that a lesson makes, one; or a topic.
OWN = {
    "00": "greetings",
    "01": "taskqueue-minute",
    "02": "kitchen",
    "03": "counter",
    "08": "calls",
    "09": "tables",
    "10": "saturday",
    "11": "bakery",
}


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    with remote_broker(tmp_path_factory.mktemp("remote")) as remote:
        yield remote


def said(number: str, remote: Remote, variables: Mapping[str, str]) -> list[NotebookNode]:
    (lesson,) = chosen([number])
    return said_elsewhere(lesson, remote, **variables)


def connected(cells: list[NotebookNode]) -> str:
    """What `connect()` said, in one line."""
    found = next(cell for cell in cells if "connect(" in cell.source)
    return " ".join(text_of(found).split())


@pytest.mark.parametrize("number", NUMBERS)
def test_a_lesson_runs_there_by_a_key_and_says_what_its_evidence_is(
    number: str, remote: Remote
) -> None:
    cells = said(number, remote, BY_KEY)
    assert connected(cells).startswith('azure: Service Bus namespace "shop", Standard tier')
    assert EVIDENCE in connected(cells)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_lesson_runs_there_without_a_key_and_its_queues_have_the_prefix(
    number: str, remote: Remote
) -> None:
    cells = said(number, remote, BY_IDENTITY)
    assert f'Client("{HOST}", DefaultAzureCredential()) is run' in connected(cells)
    assert 'Your names begin with "anna-"' in connected(cells)
    text = "\n".join(map(text_of, cells))
    assert f"anna-{OWN[number]}" in text
    # What a lesson shows of its queue is there only under the whole name.
    assert not re.search(rf"^{OWN[number]} +ready", text, re.MULTILINE)
