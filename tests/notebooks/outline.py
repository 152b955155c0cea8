"""What every lesson has, by its text: where it begins, what it asks, where it leads."""

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tests.notebooks.lessons import LESSONS

_NUMBER = r"(?:\d+|ten|fifteen|twenty|thirty|forty)"
_TITLE = re.compile(r"\A# \S")
_MINUTES = re.compile(rf"\b{_NUMBER} minutes\b", re.IGNORECASE)
_PREDICTION = re.compile(r"\*\*[^*|]*\?\*\*")
_THEN_AND_NOW = re.compile(r"^\|[^\n]*\b2019\b[^\n]*\btoday\b[^\n]*\|$", re.MULTILINE)
_EXERCISE = re.compile(r"^## Exercise: \S", re.MULTILINE)
_ANSWER = re.compile(r"<details><summary>Answer</summary>")
_CHECK = re.compile(r"\blab\.check\(")
_RECAP = re.compile(r"^## What you can say now$", re.MULTILINE)
_NEXT = re.compile(r"^\*\*Next:\*\* \[[^]]+\]\(([^)#]+)", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
_ELSEWHERE = ("https://", "http://", "mailto:")


def lacks(lesson: Path) -> list[str]:
    """What a lesson lacks of what every lesson has, each in a few words."""
    return list(_lacks(nbformat.read(lesson, as_version=4)))


def leads_to(lesson: Path) -> list[str]:
    """The file names behind a lesson's **Next**."""
    return _NEXT.findall(_text(nbformat.read(lesson, as_version=4)))


def broken_links(lesson: Path) -> list[str]:
    """Links to files beside a lesson that are not there."""
    links = _LINK.findall(_text(nbformat.read(lesson, as_version=4)))
    near = [link for link in links if not link.startswith(_ELSEWHERE)]
    return [link for link in near if not (lesson.parent / link).is_file()]


def next_of(lesson: Path) -> list[str]:
    """The file name of the lesson that comes after this one; none after the last."""
    at = LESSONS.index(lesson)
    return [one.name for one in LESSONS[at + 1 : at + 2]]


def _lacks(notebook: NotebookNode) -> Iterator[str]:
    opening = notebook.cells[0].source if notebook.cells else ""
    text = _text(notebook)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    exercises = len(_EXERCISE.findall(text))
    for what, is_there in {
        "a title": _TITLE.search(opening),
        "minutes": _MINUTES.search(opening),
        "a prediction": _PREDICTION.search(text),
        "a table of 2019 and today": _THEN_AND_NOW.search(text),
        "the names of version 0.21": "0.21" in text,
        "the names of version 0.50": "0.50" in text,
        "an exercise": exercises,
        "a check for each exercise": len(_CHECK.findall(code)) == exercises,
        "an answer for each exercise": len(_ANSWER.findall(text)) == exercises,
        "one recap": len(_RECAP.findall(text)) == 1,
    }.items():
        if not is_there:
            yield what


def _text(notebook: NotebookNode) -> str:
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
