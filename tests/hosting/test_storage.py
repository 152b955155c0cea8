"""What outlives background brokers and `serve`, and what does not."""

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage
from azure.servicebus.management import ServiceBusAdministrationClient

from sbtutorial.errors import TutorialError
from sbtutorial.folders import HOME_VARIABLE, data_folder
from sbtutorial.hosting import background
from sbtutorial.hosting.background import Broker, How
from sbtutorial.hosting.storage import Identity, Storage, kept, kept_at, path_of
from sbtutorial.server import certificates
from sbtutorial.store.sqlite.file import SqliteFile
from tests.killing import kill

pytestmark = pytest.mark.sdk

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    home = tmp_path / "home"
    monkeypatch.setenv(HOME_VARIABLE, str(home))
    certificates.trust(certificates.ensure(certificates.default_folder()))
    yield home
    for broker in background.find_all():
        broker.control.shutdown()


def send_one(string: str) -> None:
    with ServiceBusAdministrationClient.from_connection_string(string) as administration:
        administration.create_queue("orders")
    with (
        ServiceBusClient.from_connection_string(string) as client,
        client.get_queue_sender("orders") as sender,
    ):
        sender.send_messages(ServiceBusMessage("tea", subject="hot"))


def receive_one(string: str) -> tuple[str, str | None]:
    with (
        ServiceBusClient.from_connection_string(string) as client,
        client.get_queue_receiver("orders") as receiver,
    ):
        (message,) = receiver.receive_messages(max_wait_time=5)
        return str(message), message.subject


def stop(broker: Broker) -> None:
    running = psutil.Process(broker.record.pid)
    broker.control.shutdown()
    running.wait(30)


def test_a_killed_broker_goes_on_where_it_was() -> None:
    first = background.ensure()
    send_one(first.connection_string)
    kill(first)
    second = background.ensure()
    assert second.how is How.RESTARTED
    assert second.notice == (
        "The broker from before was gone; this one goes on with all that it held."
    )
    assert receive_one(second.connection_string) == ("tea", "hot")


def test_a_stopped_broker_has_the_same_address_and_all_that_it_held_when_it_starts_again() -> None:
    first = background.ensure()
    send_one(first.connection_string)
    stop(first)
    second = background.ensure()
    assert second.how is How.STARTED
    assert second.connection_string == first.connection_string
    assert receive_one(second.connection_string) == ("tea", "hot")


def test_time_that_was_advanced_stays_so() -> None:
    first = background.ensure()
    first.control.advance(3600)
    before = first.control.status()
    kill(first)
    after = background.ensure().control.status()
    assert after["advanced_seconds"] == 3600
    assert after["now"] >= before["now"]


def test_a_broker_in_memory_keeps_nothing() -> None:
    first = background.ensure(storage=Storage.MEMORY)
    send_one(first.connection_string)
    assert not first.control.status()["keeps"]
    kill(first)
    second = background.ensure(storage=Storage.MEMORY)
    assert "a new, empty one" in second.notice
    assert second.control.status()["queues"] == 0
    assert list(data_folder().iterdir()) == []


def test_a_reset_outlives_the_broker() -> None:
    first = background.ensure()
    send_one(first.connection_string)
    first.control.reset()
    kill(first)
    assert background.ensure().control.status()["queues"] == 0


def test_a_broker_that_waits_for_its_disk_does_the_same() -> None:
    first = background.ensure(storage=Storage.SYNCED)
    send_one(first.connection_string)
    kill(first)
    assert receive_one(background.ensure().connection_string) == ("tea", "hot")


@posix
def test_only_the_owner_can_look_into_what_is_kept(home: Path) -> None:
    send_one(background.ensure().connection_string)
    assert stat.S_IMODE(data_folder().stat().st_mode) == 0o700
    modes = {path.suffix: stat.S_IMODE(path.stat().st_mode) for path in data_folder().iterdir()}
    assert modes == dict.fromkeys((".db", ".db-wal", ".db-shm", ".db-turns", ".lock"), 0o600)


def test_two_brokers_never_have_one_file_though_they_know_nothing_of_each_other() -> None:
    with (
        kept("tutorial", Storage.DISK) as file,
        pytest.raises(TutorialError, match=rf"in use by another broker \(process {os.getpid()}\)"),
    ):
        assert file is not None
        background.start()
    assert background.ensure().how is How.STARTED


@pytest.mark.parametrize("link", ["symlink_to", "hardlink_to"])
def test_a_file_under_two_names_is_refused_and_left(link: str, tmp_path: Path) -> None:
    """Each name has a log and a claim of its own: two brokers would write one file."""
    mode = 0o644
    other, path = tmp_path / "other.db", tmp_path / "it.db"
    other.write_bytes(b"precious")
    other.chmod(mode)
    try:
        getattr(path, link)(other)
    except OSError:
        pytest.skip("this file system, or this user, makes no such links")
    with pytest.raises(TutorialError, match="put a copy of the file"), kept_at(path, "it"):
        pass
    assert other.read_bytes() == b"precious"
    assert sys.platform == "win32" or stat.S_IMODE(other.stat().st_mode) == mode


def test_a_damaged_file_stays_and_is_told_of() -> None:
    path = path_of("tutorial")
    path.write_bytes(b"garbage" * 2000)
    with pytest.raises(TutorialError, match=r"did not start.*damaged.*move it away"):
        background.ensure()
    assert path.read_bytes() == b"garbage" * 2000


def test_a_file_that_contradicts_itself_stays_and_is_told_of() -> None:
    broker = background.ensure()
    send_one(broker.connection_string)
    stop(broker)
    with sqlite3.connect(path_of("tutorial")) as connection:
        connection.execute(
            "UPDATE messages SET state = 2, lock_token = zeroblob(16), lock_ord = 9, locked_by = ''"
        )
    connection.close()
    with pytest.raises(TutorialError, match=r"damaged: .* of 'orders' .*left as it is.*move it"):
        background.ensure()


def test_a_broker_of_a_terminal_goes_on_where_it_was() -> None:
    program = "from sbtutorial.hosting.terminal import Settings, serve; serve(Settings('shop'))"

    @contextmanager
    def serving() -> Iterator[str]:
        command = [sys.executable, "-c", program]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as window:
            assert window.stdout is not None
            try:
                yield next(line.strip() for line in window.stdout if line.startswith("Endpoint="))
            finally:
                window.kill()

    with serving() as string:
        send_one(string)
    with serving() as again:
        assert again == string
        assert receive_one(again) == ("tea", "hot")


def test_a_lock_holds_on_the_other_side_of_a_crash() -> None:
    first = background.ensure()
    send_one(first.connection_string)
    with (
        ServiceBusClient.from_connection_string(first.connection_string) as client,
        client.get_queue_receiver("orders") as receiver,
    ):
        (message,) = receiver.receive_messages(max_wait_time=5)
        kill(first)
        background.ensure()
        receiver.complete_message(message)
        assert receiver.peek_messages() == []


def test_what_a_broker_is_known_by_is_kept_while_nobody_else_uses_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with kept("shop", Storage.DISK) as file:
        assert file is not None
        using = file._using
        keep = SqliteFile.keep

        def watched(self: SqliteFile, **settings: str) -> None:
            assert using.locked()
            keep(self, **settings)

        monkeypatch.setattr(SqliteFile, "keep", watched)
        file.keep(Identity("key", 5672))
        assert file.identity == Identity("key", 5672)
