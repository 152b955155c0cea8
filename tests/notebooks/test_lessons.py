"""Every lesson, run for real: it says what is saved in it, and it is saved clean."""

import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest

from tests.notebooks.lessons import LESSONS
from tests.notebooks.normal_form import normal_form
from tests.notebooks.refresh import PLANNED_ERROR_TAG
from tests.notebooks.rehearsal import first_differences

pytestmark = pytest.mark.notebooks
MAX_LINES_OF_A_CELL = 25
AT_ONCE = 2 * (os.cpu_count() or 1)  # lessons mostly wait
MACHINE_PATH = re.compile(
    r"/home/|/Users/|/root/|/tmp/|/var/folders/|\b[A-Z]:\\|site-packages|dist-packages"
)
every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)

Rehearse = Callable[[Path], str]


@pytest.fixture(scope="session")
def rehearse(request: pytest.FixtureRequest) -> Iterator[Rehearse]:
    """What `first_differences` finds; lessons to come are run ahead, several at a time."""
    pool = ThreadPoolExecutor(AT_ONCE)
    futures: dict[Path, Future[str]] = {}

    def result(lesson: Path) -> str:
        if lesson not in futures:
            futures[lesson] = pool.submit(first_differences, lesson)
        return futures[lesson].result()

    if "PYTEST_XDIST_WORKER" not in os.environ:  # there the processes share them out
        futures.update(
            (lesson, pool.submit(first_differences, lesson)) for lesson in _to_come(request)
        )
    yield result
    pool.shutdown(cancel_futures=True)


def _to_come(request: pytest.FixtureRequest) -> list[Path]:
    items = [item for item in request.session.items if "rehearse" in item.fixturenames]
    return [item.callspec.params["lesson"] for item in items]


@every_lesson
@pytest.mark.timeout(300)
def test_a_lesson_says_what_is_saved_also_after_its_kernel_was_killed_half_way(
    lesson: Path, rehearse: Rehearse
) -> None:
    if found := rehearse(lesson):
        pytest.fail(f"{lesson.name}: {found}", pytrace=False)


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


@every_lesson
def test_a_lesson_shows_nothing_of_the_machine_that_ran_it(lesson: Path) -> None:
    for cell in code_cells(lesson):
        assert not MACHINE_PATH.search("\n".join(texts(cell))), cell.source


@every_lesson
def test_a_cell_of_code_fits_into_one_look(lesson: Path) -> None:
    for cell in code_cells(lesson):
        assert len(cell.source.splitlines()) <= MAX_LINES_OF_A_CELL, cell.source


@pytest.mark.parametrize(
    "text",
    ["/home/ann/x.py", 'File "C:\\Users\\ann"', "/tmp/receipts.txt", "lib/site-packages/azure"],
)
def test_a_path_of_a_machine_is_recognised(text: str) -> None:
    assert MACHINE_PATH.search(text)


def code_cells(lesson: Path) -> list[nbformat.NotebookNode]:
    notebook = nbformat.read(lesson, as_version=4)
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def texts(cell: nbformat.NotebookNode) -> Iterator[str]:
    """Whatever of a cell's outputs can be read; a picture in base64 says anything by chance."""
    for output in cell.outputs:
        yield from output.get("traceback", ())
        yield output.get("text", "") + output.get("evalue", "")
        for kind, content in output.get("data", {}).items():
            if kind.startswith("text/") or kind.endswith("+xml"):
                yield content
