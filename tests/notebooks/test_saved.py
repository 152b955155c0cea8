"""What is saved in the lessons, as it is read on the web."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_output

from sbtutorial.lab.hints import PART_OF_THE_LESSON
from tests.notebooks.lessons import LESSONS
from tests.notebooks.normal_form import normal_form
from tests.notebooks.refresh import PLANNED_ERROR_TAG
from tests.notebooks.saved import PASSING, code_cells, lacks_picture, passing_things, text_of

pytestmark = pytest.mark.notebooks
every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
PNG = {"image/png": "iVBORw0KGgo="}

PASSING_TEXTS = {
    "a path": [
        "/home/ann/x.py",
        'File "C:\\Users\\ann"',
        "/tmp/till.db",
        "lib/site-packages/azure",
    ],
    "a port": ["sb://127.0.0.1:5672/", "localhost:80", "[::1]:80", "on port 40123", "port: 5672"],
    "a process": ["pid 4711", "(pid: 4711)"],
    "an id": ["6f1c0a52-3b7e-4e62-9d0a-0c5d6a1b2c3d", "6f1c0a523b7e4e629d0a0c5d6a1b2c3d"],
    "a random name": ["no queue 'exercise-0a1b2c3d'"],
    "a place in memory": ["<Till object at 0x7f3a5c1d2e80>"],
    "a key": ["SharedAccessKey=abc", "x" * 43 + "="],
    "a date": ["2025-11-23", "datetime.datetime(2025, 11, 23)"],
    "a time of day": ["at 14:05:09 UTC", "14:05"],
}
LASTING_TEXTS = [
    "lock 0:00:30",
    "1 day, 0:00:00",
    "in 2019",
    "sb://127.0.0.1:…",
    "SharedAccessKey        …",
    "can't decode byte 0x89 in position 0",
    "Size of entity in bytes:1000256",
    "about 30 s left",
    "order-17",
    "<Figure size 1000x278 with 1 Axes>",
    "https://portal.azure.com",
]


@every_lesson
def test_a_lesson_is_saved_in_its_normal_form(lesson: Path) -> None:
    notebook = nbformat.read(lesson, as_version=4)
    is_normal = normal_form(notebook) == notebook
    assert is_normal, f"run `python -m tests.notebooks.refresh {lesson.stem}`"


@every_lesson
def test_a_lesson_has_the_errors_that_are_planned_and_no_others(lesson: Path) -> None:
    for cell in code_cells(lesson):
        is_planned = PLANNED_ERROR_TAG in cell.metadata.get("tags", ())
        has_error = any(output.output_type == "error" for output in cell.outputs)
        assert has_error == is_planned, cell.source
        assert (PART_OF_THE_LESSON in text_of(cell)) == is_planned, cell.source


@every_lesson
def test_a_lesson_says_nothing_that_another_machine_or_day_would_not(lesson: Path) -> None:
    for cell in code_cells(lesson):
        assert passing_things(text_of(cell)) == [], cell.source


@every_lesson
def test_what_a_lesson_draws_is_saved_with_it(lesson: Path) -> None:
    assert [cell.source for cell in code_cells(lesson) if lacks_picture(cell)] == []


def test_the_lessons_have_pictures() -> None:
    outputs = [out for lesson in LESSONS for cell in code_cells(lesson) for out in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs)


# --- the checks themselves ------------------------------------------------------------------------


def test_each_kind_of_passing_thing_has_its_examples() -> None:
    assert set(PASSING_TEXTS) == set(PASSING)


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, texts in PASSING_TEXTS.items() for text in texts]
)
def test_what_passes_is_recognised(kind: str, text: str) -> None:
    assert kind in [found.partition(":")[0] for found in passing_things(f"It said {text}.")]


@pytest.mark.parametrize("text", LASTING_TEXTS)
def test_what_lasts_is_not_taken_for_passing(text: str) -> None:
    assert passing_things(text) == []


@pytest.mark.parametrize(
    "output",
    [
        new_output("stream", text="/tmp/x"),
        new_output("error", ename="E", evalue="no /tmp/x", traceback=[]),
        new_output("error", ename="E", evalue="no", traceback=["no /tmp/x"]),
        new_output("display_data", data={"text/html": "<b>/tmp/x</b>"}),
        new_output("display_data", data={"image/svg+xml": "<svg>/tmp/x</svg>"}),
    ],
    ids=["stream", "error", "traceback", "html", "svg"],
)
def test_every_kind_of_output_is_read(output: nbformat.NotebookNode) -> None:
    assert "/tmp/x" in text_of(new_code_cell("…", outputs=[output]))


def test_a_picture_is_not_read_as_text() -> None:
    cell = new_code_cell("…", outputs=[new_output("display_data", data={"image/png": "/tmp/"})])
    assert "tmp" not in text_of(cell)


def test_a_picture_in_html_is_not_read_as_text_and_its_words_are() -> None:
    html = '<img alt="at /tmp/x" src="data:image/png;base64,/tmp/home">'
    text = text_of(
        new_code_cell("…", outputs=[new_output("display_data", data={"text/html": html})])
    )
    assert text.count("/tmp") == 1


def test_a_drawing_without_its_picture_is_noticed() -> None:
    drawing = new_code_cell("tea.plot()")
    assert lacks_picture(drawing)
    drawing.outputs = [new_output("display_data", data=PNG)]
    assert not lacks_picture(drawing)
    assert not lacks_picture(new_code_cell("print(tea)"))
