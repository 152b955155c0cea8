"""The background broker as real processes: started once, found again, gone without a trace."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sbtutorial.errors import TutorialError
from sbtutorial.folders import runtime_folder
from sbtutorial.gateway.access.sas import sign
from sbtutorial.hosting import background
from sbtutorial.hosting.background import How, ensure, find, start
from sbtutorial.hosting.claim import claim
from sbtutorial.hosting.control_client import BrokerGone, ControlClient
from sbtutorial.hosting.runtime_files import BrokerRecord, RuntimeFiles
from sbtutorial.lab.connecting import connect
from sbtutorial.server.broker_server import KEY_NAME
from sbtutorial.version import __version__
from tests.hosting.stranger import Stranger, answer, answering, echo
from tests.killing import kill

needs_posix_modes = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows protects the profile folder as a whole"
)


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RuntimeFiles]:
    home = tmp_path / "home"
    monkeypatch.setenv("SBTUTORIAL_HOME", str(home))
    yield RuntimeFiles(home, "tutorial")
    for path in home.glob("*.json"):
        if broker := find(path.stem):
            ControlClient(broker.connection_string).shutdown()


def shut_down(broker: background.Broker) -> None:
    ControlClient(broker.connection_string).shutdown()


def test_first_ensure_starts_a_broker_and_the_next_finds_it() -> None:
    first, second = ensure(), ensure()
    assert (first.how, second.how) == (How.STARTED, How.FOUND)
    assert first.record == second.record
    assert (first.notice, second.notice) == ("", "")
    assert ControlClient(second.connection_string).status()["pid"] == first.record.pid


def test_processes_that_ask_at_the_same_instant_get_the_same_broker() -> None:
    program = (
        "import sys; from sbtutorial.hosting.background import ensure; sys.stdin.read();"
        "print(*ensure().record[1:3])"
    )
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=background._environment(),
        )
        for _ in range(6)
    ]
    for racer in racers:  # each is ready and waits for the end of its input
        assert racer.stdin is not None
        racer.stdin.close()
    answers = {racer.stdout.read() for racer in racers if racer.stdout}
    assert [racer.wait() for racer in racers] == [0] * 6
    broker = find()
    assert broker is not None
    assert answers == {f"{broker.record.pid} {broker.record.port}{os.linesep}".encode()}


def test_namespaces_have_brokers_of_their_own() -> None:
    assert ensure("tutorial").record.port != ensure("payments").record.port


def test_all_that_run_are_found_by_name() -> None:
    assert background.find_all() == []
    for name in ("tutorial", "lesson-02", "lesson-01"):
        background.ensure(name)
    names = [broker.record.namespace for broker in background.find_all()]
    assert names == ["lesson-01", "lesson-02", "tutorial"]
    ControlClient(background.ensure("lesson-02").connection_string).shutdown()
    assert len(background.find_all()) == 2


def test_find_starts_nothing() -> None:
    assert find() is None


def test_killed_broker_is_restarted_under_its_old_connection_string() -> None:
    first = ensure()
    kill(first)
    second = ensure()
    assert second.how is How.RESTARTED
    assert "gone" in second.notice
    assert second.connection_string == first.connection_string
    assert second.record.pid != first.record.pid
    assert ensure().notice == ""


def test_restarted_broker_takes_a_free_port_when_its_own_is_taken() -> None:
    first = ensure()
    kill(first)
    with socket.create_server(("127.0.0.1", first.record.port)):
        second = ensure()
    assert second.how is How.RESTARTED
    assert second.record.port != first.record.port
    # What clients have signed for whoever listens there now must open nothing here.
    assert second.record.key != first.record.key


def test_stranger_on_the_old_port_is_not_taken_for_the_broker(files: RuntimeFiles) -> None:
    """Even one that accepts every token: it has not read the private record."""
    broker = ensure()
    files.write(broker.record._replace(pid=1))
    assert find() is None
    files.write(broker.record._replace(key="another"))
    assert find() is None
    files.write(broker.record)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows stops no processes")
def test_broker_that_stands_still_is_not_replaced_but_told_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(background, "_LAST_CALL_LIMIT_SECONDS", 0.2)
    monkeypatch.setattr(background, "_PASSING_SECONDS", 0.1)
    broker = ensure()
    os.kill(broker.record.pid, signal.SIGSTOP)
    try:
        again = ensure()
        assert again.how is How.SILENT
        assert again.record == broker.record
        assert f"(process {broker.record.pid}) lives, but does not answer" in again.notice
        assert f"kill -9 {broker.record.pid}" in again.notice
        assert background.silent() == background.silent("tutorial") == [again.notice]
        with pytest.raises(TutorialError, match="lives, but does not answer"):
            connect()
    finally:
        os.kill(broker.record.pid, signal.SIGCONT)
    assert ensure().record == broker.record
    assert background.silent() == []


def test_broker_whose_record_is_damaged_is_not_doubled(files: RuntimeFiles) -> None:
    broker = ensure()
    for damage in ("", "{", json.dumps(broker.record._asdict() | {"port": "x"})):
        files.record_path.write_text(damage)
        with pytest.raises(TutorialError, match="nobody can find it") as refused:
            ensure()
        assert str(broker.record.pid) in str(refused.value)
        assert background.silent("tutorial") == [str(refused.value)]
    files.write(broker.record)
    assert ensure().record == broker.record


def test_damaged_record_of_a_broker_that_is_gone_is_written_anew(files: RuntimeFiles) -> None:
    kill(ensure())
    files.record_path.write_text('{"pid": 1')
    assert ensure().how is How.STARTED
    assert files.damage() == ""


def test_folder_in_the_place_of_the_record_is_a_sentence(files: RuntimeFiles) -> None:
    runtime_folder()
    files.record_path.mkdir()
    with pytest.raises(TutorialError, match=r"tutorial\.json, cannot be written: something else"):
        ensure()
    files.record_path.rmdir()
    assert ensure().how is How.STARTED


def test_processes_that_are_started_at_the_same_instant_leave_one_broker(
    files: RuntimeFiles,
) -> None:
    """Without `ensure`, whose turns keep starters apart: the name alone decides."""
    runtime_folder()
    arguments = ["--namespace=tutorial", "--idle-seconds=60", f"--folder={files.folder}"]
    racers = [
        subprocess.Popen(
            [sys.executable, "-m", "sbtutorial.hosting", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=background._environment(),
        )
        for _ in range(4)
    ]
    losers = []
    for racer in racers:
        assert racer.stdout
        if racer.stdout.readline() == b"":
            losers.append(racer)
    complaints = {racer.communicate()[1] for racer in losers}
    broker = find()
    assert broker is not None
    assert len(losers) == 3
    told = f"A broker of 'tutorial' lives already (process {broker.record.pid})."
    assert {complaint.strip() for complaint in complaints} == {told.encode()}
    shut_down(broker)
    for racer in racers:
        racer.communicate()


def a_stranger_in_place_of_a_broker() -> tuple[background.Broker, Stranger]:
    while True:
        first = ensure()
        kill(first)
        try:
            return first, Stranger(echo, first.record.port)
        except OSError:  # a client of another test was given that port at this moment
            continue


def test_stranger_on_a_dead_brokers_port_gets_nothing_that_the_next_one_accepts(
    files: RuntimeFiles,
) -> None:
    first, in_its_place = a_stranger_in_place_of_a_broker()
    with answering(in_its_place) as listening:
        second = ensure()
        assert second.how is How.RESTARTED
        assert listening.heard
        assert not listening.got_a_token
    given_away = sign(f"sb://127.0.0.1:{first.record.port}/", KEY_NAME, first.record.key, 2e9)
    assert answer(second.record.port, "/$lab/status", given_away) == 401


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_process_without_file_descriptors_is_told_so() -> None:
    ensure()
    program = """
import os, resource
from sbtutorial.errors import TutorialError
from sbtutorial.lab.connecting import connect
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
for left in range(4):
    held = []
    try:
        while True:
            held.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        for _ in range(left):
            os.close(held.pop())
    try:
        connect()
    except TutorialError as error:
        os.closerange(3, 64)
        assert "as many files and connections open" in str(error), error
    else:
        os.closerange(3, 64)
print("told")
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=background._environment(),
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines()[-1:] == ["told"], done.stderr


def test_shut_down_broker_leaves_no_record_and_no_process(files: RuntimeFiles) -> None:
    broker = ensure()
    child = psutil.Process(broker.record.pid)
    shut_down(broker)
    child.wait(10)
    assert not files.record_path.exists()
    assert ensure().how is How.STARTED


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes without a word")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_the_broker_cleanly(files: RuntimeFiles, number: signal.Signals) -> None:
    broker = ensure()
    child = psutil.Process(broker.record.pid)
    os.kill(broker.record.pid, number)
    child.wait(10)
    assert not files.record_path.exists()
    assert files.last_complaint() == ""


def test_leaving_broker_keeps_its_hands_off_the_record_of_a_later_one(files: RuntimeFiles) -> None:
    broker = ensure()
    child = psutil.Process(broker.record.pid)
    later = broker.record._replace(pid=1)
    files.write(later)
    shut_down(broker)
    child.wait(10)
    assert files.read() == later


def test_broker_that_nobody_uses_ends_by_itself(files: RuntimeFiles) -> None:
    broker = start(idle_seconds=1)
    psutil.Process(broker.record.pid).wait(10)
    assert not files.record_path.exists()


def test_broker_that_somebody_uses_stays_however_long(files: RuntimeFiles) -> None:
    broker = start(idle_seconds=0.2)
    child = psutil.Process(broker.record.pid)
    address = ("127.0.0.1", broker.record.port)
    with socket.create_connection(address) as connection:
        connection.sendall(b"GET ")
        with pytest.raises(psutil.TimeoutExpired):
            child.wait(0.5)
    child.wait(10)


def test_empty_broker_of_another_version_is_replaced(
    files: RuntimeFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = ensure()
    files.write(old.record._replace(version="0.0.1"))
    new = ensure()
    assert new.record.version == __version__
    assert new.record.pid != old.record.pid


def test_broker_of_another_version_that_holds_queues_stays_and_is_told_of(
    files: RuntimeFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = ensure()
    found = background._find(files, 5)
    assert found is not None
    monkeypatch.setattr(background, "_find", lambda *_: found._replace(queue_count=2))
    monkeypatch.setattr(background, "__version__", "9.9.9")
    again = ensure()
    assert again.record == broker.record
    assert "9.9.9" in again.notice
    assert broker.record.version in again.notice


def test_found_broker_of_another_tier_is_told_of() -> None:
    ensure(tier="Premium")
    assert "Premium" in ensure(tier="Standard").notice


def test_broker_does_not_import_what_lies_in_the_learners_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("queue", "types", "asyncio", "sbtutorial"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported the wrong module')")
    monkeypatch.chdir(tmp_path)
    assert ensure().how is How.STARTED


def test_broker_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TutorialError, match=r"did not start.*invalid choice: 'Golden'"):
        ensure(tier="Golden")


@pytest.mark.parametrize("home", ["home", "./home", "~/home"])
def test_home_is_the_same_wherever_a_program_stands(
    home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("SBTUTORIAL_HOME", home)
    assert ensure().record == ensure().record
    assert (tmp_path / "home" / "tutorial.json").exists()


def test_start_that_does_not_come_to_its_end_names_its_process(
    files: RuntimeFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime_folder()
    monkeypatch.setattr(background, "_START_LIMIT_SECONDS", 0.01)
    with (
        claim(files.lock_path) or pytest.fail("nobody else starts one"),
        pytest.raises(TutorialError, match=f"still being started by process {os.getpid()}"),
    ):
        ensure()


def test_broker_outlives_the_process_that_started_it() -> None:
    program = "from sbtutorial.hosting.background import ensure; ensure()"
    subprocess.run([sys.executable, "-c", program], env=background._environment(), check=True)
    assert ensure().how is How.FOUND


# -- Files ------------------------------------------------------------------------------------


@needs_posix_modes
def test_only_the_owner_can_read_the_key(files: RuntimeFiles) -> None:
    ensure()
    assert stat.S_IMODE(files.record_path.stat().st_mode) == 0o600
    assert stat.S_IMODE(files.folder.stat().st_mode) == 0o700


@needs_posix_modes
def test_folder_that_is_open_to_others_is_refused(files: RuntimeFiles) -> None:
    files.folder.mkdir(mode=0o755)
    with pytest.raises(TutorialError, match=r"open to others \(mode 755"):
        runtime_folder()


@needs_posix_modes
def test_folder_that_is_a_link_is_refused(files: RuntimeFiles, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    files.folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TutorialError, match="is a link"):
        runtime_folder()


@needs_posix_modes
def test_folder_of_another_user_is_refused(
    files: RuntimeFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.folder.mkdir(mode=0o700)
    monkeypatch.setattr(os, "getuid", lambda: files.folder.stat().st_uid + 1)
    with pytest.raises(TutorialError, match="belongs to another user"):
        runtime_folder()


@pytest.mark.parametrize("name", ["", "../up", "a b", "1st", "x" * 51, "con.json"])
def test_name_that_cannot_be_a_namespaces_is_refused(files: RuntimeFiles, name: str) -> None:
    with pytest.raises(TutorialError, match="cannot be the name"):
        RuntimeFiles(files.folder, name)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"pid": 1}', json.dumps({"x": 1})])
def test_unreadable_record_is_as_none(files: RuntimeFiles, content: str) -> None:
    runtime_folder()
    files.record_path.write_text(content)
    assert files.read() is None


def test_record_comes_back_as_it_was_written(files: RuntimeFiles) -> None:
    runtime_folder()
    record = BrokerRecord("tutorial", 1, 2, "name", "key", 1_700_000_000.123456, "0.1.0", "Premium")
    files.write(record)
    assert files.read() == record
    assert [path.name for path in files.folder.iterdir()] == ["tutorial.json"]


# -- Calls on a broker that is gone -----------------------------------------------------------


def test_calls_on_a_broker_that_is_gone_say_what_to_do() -> None:
    broker = ensure()
    shut_down(broker)
    with pytest.raises(BrokerGone, match=r"Run connect\(\) again"):
        ControlClient(broker.connection_string).status()


def test_calls_on_something_else_say_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        control = ControlClient(
            f"Endpoint=sb://127.0.0.1:{address[1]};SharedAccessKeyName=a;SharedAccessKey=b",
            timeout_seconds=0.05,
        )
        with pytest.raises(BrokerGone, match="gone"):
            control.status()
