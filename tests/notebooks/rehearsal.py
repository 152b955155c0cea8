"""Ways to put a lesson on stage: whole under nbval, or up to the moment when its kernel dies."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
import psutil
from jupyter_client.manager import start_new_kernel
from nbformat import NotebookNode

from tests.notebooks.refresh import CELL_LIMIT_SECONDS, PLANNED_ERROR_TAG

_SANITIZE = Path(__file__).with_name("sanitize.ini")
# No plugin but nbval: each run starts in half the time, and nothing of ours changes what it does.
_NBVAL = ("-p", "nbval.plugin", "-p", "no:cacheprovider", "--nbval", "--nbval-current-env")
_TASTE = ("-x", "-vv", "--color=no", "--no-header", "--no-summary", f"--rootdir={os.curdir}")


def differences(lesson: Path, environment: Mapping[str, str]) -> str:
    """Run a whole lesson and compare each output with the saved one, strictly.

    Returns:
        What nbval has to say of the first cell that differs; "" if none does.
    """
    arguments = [*_NBVAL, *_TASTE, f"--nbval-cell-timeout={CELL_LIMIT_SECONDS}", "-c", os.devnull]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments, lesson],
        env={**environment, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    return run.stdout if run.returncode else ""


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
