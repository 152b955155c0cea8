"""Transactions, frame by frame."""

import pytest

from sbtutorial.amqp.events import DispositionReceived, LinkAttached
from sbtutorial.amqp.messaging import (
    AMQP_VALUE,
    APPLICATION_PROPERTIES,
    DATA,
    Accepted,
    Coordinator,
    Declare,
    Declared,
    DeliveryState,
    Discharge,
    Rejected,
    Source,
    Target,
    TransactionalState,
    encode_section,
)
from sbtutorial.amqp.sender import SenderLink
from sbtutorial.amqp.types import Int, Timestamp
from sbtutorial.broker.transaction import TIMEOUT_SECONDS
from sbtutorial.gateway.nodes.transactions import MAX_OPEN
from tests.gateway.talk import Talk


@pytest.fixture
async def talk() -> Talk:
    talk = Talk()
    talk.make_queue()
    return talk


@pytest.fixture
async def control(talk: Talk) -> SenderLink:
    link = talk.session.attach_sender("control", source=Source("here"), target=Coordinator())
    talk.pump()
    return link


def ask(talk: Talk, control: SenderLink, request: Declare | Discharge) -> DeliveryState | None:
    payload = bytes((0x00, 0x53, AMQP_VALUE)) + request.encode()
    delivery_id = control.send(payload, delivery_tag=b"c", settled=False)
    talk.pump()
    return answer(talk, delivery_id)


def answer(talk: Talk, delivery_id: int) -> DeliveryState | None:
    events = talk.of(DispositionReceived)
    return next(event.state for event in reversed(events) if event.delivery_id == delivery_id)


def declare(talk: Talk, control: SenderLink) -> bytes:
    declared = ask(talk, control, Declare())
    assert isinstance(declared, Declared)
    return declared.txn_id


def send(talk: Talk, link: SenderLink, txn_id: bytes) -> DeliveryState | None:
    delivery_id = link.send(
        encode_section(DATA, b"done"),
        delivery_tag=b"t",
        settled=False,
        state=TransactionalState(txn_id),
    )
    talk.pump()
    return answer(talk, delivery_id)


async def test_coordinator_says_what_it_can_do(talk: Talk, control: SenderLink) -> None:
    (attached,) = [event for event in talk.of(LinkAttached) if event.link is control]
    assert attached.link.is_attached
    target = control.remote_attach.target if control.remote_attach else None
    assert isinstance(target, Coordinator)
    assert "amqp:local-transactions" in target.capabilities


async def test_send_in_a_transaction_arrives_with_the_commit(
    talk: Talk, control: SenderLink
) -> None:
    queue = talk.broker.namespace.directory.queue("orders")
    txn_id = declare(talk, control)
    answered = send(talk, talk.attach_sender(), txn_id)
    assert answered == TransactionalState(txn_id, Accepted())
    assert len(queue.main.messages) == 0
    assert ask(talk, control, Discharge(txn_id, False)) == Accepted()
    assert len(queue.main.messages) == 1


async def test_rolled_back_send_never_arrives(talk: Talk, control: SenderLink) -> None:
    txn_id = declare(talk, control)
    send(talk, talk.attach_sender(), txn_id)
    assert ask(talk, control, Discharge(txn_id, True)) == Accepted()
    assert len(talk.broker.namespace.directory.queue("orders").main.messages) == 0


async def test_settlement_in_a_transaction_counts_with_the_commit(
    talk: Talk, control: SenderLink
) -> None:
    queue = talk.broker.namespace.directory.queue("orders")
    talk.send(talk.attach_sender())
    receiver = talk.attach_receiver()
    receiver.grant(1)
    talk.pump()
    (message,) = talk.received(receiver)
    txn_id = declare(talk, control)
    receiver.settle(message.delivery_id, TransactionalState(txn_id, Accepted()), settled=False)
    talk.pump()
    assert queue.receivable.counts().locked == 1
    assert ask(talk, control, Discharge(txn_id, False)) == Accepted()
    assert queue.receivable.counts().total == 0


async def test_lock_that_ran_out_rolls_the_transaction_back(
    talk: Talk, control: SenderLink
) -> None:
    queue = talk.broker.namespace.directory.queue("orders")
    sender = talk.attach_sender()
    talk.send(sender)
    receiver = talk.attach_receiver()
    receiver.grant(1)
    talk.pump()
    (message,) = talk.received(receiver)
    txn_id = declare(talk, control)
    send(talk, sender, txn_id)
    receiver.settle(message.delivery_id, TransactionalState(txn_id, Accepted()), settled=False)
    talk.pump()
    talk.broker.advance(31)
    outcome = ask(talk, control, Discharge(txn_id, False))
    assert isinstance(outcome, Rejected)
    assert outcome.error is not None
    assert outcome.error.condition == "amqp:transaction:rollback"
    assert queue.receivable.counts().total == 1


@pytest.mark.parametrize("request_", [Discharge(b"none", False), Discharge(b"none", True)])
async def test_unknown_transaction_cannot_be_ended(
    talk: Talk, control: SenderLink, request_: Discharge
) -> None:
    outcome = ask(talk, control, request_)
    assert isinstance(outcome, Rejected)
    assert outcome.error is not None
    assert outcome.error.condition == "amqp:transaction:unknown-id"


async def test_unknown_transaction_takes_nothing(talk: Talk) -> None:
    outcome = send(talk, talk.attach_sender(), b"none")
    assert isinstance(outcome, Rejected)
    assert len(talk.broker.namespace.directory.queue("orders").main.messages) == 0


async def test_request_that_is_neither_is_refused(talk: Talk, control: SenderLink) -> None:
    delivery_id = control.send(encode_section(DATA, b"x"), delivery_tag=b"c", settled=False)
    talk.pump()
    outcome = answer(talk, delivery_id)
    assert isinstance(outcome, Rejected)
    assert outcome.error is not None
    assert outcome.error.condition == "amqp:decode-error"


async def test_transaction_ends_with_its_connection(talk: Talk, control: SenderLink) -> None:
    txn_id = declare(talk, control)
    send(talk, talk.attach_sender(), txn_id)
    talk.wire.break_off()
    assert len(talk.broker.namespace.directory.queue("orders").main.messages) == 0


async def test_a_request_in_a_transaction_is_rejected_and_not_done_at_once(
    talk: Talk, control: SenderLink
) -> None:
    queue = talk.broker.namespace.directory.queue("orders")
    sender = talk.attach_sender()
    talk.send(sender)
    talk.send(sender)
    requests = talk.session.attach_sender(
        "requests", source=Source("here"), target=Target("orders/$management")
    )
    talk.pump()
    operation = {"operation": "com.microsoft:batch-delete-messages"}
    body = {"message-count": Int(1), "enqueued-time-utc": Timestamp(2**41)}
    deletion = encode_section(APPLICATION_PROPERTIES, operation) + encode_section(AMQP_VALUE, body)

    def ask_for_it(state: TransactionalState | None) -> DeliveryState | None:
        delivery_id = requests.send(deletion, delivery_tag=b"r", settled=False, state=state)
        talk.pump()
        return answer(talk, delivery_id)

    rejected = ask_for_it(TransactionalState(declare(talk, control)))
    assert isinstance(rejected, Rejected)
    assert rejected.error is not None
    assert rejected.error.condition == "amqp:not-implemented"
    assert len(queue.main.messages) == 2
    assert ask_for_it(None) == Accepted()
    assert len(queue.main.messages) == 1


async def test_so_many_transactions_are_open_at_most_until_they_are_discharged_or_over(
    talk: Talk, control: SenderLink
) -> None:
    first, *_ = [declare(talk, control) for _ in range(MAX_OPEN)]
    refused = ask(talk, control, Declare())
    assert isinstance(refused, Rejected)
    assert refused.error is not None
    assert refused.error.condition == "amqp:resource-limit-exceeded"
    assert "discharge some" in (refused.error.description or "")
    assert ask(talk, control, Discharge(first, True)) == Accepted()
    second = declare(talk, control)
    talk.broker.tick(TIMEOUT_SECONDS)
    declare(talk, control)
    assert isinstance(ask(talk, control, Discharge(second, True)), Rejected)
