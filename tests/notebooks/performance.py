"""A lesson on stage: run whole by nbval, each output compared with the saved one, and timed."""

import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from xml.etree import ElementTree

from tests.notebooks.stage import Run, stage

_CONFIGURATION = Path(__file__).with_name("nbval.ini")
_PICTURES = Path(__file__).with_name("pictures.cfg")
_FAILURES = " FAILURES ==="
_CLEAN_PYTEST = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}


class Performance(NamedTuple):
    """One run of a whole lesson.

    Attributes:
        lesson: Which.
        complaint: What nbval has to say of the first cell that differs; "" if none does.
        seconds: Until its pytest has ended, with the start of its kernel.
        cell_seconds: Of each cell of code, in order, as far as it came.
    """

    lesson: Path
    complaint: str
    seconds: float
    cell_seconds: tuple[float, ...]


def perform(lesson: Path, environment: Mapping[str, str]) -> Performance:
    """Run a whole lesson in a kernel of its own and compare each output, strictly."""
    with TemporaryDirectory() as folder, stage() as ours:
        report = Path(folder) / "report.xml"
        began_at = time.monotonic()
        run = ours.run(
            [
                *("-c", str(_CONFIGURATION), f"--nbval-sanitize-with={_PICTURES}"),
                *(f"--junitxml={report}", str(lesson)),
            ],
            {**environment, **_CLEAN_PYTEST},
        )
        seconds = time.monotonic() - began_at
        cells = _cell_seconds(report) if report.exists() else ()
    return Performance(lesson, _complaint(run), seconds, cells)


def _complaint(run: Run) -> str:
    _, _, found = run.said.partition(_FAILURES)
    return (found or run.said) if run.code else ""


def _cell_seconds(report: Path) -> tuple[float, ...]:
    cells = ElementTree.parse(report).iter("testcase")
    return tuple(float(cell.attrib["time"]) for cell in cells if "Cell" in cell.attrib["name"])
