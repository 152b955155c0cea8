"""`python -m tests.notebooks.converting [NAME ...]`: run lessons by `nbconvert --execute`.

As somebody does who wants a lesson as a page, or runs it in a pipeline. Names as `refresh` takes
them; without names all lessons run. It fails when a lesson stops, or does not say what is saved.
"""

import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat

from tests.notebooks.lessons import chosen, private_environment
from tests.notebooks.normal_form import normal_form
from tests.notebooks.refresh import CELL_LIMIT_SECONDS
from tests.notebooks.saved import code_cells, text_of

_NBCONVERT = (sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute")


def main(arguments: Sequence[str]) -> int:
    """Run the named lessons and print what became of each; returns the exit code."""
    parser = ArgumentParser("tests.notebooks.converting", description="Run lessons by nbconvert.")
    parser.add_argument("names", nargs="*", help="lessons, by how their names begin (all)")
    failed = False
    for lesson in chosen(parser.parse_args(arguments).names):
        began_at = time.monotonic()
        with private_environment() as environment:
            complaint = converted(lesson, environment)
        failed |= bool(complaint)
        seconds = time.monotonic() - began_at
        print(f"{lesson.name}: {complaint or f'as saved, in {seconds:.0f} s'}", flush=True)
    return int(failed)


def converted(lesson: Path, environment: Mapping[str, str]) -> str:
    """Run a lesson so; what is not as it is saved, or why it stopped, "" if all is well."""
    with TemporaryDirectory() as folder:
        done = subprocess.run(
            [
                *_NBCONVERT,
                f"--ExecutePreprocessor.timeout={CELL_LIMIT_SECONDS}",
                f"--output-dir={folder}",
                str(lesson),
            ],
            env=dict(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        if done.returncode:
            return done.stdout
        notebook = normal_form(nbformat.read(Path(folder) / lesson.name, as_version=4))
    said = [text_of(cell) for cell in notebook.cells if cell.cell_type == "code"]
    saved = [text_of(cell) for cell in code_cells(lesson)]
    return "\n".join(
        f"In [{number}] it says\n{one}\nwhere this is saved:\n{other}"
        for number, (one, other) in enumerate(zip(said, saved, strict=True), 1)
        if one != other
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
