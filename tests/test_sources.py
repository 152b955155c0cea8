"""What docstrings name as their source has its address on one page, and the page has no more."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import sbtutorial

ROOT = Path(sbtutorial.__file__).parent
PAGE = (ROOT / "SOURCES.md").read_text("utf-8")
ROWS = re.findall(r"^\| (?!Source \||-)(.+?) \| .+ \|$", PAGE, re.MULTILINE)

_PARAGRAPH = re.compile(r"Source: (.*?)(?:\n[ #]*\n|\"\"\"|\Z)", re.DOTALL)
_TITLE = re.compile(r'"[^"]+"')
_STANDARD = re.compile(r"RFC \d+|AMQP 1\.0(?=[,. ;]|$)|XML Schema part 2|AMQP Management")
_REPORT = re.compile(r"[\w.-]+#\d+")


def paragraphs(source: str) -> Iterator[str]:
    """The text behind each `Source:`, in one line."""
    for found in _PARAGRAPH.finditer(source):
        yield " ".join(found[1].replace("#  ", " ").split())


def named(paragraph: str) -> set[str]:
    """The titles, standards and reports in it, as the page has them."""
    titles = set(_TITLE.findall(paragraph))
    rest = _TITLE.sub(" ", paragraph)
    return titles | set(_STANDARD.findall(rest)) | set(_REPORT.findall(rest))


EVERYWHERE = {
    path.relative_to(ROOT).as_posix(): [*paragraphs(path.read_text("utf-8"))]
    for path in sorted(ROOT.rglob("*.py"))
}
WITH_SOURCE = [name for name, found in EVERYWHERE.items() if found]


@pytest.mark.parametrize("name", WITH_SOURCE)
def test_each_source_has_its_row(name: str) -> None:
    assert {one for text in EVERYWHERE[name] for one in named(text)} <= set(ROWS)


@pytest.mark.parametrize("row", ROWS)
def test_each_row_is_named_somewhere(row: str) -> None:
    assert any(row in text for found in EVERYWHERE.values() for text in found)


def test_a_source_without_a_row_is_found() -> None:
    text = 'Source: RFC 1, 2; Azure, "Anything" and azure-docs#5,\nand AMQP 1.0, 3.\n\nelse "no"'
    (paragraph,) = paragraphs(text)
    assert named(paragraph) == {"RFC 1", '"Anything"', "azure-docs#5", "AMQP 1.0"}
