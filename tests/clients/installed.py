"""Clients of other makers: where they are, and how they get there.

    python -m tests.clients.installed
    python -m tests.clients.installed overnight

brings those that come from npm and PyPI, into folders that git ignores: what each run needs, or
also what is left for the night. Qpid Proton comes with the system (Debian: `python3-qpid-proton`).
What is not there is skipped by its tests.
"""

import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path

HERE = Path(__file__).parent
HOW = "python -m tests.clients.installed"
HOW_OVERNIGHT = f"{HOW} overnight"
NODE_PROGRAMS = HERE / "node"
PYTHON_PROGRAMS = HERE / "python"
_INSTALLED = HERE / ".installed"
NOWHERE = HERE  # on the path of a release that is installed anyway

# Environments of their own. uAMQP has wheels for some systems only, and nothing else needs it.
SDK_ON_UAMQP = _INSTALLED / "on_uamqp"
# 7.8 and 7.9 of the SDK, which run there too, need the last three.
_ON_UAMQP = (
    *("azure-servicebus>=7.15,<8", "uamqp==1.6.11"),
    *("msrest>=0.7,<1", "six>=1.16,<2", "aiohttp>=3.10,<4"),
)
CELERY = _INSTALLED / "celery"
_CELERY = ("celery>=5.7,<6", "azure-servicebus>=7.15,<8")
FASTAPI = _INSTALLED / "fastapi"
_FASTAPI = (
    *("fastapi>=0.115,<1", "uvicorn>=0.32,<1", "azure-servicebus>=7.15,<8"),
    "uvloop>=0.21,<1; sys_platform != 'win32'",
)
AIRFLOW = _INSTALLED / "airflow"  # 290 MB
_AIRFLOW = ("apache-airflow-providers-microsoft-azure>=12,<16",)

# Packages without an environment: on the path of who wants them.
# Earlier releases of today's SDK; what they need else is here already.
RELEASES = _INSTALLED / "releases"
# The SDKs of 2019 and 2020, with all that they need, in versions of those years.
EARLIER_SDKS = _INSTALLED / "earlier_sdks"
_EARLIER_SDKS = ("0.21.1", "0.50.3")
# The kernel before today's, for the tests in a browser: no view is answered while a cell is busy.
EARLIER_KERNEL = _INSTALLED / "earlier_kernel"
_EARLIER_KERNEL = "ipykernel>=6.30,<7"
# What shows widgets where there is no Jupyter, in VS Code and on web pages: two files as they are.
HTML_MANAGER = _INSTALLED / "html_manager"
_OF_HTML_MANAGER = {
    "@jupyter-widgets/html-manager@1.0.15": "package/dist/embed-amd.js",
    "requirejs@2.3.8": "package/require.js",
}

# Proton may be where the system keeps its own packages.
_MAY_HAVE_PROTON = (sys.executable, "/usr/bin/python3", "python3")
Way = Callable[[], str]  # brings something, and says what went wrong


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


def by_day() -> Iterator[Way]:
    """Ways to bring what each run of the tests needs."""
    yield _npm
    yield partial(_once, HTML_MANAGER, _html_manager)
    yield partial(_environment, SDK_ON_UAMQP, _ON_UAMQP)
    yield partial(_environment, CELERY, _CELERY)
    yield partial(_environment, FASTAPI, _FASTAPI)
    yield partial(_unpack, EARLIER_KERNEL, _EARLIER_KERNEL, "--no-deps")
    for version in _EARLIER_SDKS:
        yield partial(_unpack, EARLIER_SDKS / version, f"azure-servicebus=={version}")
    yield from _releases(overnight=False)


def overnight() -> Iterator[Way]:
    """Ways to bring that, and what only the night needs."""
    yield from by_day()
    yield partial(_environment, AIRFLOW, _AIRFLOW)
    yield from _releases(overnight=True)


def _releases(*, overnight: bool) -> Iterator[Way]:
    from tests.clients import releases

    for version in releases.unpacked(one.version for one in releases.RELEASES):
        if (version not in releases.BY_DAY) is overnight:
            folder = RELEASES / version
            yield partial(_unpack, folder, f"azure-servicebus=={version}", "--no-deps")


def install(ways: Iterator[Way]) -> None:
    """Bring all that can be brought here, side by side, and say what could not."""
    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(way) for way in ways]:
            if problem := done.result():
                print(f"Going on without some clients. {problem}", file=sys.stderr)


def _npm() -> str:
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not installed."
    if _has_packages():
        return ""
    return _run([npm, "ci", "--no-audit", "--no-fund", "--silent"], NODE_PROGRAMS)


def _html_manager(unfinished: Path) -> str:
    """The files alone: with all that it was built from they would be a hundred packages."""
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not installed."
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
    return ""


def _environment(folder: Path, requirements: Sequence[str]) -> str:
    def make(unfinished: Path) -> str:
        python = str(python_of(unfinished))
        return _uv("venv", "--python", sys.executable, str(unfinished)) or _uv(
            # Without a wheel it would be compiled, for minutes.
            *("pip", "install", "--no-build", "--python", python, *requirements)
        )

    return _once(folder, make)


def _unpack(folder: Path, package: str, *options: str) -> str:
    def make(unfinished: Path) -> str:
        target = ("--python", sys.executable, "--target", str(unfinished))
        return _uv("pip", "install", "--no-build", *options, *target, package)

    return _once(folder, make)


def _once(folder: Path, make: Callable[[Path], str]) -> str:
    """Make a folder unless it is there; what is begun and not finished is not taken for it."""
    if folder.exists():
        return ""
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    problem = make(unfinished)
    if not problem:
        unfinished.rename(folder)
    return problem


def _uv(*arguments: str) -> str:
    """Brings many packages at a fraction of what pip takes."""
    return _run([sys.executable, "-m", "uv", "--quiet", *arguments], HERE)


def _run(command: list[str], cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    return f"{' '.join(command)} failed:\n{done.stderr}" if done.returncode else ""


if __name__ == "__main__":
    install(overnight() if sys.argv[1:] == ["overnight"] else by_day())
