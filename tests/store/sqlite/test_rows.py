"""What is written, and what is not."""

from collections.abc import Iterator
from pathlib import Path
from sqlite3 import Connection
from typing import Any

import pytest

from sbtutorial.broker.descriptions import QueueDescription
from sbtutorial.broker.entities.queue import Queue
from sbtutorial.broker.message import Message
from sbtutorial.store.sqlite import removing
from tests.store.sqlite.filing import FilingActor


@pytest.fixture
def actor(tmp_path: Path) -> Iterator[FilingActor]:
    actor = FilingActor(tmp_path / "it.db")
    yield actor
    actor.file.close()


@pytest.fixture
def queue(actor: FilingActor) -> Queue:
    queue = actor.namespace.create("orders", QueueDescription(), now=actor.now)
    actor.commit()
    return queue


def send(actor: FilingActor, queue: Queue, count: int = 1) -> None:
    for pick in range(count):
        queue.ingress.send([actor.message(pick * 12)], now=actor.now)


def lock(actor: FilingActor, queue: Queue) -> Message:
    message = queue.main.peek_lock_next(now=actor.now, who="receiver")
    assert message is not None
    return message


def connection(actor: FilingActor) -> Connection:
    return actor.file._connection


def counts(actor: FilingActor, *tables: str) -> list[int]:
    query = "SELECT count(*) FROM {}"
    return [connection(actor).execute(query.format(table)).fetchone()[0] for table in tables]


def written_by(actor: FilingActor, act: Any) -> list[str]:
    """The statements that keep what somebody has done."""
    statements: list[str] = []
    act()
    connection(actor).set_trace_callback(statements.append)
    actor.commit()
    connection(actor).set_trace_callback(None)
    return [one for one in statements if one.split()[0] not in ("BEGIN", "COMMIT")]


def test_a_body_is_written_once_whatever_happens_to_its_message(
    actor: FilingActor, queue: Queue
) -> None:
    send(actor, queue)
    actor.commit()

    def defer() -> None:
        token = lock(actor, queue).lock_token
        assert token is not None
        queue.main.renew_lock(token, now=actor.now)
        queue.main.settling.defer(token, {"noted": 1}, now=actor.now)

    assert not [one for one in written_by(actor, defer) if "contents" in one]


def test_what_came_and_went_in_one_turn_leaves_no_row_of_its_own(
    actor: FilingActor, queue: Queue
) -> None:
    def come_and_go() -> None:
        send(actor, queue)
        queue.main.receive_and_delete_next(now=actor.now, who="")

    statements = written_by(actor, come_and_go)
    assert [one.split()[2] for one in statements] == ["marks"]


def test_the_number_that_a_scheduled_duplicate_took_is_kept_at_once(actor: FilingActor) -> None:
    detecting = QueueDescription(requires_duplicate_detection=True)
    queue = actor.namespace.create("once", detecting, now=actor.now)

    def schedule() -> list[int]:
        return queue.ingress.send([actor.message(6)], now=actor.now)

    assert schedule() == [1]
    actor.commit()
    assert [one.split()[2] for one in written_by(actor, schedule)] == ["marks"]
    assert schedule() == [3]
    assert [message.sequence_number for message in queue.main.messages] == [1]


def take(actor: FilingActor, queue: Queue) -> None:
    assert queue.main.receive_and_delete_next(now=actor.now, who="") is not None


def test_a_lock_and_a_completion_are_a_statement_each_without_a_transaction_around_it(
    actor: FilingActor, queue: Queue
) -> None:
    send(actor, queue)
    actor.commit()
    for act in (lock, take):
        send(actor, queue)
        actor.commit()
        statements: list[str] = []
        act(actor, queue)
        connection(actor).set_trace_callback(statements.append)
        actor.commit()
        connection(actor).set_trace_callback(None)
        assert [one.split(" ", 2)[1] for one in statements] in (["INTO"], ["messages"])


def test_rows_of_what_is_gone_are_removed_later_and_many_at_a_time(
    actor: FilingActor, queue: Queue
) -> None:
    send(actor, queue, 1000)
    actor.commit()
    for _ in range(990):
        take(actor, queue)
        actor.commit()
    assert counts(actor, "messages", "contents") == [1000, 1000]
    statements: list[str] = []
    connection(actor).set_trace_callback(statements.append)
    while actor.file.tidy():
        pass
    connection(actor).set_trace_callback(None)
    assert counts(actor, "messages", "contents") == [1000 - 512, 1000 - 512]
    assert len(statements) <= 10
    twin = actor.reopened()  # who is closed removes the rest
    assert counts(twin, "messages", "contents") == [10, 10]
    twin.file.close()


@pytest.mark.parametrize("is_tidied", [False, True])
def test_numbers_go_on_where_they_were_whether_rows_were_removed_or_not(
    actor: FilingActor, queue: Queue, is_tidied: bool
) -> None:
    send(actor, queue, 3)
    actor.commit()
    for _ in range(3):
        take(actor, queue)
        actor.commit()
    while is_tidied and actor.file.tidy():
        pass
    twin = actor.reopened()
    (there,) = twin.namespace.directory.queues()
    assert len(there.main.messages) == 0
    send(twin, there)
    assert [message.sequence_number for message in there.main.messages] == [4]
    while twin.file.tidy():
        pass
    assert counts(twin, "messages", "contents") == [0, 0]
    twin.file.close()


def test_rows_of_what_was_gone_before_its_queue_was_are_no_trouble(
    actor: FilingActor, queue: Queue
) -> None:
    send(actor, queue, 2)
    actor.commit()
    take(actor, queue)
    actor.commit()
    actor.namespace.delete(queue, now=actor.now)
    actor.commit()
    while actor.file.tidy():
        pass
    assert counts(actor, "messages", "contents", "marks", "gone") == [0, 0, 0, 0]
    twin = actor.reopened()
    assert twin.namespace.directory.queues() == []
    twin.file.close()


def test_who_never_tidies_up_does_not_keep_ever_more_rows(
    actor: FilingActor, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removing, "_MOST_BURIED", 20)
    send(actor, queue, 100)
    actor.commit()
    for _ in range(100):
        take(actor, queue)
        actor.commit()
    assert counts(actor, "messages")[0] <= 21


def test_many_messages_take_few_statements(actor: FilingActor, queue: Queue) -> None:
    assert len(written_by(actor, lambda: send(actor, queue, 64))) < 10


def test_turns_that_are_kept_together_are_one_transaction(actor: FilingActor, queue: Queue) -> None:
    for _ in range(5):
        send(actor, queue)
        actor.end_turn()
    statements: list[str] = []
    connection(actor).set_trace_callback(statements.append)
    actor.commit()
    assert [one for one in statements if one.startswith("BEGIN")] == ["BEGIN IMMEDIATE"]


def test_a_deep_queue_is_deleted_in_a_few_rows_and_its_messages_bit_by_bit(
    actor: FilingActor, queue: Queue
) -> None:
    send(actor, queue, 5000)
    actor.commit()
    statements = written_by(actor, lambda: actor.namespace.delete(queue, now=actor.now))
    assert not [one for one in statements if "DELETE FROM messages" in one]
    assert counts(actor, "entities", "messages", "gone") == [0, 5000, 1]
    steps = 0
    while actor.file.tidy():
        steps += 1
    assert steps > 3
    assert counts(actor, "messages", "contents", "gone") == [0, 0, 0]


def test_messages_of_a_queue_that_is_gone_are_not_read_again(
    actor: FilingActor, queue: Queue
) -> None:
    send(actor, queue, 100)
    actor.commit()
    actor.namespace.reset(now=actor.now)
    again = actor.namespace.create("orders", QueueDescription(), now=actor.now)
    send(actor, again, 2)
    actor.commit()
    twin = actor.reopened()
    (there,) = twin.namespace.directory.queues()
    assert [message.sequence_number for message in there.main.messages] == [1, 2]
    while twin.file.tidy():
        pass
    assert counts(twin, "messages", "contents") == [2, 2]
    twin.file.close()


def test_ids_that_are_remembered_no_more_leave_the_file(actor: FilingActor) -> None:
    actor.do("create", "plain")
    plain = actor.namespace.directory.queue("plain")
    for number in range(2500):
        message = actor.message(0)
        message.message_id = f"id {number}"
        plain.ingress.send([message], now=actor.now)
        actor.wait(0.1)
        if number % 100 == 99:
            actor.commit()
    assert counts(actor, "duplicates")[0] < 2500 - 600  # 60 seconds are remembered


def test_a_write_that_fails_leaves_nothing_and_can_be_made_up_for(
    actor: FilingActor, queue: Queue
) -> None:
    send(actor, queue)
    actor.end_turn()
    rows = actor.file.gather(actor.turns)
    actor.turns = []
    connection(actor).execute("ALTER TABLE messages RENAME TO away")
    with pytest.raises(Exception, match="no such table"):
        actor.file.put([rows])
    connection(actor).execute("ALTER TABLE away RENAME TO messages")
    assert counts(actor, "messages", "contents") == [0, 0]
    actor.file.put([rows])
    assert counts(actor, "messages", "contents") == [1, 1]


def test_a_body_is_read_when_somebody_looks_at_it(actor: FilingActor, queue: Queue) -> None:
    send(actor, queue)
    actor.commit()
    twin = actor.reopened()
    statements: list[str] = []
    twin.file._reader.set_trace_callback(statements.append)
    (message,) = twin.namespace.directory.queue("orders").main.messages
    assert statements == []
    content: Any = message.content
    assert (len(content.body) > 0, content.properties is not None) == (True, True)
    assert len(statements) == 1
    twin.file.close()
