"""`python -m tests.notebooks.refresh [NAME ...]`: run lessons and save what they say.

A name is a lesson's file name or how it begins (`04`); without names all lessons run. Each runs in
a kernel and on a broker of its own and is saved in its normal form. A lesson with an error that is
not planned (the tag `raises-exception`), or without one that is, stays as it was.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal, DeadKernelError
from nbformat import NotebookNode

from tests.kernels import AsyncKernelManager
from tests.notebooks.lessons import chosen, private_environment
from tests.notebooks.normal_form import normal_form

CELL_LIMIT_SECONDS = 60
PLANNED_ERROR_TAG = "raises-exception"


class LessonError(Exception):
    """A lesson that did not run as planned; its text has the cell and what went wrong."""


def main(arguments: Sequence[str]) -> int:
    """Run and save the named lessons; returns the exit code."""
    parser = ArgumentParser("tests.notebooks.refresh", description="Run lessons and save outputs.")
    parser.add_argument("names", nargs="*", help="lessons, by how their names begin (all)")
    failed = False
    for path in chosen(parser.parse_args(arguments).names):
        try:
            refresh(path)
            print(f"{path.name}: saved", flush=True)
        except LessonError as error:
            failed = True
            print(f"{path.name}: NOT saved\n\n{error}\n", file=sys.stderr, flush=True)
    return int(failed)


def refresh(path: Path) -> None:
    """Run a lesson from top to bottom and save it in its normal form.

    Raises:
        LessonError: It did not run as planned; the file is as it was.
    """
    notebook = nbformat.read(path, as_version=4)
    with private_environment() as environment:
        execute(notebook, path.parent, environment)
    text = nbformat.writes(normal_form(notebook)) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")


def execute(notebook: NotebookNode, folder: Path, environment: Mapping[str, str]) -> None:
    """Run every cell in a new kernel, outputs going into the notebook.

    Raises:
        LessonError: An error was not planned, or a planned one did not come.
    """
    client = NotebookClient(
        notebook,
        timeout=CELL_LIMIT_SECONDS,
        resources={"metadata": {"path": str(folder)}},
        kernel_manager_class=AsyncKernelManager,
        store_widget_state=False,
        extra_arguments=["--log-level=ERROR"],  # else each kernel warns about its transport
    )
    try:
        client.execute(env=dict(environment))
    except (CellControlSignal, DeadKernelError) as error:
        raise LessonError(str(error)) from None
    for cell in notebook.cells:
        _require_planned_error(cell)


def _require_planned_error(cell: NotebookNode) -> None:
    is_planned = PLANNED_ERROR_TAG in cell.metadata.get("tags", ())
    if is_planned and not any(output.output_type == "error" for output in cell.outputs):
        raise LessonError(
            f"This cell is tagged {PLANNED_ERROR_TAG} and raised no error:\n\n{cell.source}"
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
