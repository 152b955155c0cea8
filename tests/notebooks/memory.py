"""`python -m tests.notebooks.memory [NAME ...]`: how much memory a learner's machine needs.

A JupyterLab server starts; then every lesson runs, one after the other, in a kernel of its own that
stays open, as the kernels of notebooks do that somebody has looked at. Brokers stay as they do
everywhere, until they have been idle for long. Whatever runs in that home is weighed several times
a second: the server, kernels, brokers, and the workers of cells. It measures and prints, and fails
only when a lesson does not run.

What processes share (the interpreter, libraries) counts once for each in `rss`, and is divided
among them in `pss`, which only Linux tells.
"""

import subprocess
import sys
import threading
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
import psutil
from jupyter_core.utils import run_sync
from nbclient import NotebookClient

from sbtutorial.folders import HOME_VARIABLE
from tests.kernels import AsyncKernelManager
from tests.notebooks.lessons import chosen, private_environment
from tests.notebooks.refresh import CELL_LIMIT_SECONDS

_SERVER = (sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--port=0")
_PAUSE_SECONDS = 0.3
_MEGABYTE = 1024 * 1024
KERNELS = "kernels"
# What a process is, by a word of its command line; the first that fits.
_KINDS = {
    "sbtutorial.hosting": "brokers",
    "ipykernel": KERNELS,
    "jupyterlab": "JupyterLab",
    "": "workers",
}


class _Weight(NamedTuple):
    """Of processes, in bytes: pages that are shared count for each, or are divided among all."""

    rss: float = 0.0
    pss: float = 0.0

    def __add__(self, other: "_Weight") -> "_Weight":  # type: ignore[override]
        return _Weight(self.rss + other.rss, self.pss + other.pss)


class _Weights(defaultdict[str, _Weight]):
    """Of each kind of process."""

    def __init__(self) -> None:
        super().__init__(_Weight)

    def total(self) -> _Weight:
        """Of all kinds."""
        return sum(self.values(), _Weight())


class Scales:
    """Weighs every process of one home, again and again.

    Attributes:
        all_open: The heaviest moment, by kind of process.
        one_open: The same, if only the heaviest kernel were open.
    """

    def __init__(self, home: str) -> None:
        self._home = home
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.all_open = _Weights()
        self.one_open = _Weights()

    @contextmanager
    def weighing(self) -> Iterator[None]:
        """Weigh while the block runs."""
        self._thread.start()
        yield
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(_PAUSE_SECONDS):
            self._weigh()

    def _weigh(self) -> None:
        every, one = _Weights(), _Weights()
        for process in self._processes():
            with suppress(psutil.Error):
                memory, kind = process.memory_full_info(), _kind(process.cmdline())
                weight = _Weight(memory.rss, getattr(memory, "pss", memory.rss))
                every[kind] += weight
                one[kind] = max(one[kind], weight) if kind == KERNELS else one[kind] + weight
        self.all_open = max(self.all_open, every, key=_Weights.total)
        self.one_open = max(self.one_open, one, key=_Weights.total)

    def _processes(self) -> Iterator[psutil.Process]:
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get(HOME_VARIABLE) == self._home:
                    yield process


def _kind(command: Sequence[str]) -> str:
    line = " ".join(command)
    return next(kind for word, kind in _KINDS.items() if word in line)


@contextmanager
def _jupyterlab(environment: Mapping[str, str]) -> Iterator[None]:
    with subprocess.Popen(
        _SERVER,
        env=dict(environment),
        cwd=environment["HOME"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stderr is not None
        for line in server.stderr:
            if "http://" in line:
                break
        threading.Thread(target=server.stderr.read, daemon=True).start()
        try:
            yield
        finally:
            server.terminate()


def _run_and_stay(lesson: Path, environment: Mapping[str, str]) -> NotebookClient:
    client = NotebookClient(
        nbformat.read(lesson, as_version=4),
        timeout=CELL_LIMIT_SECONDS,
        resources={"metadata": {"path": str(lesson.parent)}},
        kernel_manager_class=AsyncKernelManager,
        extra_arguments=["--log-level=ERROR"],
    )
    client.execute(env=dict(environment), cleanup_kc=False)
    return client


def main(arguments: Sequence[str]) -> None:
    """Run the named lessons, and print what they needed."""
    parser = ArgumentParser("tests.notebooks.memory", description="Say how much memory it takes.")
    parser.add_argument("names", nargs="*", help="lessons, by how their names begin (all)")
    lessons = chosen(parser.parse_args(arguments).names)
    with private_environment() as environment, _jupyterlab(environment):
        scales = Scales(environment[HOME_VARIABLE])
        with scales.weighing():
            open_ones = [_run_and_stay(lesson, environment) for lesson in lessons]
        for client in open_ones:
            kernel: Any = client.km
            run_sync(kernel.shutdown_kernel)(now=True)
    print(f"{len(lessons)} lessons, megabytes at the heaviest moment: rss; pss")
    print(f"  one notebook open at a time  {_told(scales.one_open)}")
    print(f"  every notebook left open     {_told(scales.all_open)}")


def _told(weights: _Weights) -> str:
    heaviest = sorted(weights.items(), key=lambda pair: pair[1], reverse=True)
    parts = (f"{kind} {_megabytes(weight)}" for kind, weight in heaviest)
    return f"{_megabytes(weights.total())} ({', '.join(parts)})"


def _megabytes(weight: _Weight) -> str:
    return f"{weight.rss / _MEGABYTE:.0f}; {weight.pss / _MEGABYTE:.0f}"


if __name__ == "__main__":
    main(sys.argv[1:])
