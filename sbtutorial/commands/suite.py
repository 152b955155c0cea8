"""`python -m sbtutorial test`: everything that must hold, the quickest to fail first."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from sbtutorial.setup.foreground import run
from sbtutorial.setup.requirements import clone_folder


class Step(NamedTuple):
    """One check: its name, and the module of its program with arguments."""

    name: str
    command: tuple[str, ...]


STEPS = (
    Step("ruff check", ("ruff", "check", ".")),
    Step("ruff format", ("ruff", "format", "--check", ".")),
    Step("mypy", ("mypy",)),
    # Other makers' clients, as far as they can be had here; without one its tests skip and say so.
    Step("other clients", ("tests.clients.installed",)),
    # Clients and kernels wait more than they work: tests that run side by side wait together.
    Step("pytest", ("pytest", "--numprocesses=6", "--dist=worksteal", "-m", "not browser")),
    # A browser, a server and a kernel need the machine to themselves.
    Step("browser tests", ("pytest", "-m", "browser", "tests/browser")),
)


def main(arguments: Sequence[str]) -> int:
    """Run every step, up to the first that fails; returns its exit code.

    Args:
        arguments: For pytest. Who names tests wants these and nothing else: then pytest runs
            alone, and in one process, where a debugger can be.
    """
    clone = clone_folder()
    if clone is None:
        print("sbtutorial is installed without its tests: run this in a clone.", file=sys.stderr)
        return 1
    named = [Step("pytest", ("pytest", *arguments))]
    return _run_all(named if arguments else STEPS, clone)


def _run_all(steps: Sequence[Step], clone: Path) -> int:
    done = []
    for step in steps:
        print(f"--- {step.name}: {' '.join(step.command)}", flush=True)
        began_at = time.monotonic()
        code = run([sys.executable, "-m", *step.command], cwd=clone)
        done.append(f"{step.name} {time.monotonic() - began_at:.1f} s")
        if code:
            print(f"--- {step.name} failed (exit code {code}); {', '.join(done)}", flush=True)
            return code
    print(f"--- all passed: {', '.join(done)}", flush=True)
    return 0
