"""`python -m tests.notebooks.operations [NAME ...]`: what Azure would count of the lessons.

Each lesson runs once from top to bottom; a row says how many operations its brokers' events tell.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import nbformat

from sbtutorial.folders import HOME_VARIABLE
from sbtutorial.hosting.control_client import ControlClient
from sbtutorial.hosting.runtime_files import RuntimeFiles
from sbtutorial.lab.operations import Operations, count
from sbtutorial.trace import Event
from tests.notebooks.lessons import chosen, private_environment
from tests.notebooks.refresh import execute


def main(arguments: Sequence[str]) -> None:
    """Run lessons, and print a row for each and the sum."""
    together = Operations()
    for lesson in chosen(arguments):
        found = operations_of(lesson)
        together += found
        print(f"{lesson.stem:28}{found.total():7,}", flush=True)
    print(f"{'all':28}{together.total():7,}")


def operations_of(lesson: Path) -> Operations:
    """What one run of a lesson comes to."""
    notebook = nbformat.read(lesson, as_version=4)
    with private_environment() as environment:
        execute(notebook, lesson.parent, environment)
        return count(_events(environment))


def _events(environment: Mapping[str, str]) -> Iterator[Event]:
    folder = Path(environment[HOME_VARIABLE])
    for path in folder.glob("*.json"):
        if record := RuntimeFiles(folder, path.stem).read():
            control, after = ControlClient(record.connection_string), 0
            while (page := control.events(after)).events:
                yield from page.events
                after = page.last


if __name__ == "__main__":
    main(sys.argv[1:])
