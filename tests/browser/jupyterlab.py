"""A real JupyterLab, in a clone of its own, as a learner gets it from `sbtutorial lab`."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread, Timer
from typing import NamedTuple
from urllib.request import Request, urlopen

import nbformat
import psutil
from nbformat import NotebookNode
from urllib3 import Retry, request

from sbtutorial.lessons.working_copy import FOLDER
from tests.clients.installed import EARLIER_KERNEL as EARLIER_KERNEL_FOLDER
from tests.notebooks.lessons import LESSONS, ROOT, private_environment

Settings = Mapping[str, object]

LIMIT_SECONDS = 120
EARLIER_KERNEL = "earlier"  # the name of a kernel that is there when its packages are
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
_GOODBYE_SECONDS = 10
# A test changes the theme by the command that a menu has for it.
_OPTIONS = ("--no-browser", "--port=0", "--allow-root", "--expose-app-in-browser")
# Every cell is in the page, also one far below.
_SETTINGS: dict[str, Settings] = {
    "notebook-extension/tracker": {"windowingMode": "none", "scrollPastEnd": False},
}
_ADDRESS = re.compile(r"(?P<origin>http://127\.0\.0\.1:\d+)(?P<path>/lab\S*)\?token=(?P<token>\w+)")


class Place(NamedTuple):
    """Where to find a notebook, and how one sees that all of it is there.

    Attributes:
        url: Opens it, and the front end with it.
        path: As the server calls it.
        code_cell_count: Of its cells of code.
        workspace: How the address of a page begins in which it can be opened, too; "" if it is only
            to be had by its own.
    """

    url: str
    path: str
    code_cell_count: int
    workspace: str = ""


class Server:
    """A JupyterLab that `python -m sbtutorial lab` has started.

    Attributes:
        notebooks: Its folder: the learner's copy, with the lessons as if never run.
        first: What it prints for the reader to open.
        workspace: How the addresses of what opens by itself begin.
    """

    def __init__(self, notebooks: Path, address: re.Match[str]) -> None:
        self.notebooks = notebooks
        self.first = self._place(address[0], Path(address["path"]).stem)
        self._origin, self._token = address["origin"], address["token"]
        self.workspace = f"{self._origin}/lab/workspaces/by-itself"

    def place(self, notebook: str) -> Place:
        """Where a notebook opens by itself, in a workspace that remembers nothing.

        The learner's own, which `first` opens, is left as it is.
        """
        url = f"{self.workspace}/tree/{notebook}.ipynb?reset&token={self._token}"
        return self._place(url, notebook)._replace(workspace=self.workspace)

    def place_in_notebook_7(self, notebook: str) -> Place:
        """Where it opens in Jupyter Notebook, the front end without a place beside the notebook."""
        url = f"{self._origin}/notebooks/{notebook}.ipynb?token={self._token}"
        return self._place(url, notebook)

    def _place(self, url: str, notebook: str) -> Place:
        path = f"{notebook}.ipynb"
        cells = nbformat.read(self.notebooks / path, as_version=4).cells
        return Place(url, path, sum(cell.cell_type == "code" for cell in cells))

    def end_kernels(self) -> None:
        """Shut down what runs, so that the next notebook to open gets a kernel of its own."""
        for session in json.loads(self._ask("GET", "/api/sessions")):
            self._ask("DELETE", f"/api/sessions/{session['id']}")

    def _ask(self, method: str, path: str) -> bytes:
        authorization = {"Authorization": f"token {self._token}"}
        request = Request(self._origin + path, method=method, headers=authorization)
        with urlopen(request, timeout=LIMIT_SECONDS) as answer:
            content: bytes = answer.read()
        return content

    def write(self, name: str, notebook: NotebookNode) -> None:
        """Put a notebook beside the lessons."""
        nbformat.write(notebook, self.notebooks / f"{name}.ipynb")


@contextmanager
def running_server(theme: str = "light") -> Iterator[Server]:
    """A JupyterLab on a learner's copy of the lessons; ended with all it started.

    Args:
        theme: One of `THEMES`.
    """
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder, private_environment() as outer:
        clone = Path(folder)
        _copy_project(clone)
        themes = {"apputils-extension/themes": {"theme": THEMES[theme]}}
        _write_settings(Path(outer["JUPYTER_CONFIG_DIR"]), {**_SETTINGS, **themes})
        _offer_earlier_kernel(Path(outer["JUPYTER_DATA_DIR"]))
        packages = os.pathsep.join((str(clone), outer["PYTHONPATH"]))
        command = (sys.executable, "-m", "sbtutorial", "lab")
        with opened(command, clone, {**outer, "PYTHONPATH": packages}) as address:
            yield Server(clone / FOLDER, address)


@contextmanager
def opened(
    command: Sequence[str | Path], folder: Path, environment: Mapping[str, str]
) -> Iterator[re.Match[str]]:
    """What `sbtutorial lab` opens, however it is called; ended with all it started.

    Args:
        command: `lab` of some installation.
        folder: Where it is called.
        environment: Of variables.
    """
    process = _start(command, folder, environment)
    try:
        address = _address(process)
        _wait_until_it_answers(address["origin"])
        yield address
    finally:
        _end(process)


def _copy_project(clone: Path) -> None:
    unwanted = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "sbtutorial", clone / "sbtutorial", ignore=unwanted)
    shutil.copy(ROOT / "pyproject.toml", clone)
    (clone / "notebooks").mkdir()
    for lesson in LESSONS:
        shutil.copy(lesson, clone / "notebooks")


def _write_settings(configuration: Path, settings_by_plugin: Mapping[str, Settings]) -> None:
    for name, settings in settings_by_plugin.items():
        path = configuration / f"lab/user-settings/@jupyterlab/{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings))


def _offer_earlier_kernel(data: Path) -> None:
    """A kernel of its own name, which finds its own ipykernel before that of the environment."""
    folder = data / "kernels" / EARLIER_KERNEL
    folder.mkdir(parents=True)
    specification = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Python 3 (ipykernel 6)",
        "language": "python",
        "env": {"PYTHONPATH": os.pathsep.join((str(EARLIER_KERNEL_FOLDER), "${PYTHONPATH}"))},
    }
    (folder / "kernel.json").write_text(json.dumps(specification))


def _start(
    command: Sequence[str | Path], folder: Path, environment: Mapping[str, str]
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*command, *_OPTIONS],
        cwd=folder,
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


def _wait_until_it_answers(origin: str) -> None:
    """What a server prints when it starts, it prints before it listens."""
    patience = Retry(total=40, backoff_factor=0.1, backoff_max=1)
    request("GET", f"{origin}/api", retries=patience, timeout=LIMIT_SECONDS)


def _end(process: subprocess.Popen[str]) -> None:
    """Ask it to end, and its kernels with it; who has not ended in time is killed."""
    server = psutil.Process(process.pid)
    started = [server, *server.children(recursive=True)]
    process.terminate()
    _, left = psutil.wait_procs(started, _GOODBYE_SECONDS)
    for one in left:
        with suppress(psutil.NoSuchProcess):
            one.kill()
    process.wait()
