"""Kernels of `sbtutorial lab`: `%%worker` and hints are there before anything has run."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sbtutorial.lab.hints import CONNECT_FIRST
from sbtutorial.lessons.surroundings import surrounded
from sbtutorial.text import wrapped
from tests.kernel import Notebook
from tests.notebooks.lessons import private_environment

WORKER = "%%worker cashier\nprint(lab.namespace)"
CONNECT = "from sbtutorial import connect\nlab = connect()"


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notebook]:
    """A notebook in whose kernel nothing has run."""
    with private_environment() as outer:
        around = surrounded({**outer, "PATH": os.environ["PATH"]}, tmp_path)
        monkeypatch.setenv("JUPYTER_PATH", around["JUPYTER_PATH"])  # whoever starts it looks there
        notebook = Notebook(around)
        yield notebook
        notebook.close()


def test_a_worker_before_the_cell_that_connects_says_so_in_one_sentence(notebook: Notebook) -> None:
    for _ in range(2):
        shown = notebook.run(WORKER)
        assert shown.is_sentence
        assert shown.error == wrapped(CONNECT_FIRST)
        assert notebook.run("lab.show('orders')").hint == CONNECT_FIRST
        notebook.runs(CONNECT)
        assert notebook.runs(WORKER) == "cashier │ tutorial\ncashier ✓ finished\n"
        notebook.restart()


def test_a_worker_that_needs_no_lab_runs_without_one(notebook: Notebook) -> None:
    shown = notebook.run("%%worker cashier\nlab = 'my own'\nprint(lab)")
    assert shown.text.startswith("cashier │ my own\n")
