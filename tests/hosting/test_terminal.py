import errno
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from sbtutorial.connection_string import parse_connection_string
from sbtutorial.errors import TutorialError
from sbtutorial.hosting import background, terminal
from sbtutorial.hosting.control_client import ControlClient
from sbtutorial.hosting.terminal import Settings
from sbtutorial.server.listener import Listener

CLONE = Path(__file__).parents[2]
KEY = "our own, with a ü/+="
SERVE = f"""
from sbtutorial.hosting.terminal import Settings, serve

serve(Settings("shop", tier="premium", also=[0, 0], key={KEY!r}))
"""


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SBTUTORIAL_HOME", str(tmp_path / "home"))


@pytest.fixture
def window() -> Iterator["subprocess.Popen[str]"]:
    """A broker in a window of its own, which has said what it says."""
    with serving(SERVE) as process:
        yield process


@contextmanager
def serving(program: str) -> Iterator["subprocess.Popen[str]"]:
    """A program in a window of its own."""
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=CLONE,
    ) as process:
        try:
            yield process
        finally:  # or leaving would wait for its end
            process.kill()


def introduction(window: "subprocess.Popen[str]") -> Iterator[str]:
    """The lines that it says before the one that scripts wait for, but for empty ones."""
    assert window.stdout
    for line in window.stdout:
        if line.startswith("Ready"):
            return
        if line.strip():
            yield line.strip()


def string_of(namespace: str) -> str:
    broker = background.find(namespace)
    assert broker is not None
    return broker.connection_string


def connection_string(window: "subprocess.Popen[str]") -> str:
    *_, last = introduction(window)
    return last


def test_the_printed_connection_string_opens_it(window: "subprocess.Popen[str]") -> None:
    status = ControlClient(connection_string(window)).status()

    assert (status["namespace"], status["tier"]) == ("shop", "Premium")


def test_it_is_found_as_a_background_broker_is(window: "subprocess.Popen[str]") -> None:
    string = connection_string(window)

    broker = background.find("shop")
    assert broker is not None
    assert broker.connection_string == string
    assert broker.record.pid == window.pid


def test_a_second_one_of_the_same_name_is_refused(window: "subprocess.Popen[str]") -> None:
    connection_string(window)

    with pytest.raises(TutorialError, match="runs already"):
        terminal.serve(Settings("shop"))


def test_one_that_has_no_name_gets_a_free_one_beside_a_lesson_and_another() -> None:
    lesson = background.ensure()
    program = "from sbtutorial.hosting.terminal import Settings, serve; serve(Settings())"
    with serving(program) as first, ExitStack() as stack:
        assert ControlClient(connection_string(first)).status()["namespace"] == "local"
        second = stack.enter_context(serving(program))
        assert ControlClient(connection_string(second)).status()["namespace"] == "local-2"
        found = [broker.record.namespace for broker in background.find_all()]
        assert found == ["local", "local-2", "tutorial"]
        ControlClient(string_of("local")).shutdown()
        first.wait(30)
        with serving(program) as third:
            status = ControlClient(connection_string(third)).status()
            assert status["namespace"] == "local"
    lesson.control.shutdown()


def test_it_and_a_lesson_of_the_same_name_are_not_both_started() -> None:
    background.ensure("shop")
    with pytest.raises(TutorialError, match=r"'shop' runs already \(process \d+\): end it with"):
        terminal.serve(Settings("shop"))
    ControlClient(string_of("shop")).shutdown()


def test_it_can_be_stopped_from_elsewhere(window: "subprocess.Popen[str]") -> None:
    ControlClient(connection_string(window)).shutdown()

    said, complaints = window.communicate(timeout=30)
    assert (window.returncode, said, complaints) == (0, "\nStopped.\n", "")
    assert background.find("shop") is None


@pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_it_quietly_and_leaves_no_key(
    window: "subprocess.Popen[str]", name: str, tmp_path: Path
) -> None:
    connection_string(window)
    assert (tmp_path / "home" / "shop.json").exists()
    window.send_signal(getattr(signal, name))

    said, complaints = window.communicate(timeout=30)
    assert (window.returncode, said, complaints) == (0, "\nStopped.\n", "")
    assert background.find("shop") is None
    assert not (tmp_path / "home" / "shop.json").exists()


@pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")
def test_under_nohup_it_outlives_its_terminal() -> None:
    ignoring = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)"
    with serving(ignoring + SERVE) as window:
        string = connection_string(window)
        window.send_signal(signal.SIGHUP)
        assert ControlClient(string).status()["namespace"] == "shop"
        window.terminate()
        assert window.wait(30) == 0


def test_nobody_needs_to_hear_that_it_stops(window: "subprocess.Popen[str]") -> None:
    """A terminal that is gone, or a pipe that nobody reads any more."""
    string = connection_string(window)
    assert window.stdout
    assert window.stderr
    window.stdout.close()
    ControlClient(string).shutdown()
    assert (window.stderr.read(), window.wait(30)) == ("", 0)


SERVE_PROGRAMS = """
from pathlib import Path
from sbtutorial import cli

cli.main(["serve", "--emulator", "--port", "0", "--also", "0", "--log-format", "json",
          "--persist", {folder!r}, "--config", {config!r}, "--ca-file", {ca_file!r}])
"""
THEIRS = "SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=SAS_KEY_VALUE"


def test_programs_are_told_everything_in_json_and_what_it_holds_stays_in_a_folder(
    tmp_path: Path,
) -> None:
    folder, config, ca_file = tmp_path / "own", tmp_path / "config.json", tmp_path / "ca.pem"
    config.write_text(json.dumps(CONFIG))
    program = SERVE_PROGRAMS.format(folder=str(folder), config=str(config), ca_file=str(ca_file))
    with serving(program) as first:
        assert first.stdout
        ready = json.loads(first.stdout.readline())
        assert (ready["message"], ready["level"]) == ("ready", "info")
        assert (ready["namespace"], ready["tier"]) == ("sbemulatorns", "Emulator")
        assert ready["kept_in"] == str(folder / "sbemulatorns.db")
        assert ready["variables"]["NODE_EXTRA_CA_CERTS"] == ready["certificate"]
        assert ca_file.read_bytes() == Path(ready["certificate"]).read_bytes()
        for port in ready["ports"]:
            theirs = f"Endpoint=sb://localhost:{port};{THEIRS};UseDevelopmentEmulator=true"
            control = ControlClient(theirs)
            assert control.status()["queues"] == 1
        control.shutdown()
        assert [json.loads(line)["message"] for line in first.stdout] == ["stopped"]
    with serving(program) as second:
        assert second.stdout
        unapplied, again = (json.loads(second.stdout.readline()) for _ in range(2))
        assert "was not applied" in unapplied["message"]
        assert again["ports"][0] == ready["ports"][0]
        ControlClient(again["connection_string"]).shutdown()
        second.wait(30)
    assert not (tmp_path / "home" / "data").exists()


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TutorialError, match=r"The folder .* cannot be made: something else"):
        terminal.serve(Settings("shop", folder=tmp_path / "file" / "below"))


def test_its_further_ports_take_the_same_connection_string(window: "subprocess.Popen[str]") -> None:
    first, *_, string = introduction(window)
    port, *further = (int(number) for number in re.findall(r"\d+", first))

    assert port == parse_connection_string(string).port
    assert len({port, *further}) == 3
    assert "Ready" not in first
    for each in further:
        status = ControlClient(string.replace(f":{port};", f":{each};")).status()
        assert status["namespace"] == "shop"


ADMINISTER = """
import asyncio, sys
from azure.servicebus.aio.management import ServiceBusAdministrationClient as AioClient
from azure.servicebus.management import ServiceBusAdministrationClient as Client

async def ask():
    async with AioClient.from_connection_string(sys.argv[1]) as client:
        return (await client.get_queue("orders")).name

with Client.from_connection_string(sys.argv[1]) as client:
    client.create_queue("orders")
print(asyncio.run(ask()))
"""


@pytest.mark.sdk
def test_another_program_trusts_it_with_the_variables_that_it_prints(
    window: "subprocess.Popen[str]",
) -> None:
    *lines, string = introduction(window)
    printed = dict(line.split("=", 1) for line in lines if re.match("[A-Z_]+=", line))
    assert [*printed] == ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"]
    assert printed["NODE_EXTRA_CA_CERTS"] in " ".join(lines[:3])
    done = subprocess.run(
        [sys.executable, "-c", ADMINISTER, string],
        env=os.environ | printed,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert done.stdout == "orders\n"


def test_its_key_is_the_one_that_it_was_given(window: "subprocess.Popen[str]") -> None:
    assert parse_connection_string(connection_string(window)).key == KEY


@pytest.mark.parametrize(
    "key",
    ["", " ", " key", "key ", "a;b", "a\nb", "<key>", "a\0b", "k;SharedAccessKey=k", "\udcff"],
)
def test_a_key_that_no_connection_string_can_hold_is_a_sentence(key: str) -> None:
    with pytest.raises(TutorialError, match="The --key cannot be used"):
        terminal.serve(Settings("shop", key=key))


@pytest.mark.parametrize("name", ["", "two words", "http://bus", "bus:5671", "a_b", "-a", "bücher"])
def test_a_name_that_no_certificate_can_be_for_is_a_sentence(name: str) -> None:
    with pytest.raises(TutorialError, match=f"--known-as '{name}' cannot be used: a certificate"):
        terminal.serve(Settings("shop", known_as=("bus.example", name)))


@pytest.fixture
def taken() -> Iterator[int]:
    """A port where another program listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def refusal(port: int, also: Sequence[int] = ()) -> str:
    with pytest.raises(TutorialError) as refused:
        terminal.serve(Settings("shop", port, also))
    assert background.find("shop") is None
    return str(refused.value)


def test_a_port_that_is_taken_is_a_sentence(taken: int) -> None:
    assert refusal(taken) == (
        f"Port {taken} cannot be had: another program listens there. End that program, choose "
        "another --port, or leave it out for a free one."
    )
    assert refusal(0, [0, taken]) == (
        f"Port {taken} cannot be had: another program listens there. End that program, choose "
        "another --also, or leave it out."
    )


def test_a_port_that_is_refused_by_the_system_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who runs the tests may be the administrator, so the system is played."""

    async def refuse(self: Listener, host: str, port: int) -> int:
        raise PermissionError(errno.EACCES, "permission denied")

    monkeypatch.setattr(Listener, "start", refuse)
    assert refusal(443) == (
        "Port 443 cannot be had: the system refuses it to you, as most do with those below 1024. "
        "Choose another --port, or leave it out for a free one."
    )


@pytest.mark.parametrize("port", [-1, 65536, 10**9])
def test_a_number_that_is_no_port_is_a_sentence(port: int) -> None:
    assert f"Port {port} cannot be had: ports are numbers from 1 to 65535." in refusal(0, [port])


def test_a_port_that_is_named_twice_is_a_sentence(unused_tcp_port: int) -> None:
    port = unused_tcp_port
    assert refusal(port, [0, port]) == f"Port {port} is named twice: leave one of them out."


def test_a_configuration_that_cannot_be_used_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    with pytest.raises(TutorialError, match=r"config\.json cannot be read: No such file"):
        terminal.serve(Settings("shop", config=path))
    path.write_bytes(b"\xff\xfe{")
    with pytest.raises(TutorialError, match=r"config\.json cannot be read: it is no text in UTF-8"):
        terminal.serve(Settings("shop", config=path))
    path.write_text('{"UserConfig": {}}')
    with pytest.raises(TutorialError, match=r"config\.json: UserConfig: 'Namespaces' is missing"):
        terminal.serve(Settings("shop", config=path))


CONFIG = {
    "UserConfig": {
        "Namespaces": [
            {
                "Name": "theirs",
                "Queues": [{"Name": "orders", "Properties": {"MaxDeliveryCount": 3}}],
                "Topics": [{"Name": "news", "Subscriptions": [{"Name": "all"}]}],
            }
        ]
    }
}


def test_what_was_furnished_from_a_file_can_be_exported_and_furnished_again(
    tmp_path: Path,
) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(CONFIG))
    first = exported_from(path)
    assert first["UserConfig"]["Namespaces"][0]["Queues"][0]["Name"] == "orders"
    path.write_text(json.dumps(first))
    assert exported_from(path) == first


def exported_from(path: Path) -> Any:
    """What is exported of a broker that began with this file."""
    serving = (
        "from pathlib import Path; from sbtutorial.hosting.terminal import Settings, serve; "
        f"serve(Settings('shop', tier='emulator', config=Path({str(path)!r})))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", serving], stdout=subprocess.PIPE, text=True, cwd=CLONE
    ) as window:
        try:
            return json.loads(ControlClient(connection_string(window)).config())
        finally:
            window.kill()
