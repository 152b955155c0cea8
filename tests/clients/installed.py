"""Clients of other makers: where they are, and how they get there.

    python -m tests.clients.installed

brings those that come from npm and PyPI, into folders that git ignores. Qpid Proton comes with the
system (Debian: `python3-qpid-proton`). What is not there is skipped by its tests.
"""

import shutil
import subprocess
import sys
import tarfile
import venv
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
HOW = "python -m tests.clients.installed"
NODE_PROGRAMS = HERE / "node"
PYTHON_PROGRAMS = HERE / "python"
# An environment of its own: uAMQP has wheels for some systems only, and nothing else needs it.
SDK_ON_UAMQP = HERE / ".installed" / "on_uamqp"
# 7.8 of the SDK, which runs there too, needs the last two.
_ON_UAMQP = ("azure-servicebus>=7.15,<8", "uamqp==1.6.11", "msrest>=0.7,<1", "aiohttp>=3.10,<4")
# Earlier releases of the SDK, each unpacked by itself; what they need else is here already. 7.8 has
# no engine of its own yet, and takes uAMQP.
RELEASES = HERE / ".installed" / "releases"
_RELEASES = ("7.8.3", "7.11.4", "7.13.0", "7.14.3")
# The kernel before today's, for the tests in a browser: no view is answered while a cell is busy.
EARLIER_KERNEL = HERE / ".installed" / "earlier_kernel"
_EARLIER_KERNEL = "ipykernel>=6.30,<7"
# What shows widgets where there is no Jupyter, in VS Code and on web pages: two files as they are.
HTML_MANAGER = HERE / ".installed" / "html_manager"
_OF_HTML_MANAGER = {
    "@jupyter-widgets/html-manager@1.0.15": "package/dist/embed-amd.js",
    "requirejs@2.3.8": "package/require.js",
}
NOWHERE = HERE  # on the path of a release that is installed anyway
# Proton may be where the system keeps its own packages.
_MAY_HAVE_PROTON = (sys.executable, "/usr/bin/python3", "python3")


def why_no_node() -> str:
    """Why the JavaScript clients cannot run; empty if they can."""
    if shutil.which("node") is None:
        return "Node.js is not installed"
    return "" if _has_packages() else f"needs: {HOW}"


def _has_packages() -> bool:
    """Whether npm has brought what the lock file names: it writes its own copy of that last."""
    wanted = NODE_PROGRAMS / "package-lock.json"
    there = NODE_PROGRAMS / "node_modules" / ".package-lock.json"
    return there.exists() and there.stat().st_mtime >= wanted.stat().st_mtime


def python_of(environment: Path) -> Path:
    """The Python of an environment, whether or not it is there."""
    is_windows = sys.platform == "win32"
    return environment / ("Scripts/python.exe" if is_windows else "bin/python")


@cache
def python_with_proton() -> str | None:
    """A Python that has Qpid Proton."""
    return next((python for python in _MAY_HAVE_PROTON if _has_proton(python)), None)


def _has_proton(python: str) -> bool:
    if shutil.which(python) is None:
        return False
    return subprocess.run([python, "-c", "import proton"], capture_output=True).returncode == 0


def install() -> None:
    """Bring all that can be brought here, and say what could not."""
    with ThreadPoolExecutor() as pool:
        ways = [pool.submit(_npm), pool.submit(_uamqp), pool.submit(_html_manager)]
        ways += [pool.submit(_unpack, package, folder) for folder, package in _unpacked()]
    for way in ways:
        if problem := way.result():
            print(f"Going on without some clients. {problem}", file=sys.stderr)


def _npm() -> str:
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not installed."
    if _has_packages():
        return ""
    return _run([npm, "ci", "--no-audit", "--no-fund", "--silent"], NODE_PROGRAMS)


def _html_manager() -> str:
    """The files alone: with all that it was built from they would be a hundred packages."""
    npm = shutil.which("npm")
    if npm is None or HTML_MANAGER.exists():
        return ""
    unfinished = HTML_MANAGER.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for package, file in _OF_HTML_MANAGER.items():
        if problem := _run([npm, "pack", "--silent", package], unfinished):
            return problem
        (archive,) = unfinished.glob("*.tgz")
        with tarfile.open(archive) as packed:
            content = packed.extractfile(file)
            assert content is not None
            (unfinished / Path(file).name).write_bytes(content.read())
        archive.unlink()
    unfinished.rename(HTML_MANAGER)
    return ""


def _uamqp() -> str:
    if SDK_ON_UAMQP.exists():
        return ""
    unfinished = SDK_ON_UAMQP.with_suffix(".unfinished")
    venv.create(unfinished, clear=True, with_pip=True)
    pip = [str(python_of(unfinished)), "-m", "pip", "install", "--quiet"]
    # Without a wheel it would be compiled, for minutes.
    problem = _run([*pip, "--only-binary=:all:", *_ON_UAMQP], HERE)
    if not problem:
        unfinished.rename(SDK_ON_UAMQP)
    return problem


def release(version: str) -> tuple[Path, Path]:
    """The Python that a release of the SDK runs on, and the folder to put on its path.

    Either may be missing; a version that is not unpacked is the one that is installed.
    """
    if version not in _RELEASES:
        return Path(sys.executable), NOWHERE
    on_uamqp = version.startswith("7.8")
    python = python_of(SDK_ON_UAMQP) if on_uamqp else Path(sys.executable)
    return python, RELEASES / version


def _unpacked() -> Iterator[tuple[Path, str]]:
    """What is not installed, but put on the path of who wants it."""
    for version in _RELEASES:
        yield RELEASES / version, f"azure-servicebus=={version}"
    yield EARLIER_KERNEL, _EARLIER_KERNEL


def _unpack(package: str, folder: Path) -> str:
    if folder.exists():
        return ""
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    problem = _run([*pip, "--target", str(unfinished), package], HERE)
    if not problem:
        unfinished.rename(folder)
    return problem


def _run(command: list[str], cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    return f"{' '.join(command)} failed:\n{done.stderr}" if done.returncode else ""


if __name__ == "__main__":
    install()
