"""Ways to put a lesson on stage, tried on small lessons: they find what they are there to find."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tests.notebooks import timing
from tests.notebooks.lessons import LESSONS, private_environment
from tests.notebooks.performance import Performance, perform
from tests.notebooks.rehearsal import (
    after_a_crash,
    beside_others_after_crashes,
    perform_in_lanes,
    shuffled,
    two_at_a_time,
)

pytestmark = pytest.mark.notebooks

# A file that all of a user's programs share stands for the queue that one run leaves to the next.
MARKS = """
import tempfile, time
from pathlib import Path

marks = Path(tempfile.gettempdir()) / "{name}"
marks.touch()
"""
LEAVES_A_MARK = MARKS + 'with marks.open("a") as file:\n    file.write("x")'
WAITS_FOR_TWO_MARKS = """
limit = time.monotonic() + 20
while len(marks.read_text()) < 2 and time.monotonic() < limit:
    time.sleep(0.02)
"""


def lesson(folder: Path, name: str, *cells: tuple[str, str]) -> Path:
    """A lesson of these cells, each with what is saved as printed."""
    path = folder / f"{name}.ipynb"
    code = [
        new_code_cell(source, execution_count=number, outputs=_printed(text))
        for number, (source, text) in enumerate(cells, 1)
    ]
    nbformat.write(new_notebook(cells=code), path)
    return path


def _printed(text: str) -> list[nbformat.NotebookNode]:
    return [new_output("stream", text=text)] if text else []


@pytest.fixture
def honest(tmp_path: Path) -> Path:
    return lesson(tmp_path, "70_honest", ("x = 1", ""), ("print(x + 1)", "2\n"))


@pytest.fixture
def once_only(tmp_path: Path) -> Path:
    """Says what is saved when it finds nothing that a run before has left."""
    count = ("print(len(marks.read_text()))", "1\n")
    return lesson(tmp_path, "71_once_only", (LEAVES_A_MARK.format(name="once"), ""), count)


def test_a_lesson_that_says_what_is_saved_has_no_complaint_and_each_cell_a_time(
    honest: Path,
) -> None:
    with private_environment() as environment:
        done = perform(honest, environment)

    assert done.complaint == ""
    assert len(done.cell_seconds) == 2
    assert 0 < sum(done.cell_seconds) < done.seconds


def test_what_differs_is_told_with_its_cell(tmp_path: Path) -> None:
    with private_environment() as environment:
        done = perform(lesson(tmp_path, "72_wrong", ("print('tea')", "coffee\n")), environment)

    assert "print('tea')" in done.complaint
    assert "coffee" in done.complaint


def test_of_a_picture_in_html_its_words_are_compared_and_not_its_dots(tmp_path: Path) -> None:
    def complaint(name: str, words: str) -> str:
        html = f'<img alt="{words}" src="data:image/png;base64,b25l">'
        shown = {"text/html": '<img alt="tea" src="data:image/png;base64,dHdv">'}
        cell = new_code_cell(
            f"from IPython.display import display; display({shown}, raw=True)",
            execution_count=1,
            outputs=[new_output("display_data", data={"text/html": html})],
        )
        nbformat.write(new_notebook(cells=[cell]), tmp_path / name)
        with private_environment() as environment:
            return perform(tmp_path / name, environment).complaint

    assert complaint("76_same.ipynb", "tea") == ""
    assert "coffee" in complaint("77_other.ipynb", "coffee")


def test_a_lesson_that_cannot_even_begin_has_a_complaint(tmp_path: Path) -> None:
    (tmp_path / "73_broken.ipynb").write_text("{")
    with private_environment() as environment:
        done = perform(tmp_path / "73_broken.ipynb", environment)

    assert done.complaint
    assert done.cell_seconds == ()


def test_what_a_crash_leaves_behind_is_found(once_only: Path) -> None:
    with private_environment() as environment:
        found = after_a_crash(once_only, environment)
    assert "assert reference_output == test_output" in found


def test_what_the_first_time_leaves_behind_is_found_the_second_time(
    honest: Path, once_only: Path
) -> None:
    found = two_at_a_time([honest, once_only])

    assert "second time, beside others: 71_once_only.ipynb" in found
    assert "first time" not in found
    assert "70_honest" not in found


def test_only_what_was_killed_before_finds_what_that_left(tmp_path: Path, once_only: Path) -> None:
    mark = LEAVES_A_MARK.format(name="spared")
    spared = lesson(tmp_path, "78_spared", (mark, ""), ("print(len(marks.read_text()))", "1\n"))

    found = beside_others_after_crashes([spared, once_only], [once_only])

    assert "71_once_only.ipynb" in found
    assert "78_spared" not in found


def test_two_lanes_are_at_work_at_the_same_moment(tmp_path: Path) -> None:
    meeting = MARKS.format(name="meeting"), LEAVES_A_MARK.format(name="meeting")
    cells = [(meeting[1], ""), (WAITS_FOR_TWO_MARKS, ""), ("print(marks.read_text())", "xx\n")]
    lessons = [lesson(tmp_path, name, *cells) for name in ("74_anna", "75_ben")]
    with private_environment() as environment:
        done = perform_in_lanes(lessons, environment, lanes=2)

    assert [one.complaint for one in done] == ["", ""]


def test_every_lesson_has_its_place_in_an_order_that_the_seed_alone_decides() -> None:
    assert sorted(shuffled(LESSONS, 1)) == LESSONS
    assert shuffled(LESSONS, 1) == shuffled(LESSONS, 1) != shuffled(LESSONS, 2)


def test_times_stand_in_a_table_beside_the_targets() -> None:
    done = [
        Performance(Path("00_start.ipynb"), "", 6.04, (0.5, 2.25, 1.0)),
        Performance(Path("01_create.ipynb"), "Cell 0 differs", 3.0, (7.0,)),
        Performance(Path("02_send.ipynb"), "no kernel", 1.0, ()),
    ]

    assert [line.split() for line in timing.table(done, 8.5).splitlines()] == [
        ["lesson", "seconds", "slowest", "cell"],
        ["00_start", "6.0", "2.2", "in", "[2]"],
        ["01_create", "3.0", "7.0", "in", "[1]", "failed"],
        ["02_send", "1.0", "failed"],
        ["all", "8.5", "7.0"],
        ["target", "150.0", "5.0"],
    ]


@pytest.mark.parametrize(("complaint", "code"), [("", 0), ("Cell 3 differs", 1)])
def test_timing_prints_its_table_and_fails_when_a_lesson_does(
    complaint: str,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def perform_at_once(lessons, environment, *, lanes):
        assert lanes == 2
        return [Performance(lesson, complaint, 1.0, (0.5,)) for lesson in lessons]

    monkeypatch.setattr(timing, "perform_in_lanes", perform_at_once)

    assert timing.main(["04"]) == code

    printed = capsys.readouterr()
    assert "04_peek_lock_and_crashes         1.0" in printed.out
    assert complaint in printed.err
