"""A real JupyterLab in a clone of its own, and its window in a real Chromium."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread, Timer

import nbformat
import psutil
from nbformat import NotebookNode
from playwright.sync_api import Page, sync_playwright

from sbtutorial.requirements import lacking, requirements
from tests.notebooks.lessons import LESSONS, ROOT, private_environment

LIMIT_SECONDS = 60
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, _PROGRAMS)), None)
_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
# Every cell is in the page, also one far below; and nobody is asked whether to fetch news.
_SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
_ADDRESS = re.compile(r"(http://127\.0\.0\.1:\d+)(/lab\S*)\?token=(\w+)")


def what_is_missing() -> str:
    """Why there can be no window here; "" if there can."""
    if CHROMIUM is None:
        return f"there is no Chromium: none of {', '.join(_PROGRAMS)} is on the PATH"
    if lacks := lacking(requirements("lab")):
        names = ", ".join(lack.requirement.name for lack in lacks)
        return f"`sbtutorial lab` would first install {names}"
    return ""


class Server:
    """A JupyterLab that `python -m sbtutorial lab` has started.

    Attributes:
        notebooks: Its folder, with the lessons as if never run.
        first_url: What it prints for the reader to open.
    """

    def __init__(self, notebooks: Path, address: re.Match[str]) -> None:
        self.notebooks = notebooks
        self.first_url = address[0]
        self._origin, _, self._token = address.groups()

    def url(self, notebook: str) -> str:
        """Where a notebook opens by itself, in a workspace that remembers nothing."""
        return f"{self._origin}/lab/tree/{notebook}.ipynb?reset&token={self._token}"

    def write(self, name: str, notebook: NotebookNode) -> None:
        """Put a notebook beside the lessons."""
        nbformat.write(notebook, self.notebooks / f"{name}.ipynb")


@contextmanager
def running_server() -> Iterator[Server]:
    """A JupyterLab on copies of the lessons, without their outputs; ended with all it started."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder, private_environment() as outer:
        clone = Path(folder)
        _copy_project(clone)
        _write_settings(Path(outer["JUPYTER_CONFIG_DIR"]))
        packages = os.pathsep.join((str(clone), outer["PYTHONPATH"]))
        process = _start(clone, {**outer, "PYTHONPATH": packages})
        try:
            yield Server(clone / "notebooks", _address(process))
        finally:
            _end(process)


def _copy_project(clone: Path) -> None:
    unwanted = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "sbtutorial", clone / "sbtutorial", ignore=unwanted)
    shutil.copy(ROOT / "pyproject.toml", clone)
    (clone / "notebooks").mkdir()
    for lesson in LESSONS:
        notebook = nbformat.read(lesson, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.update(outputs=[], execution_count=None)
        nbformat.write(notebook, clone / "notebooks" / lesson.name)


def _write_settings(configuration: Path) -> None:
    for name, settings in _SETTINGS.items():
        path = configuration / f"lab/user-settings/@jupyterlab/{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(settings))


def _start(clone: Path, environment: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sbtutorial", "lab", "--no-browser", "--port=0", "--allow-root"],
        cwd=clone,
        env=dict(environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    )


def _address(process: subprocess.Popen[str]) -> re.Match[str]:
    """What the server prints when it is ready; then let it print on, heard by nobody."""
    assert process.stderr is not None
    watchdog = Timer(LIMIT_SECONDS, process.kill)
    watchdog.start()
    said = []
    for line in process.stderr:
        said.append(line)
        if address := _ADDRESS.search(line):
            watchdog.cancel()
            Thread(target=process.stderr.read, daemon=True).start()
            return address
    raise AssertionError(f"JupyterLab did not start:\n{''.join(said)}")


def _end(process: subprocess.Popen[str]) -> None:
    started = [process, *psutil.Process(process.pid).children(recursive=True)]
    for one in started:
        with suppress(psutil.NoSuchProcess):
            one.terminate()
    process.wait(LIMIT_SECONDS)


@contextmanager
def chromium(width: int = 1280, height: int = 900) -> Iterator[Page]:
    """One page of a new browser; `width` and `height` in CSS pixels."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_FLAGS))
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(LIMIT_SECONDS * 1000)
        try:
            yield page
        finally:
            browser.close()
