import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sbtutorial import cli
from sbtutorial.errors import TutorialError
from sbtutorial.folders import runtime_folder
from sbtutorial.health import examination
from sbtutorial.health.doctor import doctor
from sbtutorial.health.examination import Finding, Kind
from sbtutorial.hosting import background, control_client
from sbtutorial.hosting.control_client import ControlClient
from sbtutorial.hosting.runtime_files import BrokerRecord, RuntimeFiles
from sbtutorial.hosting.thread import ThreadedBroker
from sbtutorial.lab import azure
from sbtutorial.setup import requirements
from sbtutorial.setup.requirements import Requirement

SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQ="
AZURE = (
    "Endpoint=sb://contoso.servicebus.windows.net/;SharedAccessKeyName=Root;"
    f"SharedAccessKey={SECRET}"
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run-time files of this test's own, and packages that fit."""
    monkeypatch.setenv("SBTUTORIAL_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SBTUTORIAL_CONNECTION_STRING", raising=False)
    monkeypatch.setattr(requirements, "requirements", lambda *_: [Requirement("pytest")])
    return tmp_path / "home"


@pytest.fixture
def broker(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadedBroker]:
    """A broker that is found as the background process would be."""
    with ThreadedBroker(certificates_folder=home / "certificates") as broker:
        port = control_client.parse_connection_string(broker.connection_string).port
        found = SimpleNamespace(
            control=ControlClient(broker.connection_string), record=SimpleNamespace(port=port)
        )
        monkeypatch.setattr(background, "find_all", lambda: [found])
        yield broker


def texts(kind: Kind) -> str:
    return "\n".join(map(str, (one for one in examination.examine() if one.kind is kind)))


def test_a_healthy_machine_has_no_problem(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor"]) == 0

    said = capsys.readouterr().out
    assert said.splitlines()[-1] == "Everything is in order."
    assert "no broker runs now" in said
    assert "offline" in said


IN_ORDER = """\
ok       Python
ok       environment
ok       packages
ok       run-time files
ok       where lessons run
ok       broker
ok       certificate

Everything is in order. print(doctor()) says what was found."""


def test_in_a_notebook_a_healthy_machine_is_told_of_as_any_other() -> None:
    found = doctor()

    assert repr(found) == IN_ORDER
    html = re.sub("<[^>]+>", " ", found._repr_html_())
    assert html.split() == repr(found).split()
    assert "no broker runs now" in str(found)
    assert str(found).endswith("\n\nEverything is in order.")


def test_in_a_notebook_what_is_wrong_is_told_whole_and_the_rest_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fine, leak = Finding(Kind.OK, "it stands"), Finding(Kind.PROBLEM, "it leaks", "mend it")
    looks = {
        "roof": lambda: iter([fine, leak]),
        "door": lambda: iter([Finding(Kind.OK, "it shuts")]),
    }
    monkeypatch.setattr(examination, "LOOKS", looks)

    assert repr(doctor()).splitlines() == [
        "PROBLEM  it leaks",
        "         → mend it",
        "ok       door",
        "",
        "1 to put right: what to do stands behind the arrows. print(doctor()) says what was found.",
    ]
    assert "it leaks → mend it" in doctor()._repr_html_()


def test_a_problem_comes_with_a_remedy_and_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    problem = Finding(Kind.PROBLEM, "the roof leaks", "mend it")
    monkeypatch.setattr(examination, "LOOKS", {"roof": lambda: iter([problem])})

    assert cli.main(["doctor"]) == 1
    assert capsys.readouterr().out.splitlines()[:2] == [
        "PROBLEM  the roof leaks",
        "         → mend it",
    ]


def test_an_old_python_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination.python_version, "complaint", lambda: "install a newer one")

    assert "install a newer one" in texts(Kind.PROBLEM)


def test_a_missing_package_and_one_out_of_bounds_are_problems(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wanted = [Requirement("no-such-package"), Requirement("pytest", "1", "2")]
    monkeypatch.setattr(requirements, "requirements", lambda *_: wanted)

    problems = texts(Kind.PROBLEM)
    assert "not installed: no-such-package" in problems
    assert f"pytest is {pytest.__version__}, and pytest>=1,<2 is wanted" in problems


def test_who_has_a_wheel_for_its_broker_lacks_no_lesson_and_is_sent_to_no_clone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nor is their release of the SDK anybody's affair."""
    needed = {"": [Requirement("h11")], "lab": [Requirement("azure-servicebus", "7.15", "8")]}
    found = {"h11": "0.16", "azure-servicebus": "7.14.0"}
    monkeypatch.setattr(requirements, "clone_folder", lambda: None)
    monkeypatch.setattr(requirements, "requirements", lambda *extras: needed["".join(extras)])
    monkeypatch.setattr(requirements, "installed_version", found.get)
    assert texts(Kind.PROBLEM) == ""
    assert '-m pip install "sbtutorial[lab]"' in texts(Kind.NOTE)

    found["jupyterlab"] = "4.6"
    assert "azure-servicebus is 7.14.0" in texts(Kind.PROBLEM)
    assert "clone" not in texts(Kind.PROBLEM)


def test_a_broker_that_runs_is_described(broker: ThreadedBroker) -> None:
    port = control_client.parse_connection_string(broker.connection_string).port

    assert f"port {port}, up for" in texts(Kind.OK)


def test_the_brokers_certificate_is_tried_by_a_handshake(broker: ThreadedBroker) -> None:
    assert "certificate is trusted" in texts(Kind.OK)


def test_a_broker_with_another_certificate_is_a_problem(
    broker: ThreadedBroker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "trusted" in texts(Kind.OK)  # the broker has made its own by now
    monkeypatch.setenv("SBTUTORIAL_HOME", str(tmp_path / "other"))

    problems = texts(Kind.PROBLEM)
    assert "certificate is refused" in problems
    assert "→ delete" in problems


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such modes")
def test_run_time_files_that_others_can_read_are_a_problem(home: Path) -> None:
    home.mkdir(mode=0o755)

    assert "open to others" in texts(Kind.PROBLEM)


def test_the_key_of_a_connection_string_is_never_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SBTUTORIAL_CONNECTION_STRING", AZURE)
    monkeypatch.setattr(azure, "describe_azure", lambda *_: "azure: contoso")

    assert cli.main(["doctor"]) == 0

    said = capsys.readouterr().out
    assert "contoso.servicebus.windows.net" in said
    assert SECRET not in said


def test_a_connection_string_that_cannot_be_read_is_a_problem_without_its_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = AZURE.replace("Endpoint=sb", "Endpoint=http")
    monkeypatch.setenv("SBTUTORIAL_CONNECTION_STRING", broken)

    problems = texts(Kind.PROBLEM)
    assert "it must be sb://" in problems
    assert SECRET not in problems


def test_a_service_that_does_not_answer_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> str:
        raise TutorialError("Nothing usable answers at contoso.")

    monkeypatch.setenv("SBTUTORIAL_CONNECTION_STRING", AZURE)
    monkeypatch.setattr(azure, "describe_azure", refuse)

    assert "Nothing usable answers at contoso." in texts(Kind.PROBLEM)


def test_what_needs_a_missing_package_is_left_out_and_the_rest_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broker(*_: Any) -> None:
        raise ModuleNotFoundError(name="platformdirs")

    monkeypatch.setattr(background, "find_all", broker)

    assert "broker not looked at: platformdirs is missing" in texts(Kind.NOTE)
    assert "run-time files are private" in texts(Kind.OK)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"BINDER_LAUNCH_HOST": "https://mybinder.org/"}, "on Binder"),
        ({"BINDER_LAUNCH_HOST": "x", "JUPYTERHUB_USER": "ada"}, "on Binder"),
        ({"JUPYTERHUB_USER": "ada"}, "on a JupyterHub"),
    ],
)
def test_the_kind_of_environment_is_told(
    environ: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    assert words in texts(Kind.OK)


def test_a_conda_environment_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("BINDER_LAUNCH_HOST", "JUPYTERHUB_USER"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "conda-meta").mkdir()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))

    assert f"in a conda environment: {tmp_path}" in texts(Kind.OK)


@pytest.mark.parametrize("content", ["", "{", '{"pid": 1}', "\0\1"])
def test_a_damaged_record_is_a_problem_with_a_remedy(home: Path, content: str) -> None:
    home.mkdir(mode=0o700)
    (home / "shop.json").write_text(content)

    problems = texts(Kind.PROBLEM)
    assert "the record of the broker 'shop' is " in problems
    assert f"→ delete {home / 'shop.json'}" in problems


def test_a_broker_that_lives_and_does_not_answer_is_a_problem(home: Path) -> None:
    files = RuntimeFiles(runtime_folder(), "shop")
    record = BrokerRecord("shop", 1, 9, "Root", SECRET, 1.0, "0.1.0", "Standard")
    files.write(record)
    with files.claim() or pytest.fail("nobody else has it"):
        problems = texts(Kind.PROBLEM)

    assert "The broker of 'shop'" in problems
    assert "lives, but does not answer" in problems
    assert SECRET not in problems


def test_what_several_looks_find_is_told_once(home: Path) -> None:
    home.touch()

    assert texts(Kind.PROBLEM).count("is a link or a file, not a folder") == 1
