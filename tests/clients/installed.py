"""Clients of other makers: where they are, and how they get there.

    python -m tests.clients.installed

brings those that come from npm and PyPI, into folders of their own that git ignores. Qpid Proton
comes with the system (Debian: `python3-qpid-proton`). What is not there is skipped by its tests.
"""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
NODE_PROGRAMS = HERE / "node"
PYTHON_PROGRAMS = HERE / "python"
# The C engine of uAMQP, for the SDK of today with `uamqp_transport=True`, and the SDK of 2019 on it.
UAMQP = HERE / ".installed" / "uamqp"
EARLIER_SDK = HERE / ".installed" / "earlier_sdk"
_ON_PYPI = {
    UAMQP: ["uamqp==1.6.11", "six"],
    EARLIER_SDK: ["azure-servicebus==0.50.3", "uamqp==1.6.11", "certifi"],
}
# Where the system keeps its own Python, which sees its packages when ours does not.
_PYTHONS = (sys.executable, "/usr/bin/python3", "python3")


def node() -> str:
    """Why the JavaScript clients cannot run; empty if they can."""
    if shutil.which("node") is None:
        return "Node.js is not installed"
    is_there = (NODE_PROGRAMS / "node_modules" / "@azure" / "service-bus").exists()
    return "" if is_there else "needs `npm ci` in tests/clients/node"


def on_pypi(folder: Path) -> str:
    """Why the clients of this folder cannot run; empty if they can."""
    return "" if folder.exists() else f"needs `python -m {__spec__.name}`"


@cache
def python_with_proton() -> str | None:
    """A Python that has Qpid Proton."""
    return next((python for python in _PYTHONS if _has_proton(python)), None)


def _has_proton(python: str) -> bool:
    if shutil.which(python) is None:
        return False
    return subprocess.run([python, "-c", "import proton"], capture_output=True).returncode == 0


def install() -> None:
    """Bring all that can be brought here, and say what could not."""
    with ThreadPoolExecutor() as pool:
        ways = [pool.submit(_npm), *(pool.submit(_pip, folder) for folder in _ON_PYPI)]
    for way in ways:
        if problem := way.result():
            print(problem, file=sys.stderr)


def _npm() -> str:
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not installed: going on without the JavaScript clients."
    return _run([npm, "ci", "--no-audit", "--no-fund", "--silent"], NODE_PROGRAMS)


def _pip(folder: Path) -> str:
    if folder.exists():
        return ""
    unfinished = folder.with_suffix(".unfinished")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # The engine has wheels for some systems only; to compile it takes minutes.
    where = ["--only-binary=:all:", "--upgrade", "--target", str(unfinished)]
    problem = _run([*pip, *where, *_ON_PYPI[folder]], HERE)
    if not problem:
        unfinished.rename(folder)
    return problem


def _run(command: list[str], cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    return f"{' '.join(command)} failed:\n{done.stderr}" if done.returncode else ""


if __name__ == "__main__":
    install()
