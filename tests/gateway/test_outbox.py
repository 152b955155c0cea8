"""Nobody is told of what is not safe, whatever is spoken, and all else goes on."""

import pytest

from sbtutorial.amqp.messaging import Accepted
from sbtutorial.amqp.sender import SenderLink
from sbtutorial.amqp.session import SessionBegun
from sbtutorial.gateway.outbox import MOST_WAITING_COMMITS, Outbox
from sbtutorial.store.stepped import ListKeeper, SteppedStore
from sbtutorial.testing import SteppedBroker
from tests.gateway.talk import Talk


@pytest.fixture
def keeper() -> ListKeeper:
    return ListKeeper()


@pytest.fixture
def store(keeper: ListKeeper) -> SteppedStore:
    return SteppedStore(keeper)


@pytest.fixture
def talk(store: SteppedStore) -> Talk:
    talk = Talk(SteppedBroker(store=store))
    talk.make_queue()
    store.step()
    return talk


def sender(talk: Talk, store: SteppedStore) -> SenderLink:
    """One that is attached: the entity is in use from then on, which is a commit."""
    link = talk.attach_sender()
    settle(talk, store)
    return link


def settle(talk: Talk, store: SteppedStore) -> None:
    while store.step():
        talk.pump()


def verdicts(talk: Talk) -> list[object]:
    states = [getattr(event, "state", None) for event in talk.events]
    return [state for state in states if state is not None]


def test_what_is_sent_is_accepted_when_it_is_safe_and_not_before(
    talk: Talk, store: SteppedStore
) -> None:
    link = sender(talk, store)
    talk.send(link)
    assert verdicts(talk) == []
    store.step()
    talk.pump()
    assert verdicts(talk) == [Accepted()]


def test_a_message_is_handed_out_when_its_lock_is_safe(talk: Talk, store: SteppedStore) -> None:
    talk.send(sender(talk, store))
    settle(talk, store)
    receiver = talk.attach_receiver()
    settle(talk, store)
    receiver.grant(1)
    talk.pump()
    assert talk.received(receiver) == []
    store.step(9)
    talk.pump()
    assert len(talk.received(receiver)) == 1


def test_what_was_told_is_there_after_a_crash_and_what_was_not_is_not(
    talk: Talk, store: SteppedStore, keeper: ListKeeper
) -> None:
    link = sender(talk, store)
    talk.send(link, b"first")
    store.step(9)
    talk.send(link, b"second")
    store.crash()
    again = SteppedBroker(store=SteppedStore(keeper), clock=talk.clock)
    messages = again.namespace.directory.queue("orders").main.messages
    assert [message.sequence_number for message in messages] == [1]
    talk.pump()
    assert verdicts(talk) == [Accepted()]


def test_who_is_told_nothing_new_waits_behind_what_it_was_told_before(
    talk: Talk, store: SteppedStore
) -> None:
    link = sender(talk, store)
    talk.send(link)
    talk.wire.connection.begin()
    talk.pump()
    assert len(talk.of(SessionBegun)) == 1  # that of the beginning
    settle(talk, store)
    assert len(talk.of(SessionBegun)) == 2


def test_answers_over_http_wait_too(talk: Talk, store: SteppedStore) -> None:
    sending = talk.broker.http("POST", "/orders/messages", b"coffee")
    resetting = talk.broker.http("POST", "/$lab/reset", b"{}")
    assert (sending.response, resetting.response) == (None, None)
    store.step()
    assert sending.response is not None
    assert sending.response.status == 201
    assert resetting.response is None
    store.step()
    assert resetting.response is not None


def test_commits_that_become_safe_together_are_told_together(
    talk: Talk, store: SteppedStore
) -> None:
    link = sender(talk, store)
    for _ in range(3):
        talk.send(link)
    assert len(store.waiting) == 3
    store.step(3)
    talk.pump()
    assert verdicts(talk) == [Accepted()] * 3


def test_a_connection_ends_after_what_it_was_told() -> None:
    outbox, told = Outbox(), list[object]()
    write, close = outbox.gate(told.append, lambda: told.append("closed"))
    outbox.committing()
    write(b"last words")
    close()
    assert told == []
    outbox.on_safe()
    assert told == [b"last words", "closed"]


def test_nothing_more_is_done_while_too_much_waits(talk: Talk, store: SteppedStore) -> None:
    outbox, link = talk.broker.outbox, sender(talk, store)
    for _ in range(MOST_WAITING_COMMITS + 1):
        outbox.committing()
    assert outbox.is_full
    talk.send(link)
    assert not store.waiting  # it was not read
    outbox.on_safe()
    talk.broker.run()
    assert len(store.waiting) == 1


def test_a_connection_that_was_cut_is_told_nothing_and_others_are_told_no_secrets() -> None:
    outbox, told = Outbox(), list[object]()
    write, _ = outbox.gate(told.append, lambda: None)
    outbox.committing()
    write(b"accepted")
    outbox.cut()
    write(b"refused")
    outbox.mend()
    write(b"later")
    assert told == [b"refused"]
    outbox.on_safe()
    assert told == [b"refused", b"later"]
