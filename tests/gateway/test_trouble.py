"""What clients are told when a store can keep little or nothing, and how it goes on."""

from collections.abc import Iterator
from typing import Any

import pytest

from sbtutorial.amqp.link import LinkRefused
from sbtutorial.amqp.messaging import Accepted, Rejected
from sbtutorial.broker.states import MessageState
from sbtutorial.store.stepped import ListKeeper, SteppedStore
from sbtutorial.store.store import Condition, Trouble
from sbtutorial.testing import SteppedBroker
from tests.gateway.talk import Talk

SHORT = Condition(Trouble.SHORT, "Little room is left: receive messages.")
STUCK = Condition(Trouble.STUCK, "The disk is full: make room.")
FINE = Condition()


@pytest.fixture
def store() -> SteppedStore:
    return SteppedStore(ListKeeper())


@pytest.fixture
def broker(store: SteppedStore) -> Iterator[SteppedBroker]:
    broker = SteppedBroker(store=store)
    yield broker
    broker.reactor.close()


@pytest.fixture
def talk(broker: SteppedBroker, store: SteppedStore) -> Talk:
    talk = Talk(broker)
    talk.make_queue()
    settle(talk, store)
    return talk


def settle(talk: Talk, store: SteppedStore) -> None:
    while store.step():
        talk.pump()


def verdicts(talk: Talk) -> list[Any]:
    states = [getattr(event, "state", None) for event in talk.events]
    return [state for state in states if state is not None]


def test_when_little_room_is_left_senders_are_refused_and_receivers_go_on(
    talk: Talk, store: SteppedStore
) -> None:
    sender, receiver = talk.attach_sender(), talk.attach_receiver()
    settle(talk, store)
    talk.send(sender)
    settle(talk, store)
    store.on_condition(SHORT)
    talk.send(sender)
    settle(talk, store)
    _, refused = verdicts(talk)
    assert isinstance(refused, Rejected)
    assert refused.error is not None
    assert (str(refused.error.condition), refused.error.description) == (
        "amqp:resource-limit-exceeded",
        SHORT.text,
    )
    receiver.grant(1)
    talk.pump()
    settle(talk, store)
    (message,) = talk.received(receiver)
    receiver.settle(message.delivery_id, Accepted())
    talk.pump()
    settle(talk, store)
    assert len(talk.broker.namespace.directory.queue("orders").main.messages) == 0
    store.on_condition(FINE)
    talk.send(sender)
    settle(talk, store)
    assert verdicts(talk)[-1] == Accepted()


def test_over_http_a_sender_is_refused_with_the_same_words(talk: Talk, store: SteppedStore) -> None:
    store.on_condition(SHORT)
    refused = talk.broker.http("POST", "/orders/messages", b"coffee").response
    assert refused is not None
    assert (refused.status, SHORT.text.encode() in refused.body) == (403, True)


def test_when_nothing_can_be_kept_what_was_not_safe_is_never_told(
    talk: Talk, store: SteppedStore
) -> None:
    sender = talk.attach_sender()
    settle(talk, store)
    cut: list[str] = []
    talk.broker.on_cut = lambda: cut.append("cut")
    talk.send(sender)
    store.on_condition(STUCK)
    talk.pump()
    assert (verdicts(talk), cut) == ([], ["cut"])


def test_whoever_comes_when_nothing_can_be_kept_is_told_why(
    talk: Talk, store: SteppedStore
) -> None:
    store.on_condition(STUCK)
    other = Talk(talk.broker)
    for attach in (other.attach_sender, other.attach_receiver):
        link = attach()
        refusals = [event for event in other.of(LinkRefused) if event.link is link]
        assert [one.error.description for one in refusals if one.error] == [STUCK.text]
    refused = talk.broker.http("GET", "/orders").response
    assert refused is not None
    assert (refused.status, STUCK.text.encode() in refused.body) == (503, True)
    status = talk.broker.http("GET", "/$lab/status").response
    assert status is not None
    assert status.status == 200


def test_nothing_happens_by_itself_until_it_can_be_kept(
    talk: Talk, broker: SteppedBroker, store: SteppedStore
) -> None:
    sender, receiver = talk.attach_sender(), talk.attach_receiver()
    settle(talk, store)
    talk.send(sender)
    settle(talk, store)
    receiver.grant(1)
    talk.pump()
    settle(talk, store)
    messages = broker.namespace.directory.queue("orders").main.messages
    store.on_condition(STUCK)
    broker.tick(31)
    assert messages.count(MessageState.LOCKED) == 1
    store.on_condition(FINE)
    broker.run()
    assert [one.delivery_count for one in messages] == [1]
