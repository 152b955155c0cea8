import pytest

from sbtutorial.broker.entities.queue import Queue
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.transaction import (
    MAX_OPERATIONS,
    TIMEOUT_SECONDS,
    Settlement,
    Transaction,
)
from tests.broker.conftest import World, contents, make


@pytest.fixture
def transaction(world: World) -> Transaction:
    return Transaction(world.now)


def completion(world: World, queue: Queue, message: Message) -> Settlement:
    token = message.lock_token
    assert token is not None
    return Settlement(queue.active, token, lambda now: queue.active.complete(token, now=now))


def test_nothing_is_seen_before_the_commit_and_everything_after(
    world: World, queue: Queue, transaction: Transaction
) -> None:
    world.send(queue, "raw")
    cooked = world.queue("cooked")
    raw = world.lock(queue.active)
    transaction.settle(completion(world, queue, raw), now=world.now)
    transaction.send(cooked.intake, [make("done")], now=world.now)
    assert (contents(queue.active), contents(cooked.active)) == (["raw"], [])
    transaction.commit(now=world.now, who="cook")
    assert (contents(queue.active), contents(cooked.active)) == ([], ["done"])


def test_transaction_that_is_never_committed_leaves_no_trace(
    world: World, queue: Queue, transaction: Transaction
) -> None:
    world.send(queue, "raw")
    transaction.settle(completion(world, queue, world.lock(queue.active)), now=world.now)
    world.pass_time(61)
    assert contents(queue.active) == ["raw"]
    assert queue.active.has_ready


def test_lock_that_ran_out_undoes_the_whole(
    world: World, queue: Queue, transaction: Transaction
) -> None:
    world.send(queue, "raw")
    cooked = world.queue("cooked")
    transaction.settle(completion(world, queue, world.lock(queue.active)), now=world.now)
    transaction.send(cooked.intake, [make("done")], now=world.now)
    world.pass_time(61)
    with pytest.raises(BrokerError) as caught:
        transaction.commit(now=world.now, who="cook")
    assert caught.value.code is ErrorCode.MESSAGE_LOCK_LOST
    assert contents(cooked.active) == []


def test_sends_that_fit_one_by_one_and_not_together_are_refused(
    world: World, queue: Queue, transaction: Transaction
) -> None:
    queue.intake.max_size_bytes = 250
    transaction.send(queue.intake, [make()], now=world.now)
    transaction.send(queue.intake, [make()], now=world.now)
    with pytest.raises(BrokerError) as caught:
        transaction.send(queue.intake, [make()], now=world.now)
    assert caught.value.code is ErrorCode.QUOTA_EXCEEDED
    transaction.commit(now=world.now, who="")
    assert len(queue.active) == 2


def test_message_is_settled_once(world: World, queue: Queue, transaction: Transaction) -> None:
    world.send(queue, "raw")
    raw = world.lock(queue.active)
    transaction.settle(completion(world, queue, raw), now=world.now)
    with pytest.raises(BrokerError, match="settles the message already"):
        transaction.settle(completion(world, queue, raw), now=world.now)


def test_hundred_operations_are_the_most(
    world: World, queue: Queue, transaction: Transaction
) -> None:
    transaction.send(queue.intake, [make()] * MAX_OPERATIONS, now=world.now)
    with pytest.raises(BrokerError, match="may have 100 messages, and this one has 101"):
        transaction.send(queue.intake, [make()], now=world.now)


def test_transaction_ends_by_itself_after_two_minutes(
    world: World, queue: Queue, transaction: Transaction
) -> None:
    transaction.send(queue.intake, [make()], now=world.now)
    world.pass_time(TIMEOUT_SECONDS)
    with pytest.raises(BrokerError, match="more than 120 seconds") as caught:
        transaction.commit(now=world.now, who="")
    assert caught.value.code is ErrorCode.TIMEOUT
    assert len(queue.active) == 0
