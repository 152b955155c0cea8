"""The wheel, as a stranger has it: built, in an empty environment, beside an SDK of theirs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sbtutorial.setup.installing import explain

pytestmark = [pytest.mark.bootstrap, pytest.mark.timeout(600)]

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
TOOLS = ("pytest", "pytest-xdist", "pytest-asyncio")


def run(folder: Path, *command: str | Path) -> str:
    """What a command says that knows nothing of our own environment; skips without a network."""
    ours = ("PYTEST", "PYTHON", "SBTUTORIAL", "SSL_CERT", "REQUESTS_CA", "VIRTUAL_ENV")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environ | {"SBTUTORIAL_HOME": str(folder / "home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    if done.returncode and CANNOT_BE_REACHED in explain("pip", done.stdout.splitlines()):
        pytest.skip("the package index cannot be reached")
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with the wheel, without extras."""
    if "bootstrap" not in request.config.option.markexpr:
        pytest.skip("builds and installs, from the network; runs with: pytest -m bootstrap")
    folder = tmp_path_factory.mktemp("wheel")
    left_out = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "my_lessons")
    shutil.copytree(CLONE, folder / "clone", ignore=left_out)
    own = Path(sys.executable)
    run(folder, own, "-m", "pip", "wheel", "-q", "--no-deps", "./clone", "-w", "dist")
    run(folder, own, "-m", "venv", "environment")
    scripts = folder / "environment" / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / own.name
    (wheel,) = (folder / "dist").glob("*.whl")
    run(folder, python, "-m", "pip", "install", "-q", wheel, SDK, *TOOLS)
    return python


def test_it_brings_no_jupyter_and_leaves_the_sdk_as_it_is(python: Path, tmp_path: Path) -> None:
    lines = run(tmp_path, python, "-m", "pip", "list", "--format=freeze").splitlines()
    assert SDK in lines
    names = {line.partition("=")[0] for line in lines}
    assert names.isdisjoint({"jupyterlab", "ipykernel", "matplotlib", "aiohttp"})


@pytest.mark.parametrize("options", [(), ("-n", "2"), ("--asyncio-mode=auto",)], ids=str)
def test_a_test_of_five_lines_passes(
    python: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    source = "from azure.servicebus import ServiceBusClient, ServiceBusMessage\n" + FIVE_LINES
    (tmp_path / "test_orders.py").write_text(source)
    said = run(tmp_path, python, "-W", "ignore", "-m", "pytest", "-q", *options)
    assert "1 passed" in said


def test_the_page_for_its_readers_comes_along(python: Path, tmp_path: Path) -> None:
    code = "from importlib.resources import files; print(files('sbtutorial') / 'docs/testing.md')"
    page = Path(run(tmp_path, python, "-c", code).strip())
    assert page.read_text("utf-8").startswith("# A Service Bus for your own tests")
