import pytest

from sbtutorial.broker.entities.queue import Queue
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.subqueues.disposition import Disposition, Settlement
from sbtutorial.broker.transaction import (
    MAX_OPERATIONS,
    TIMEOUT_SECONDS,
    Transaction,
)
from tests.broker.conftest import World, contents, make


@pytest.fixture
def transaction(world: World) -> Transaction:
    return Transaction(world.now)


def complete(transaction: Transaction, world: World, queue: Queue, message: Message) -> None:
    assert message.lock_token is not None
    completion = Disposition(Settlement.COMPLETE)
    transaction.settle(queue.main, message.lock_token, completion, now=world.now)


def test_nothing_is_seen_before_the_commit_and_everything_after(
    world: World, queue: Queue, transaction: Transaction
) -> None:
    world.send(queue, "raw")
    cooked = world.queue("cooked")
    raw = world.lock(queue.main)
    complete(transaction, world, queue, raw)
    transaction.send(cooked.ingress, [make("done")], now=world.now)
    assert (contents(queue.main), contents(cooked.main)) == (["raw"], [])
    transaction.commit(now=world.now, who="cook")
    assert (contents(queue.main), contents(cooked.main)) == ([], ["done"])


def test_transaction_that_is_never_committed_leaves_no_trace(
    world: World, queue: Queue, transaction: Transaction
) -> None:
    world.send(queue, "raw")
    complete(transaction, world, queue, world.lock(queue.main))
    world.pass_time(61)
    assert contents(queue.main) == ["raw"]
    assert queue.main.has_ready


def test_lock_that_ran_out_undoes_the_whole(
    world: World, queue: Queue, transaction: Transaction
) -> None:
    world.send(queue, "raw")
    cooked = world.queue("cooked")
    complete(transaction, world, queue, world.lock(queue.main))
    transaction.send(cooked.ingress, [make("done")], now=world.now)
    world.pass_time(61)
    with pytest.raises(BrokerError) as caught:
        transaction.commit(now=world.now, who="cook")
    assert caught.value.code is ErrorCode.MESSAGE_LOCK_LOST
    assert contents(cooked.main) == []


def test_sends_that_fit_one_by_one_and_not_together_are_refused(
    world: World, queue: Queue, transaction: Transaction
) -> None:
    queue.ingress.max_size_bytes = 250
    transaction.send(queue.ingress, [make()], now=world.now)
    transaction.send(queue.ingress, [make()], now=world.now)
    with pytest.raises(BrokerError) as caught:
        transaction.send(queue.ingress, [make()], now=world.now)
    assert caught.value.code is ErrorCode.QUOTA_EXCEEDED
    transaction.commit(now=world.now, who="")
    assert len(queue.main.messages) == 2


def test_message_is_settled_once(world: World, queue: Queue, transaction: Transaction) -> None:
    world.send(queue, "raw")
    raw = world.lock(queue.main)
    complete(transaction, world, queue, raw)
    with pytest.raises(BrokerError, match="settles the message already"):
        complete(transaction, world, queue, raw)


def test_hundred_operations_are_the_most(
    world: World, queue: Queue, transaction: Transaction
) -> None:
    transaction.send(queue.ingress, [make()] * MAX_OPERATIONS, now=world.now)
    with pytest.raises(BrokerError, match="may have 100 messages, and this one has 101"):
        transaction.send(queue.ingress, [make()], now=world.now)


def test_transaction_ends_by_itself_after_two_minutes(
    world: World, queue: Queue, transaction: Transaction
) -> None:
    transaction.send(queue.ingress, [make()], now=world.now)
    world.pass_time(TIMEOUT_SECONDS)
    with pytest.raises(BrokerError, match="more than 120 seconds") as caught:
        transaction.commit(now=world.now, who="")
    assert caught.value.code is ErrorCode.TIMEOUT
    assert len(queue.main.messages) == 0


def test_deferral_counts_as_a_delivery_when_it_is_committed(
    world: World, queue: Queue, transaction: Transaction
) -> None:
    [number] = world.send(queue, "raw")
    raw = world.lock(queue.main)
    assert raw.lock_token is not None
    transaction.settle(queue.main, raw.lock_token, Disposition(Settlement.DEFER), now=world.now)
    assert raw.delivery_count == 0
    transaction.commit(now=world.now, who="cook")
    [deferred] = queue.main.receive_deferred([number], now=world.now, who="receiver")
    assert deferred.delivery_count == 1


def test_transaction_at_a_partitioned_queue_keeps_to_one_partition_key(
    world: World, transaction: Transaction
) -> None:
    wide = world.queue("wide", enable_partitioning=True)
    transaction.send(wide.ingress, [make(partition_key="north")], now=world.now)
    transaction.send(wide.ingress, [make(partition_key="north")], now=world.now)
    with pytest.raises(BrokerError) as caught:
        transaction.send(wide.ingress, [make(partition_key="south")], now=world.now)
    assert caught.value.code is ErrorCode.NOT_ALLOWED
    transaction.commit(now=world.now, who="")
    assert len(wide.main.messages) == 2
