"""What every lesson has, by its text: where it begins, what it asks, where it leads."""

import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tests.notebooks.lessons import LESSONS

_NUMBER = r"(?:\d+|ten|fifteen|twenty|thirty|forty)"
_TITLE = re.compile(r"\A# \S")
_MINUTES = re.compile(rf"\b{_NUMBER} minutes\b", re.IGNORECASE)
_PREDICTION = re.compile(r"\*\*[^*|]*\?\*\*")  # in words
_PREDICTION_CALL = re.compile(r"\blab\.predict\(")
_THEN_AND_NOW = re.compile(r"^\|[^\n]*\b2019\b[^\n]*\btoday\b[^\n]*\|$", re.MULTILINE)
_FOLDED = re.compile(r"<details>.*?</details>", re.DOTALL)
_OF_2019 = re.compile(r"0[0-6]_")  # the lessons that follow the tutorial of 2019
_ANSWER = "<summary>Answer"
_FEWEST_EXERCISES = 2
_EXERCISE = re.compile(r"^## Exercise: \S", re.MULTILINE)
_CHECK = re.compile(r"\blab\.check\(")
_RECAP = re.compile(r"^## What you can say now$", re.MULTILINE)
_NEXT = re.compile(r"^\*\*Next:\*\* \[[^]]+\]\(([^)#]+)", re.MULTILINE)
_DRAWN = re.compile(r"^(?: {4})?(.*[─│▶◀].*)$")
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
_ELSEWHERE = ("https://", "http://", "mailto:")


def lacks(lesson: Path) -> list[str]:
    """What a lesson lacks of what every lesson has, each in a few words."""
    notebook = nbformat.read(lesson, as_version=4)
    wanted = {**_of_every_lesson(notebook), **_of_2019(lesson, notebook)}
    return [what for what, is_there in wanted.items() if not is_there]


def leads_to(lesson: Path) -> list[str]:
    """The file names behind a lesson's **Next**."""
    return _NEXT.findall(_text(nbformat.read(lesson, as_version=4)))


def drawn(lesson: Path) -> list[str]:
    """The lines of a lesson's text that draw with characters, without the indent of code."""
    lines = _text(nbformat.read(lesson, as_version=4)).splitlines()
    return [found[1] for line in lines if (found := _DRAWN.match(line))]


def broken_links(lesson: Path) -> list[str]:
    """Links to files beside a lesson that are not there."""
    return broken_links_of(_text(nbformat.read(lesson, as_version=4)), lesson.parent)


def broken_links_of(text: str, folder: Path) -> list[str]:
    """Links in a text to files in its folder that are not there."""
    near = [link for link in _LINK.findall(text) if not link.startswith(_ELSEWHERE)]
    return [link for link in near if not (folder / link).is_file()]


def next_of(lesson: Path) -> list[str]:
    """The file name of the lesson that comes after this one; none after the last."""
    at = LESSONS.index(lesson)
    return [one.name for one in LESSONS[at + 1 : at + 2]]


def _of_every_lesson(notebook: NotebookNode) -> dict[str, object]:
    opening = notebook.cells[0].source if notebook.cells else ""
    text = _text(notebook)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    exercises = len(_EXERCISE.findall(text))
    return {
        "a title": _TITLE.search(opening),
        "minutes": _MINUTES.search(opening),
        "a prediction": _PREDICTION.search(text) or _PREDICTION_CALL.search(code),
        "two exercises": exercises >= _FEWEST_EXERCISES,
        "a check for each exercise": len(_CHECK.findall(code)) == exercises,
        "answers with the checker alone": _ANSWER not in text,
        "one recap": len(_RECAP.findall(text)) == 1,
    }


def _of_2019(lesson: Path, notebook: NotebookNode) -> dict[str, object]:
    text = _text(notebook)
    needs_one = _OF_2019.match(lesson.name)
    return {
        "a table of 2019 and today": _THEN_AND_NOW.search(text) or not needs_one,
        "the names of version 0.21": "0.21" in text or not needs_one,
        "the names of version 0.50": "0.50" in text or not needs_one,
        "its tables of 2019 folded": not _THEN_AND_NOW.search(_FOLDED.sub("", text)),
    }


def _text(notebook: NotebookNode) -> str:
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
