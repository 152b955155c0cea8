"""What every lesson has, and that none treads on another's toes."""

from itertools import combinations
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.notebooks.lessons import LESSONS
from tests.notebooks.outline import broken_links, drawn, lacks, leads_to, next_of
from tests.notebooks.queue_names import named
from tests.notebooks.saved import code_cells

pytestmark = pytest.mark.notebooks
MAX_LINES_OF_A_CELL = 25
MAX_CHARS_OF_A_LINE = 77  # as many as a window of 800 pixels shows
MAX_CHARS_OF_A_PICTURE = 33  # as many as 1280 pixels show with a view beside the notebook
WIDER_PICTURES = {"07_explore_a_namespace", "08_topics_and_subscriptions"}  # only ever fewer
every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)

OPENING = "# Bury a letter\n\n*Why?*\n\nIn 20 minutes you will know."
BODY = """**Where is it now?**

<details><summary>In 2019</summary>

| | 2019, version 0.21 | 2019, version 0.50 | today |
|---|---|---|---|
| bury | `a()` | `b()` | `c()` |

</details>

## Exercise: dig

## Exercise: dig deeper

## What you can say now

**Next:** [Dig it up](other.ipynb#top), or [read](https://example.org/x).
"""
CHECK = 'lab.check("letters.dig", dig)\nlab.check("letters.deeper", deeper)'


def write(
    folder: Path,
    opening: str = OPENING,
    body: str = BODY,
    check: str = CHECK,
    *,
    name: str = "06_lesson",
) -> Path:
    cells = [new_markdown_cell(opening), new_code_cell(check), new_markdown_cell(body)]
    nbformat.write(new_notebook(cells=cells), folder / f"{name}.ipynb")
    return folder / f"{name}.ipynb"


@every_lesson
def test_a_lesson_has_what_every_lesson_has(lesson: Path) -> None:
    assert lacks(lesson) == []


@every_lesson
def test_a_lesson_leads_to_the_next_and_the_last_to_none(lesson: Path) -> None:
    assert leads_to(lesson) == next_of(lesson)


@every_lesson
def test_a_lesson_links_to_files_that_are_there(lesson: Path) -> None:
    assert broken_links(lesson) == []


@every_lesson
def test_a_cell_of_code_fits_into_one_look(lesson: Path) -> None:
    for cell in code_cells(lesson):
        assert len(cell.source.splitlines()) <= MAX_LINES_OF_A_CELL, cell.source


@every_lesson
def test_no_line_of_code_is_cut_off_in_a_small_window(lesson: Path) -> None:
    lines = [line for cell in code_cells(lesson) for line in cell.source.splitlines()]
    assert [line for line in lines if len(line) > MAX_CHARS_OF_A_LINE] == []


@every_lesson
def test_a_picture_of_characters_is_whole_beside_an_open_view(lesson: Path) -> None:
    """Wrapped it is no picture any more."""
    too_wide = [line for line in drawn(lesson) if len(line) > MAX_CHARS_OF_A_PICTURE]
    assert bool(too_wide) == (lesson.stem in WIDER_PICTURES), too_wide


def test_no_two_lessons_name_the_same_queue() -> None:
    """Otherwise one that runs beside another deletes its queue."""
    names = {lesson.stem: named(lesson) for lesson in LESSONS}
    shared = {(a, b): names[a] & names[b] for a, b in combinations(names, 2)}
    assert {pair: both for pair, both in shared.items() if both} == {}


# --- the checks themselves ------------------------------------------------------------------------


def test_a_lesson_that_has_everything_lacks_nothing(tmp_path: Path) -> None:
    assert lacks(write(tmp_path)) == []


@pytest.mark.parametrize(
    ("written", "instead", "missing"),
    [
        ("# Bury", "Bury", "a title"),
        ("20 minutes", "a while", "minutes"),
        ("**Where is it now?**", "Where is it **now**?", "a prediction"),
        ("| today |", "| later |", "a table of 2019 and today"),
        ("0.21", "old", "the names of version 0.21"),
        ("0.50", "old", "the names of version 0.50"),
        ("<details><summary>In 2019</summary>", "", "its tables of 2019 folded"),
        ("lab.check(", "print(", "a check for each exercise"),
        ("In 2019", "Answer", "answers with the checker alone"),
        ("## What you can say now", "What you can say now", "one recap"),
    ],
)
def test_what_a_lesson_lacks_is_named(
    written: str, instead: str, missing: str, tmp_path: Path
) -> None:
    parts = [part.replace(written, instead) for part in (OPENING, BODY, CHECK)]
    assert lacks(write(tmp_path, *parts)) == [missing]


def test_a_lesson_with_one_exercise_lacks_another(tmp_path: Path) -> None:
    body = BODY.replace("## Exercise: dig deeper", "")
    assert lacks(write(tmp_path, body=body, check=CHECK.split("\n")[0])) == ["two exercises"]


def test_a_prediction_by_a_call_counts(tmp_path: Path) -> None:
    body = BODY.replace("**Where is it now?**", "Where is it?")
    assert lacks(write(tmp_path, body=body)) == ["a prediction"]
    check = CHECK + '\n\nlab.predict("Where is it?", "here", "there")'
    assert lacks(write(tmp_path, body=body, check=check)) == []


@pytest.mark.parametrize("name", ["04b_lesson", "07_lesson", "11_lesson"])
def test_a_lesson_beyond_the_tutorial_of_2019_needs_no_table_of_it(
    name: str, tmp_path: Path
) -> None:
    body = BODY.replace("2019", "then")
    assert lacks(write(tmp_path, body=body, name=name)) == []
    assert "a table of 2019 and today" in lacks(write(tmp_path, body=body))


def test_no_table_of_2019_stands_open_wherever_it_is(tmp_path: Path) -> None:
    body = BODY.replace("<details><summary>In 2019</summary>", "")
    assert lacks(write(tmp_path, body=body, name="07_lesson")) == ["its tables of 2019 folded"]


def test_an_empty_notebook_lacks_everything(tmp_path: Path) -> None:
    nbformat.write(new_notebook(), tmp_path / "empty.ipynb")
    assert {"a title", "minutes", "two exercises"} < set(lacks(tmp_path / "empty.ipynb"))


def test_links_to_files_are_followed_and_others_are_not(tmp_path: Path) -> None:
    lesson = write(tmp_path)
    assert leads_to(lesson) == ["other.ipynb"]
    assert broken_links(lesson) == ["other.ipynb"]
    (tmp_path / "other.ipynb").touch()
    assert broken_links(lesson) == []


def test_the_names_of_queues_are_read_from_the_code(tmp_path: Path) -> None:
    worker = """%%worker cashier
with client.get_queue_receiver("orders") as receiver:
    print("served", receiver)"""
    looped = 'for name in ("fast", "careful"):\n    lab.fresh_queue(name)'
    drawn = '%matplotlib inline\nadmin.create_queue("europe/mail")\nlab.show("mail")'
    sources = (worker, looped, drawn, 'create("chores")', 'print("tea")')
    cells = [new_code_cell(source) for source in sources]
    nbformat.write(new_notebook(cells=cells), tmp_path / "lesson.ipynb")

    written = {"orders", "fast", "careful", "europe/mail", "mail", "chores"}
    assert named(tmp_path / "lesson.ipynb") == written
