"""`python -m tests.notebooks.migration`: put what the lessons say of 2019 together on one page.

The page is `notebooks/migrating_from_2019.md`, for people who have code of then. It is made of the
lessons, so that nothing is written twice: their tables, what stands with them in a fold, and the
heading above.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat

from tests.notebooks.lessons import FOLDER, LESSONS

PAGE = FOLDER / "migrating_from_2019.md"
_OPENING = """\
# Migrating from 2019

Code for Azure Service Bus that was written in 2019, or after a text of that year, uses one of two
versions of the package `azure-servicebus`: 0.21, in which each call was an HTTP request, or 0.50,
the first one in AMQP. Here is what each call is called in version 7, the current one, lesson by
lesson.
"""
_FOLD = re.compile(r"<details><summary>In 2019</summary>\n(.*?)</details>", re.DOTALL)
_TABLE = re.compile(r"^\|[^\n]*\b2019\b[^\n]*\btoday\b[^\n]*\|\n(?:\|[^\n]*\n?)+", re.MULTILINE)
_HEADING = re.compile(r"^#{1,2} ([^\n]+)$", re.MULTILINE)


def main() -> int:
    """Write the page; returns the exit code."""
    PAGE.write_text(page(LESSONS), encoding="utf-8", newline="\n")
    print(f"{PAGE.name}: saved")
    return 0


def page(lessons: Sequence[Path]) -> str:
    """The text of the page, from these lessons."""
    return "\n".join([_OPENING, *(part for lesson in lessons for part in _chapter(lesson))])


def rows(lesson: Path) -> list[str]:
    """The rows of a lesson's tables of 2019, without those that head them."""
    found = [table.strip().split("\n") for table in _TABLE.findall(_text(lesson))]
    return [row for lines in found for row in lines[2:]]


def _chapter(lesson: Path) -> Iterator[str]:
    """A lesson's heading and what it says of 2019; nothing if it says nothing."""
    text = _text(lesson)
    passages = [*_passages(text)]
    if passages:
        title = _HEADING.findall(text)[0]
        yield f"## [{lesson.name[:2]} {title}]({lesson.name})\n"
        yield from passages


def _passages(text: str) -> Iterator[str]:
    """Each table with what stands with it in its fold, below the heading that it stands under."""
    folds = [(fold.span(), fold[1].strip()) for fold in _FOLD.finditer(text)]
    tables = [(table.span(), table[0].strip()) for table in _TABLE.finditer(text)]
    open_ones = [
        (span, table)
        for span, table in tables
        if not any(start <= span[0] < end for (start, end), _ in folds)
    ]
    for (start, _), passage in sorted(folds + open_ones):
        yield f"### {_HEADING.findall(text[:start])[-1]}\n"
        yield f"{passage}\n"


def _text(lesson: Path) -> str:
    cells = nbformat.read(lesson, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


if __name__ == "__main__":
    sys.exit(main())
