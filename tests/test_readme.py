"""The README and the pages for its readers lead to what is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [
    "README.md",
    "notebooks/for_learners.md",
    "notebooks/for_instructors.md",
    "sbtutorial/docs/testing.md",
    "sbtutorial/docs/serving.md",
    "sbtutorial/docs/containers.md",
    "sbtutorial/docs/other_programs.md",
]
READERS = ("## To learn", "## To teach", "## To test your own programs")
_LINK = re.compile(r"\]\((?!https?:)([^)\s#]*)(?:#([\w-]+))?\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
SCREEN_LINES = 60


def text_of(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def anchors(text: str) -> set[str]:
    """Where links within a page may lead, as the web makes them from headings."""
    plain = (re.sub(r"[^\w\- ]", "", heading).lower() for heading in _HEADING.findall(text))
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("name", PAGES)
def test_a_link_leads_to_a_page_and_a_heading_that_are_there(name: str) -> None:
    text = text_of(name)
    for path, anchor in _LINK.findall(text):
        target = (ROOT / name).parent / path if path else ROOT / name
        assert target.exists(), path
        assert not anchor or anchor in anchors(target.read_text("utf-8")), anchor


def test_each_of_three_readers_is_served_within_the_first_screen() -> None:
    lines = text_of("README.md").splitlines()
    assert [lines.index(reader) < SCREEN_LINES for reader in READERS] == [True, True, True]
    beginning = "\n".join(lines[:SCREEN_LINES])
    assert {path for path, _ in _LINK.findall(beginning)} >= set(PAGES[1:])
