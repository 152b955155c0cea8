"""A process of ours that plays days: what is left standing in it goes with it."""

import os
import subprocess
import sys
from pathlib import Path


def spawn(module: str, *arguments: str) -> "subprocess.Popen[str]":
    """Start a module of the package, with text on its standard input and output.

    Args:
        module: Its whole name.
        arguments: Of its command line.
    """
    return subprocess.Popen(
        # -P: a learner's own queue.py or types.py must not become ours.
        [sys.executable, "-P", "-X", "utf8", "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
        encoding="utf-8",
    )


def _environment() -> dict[str, str]:
    home = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path}
