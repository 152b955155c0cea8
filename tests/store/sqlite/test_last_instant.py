"""Broker time never goes back behind an instant at which something has happened."""

from pathlib import Path

from sbtutorial.broker.namespace import Namespace
from sbtutorial.store.restore import take_in
from tests.store.sqlite.filing import FilingActor, opened


def last_at(path: Path) -> float:
    file = opened(path)
    try:
        return take_in(file.load(), Namespace("tutorial"))
    finally:
        file.close()


def test_the_end_of_a_lock_is_the_last_instant_though_nothing_that_is_there_tells_of_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "it.db"
    actor = FilingActor(path)
    actor.create("tables")
    actor.create("plain")
    actor.send("plain", [1])
    actor.receive(0, True)
    actor.commit()
    sent_at = actor.now
    actor.wait(45)  # the lock lasts thirty seconds
    actor.commit()
    actor.file.close()
    assert last_at(path) == sent_at + 30
