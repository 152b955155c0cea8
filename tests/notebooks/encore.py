"""A lesson as run by somebody who goes back: each cell twice, and each section again from its head.

A section begins at a heading `## `. Its cells run one by one, each of them twice; then all of them
once more, from the head to the end. Whatever runs has to say what is saved, the first time and
every other time, so what a cell leaves behind, run twice, changes nothing further down: no error
that is not planned, no message lost to a receiver that was left open, none too many.

Where running again does something else, and the lesson says so, the cell carries the tag
`once-more-differs`. What it says after the first time is not compared then, only that it raises no
error, and the section runs again up to it, as a reader would run it, before it goes on. A cell
with the tag `once-more-raises` may raise an error the second time. A check of an exercise needs no
tag: at a second try it has more to say.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from itertools import count, starmap
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_notebook

from tests.notebooks.performance import perform
from tests.notebooks.refresh import PLANNED_ERROR_TAG

_TWICE = ", the second time"
_FROM_ITS_HEAD = ", its section again"
DIFFERS_TAG = "once-more-differs"
RAISES_TAG = "once-more-raises"
_NOT_COMPARED_TAG = "nbval-ignore-output"
_HEADING = re.compile(r"^## ", re.MULTILINE)
_CHECK = re.compile(r"^lab\.check\(", re.MULTILINE)
_FAILED = re.compile(r"::Cell (\d+) _")
_SAYS_SO = re.compile(r"\b(?:again|twice|once more|second time)\b", re.IGNORECASE)


class Turn(NamedTuple):
    """A cell, once.

    Attributes:
        number: As JupyterLab counts cells of code that run from top to bottom: from 1.
        cell: The cell.
        why: Which time it is, in words; "" for the first.
    """

    number: int
    cell: NotebookNode
    why: str = ""


def perform_encore(lesson: Path, environment: Mapping[str, str]) -> str:
    """Run a lesson in this way, in one kernel.

    Returns:
        What differs first from what is saved, and at which time; "" if nothing does.
    """
    turns = [*programme(nbformat.read(lesson, as_version=4))]
    with TemporaryDirectory() as folder:
        path = Path(folder) / lesson.name
        nbformat.write(new_notebook(cells=[*starmap(_as_played, enumerate(turns))]), path)
        complaint = perform(path, environment).complaint
    failed = _FAILED.search(complaint)
    turn = turns[int(failed[1])] if failed else None
    return f"In [{turn.number}]{turn.why}: {complaint}" if turn else complaint


def programme(notebook: NotebookNode) -> Iterator[Turn]:
    """The cells of code in the order in which they run."""
    numbers = count(1)
    for cells in sections(notebook):
        yield from _section([Turn(next(numbers), cell) for cell in cells])


def sections(notebook: NotebookNode) -> list[list[NotebookNode]]:
    """The cells of code of each section; what stands before the first heading is one, too."""
    found: list[list[NotebookNode]] = [[]]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            found[-1].append(cell)
        elif _HEADING.search(cell.source):
            found.append([])
    return [cells for cells in found if cells]


def differs_untold(lesson: Path) -> list[str]:
    """The cells with the tag of which neither they nor the text beside them says that they do."""
    cells = nbformat.read(lesson, as_version=4).cells
    return [
        cell.source
        for at, cell in enumerate(cells)
        if _is_tagged(cell) and not any(map(_says_so, cells[max(at - 1, 0) : at + 2]))
    ]


def _section(turns: Sequence[Turn]) -> Iterator[Turn]:
    for at, turn in enumerate(turns):
        if at and _is_tagged(turns[at - 1].cell) and not _is_tagged(turn.cell):
            yield from _again(turns[:at])
        yield turn
        yield turn._replace(why=_TWICE)
    if len(turns) > 1:  # of a single cell its second time was that
        yield from _again(turns)


def _again(turns: Sequence[Turn]) -> Iterator[Turn]:
    return (turn._replace(why=_FROM_ITS_HEAD) for turn in turns)


def _as_played(place: int, turn: Turn) -> NotebookNode:
    cell = deepcopy(turn.cell)
    cell.id = f"turn-{place}"
    if turn.why and (_is_tagged(cell) or _CHECK.search(cell.source)):
        cell.metadata.tags = [*_tags(cell), _NOT_COMPARED_TAG]
    if turn.why == _TWICE and RAISES_TAG in _tags(cell):
        cell.metadata.tags = [*_tags(cell), PLANNED_ERROR_TAG]
    return cell


def _is_tagged(cell: NotebookNode) -> bool:
    return bool({DIFFERS_TAG, RAISES_TAG} & {*_tags(cell)})


def _tags(cell: NotebookNode) -> Sequence[str]:
    found: Sequence[str] = cell.metadata.get("tags", ())
    return found


def _says_so(cell: NotebookNode) -> bool:
    return bool(_SAYS_SO.search(cell.source))
