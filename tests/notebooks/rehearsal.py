"""Ways to put a lesson on stage: whole under nbval, or up to the moment when its kernel dies."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
import psutil
from jupyter_client.manager import start_new_kernel
from nbformat import NotebookNode

from tests.notebooks.lessons import private_environment
from tests.notebooks.refresh import CELL_LIMIT_SECONDS, PLANNED_ERROR_TAG

_CONFIGURATION = Path(__file__).with_name("nbval.ini")
_FAILURES = " FAILURES ==="
_CLEAN_PYTEST = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}


def differences(lesson: Path, environment: Mapping[str, str]) -> str:
    """Run a whole lesson and compare each output with the saved one, strictly.

    Returns:
        What nbval has to say of the first cell that differs; "" if none does.
    """
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", _CONFIGURATION, lesson],
        env={**environment, **_CLEAN_PYTEST},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    _, _, found = run.stdout.partition(_FAILURES)
    return (found or run.stdout) if run.returncode else ""


def first_differences(lesson: Path) -> str:
    """Run a lesson alone, then half of it up to a crash, then whole again, all on one broker.

    The last run finds what the crash has left behind, and what the whole lesson before it has.

    Returns:
        Which run says something else than what is saved, and what; "" if none does.
    """
    with private_environment() as environment:
        if found := differences(lesson, environment):
            return f"On a fresh broker:\n{found}"
        run_half_and_kill_kernel(lesson, environment)
        if found := differences(lesson, environment):
            return f"Run again, after its kernel was killed half-way:\n{found}"
    return ""


def run_half_and_kill_kernel(lesson: Path, environment: Mapping[str, str]) -> None:
    """Run the first half of a lesson's code, then kill its kernel as a lack of memory would."""
    manager, client = start_new_kernel(env=dict(environment), cwd=str(lesson.parent))
    try:
        cells = [cell for cell in nbformat.read(lesson, 4).cells if cell.cell_type == "code"]
        for cell in cells[: len(cells) // 2]:
            _run(client, cell)
        kernel = psutil.Process(_pid(client))
        kernel.kill()
        kernel.wait(CELL_LIMIT_SECONDS)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _run(client: Any, cell: NotebookNode) -> None:
    reply = client.execute_interactive(
        cell.source, output_hook=lambda message: None, timeout=CELL_LIMIT_SECONDS
    )
    is_planned = PLANNED_ERROR_TAG in cell.metadata.get("tags", ())
    assert is_planned or reply["content"]["status"] == "ok", reply["content"]


def _pid(client: Any) -> int:
    """The kernel's own: what was started may be a launcher, as it is on Windows."""
    reply = client.execute_interactive(
        "", user_expressions={"pid": "__import__('os').getpid()"}, timeout=CELL_LIMIT_SECONDS
    )
    return int(reply["content"]["user_expressions"]["pid"]["data"]["text/plain"])
