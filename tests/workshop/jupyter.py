"""What JupyterLab itself takes of a learner's machine: its server, and a kernel for each lesson."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat

from sbtutorial.commands.bench.brokers import MB, Measured
from sbtutorial.commands.bench.rows import Row
from tests.kernels import start_new_kernel
from tests.notebooks.lessons import private_environment

_CELL_SECONDS = 120
_LAB = ("jupyterlab", "--no-browser", "--port=0", "--ip=127.0.0.1", "--allow-root")


def rows(lesson: Path) -> Iterator[Row]:
    """The server when it is up, and a kernel in which a lesson has run to its end."""
    with private_environment() as environment:
        with _server(environment) as server:
            yield Row("JupyterLab's server, idle: memory", server.memory_bytes / MB, "MB")
        manager, client = start_new_kernel(env=environment, cwd=str(lesson.parent))
        try:
            for cell in nbformat.read(lesson, 4).cells:
                if cell.cell_type == "code":
                    client.execute_interactive(
                        cell.source, output_hook=lambda _: None, timeout=_CELL_SECONDS
                    )
            kernel = Measured(manager.provisioner.pid)
            yield Row(f"a kernel after {lesson.stem}: memory", kernel.memory_bytes / MB, "MB")
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


@contextmanager
def _server(environment: dict[str, str]) -> Iterator[Measured]:
    with subprocess.Popen(
        [sys.executable, "-m", *_LAB],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        try:
            assert process.stderr
            assert any(re.search(r"http://127\.0\.0\.1:\d+/", line) for line in process.stderr)
            yield Measured(process.pid)
        finally:
            process.kill()
