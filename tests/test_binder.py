"""What Binder makes of this repository, by its own tool, and the same steps in a bare environment.

repo2docker is asked for its Dockerfile only, so no Docker is needed. What it says of this clone and
not of a repository that has nothing is what `binder/` does.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread, Timer
from urllib.parse import parse_qs, urlsplit

import nbformat
import psutil
import pytest
from urllib3 import Retry, request

from sbtutorial.connection_string import VARIABLE
from sbtutorial.folders import HOME_VARIABLE
from sbtutorial.lessons.working_copy import FOLDER
from sbtutorial.setup.installing import explain
from tests.notebooks.lessons import ROOT, stop_brokers
from tests.notebooks.normal_form import normal_form

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Binder's machines run Linux")
PIP_INSTALL = '${KERNEL_PYTHON_PREFIX}/bin/pip install --no-cache-dir -r "binder/requirements.txt"'
MAKE_START_RUN = 'chmod +x "${REPO_DIR}/binder/start"'
BADGE_ADDRESS = re.compile(r"https://mybinder\.org/v2/[^\s)\]>]+")
TOKEN = "let-me-in"
START, OPTIONS = "binder/start", "--no-browser --ip 127.0.0.1 --port 0 --allow-root"
LIMIT_SECONDS = 60
CANNOT_BE_REACHED = "cannot be reached"  # as `explain` has it
# A developer's own settings.
LEFT_OUT = re.compile(rf"PYTHON|JUPYTER|JPY_|IPYTHON|VIRTUAL_ENV|{VARIABLE}$")


def dockerfile(repository: Path) -> list[str]:
    """The instructions that repo2docker would build a repository with."""
    as_binder_does = ("--user-id", "1000", "--user-name", "jovyan")
    said = subprocess.run(
        [sys.executable, "-m", "repo2docker", "--no-build", "--debug", *as_binder_does, repository],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    assert said.returncode == 0, said.stdout
    _, begin, instructions = said.stdout.partition("FROM ")
    return [line for line in (begin + instructions).splitlines() if line and line[0] != "#"]


@pytest.fixture(scope="module")
def of_this_clone() -> list[str]:
    pytest.importorskip("repo2docker", reason="needs Binder's tool: jupyter-repo2docker")
    return dockerfile(ROOT)


@pytest.fixture(scope="module")
def of_nothing(of_this_clone: list[str], tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The same for a repository that only says which Python it wants."""
    repository = tmp_path_factory.mktemp("nothing")
    (repository / "binder").mkdir()
    shutil.copy(ROOT / "binder" / "runtime.txt", repository / "binder")
    return dockerfile(repository)


@pytest.fixture(scope="module")
def steps(of_this_clone: list[str], of_nothing: list[str]) -> list[str]:
    """The commands that an image has because of `binder/`, in order."""
    own = commands_in_one_only(of_this_clone, of_nothing)
    return [line for line in own if not line.startswith("ENV ")]


def commands_in_one_only(one: list[str], other: list[str]) -> list[str]:
    own = [line for line in one if line not in other and not line.startswith("COPY ")]
    return [line.removeprefix("RUN ") for line in own]


@pytest.fixture(scope="module")
def address() -> str:
    """Where the badge in the README leads."""
    found = BADGE_ADDRESS.findall((ROOT / "README.md").read_text("utf-8"))
    assert len(found) == 1, "the README has one badge, and its address once"
    return found[0]


def test_binder_adds_pip_and_post_build_and_no_package_of_the_systems(steps: list[str]) -> None:
    assert steps == [PIP_INSTALL, "chmod +x binder/postBuild", "./binder/postBuild", MAKE_START_RUN]


def test_binder_starts_the_server_through_ours(of_this_clone: list[str]) -> None:
    assert 'ENV R2D_ENTRYPOINT="${REPO_DIR}/binder/start"' in of_this_clone


def test_a_package_of_the_systems_would_be_noticed(of_nothing: list[str], tmp_path: Path) -> None:
    (tmp_path / "binder").mkdir()
    shutil.copy(ROOT / "binder" / "runtime.txt", tmp_path / "binder")
    (tmp_path / "binder" / "apt.txt").write_text("gcc\n")

    assert "gcc" in " ".join(commands_in_one_only(dockerfile(tmp_path), of_nothing))


def test_binder_adds_no_second_environment(of_this_clone: list[str]) -> None:
    """One more turn of conda's solver would cost a minute of each build."""
    assert not any("env update" in line for line in of_this_clone)


def test_the_repository_is_there_when_pip_installs_it(of_this_clone: list[str]) -> None:
    whole_clone = "COPY --chown=1000:1000 src/ ${REPO_DIR}/"

    assert of_this_clone.index(whole_clone) < of_this_clone.index(f"RUN {PIP_INSTALL}")


def test_nothing_of_ours_runs_as_root(of_this_clone: list[str]) -> None:
    users = {}
    user = ""
    for line in of_this_clone:
        user = line.removeprefix("USER ") if line.startswith("USER ") else user
        users[line] = user

    assert {users[f"RUN {PIP_INSTALL}"], users["RUN ./binder/postBuild"]} == {"${NB_USER}"}


def test_the_badge_opens_lesson_00_in_jupyterlab(address: str) -> None:
    [path] = parse_qs(urlsplit(address).query)["urlpath"]
    opened = path.removeprefix("lab/tree/")

    folder, _, lesson = opened.partition("/")

    assert opened != path
    assert folder == FOLDER
    assert (ROOT / "notebooks" / lesson).is_file()
    assert lesson.startswith("00_")


def test_the_repositorys_address_on_binder_stands_in_one_place(address: str) -> None:
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ).stdout.split("\0")
    texts = [(ROOT / name).read_bytes() for name in files if name and (ROOT / name).is_file()]

    assert sum(text.count(address.encode()) for text in texts) in (0, 1)  # 0 outside of git


# --- the same steps, in a bare environment --------------------------------------------------------


class Image:
    """What stands for Binder's image: a home that is the clone, and a Python of its own."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "jovyan"
        self.prefix = folder / "notebook"
        self.brokers = folder / "brokers"
        left_out = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", FOLDER)
        shutil.copytree(ROOT, self.home, ignore=left_out)
        self.make_environment()

    def make_environment(self) -> None:
        subprocess.run([sys.executable, "-m", "venv", self.prefix], check=True)

    def installed(self) -> set[str]:
        """The names of its packages."""
        return set(self.run("pip list --format=freeze | sed 's/==.*//'").split())

    @property
    def environment(self) -> dict[str, str]:
        outer = {name: text for name, text in os.environ.items() if not LEFT_OUT.match(name)}
        user = Path.home()
        return {
            **outer,
            "HOME": str(self.home),
            "REPO_DIR": str(self.home),
            "KERNEL_PYTHON_PREFIX": str(self.prefix),
            "PATH": os.pathsep.join([str(self.prefix / "bin"), os.environ["PATH"]]),
            HOME_VARIABLE: str(self.brokers),
            # pip as the user has set it, with what it has downloaded before, and a little quicker.
            "XDG_CONFIG_HOME": os.environ.get("XDG_CONFIG_HOME", str(user / ".config")),
            "PIP_CACHE_DIR": os.environ.get("PIP_CACHE_DIR", str(user / ".cache" / "pip")),
            "PIP_NO_COMPILE": "1",
            "PIP_RETRIES": "10",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }

    def run(self, step: str) -> str:
        """Run one command of the Dockerfile, but for pip's not looking into its cache."""
        done = subprocess.run(
            ["bash", "-c", step.replace(" --no-cache-dir", "")],
            cwd=self.home,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        if done.returncode:
            if CANNOT_BE_REACHED in (failure := explain(step, done.stdout.splitlines())):
                pytest.skip(failure)
            pytest.fail(f"{step} said:\n{done.stdout}")
        return done.stdout


class ImageByUv(Image):
    """An image in which uv installs what pip would, at a fraction of the cost."""

    @property
    def environment(self) -> dict[str, str]:
        cache = os.environ.get("UV_CACHE_DIR", str(Path.home() / ".cache" / "uv"))
        return super().environment | {"UV_CACHE_DIR": cache}

    def make_environment(self) -> None:
        without_pip = ("-m", "venv", "--without-pip", self.prefix)
        subprocess.run([sys.executable, *without_pip], check=True)

    def installed(self) -> set[str]:
        return set(super().run(f"{self._uv('list')} --format=freeze | sed 's/==.*//'").split())

    def run(self, step: str) -> str:
        # To pip `--only-binary=:all:` is no word about the clone itself; to uv it is.
        install = f"{self._uv('install')} --no-binary sbtutorial"
        return super().run(step.replace("${KERNEL_PYTHON_PREFIX}/bin/pip install", install))

    def _uv(self, command: str) -> str:
        return f"'{sys.executable}' -m uv --quiet pip {command} --python '{self.prefix}'"


BY_PIP = pytest.param(Image, id="by pip", marks=pytest.mark.overnight)


@pytest.fixture(params=[pytest.param(ImageByUv, id="by uv"), BY_PIP])
def image(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Image]:
    """An image before any step: by day uv fills it, by night pip, as Binder does."""
    image: Image = request.param(tmp_path)
    try:
        yield image
    finally:
        stop_brokers(image.brokers)


@contextmanager
def jupyterlab(image: Image) -> Iterator[str]:
    """JupyterLab in the image; its address, which may not answer yet."""
    server = subprocess.Popen(
        ["bash", "-c", f"exec {START} jupyter lab {OPTIONS}"],
        cwd=image.home,
        env=image.environment | {"JUPYTER_TOKEN": TOKEN},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        yield address_said_by(server)
    finally:
        end(server)


def address_said_by(server: "subprocess.Popen[str]") -> str:
    assert server.stderr
    watchdog = Timer(LIMIT_SECONDS, server.kill)
    watchdog.start()
    said = []
    for line in iter(server.stderr.readline, ""):
        said.append(line)
        if found := re.search(r"http://127\.0\.0\.1:\d+/", line):
            watchdog.cancel()
            return found[0]
    raise AssertionError(f"JupyterLab did not start:\n{''.join(said)}")


def end(server: "subprocess.Popen[str]") -> None:
    """It does not hear a signal that comes while it starts: then it is ended, and its own as well.

    Its last words are nobody's; what it has started may keep them open for as long as it likes.
    """
    assert server.stderr
    Thread(target=server.stderr.read, daemon=True).start()
    server.terminate()
    try:
        server.wait(LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        for process in (*psutil.Process(server.pid).children(recursive=True), server):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        server.wait(LIMIT_SECONDS)


def page(address: str) -> str:
    """What is there, as soon as something answers."""
    patience = Retry(total=10, backoff_factor=0.1, backoff_max=5)
    answer = request("GET", f"{address}?token={TOKEN}", retries=patience, timeout=LIMIT_SECONDS)
    assert answer.status == 200
    return answer.data.decode()


@pytest.mark.timeout(900)
def test_binders_steps_make_an_environment_that_opens_and_runs_lesson_00(
    steps: list[str], address: str, image: Image
) -> None:
    for step in steps:
        image.run(step)

    installed = image.installed()
    assert {"sbtutorial", "azure-servicebus", "jupyterlab", "matplotlib"} <= installed
    assert installed.isdisjoint({"pytest", "mypy", "ruff", "playwright", "jupyter-repo2docker"})
    assert list((image.home / ".cache" / "matplotlib").glob("fontlist-*.json"))

    [path] = parse_qs(urlsplit(address).query)["urlpath"]
    with jupyterlab(image) as server:
        assert "jupyter-config-data" in page(f"{server}{path}")

    lesson = image.home / path.removeprefix("lab/tree/")
    assert not any(cell.get("outputs") for cell in nbformat.read(lesson, 4).cells)
    image.run(f"{START} jupyter execute --inplace {lesson.relative_to(image.home)}")
    saved = nbformat.read(ROOT / "notebooks" / lesson.name, 4)
    assert normal_form(nbformat.read(lesson, 4)).cells == saved.cells
