"""The wheel, as a stranger has it: built, in an empty environment, beside an SDK of theirs.

What a program of tests needs of it is tried on this Python, the oldest and the newest, by night on
each that is here; its lessons, which bring JupyterLab, by night.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from sbtutorial.lessons.working_copy import FOLDER
from sbtutorial.setup.installing import explain
from tests.browser.jupyterlab import opened
from tests.notebooks.lessons import LESSONS

pytestmark = pytest.mark.timeout(1200)
by_night = pytest.mark.overnight
with_jupyter = pytest.mark.bootstrap

CLONE = Path(__file__).parents[2]
CANNOT_BE_REACHED = "cannot be reached"  # as `explain` has it
FIVE_LINES = """
def test_an_order_waits(servicebus):
    servicebus.create_queue("orders")
    with ServiceBusClient.from_connection_string(servicebus.connection_string) as client:
        client.get_queue_sender("orders").send_messages(ServiceBusMessage("tea"))
    assert servicebus.events("orders")[-1].what == "sent"
"""
# Older than the lessons' own, which pip must not mind.
SDK = "azure-servicebus==7.14.0"
VERSIONS = ("3.11", "3.12", "3.13")
BY_DAY = {VERSIONS[0], VERSIONS[-1], f"{sys.version_info.major}.{sys.version_info.minor}"}
TOOLS = ("pytest", "pytest-xdist", "pytest-asyncio")


def surroundings(folder: Path) -> dict[str, str]:
    """Variables that know nothing of our own environment, nor of anybody's home."""
    ours = ("PYTEST", "PYTHON", "SBTUTORIAL", "SSL_CERT", "REQUESTS_CA", "VIRTUAL_ENV", "JUPYTER")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    jupyter = {f"JUPYTER_{kind}_DIR": str(folder / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
    return environ | jupyter | {"SBTUTORIAL_HOME": str(folder / "home")}


def said_by(
    folder: Path, *command: str | Path, environ: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """The exit code of a command, a stranger's if nothing else is said, and what it says."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=surroundings(folder) if environ is None else environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    return done.returncode, done.stdout


def run(folder: Path, *command: str | Path, environ: Mapping[str, str] | None = None) -> str:
    """What a command says that succeeds; skips without a network."""
    code, said = said_by(folder, *command, environ=environ)
    if code and CANNOT_BE_REACHED in explain("pip", said.splitlines()):
        pytest.skip("the package index cannot be reached")
    assert code == 0, said
    return said


def uv(folder: Path, *command: str | Path) -> None:
    """Build and install in a fraction of the time, with what this machine's network wants."""
    run(folder, sys.executable, "-m", "uv", "--quiet", *command, environ=os.environ)


def python_of(version: str) -> Path | None:
    """An interpreter of this version, where there is one that can be run."""
    names = [sys.executable, shutil.which(f"python{version}")]
    versions = Path.home() / ".pyenv" / "versions"
    candidates = [Path(name) for name in names if name]
    for one in [*candidates, *versions.glob(f"{version}.*/bin/python")]:
        with suppress(OSError, subprocess.CalledProcessError):
            command = [one, "-c", "import sys; print('%s.%s' % sys.version_info[:2])"]
            if (
                subprocess.check_output(command, text=True, stderr=subprocess.PIPE)
                == f"{version}\n"
            ):
                return one
    return None


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    left_out = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "my_lessons")
    shutil.copytree(CLONE, folder / "clone", ignore=left_out)
    uv(folder, "build", "--wheel", "--python", sys.executable, "./clone", "-o", "dist")
    (wheel,) = (folder / "dist").glob("*.whl")
    return wheel


def by_day_or_night(version: str) -> object:
    """A version, to be tried each time, or overnight."""
    return pytest.param(version, marks=[] if version in BY_DAY else [by_night])


@pytest.fixture(scope="module", params=[*map(by_day_or_night, VERSIONS)])
def bare(
    request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Path]:
    """Makes an environment that has nothing but pip; gives its interpreter."""
    python = python_of(request.param)
    if python is None:
        pytest.skip(f"no Python {request.param} here")

    def made() -> Path:
        folder = tmp_path_factory.mktemp("empty")
        uv(folder, "venv", "--seed", "--python", python, "environment")
        programs = folder / "environment" / ("Scripts" if os.name == "nt" else "bin")
        return programs / ("python.exe" if os.name == "nt" else "python")

    return made


@pytest.fixture(scope="module")
def python(bare: Callable[[], Path], wheel: Path) -> Path:
    """The interpreter of an environment with the wheel, without extras."""
    python = bare()
    uv(python.parent, "pip", "install", "--python", python, wheel, SDK, *TOOLS)
    return python


@pytest.fixture(scope="module")
def with_lessons(request: pytest.FixtureRequest, bare: Callable[[], Path], wheel: Path) -> Path:
    """The interpreter of one that got its lessons by the command that `lab` says."""
    if "bootstrap" not in request.config.option.markexpr:
        pytest.skip("installs JupyterLab three times; runs with: pytest -m bootstrap")
    python = bare()
    folder = python.parent
    run(folder, python, "-m", "pip", "install", "-q", wheel)
    code, said = said_by(folder, python, "-m", "sbtutorial", "lab", "--allow-root")
    assert code == 1
    (command,) = re.findall("`(.+)`", said)
    run(folder, *shlex.split(command))
    return python


def test_it_brings_no_jupyter_and_leaves_the_sdk_as_it_is(python: Path, tmp_path: Path) -> None:
    lines = run(tmp_path, python, "-m", "pip", "list", "--format=freeze").splitlines()
    assert SDK in lines
    names = {line.partition("=")[0] for line in lines}
    assert names.isdisjoint({"jupyterlab", "ipykernel", "matplotlib", "aiohttp"})


@pytest.mark.parametrize(
    "options",
    [
        (),
        pytest.param(("-n", "2"), marks=by_night),
        pytest.param(("--asyncio-mode=auto",), marks=by_night),
    ],
    ids=str,
)
def test_a_test_of_five_lines_passes(
    python: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    source = "from azure.servicebus import ServiceBusClient, ServiceBusMessage\n" + FIVE_LINES
    (tmp_path / "test_orders.py").write_text(source)
    said = run(tmp_path, python, "-W", "ignore", "-m", "pytest", "-q", *options)
    assert "1 passed" in said


@by_night
def test_the_page_for_its_readers_comes_along(python: Path, tmp_path: Path) -> None:
    code = "from importlib.resources import files; print(files('sbtutorial') / 'docs/testing.md')"
    page = Path(run(tmp_path, python, "-c", code).strip())
    assert page.read_text("utf-8").startswith("# A Service Bus for your own tests")


def test_its_doctor_and_its_commands_send_nobody_to_a_clone(python: Path, tmp_path: Path) -> None:
    said = run(tmp_path, python, "-m", "sbtutorial", "doctor")
    assert "a broker for programs, without the lessons' packages" in said
    assert "clone" not in said
    assert said_by(tmp_path, python, "-m", "sbtutorial", "status") == (1, "No broker is running.\n")


@with_jupyter
def test_lab_in_an_empty_folder_puts_the_lessons_there_and_opens_the_first(
    with_lessons: Path, tmp_path: Path
) -> None:
    command = [with_lessons, "-m", "sbtutorial", "lab"]
    with opened(command, tmp_path, surroundings(tmp_path)) as address:
        assert address["path"] == "/lab/tree/00_start_here.ipynb"
    mine = tmp_path / FOLDER / "03_receive_messages.ipynb"
    assert json.loads(mine.read_text("utf-8"))["cells"]

    mine.write_text("mine")
    run(tmp_path, *command, "--version")
    assert mine.read_text() == "mine"
    assert {one.name for one in LESSONS} <= {one.name for one in (tmp_path / FOLDER).iterdir()}


@with_jupyter
def test_its_first_lesson_runs_and_is_restored_from_within(
    with_lessons: Path, tmp_path: Path
) -> None:
    run(tmp_path, with_lessons, "-m", "sbtutorial", "lab", "--version")
    lesson = tmp_path / FOLDER / "00_start_here.ipynb"
    convert = ("-m", "nbconvert", "--execute", "--to=notebook", "--inplace", lesson)
    run(lesson.parent, with_lessons, *convert)
    assert "Everything is in order." in lesson.read_text("utf-8")

    restore = "from sbtutorial import connect; connect().restore('00')"
    assert "00_start_here_mine.ipynb" in run(lesson.parent, with_lessons, "-c", restore)
    run(lesson.parent, with_lessons, "-m", "sbtutorial", "stop")
