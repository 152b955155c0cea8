"""Batches of many messages: how many one may have, all or none, and nobody waits for one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sbtutorial.amqp.events import DispositionReceived
from sbtutorial.amqp.messaging import (
    APPLICATION_PROPERTIES,
    BATCH_MESSAGE_FORMAT,
    DATA,
    Accepted,
    Properties,
    Rejected,
    encode_section,
)
from sbtutorial.amqp.sender import SenderLink
from sbtutorial.broker.descriptions import SubscriptionDescription, TopicDescription
from sbtutorial.broker.limits import EMULATOR, PREMIUM, STANDARD, Limits
from sbtutorial.broker.namespace import Namespace
from sbtutorial.store.restore import restore
from sbtutorial.store.sqlite.file import SqliteFile
from sbtutorial.store.stepped import ListKeeper, SteppedStore
from sbtutorial.testing import SteppedBroker
from tests.gateway.counting_store import CountingStore
from tests.gateway.talk import Talk
from tests.store.sqlite.filing import CODEC

Batch = Callable[[int], bytes]


def numbered(count: int) -> bytes:
    each = (Properties(message_id=f"m{number}").encode() for number in range(count))
    return b"".join(encode_section(DATA, payload) for payload in each)


def empty(count: int) -> bytes:
    return encode_section(DATA, b"") * count


def send(talk: Talk, link: SenderLink, payload: bytes) -> Any:
    """The outcome of a batch."""
    delivery_id = link.send(
        payload, delivery_tag=b"b", settled=False, message_format=BATCH_MESSAGE_FORMAT
    )
    talk.pump()
    return outcome_of(talk, delivery_id)


def outcome_of(talk: Talk, delivery_id: int) -> Any:
    found = [each for each in talk.of(DispositionReceived) if each.delivery_id == delivery_id]
    return found[-1].state if found else None


@pytest.mark.parametrize("limits", [STANDARD, EMULATOR, PREMIUM], ids=lambda each: each.name)
@pytest.mark.parametrize("batch", [numbered, empty])
def test_batch_has_so_many_messages_at_most_however_small_they_are(
    limits: Limits, batch: Batch
) -> None:
    talk = Talk(SteppedBroker(limits=limits))
    queue = talk.make_queue()
    link = talk.attach_sender()
    most = limits.max_batch_messages
    assert isinstance(send(talk, link, batch(most)), Accepted)
    assert queue.receivable.counts().total == most
    refused = send(talk, link, batch(most + 1))
    assert isinstance(refused, Rejected)
    assert refused.error is not None
    assert f"more than {most} messages" in (refused.error.description or "")
    assert queue.receivable.counts().total == most


def test_messages_of_a_large_batch_stand_in_its_order() -> None:
    talk = Talk()
    queue = talk.make_queue()
    assert isinstance(send(talk, talk.attach_sender(), numbered(1000)), Accepted)
    there = queue.main.messages.peek(1, 2000)
    assert [message.message_id for message in there] == [f"m{number}" for number in range(1000)]
    assert [message.sequence_number for message in there] == list(range(1, 1001))


@pytest.mark.parametrize("count", [2, 1000])
@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (encode_section(APPLICATION_PROPERTIES, {"a": [1]}), "property 'a' is a list"),
        (b"\x00\x53\x75", "cannot be read"),
        (Properties(message_id="m" * 129).encode(), "129 characters"),
    ],
)
def test_one_bad_message_keeps_all_of_its_batch_out(count: int, bad: bytes, problem: str) -> None:
    talk = Talk()
    queue = talk.make_queue()
    refused = send(talk, talk.attach_sender(), numbered(count - 1) + encode_section(DATA, bad))
    assert isinstance(refused, Rejected)
    assert refused.error is not None
    assert problem in (refused.error.description or "")
    assert queue.receivable.counts().total == 0
    if "129" not in problem:
        assert f"message {count} of the batch" in (refused.error.description or "").lower()


def test_large_batch_keeps_no_other_client_waiting() -> None:
    broker = SteppedBroker()
    talk, other = Talk(broker), Talk(broker, who="other")
    queue = talk.make_queue()
    talk.make_queue("other")
    link, quick = talk.attach_sender(), other.attach_sender("other")
    batch = link.send(
        numbered(4500), delivery_tag=b"b", settled=False, message_format=BATCH_MESSAGE_FORMAT
    )
    talk.endpoint.receive_data(talk.client.data_to_send())
    for _ in range(3):
        broker.step()
    one = quick.send(Properties(message_id="1").encode(), delivery_tag=b"o", settled=False)
    other.endpoint.receive_data(other.client.data_to_send())
    for _ in range(3):
        broker.step()
    other.wire.read()
    assert isinstance(outcome_of(other, one), Accepted)
    talk.wire.read()
    assert outcome_of(talk, batch) is None  # it goes on, all the same
    talk.pump()
    assert isinstance(outcome_of(talk, batch), Accepted)
    assert queue.receivable.counts().total == 4500


def test_what_a_client_sends_behind_a_large_batch_stands_behind_it() -> None:
    talk = Talk()
    queue = talk.make_queue()
    link = talk.attach_sender()
    link.send(numbered(1000), delivery_tag=b"b", settled=False, message_format=BATCH_MESSAGE_FORMAT)
    talk.send(link, message_id="last")
    assert [each.message_id for each in queue.main.messages.peek(1001, 5)] == ["last"]


def test_queue_that_is_deleted_under_a_large_batch_refuses_the_rest() -> None:
    broker = SteppedBroker()
    talk = Talk(broker)
    talk.make_queue()
    link = talk.attach_sender()
    batch = link.send(
        numbered(4500), delivery_tag=b"b", settled=False, message_format=BATCH_MESSAGE_FORMAT
    )
    talk.endpoint.receive_data(talk.client.data_to_send())
    for _ in range(3):
        broker.step()
    with broker.reactor.turn() as now:
        broker.namespace.delete(broker.namespace.directory.queue("orders"), now=now)
    talk.pump()
    assert not isinstance(outcome_of(talk, batch), Accepted)


def test_batch_to_a_topic_counts_the_copies_of_its_messages() -> None:
    turns: list[int] = []
    broker = SteppedBroker(store=CountingStore(turns))
    with broker.reactor.turn() as now:
        broker.namespace.create("news", TopicDescription(), now=now)
        for number in range(24):
            path = f"news/Subscriptions/s{number}"
            broker.namespace.create(path, SubscriptionDescription(), now=now)
    talk = Talk(broker)
    link = talk.attach_sender("news")
    turns.clear()
    assert isinstance(send(talk, link, numbered(300)), Accepted)
    assert broker.namespace.directory.topic("news").message_count == 300 * 24
    assert max(turns) < 600  # of copies a turn, with what else is reported of them
    for number in range(100):
        link.send(Properties(message_id=f"n{number}").encode(), delivery_tag=b"1", settled=False)
    turns.clear()
    talk.pump()
    assert max(turns) < 600


# -- What ends the broker ----------------------------------------------------------------------


def interrupted(
    broker: SteppedBroker, store: SteppedStore, count: int, commits: int
) -> tuple[Talk, int]:
    """A client, and the batch that it sent before so many commits became safe and no more."""
    store.step()
    talk = Talk(broker)
    link = talk.attach_sender()
    each = (Properties(message_id=f"m{n}", group_id="s").encode() for n in range(count))
    batch = link.send(
        b"".join(encode_section(DATA, one) for one in each),
        delivery_tag=b"1",
        settled=False,
        message_format=BATCH_MESSAGE_FORMAT,
    )
    talk.pump()
    for _ in range(commits):
        assert store.step()
        talk.pump()
    store.crash()
    return talk, batch


@pytest.mark.parametrize("properties", [{}, {"requires_session": True}], ids=["plain", "sessions"])
@pytest.mark.parametrize("commits", [0, 1])
def test_what_ends_the_broker_leaves_a_batch_whole_or_not_at_all(
    commits: int, properties: dict[str, bool]
) -> None:
    keeper = ListKeeper()
    store = SteppedStore(keeper)
    broker = SteppedBroker(store=store)
    broker.create_queue("orders", **properties)
    talk, batch = interrupted(broker, store, 4500, commits)
    kept = restore(keeper.changes, Namespace("tutorial")).directory.queue("orders")
    assert kept.receivable.message_count == (4500 if commits else 0)
    assert isinstance(outcome_of(talk, batch), Accepted) is bool(commits)


@pytest.mark.parametrize("commits", [0, 1, 2, 30])
def test_what_ends_the_broker_leaves_a_batch_to_a_topic_whole_or_not_at_all(
    commits: int, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    store = SteppedStore(SqliteFile(path, CODEC))
    broker = SteppedBroker(store=store)
    with broker.reactor.turn() as now:
        broker.namespace.create("orders", TopicDescription(), now=now)
        for name in ("one", "two"):
            create = broker.namespace.create
            create(f"orders/Subscriptions/{name}", SubscriptionDescription(), now=now)
    talk, batch = interrupted(broker, store, 600, commits)
    assert outcome_of(talk, batch) is None
    store.close()
    store = SteppedStore(SqliteFile(path, CODEC))
    later = SteppedBroker(store=store)
    while later.step() or store.step():
        pass
    for subscription in later.namespace.directory.topic("orders").subscriptions():
        ids = [each.message_id for each in subscription.main.messages]
        assert ids == ([f"m{n}" for n in range(600)] if commits else [])
    later.close()
