import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sbtutorial import cli
from sbtutorial.commands import suite
from sbtutorial.errors import TutorialError
from sbtutorial.hosting import background
from sbtutorial.hosting.log_format import LogFormat
from sbtutorial.hosting.storage import Storage
from sbtutorial.lessons import places
from sbtutorial.setup import bootstrap, foreground
from sbtutorial.version import __version__

CLONE = Path(__file__).parents[1]
EMULATOR: dict[str, Any] = {
    "namespace": "sbemulatorns",
    "host": "localhost",
    "tier": "emulator",
    "key": "SAS_KEY_VALUE",
    "port": 5672,
    "also": [5300],
}
STATUS = {
    "namespace": "tutorial",
    "tier": "Standard",
    "pid": 77,
    "queues": 1,
    "connections": 0,
    "started_at": 0.0,
    "advanced_seconds": 0.0,
}


@pytest.fixture(autouse=True)
def _has_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test of the command line may install anything."""
    monkeypatch.setattr(bootstrap, "python_with", lambda *_: Path(sys.executable))
    monkeypatch.setattr(bootstrap, "ready_python", lambda *_: Path(sys.executable))
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)  # tests may run as root


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The command lines of programs that would have been run; each ends with 3."""
    run: list[list[str]] = []

    def record(command: list[Any], **_: Any) -> int:
        run.append([str(part) for part in command])
        return 3

    monkeypatch.setattr(foreground, "run", record)
    return run


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a broker that runs is asked to do."""
    made: list[str] = []

    class Control:
        def status(self) -> dict[str, Any]:
            return STATUS

        def shutdown(self) -> None:
            made.append("shutdown")

        def reset(self) -> None:
            made.append("reset")

    running = [
        SimpleNamespace(
            control=Control(),
            record=SimpleNamespace(port=4711, namespace=name),
            connection_string=f"Endpoint=sb://{name}",
        )
        for name in ("lesson-01", "tutorial")
    ]
    monkeypatch.setattr(background, "find_all", lambda: running)
    monkeypatch.setattr(background, "silent", lambda _=None: [])
    monkeypatch.setattr(background, "find", lambda name: running[1] if name == "tutorial" else None)
    return made


def test_help_has_a_line_for_each_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 0
    said = capsys.readouterr().out

    names = ["lab", "test", "serve", "export", "status", "stop", "reset", "doctor", "bench"]
    assert list(cli.COMMANDS) == names
    for name in names:
        assert re.search(rf"\n +{name} +\S", said)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_each_command_explains_itself_and_does_nothing(
    name: str, capsys: pytest.CaptureFixture[str], commands: list[list[str]]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([name, "--help"])

    assert ended.value.code == 0
    assert f"usage: sbtutorial {name}" in capsys.readouterr().out
    assert commands == []


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_the_help_of_each_command_ends_with_examples_that_it_understands(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        cli.main([name, "--help"])

    _, examples = capsys.readouterr().out.split("\nFor example:\n")
    for line in examples.splitlines():
        program, *arguments = shlex.split(line.partition(" > ")[0])
        assert program == "sbtutorial"
        assert cli.parse(arguments).command == name


def test_help_imports_nothing_that_takes_time() -> None:
    code = (
        "import sys; from sbtutorial import cli; cli.main([]);"
        "print({'asyncio', 'importlib.metadata', 'azure', 'subprocess'} & set(sys.modules))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=CLONE, check=True
    )

    assert said.stdout.splitlines()[-1] == "set()"


def test_an_unknown_command_is_answered_with_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["labs"])

    assert ended.value.code == 2
    assert "'lab'" in capsys.readouterr().err


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a clone of two lessons will have its working copy."""
    for name in ("00_start_here", "03_receive_messages"):
        lesson = tmp_path / "clone" / "notebooks" / f"{name}.ipynb"
        lesson.parent.mkdir(parents=True, exist_ok=True)
        lesson.write_bytes((CLONE / "notebooks" / lesson.name).read_bytes())
    monkeypatch.setattr(places, "clone_folder", lambda: tmp_path / "clone")
    return tmp_path / "clone" / "my_lessons"


def test_lab_opens_the_first_lesson(commands: list[list[str]], copy: Path) -> None:
    assert cli.main(["lab"]) == 3

    [[program, *rest]] = commands
    assert program == sys.executable
    assert rest[:2] == ["-m", "jupyterlab"]
    assert f"--ServerApp.root_dir={copy}" in rest
    assert "--LabApp.default_url=/lab/tree/00_start_here.ipynb" in rest
    assert 'execution_count": null' in (copy / "00_start_here.ipynb").read_text("utf-8")


def test_lab_begins_a_lesson_anew_and_opens_it(
    commands: list[list[str]], copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["lab"])
    (copy / "03_receive_messages.ipynb").write_text("mine")

    cli.main(["lab", "--no-browser", "--fresh", "03", "--port", "9999"])

    assert (copy / "03_receive_messages_mine.ipynb").read_text() == "mine"
    assert "What you had saved is 03_receive_messages_mine.ipynb." in capsys.readouterr().err
    assert "--LabApp.default_url=/lab/tree/03_receive_messages.ipynb" in commands[1]
    assert commands[1][-3:] == ["--no-browser", "--port", "9999"]


def test_lab_knows_no_other_lesson_to_begin_anew(
    commands: list[list[str]], copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["lab", "--fresh", "12"]) == 1
    assert "No lesson begins with '12': choose one of 00_start_here, 03" in capsys.readouterr().err
    assert commands == []


def test_lab_passes_its_arguments_on_to_jupyterlab(commands: list[list[str]], copy: Path) -> None:
    cli.main(["lab", "--no-browser", "--port", "9999"])

    assert commands[0][-3:] == ["--no-browser", "--port", "9999"]


def test_lab_opens_another_notebook_in_place_of_the_first(
    commands: list[list[str]], copy: Path, tmp_path: Path
) -> None:
    lesson = tmp_path / "own.ipynb"
    lesson.touch()

    cli.main(["lab", str(lesson)])

    assert commands == [[sys.executable, "-m", "jupyterlab", str(lesson)]]


@pytest.mark.parametrize("option", ["--ServerApp.root_dir=own", "--notebook-dir=own"])
def test_lab_in_another_folder_opens_no_lesson(
    commands: list[list[str]], copy: Path, option: str
) -> None:
    cli.main(["lab", option])

    assert commands == [[sys.executable, "-m", "jupyterlab", option]]


def test_lab_opens_what_its_arguments_say_among_the_lessons(
    commands: list[list[str]], copy: Path
) -> None:
    cli.main(["lab", "--LabApp.default_url=/lab/tree/own.ipynb"])

    [[*_, root, url]] = commands
    assert root == f"--ServerApp.root_dir={copy}"
    assert url == "--LabApp.default_url=/lab/tree/own.ipynb"


def test_lab_without_a_clone_copies_the_lessons_of_the_wheel_to_where_it_is_run(
    monkeypatch: pytest.MonkeyPatch, commands: list[list[str]], tmp_path: Path, copy: Path
) -> None:
    installed = tmp_path / "clone" / "notebooks"
    monkeypatch.setattr(places, "clone_folder", lambda: None)
    monkeypatch.setattr(places, "installed_lessons", lambda: installed)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")

    assert cli.main(["lab"]) == 3
    assert f"--ServerApp.root_dir={tmp_path / 'empty' / 'my_lessons'}" in commands[0]
    assert (tmp_path / "empty" / "my_lessons" / "03_receive_messages.ipynb").exists()


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    """As root, on a machine where something is to be installed first."""

    def install(*_: str) -> Path:
        raise AssertionError("nothing is installed before it is refused")

    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setattr(bootstrap, "python_with", install)


@pytest.mark.parametrize(
    ("program", "command"),
    [
        ("/environment/bin/sbtutorial", "`sbtutorial lab --fresh 03 --allow-root`"),
        (
            "/clone/sbtutorial/__main__.py",
            f"`{Path(sys.executable).name} -m sbtutorial lab --fresh 03 --allow-root`",
        ),
    ],
)
@pytest.mark.usefixtures("root")
def test_root_is_told_the_whole_command_before_anything_is_installed(
    program: str, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [program])

    assert cli.main(["lab", "--fresh", "03"]) == 1
    assert command in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--allow-root", "--ServerApp.allow_root=True", "--version"])
@pytest.mark.usefixtures("root")
def test_root_who_knows_or_only_asks_is_not_stopped(option: str) -> None:
    with pytest.raises(AssertionError, match="nothing is installed"):
        cli.main(["lab", option])


def test_without_a_clone_nothing_is_installed_for_tests_that_are_not_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(suite, "clone_folder", lambda: None)
    monkeypatch.setattr(bootstrap, "python_with", lambda *_: pytest.fail("it would be in vain"))

    assert cli.main(["test"]) == 1
    assert "It is installed without its tests" in capsys.readouterr().err


def test_in_another_environment_the_same_command_line_runs_again(
    monkeypatch: pytest.MonkeyPatch, commands: list[list[str]], tmp_path: Path
) -> None:
    python = tmp_path / ".venv" / "bin" / "python"
    monkeypatch.setattr(bootstrap, "python_with", lambda *_: python)

    assert cli.main(["test", "-k", "crash"]) == 3
    assert commands == [[str(python), "-m", "sbtutorial", "test", "-k", "crash"]]


def test_the_newest_versions_are_taken_once_and_the_command_goes_on_without_the_word(
    monkeypatch: pytest.MonkeyPatch, commands: list[list[str]], tmp_path: Path
) -> None:
    python = tmp_path / ".venv" / "bin" / "python"
    taken: list[tuple[str, ...]] = []
    monkeypatch.setattr(bootstrap, "take_latest", lambda *extras: taken.append(extras))
    monkeypatch.setattr(bootstrap, "python_with", lambda *_: python)

    assert cli.main(["lab", "--latest", "--no-browser"]) == 3
    assert taken == [("lab",)]
    assert commands == [[str(python), "-m", "sbtutorial", "lab", "--no-browser"]]


@pytest.mark.parametrize(
    ("name", "extras"),
    [("lab", ("lab",)), ("test", ("lab", "test")), ("serve", ()), ("bench", ("bench",))],
)
def test_a_command_asks_for_the_extras_that_it_needs(
    name: str, extras: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, commands: list[list[str]]
) -> None:
    asked: list[tuple[str, ...]] = []

    def python_with(*wanted: str) -> Path:
        asked.append(wanted)
        return Path("elsewhere", "bin", "python")

    monkeypatch.setattr(bootstrap, "python_with", python_with)

    cli.main([name])

    assert asked == [extras]


def test_the_doctor_installs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from sbtutorial.health import examination

    monkeypatch.setattr(bootstrap, "ready_python", lambda *_: None)
    monkeypatch.setattr(bootstrap, "python_with", lambda *_: pytest.fail("it would install"))
    monkeypatch.setattr(examination, "LOOKS", {})

    assert cli.main(["doctor"]) == 0


@pytest.mark.parametrize(
    ("name", "code"), [("status", 1), ("stop", 0), ("reset", 0), ("export", 1)]
)
def test_what_concerns_running_brokers_installs_nothing_to_find_none(
    name: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a fresh clone, whose Python has no packages: not even where their folder would be."""

    def lacks_a_package(*_: object) -> None:
        raise ModuleNotFoundError("No module named 'platformdirs'")

    monkeypatch.setattr(bootstrap, "ready_python", lambda *_: None)
    monkeypatch.setattr(bootstrap, "python_with", lambda *_: pytest.fail("it would install"))
    monkeypatch.setattr(background, "runtime_folder", lacks_a_package)

    assert cli.main([name]) == code
    said = capsys.readouterr()
    assert "No broker is running.\n" in said.out + said.err


def test_its_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"sbtutorial {__version__}\n"


def test_status_for_programs_is_json(
    calls: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["status", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    strings = [one["connection_string"] for one in told["brokers"]]
    assert strings == ["Endpoint=sb://lesson-01", "Endpoint=sb://tutorial"]
    assert {one["port"] for one in told["brokers"]} == {4711}
    assert told["silent"] == []
    monkeypatch.setattr(background, "find_all", list)
    assert cli.main(["status", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {"brokers": [], "silent": []}


@pytest.mark.parametrize(
    ("arguments", "chosen"),
    [
        ([], {}),
        (
            ["--port", "5672", "--also", "5671", "--also", "443", "--key", "ours"],
            {"port": 5672, "also": [5671, 443], "key": "ours"},
        ),
        (["--also", "5671", "443", "--port", "5672"], {"port": 5672, "also": [5671, 443]}),
        (
            ["--tier", "emulator", "--config", "c.json"],
            {"tier": "emulator", "config": Path("c.json")},
        ),
        (["--accept-bearer-tokens"], {"accept_bearer_tokens": True}),
        (["--persist", "here", "--synced"], {"folder": Path("here"), "storage": Storage.SYNCED}),
        (
            ["--host", "0.0.0.0", "--known-as", "bus", "b.local", "--allow-plain"],
            {"host": "0.0.0.0", "known_as": ("bus", "b.local"), "takes_plain": True},
        ),
        (
            ["--log-format", "json", "--verbose", "--ca-file", "ca.pem"],
            {"log_format": LogFormat.JSON, "is_verbose": True, "ca_file": Path("ca.pem")},
        ),
        (["--emulator"], EMULATOR),
        (
            ["--emulator", "--port", "0", "--also", "0", "--key", "ours", "--namespace", "shop"],
            {**EMULATOR, "port": 0, "also": [0], "key": "ours", "namespace": "shop"},
        ),
    ],
)
def test_serve_takes_what_can_be_chosen(
    arguments: list[str], chosen: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from sbtutorial.hosting import terminal

    served: list[Any] = []
    monkeypatch.setattr(terminal, "serve", served.append)

    assert cli.main(["serve", *arguments]) == 0
    assert served == [terminal.Settings(**{"also": [], **chosen})]


def test_serve_cannot_keep_what_it_is_not_to_keep(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["serve", "--memory", "--persist", "here"]) == 1
    assert "leave one of them out" in capsys.readouterr().err


def test_serve_that_writes_for_programs_refuses_so_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["serve", "--log-format", "json", "--key", "a;b"]) == 1
    said = json.loads(capsys.readouterr().err)
    assert said["level"] == "error"
    assert said["message"].startswith("The --key cannot be used")


def test_serve_reads_what_the_explorer_exports(monkeypatch: pytest.MonkeyPatch) -> None:
    from sbtutorial.hosting import terminal

    served: list[Any] = []
    monkeypatch.setattr(terminal, "serve", served.append)
    cli.main(["serve"])
    queue = {"name": "orders", "properties": {"max_delivery_count": 3}}
    ours = {"format": "sbtutorial entities 1", "namespace": "n", "queues": [queue], "topics": []}
    config = served[0].read_config(json.dumps(ours))
    assert config.queues["orders"].max_delivery_count == 3
    queue["properties"]["max_delivery_count"] = 0  # type: ignore[index]
    with pytest.raises(TutorialError, match=r"queues\[0\]\.properties"):
        served[0].read_config(json.dumps(ours))


def test_export_prints_the_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    control = SimpleNamespace(config=lambda: '{"UserConfig": 1}\n')
    monkeypatch.setattr(background, "find_all", lambda: [SimpleNamespace(control=control)])
    assert cli.main(["export"]) == 0
    assert capsys.readouterr().out == '{"UserConfig": 1}\n'


def test_export_for_microsofts_emulator_says_what_it_had_to_change(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    queue = {"Name": "orders", "Properties": {"MaxDeliveryCount": 99}}
    ours = {"UserConfig": {"Namespaces": [{"Name": "shop", "Queues": [queue]}]}}
    control = SimpleNamespace(config=lambda: json.dumps(ours))
    monkeypatch.setattr(background, "find_all", lambda: [SimpleNamespace(control=control)])
    assert cli.main(["export", "--emulator"]) == 0
    said = capsys.readouterr()
    [namespace] = json.loads(said.out)["UserConfig"]["Namespaces"]
    assert namespace["Name"] == "sbemulatorns"
    assert namespace["Queues"][0]["Properties"]["MaxDeliveryCount"] == 10
    assert "max_delivery_count becomes 10 for 'orders'." in said.err


def test_export_without_a_broker_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(background, "find", lambda _: None)
    assert cli.main(["export", "--namespace", "tutorial"]) == 1
    said = capsys.readouterr()
    assert (said.out, "'tutorial' is running" in said.err) == ("", True)


def test_export_of_several_brokers_asks_which_one(
    calls: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["export"]) == 1
    assert "Several brokers run (lesson-01, tutorial): choose one" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["status", "stop", "reset"])
def test_a_broker_that_lives_and_does_not_answer_is_told_of(
    name: str,
    calls: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(background, "silent", lambda _: ["The broker of 'shop' lives, but …"])

    assert cli.main([name]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "The broker of 'shop' lives, but …"


def test_the_help_of_serve_knows_the_ports_of_microsofts_emulator(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        cli.main(["serve", "--help"])

    assert "--port 5672 --also 5300" in " ".join(capsys.readouterr().out.split())


def test_status_says_where_the_broker_is(
    calls: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["status"]) == 0

    assert "pid 77, port 4711" in capsys.readouterr().out


@pytest.mark.parametrize(("name", "call"), [("stop", "shutdown"), ("reset", "reset")])
def test_a_running_broker_is_told(name: str, call: str, calls: list[str]) -> None:
    assert cli.main([name, "--namespace", "tutorial"]) == 0
    assert calls == [call]


@pytest.mark.parametrize(("name", "call"), [("stop", "shutdown"), ("reset", "reset")])
def test_without_a_namespace_every_broker_is_told(
    name: str, call: str, calls: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([name]) == 0
    assert calls == [call, call]
    assert [line.split("'")[1] for line in capsys.readouterr().out.splitlines()] == [
        "lesson-01",
        "tutorial",
    ]


@pytest.mark.parametrize(("name", "code"), [("status", 1), ("stop", 0), ("reset", 0)])
def test_without_a_broker_a_command_says_so_and_names_the_namespace(
    name: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(background, "find", lambda namespace: None)
    monkeypatch.setattr(background, "silent", lambda _: [])

    assert cli.main([name, "--namespace", "mine"]) == code
    assert capsys.readouterr().out == "No broker of the namespace 'mine' is running.\n"


def test_status_without_any_broker_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(background, "find_all", list)
    monkeypatch.setattr(background, "silent", lambda _: [])

    assert cli.main(["status"]) == 1
    assert capsys.readouterr().out == "No broker is running.\n"


def test_an_error_is_its_sentence_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise TutorialError("The folder is open to others.")

    monkeypatch.setattr(background, "find_all", fail)

    assert cli.main(["status"]) == 1
    assert capsys.readouterr().err == "sbtutorial: The folder is open to others.\n"


def test_ctrl_c_is_quiet(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: str) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(bootstrap, "python_with", interrupt)

    assert cli.main(["lab"]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_the_module_can_be_run() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "sbtutorial", "--help"],
        capture_output=True,
        text=True,
        cwd=CLONE,
        env=dict(os.environ),
        check=True,
    )
    assert "COMMAND" in said.stdout
