from datetime import timedelta

import pytest

from sbtutorial.broker.changes import ChangeKind
from sbtutorial.broker.descriptions import EntityStatus, QueueDescription
from sbtutorial.broker.entities.queue import Queue
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.limits import Limits
from sbtutorial.broker.subqueues.subqueue import SubQueue
from tests.broker.conftest import START, World, make

IDLE = 300.0


def refused(code: ErrorCode, call, *args: object, **named: object) -> str:
    with pytest.raises(BrokerError) as caught:
        call(*args, **named)
    assert caught.value.code is code
    return caught.value.message


# -- Creating and finding ----------------------------------------------------------------------


def test_queue_is_found_in_any_case_and_keeps_the_case_it_was_created_in(world: World) -> None:
    queue = world.queue("Orders")
    assert world.namespace.directory.queue("oRDERS") is queue
    assert queue.name == "Orders"


def test_created_queue_is_reported_with_its_description(world: World) -> None:
    queue = world.queue("orders", max_delivery_count=3)
    change = world.last()
    assert (change.kind, change.entity, change.at) == (ChangeKind.QUEUE_CREATED, "orders", START)
    assert change.description is queue.description
    assert (queue.created_at, queue.updated_at) == (START, START)


def test_name_cannot_be_used_twice_in_any_case(world: World) -> None:
    world.queue("orders")
    text = refused(ErrorCode.ENTITY_ALREADY_EXISTS, world.queue, "ORDERS")
    assert "'orders' exists already" in text


def test_name_below_another_name_is_a_queue_of_its_own(world: World) -> None:
    a, below = world.queue("a"), world.queue("a/b")
    assert world.namespace.directory.queue("a/b") is below
    assert world.namespace.directory.queues() == [a, below]


def test_bad_name_and_bad_description_create_nothing(world: World) -> None:
    refused(ErrorCode.ARGUMENT_ERROR, world.queue, "$cbs")
    refused(ErrorCode.ARGUMENT_OUT_OF_RANGE, world.queue, "orders", max_delivery_count=0)
    assert world.namespace.directory.queues() == []
    assert world.changes == []


def test_full_namespace_takes_no_more_queues(new_world) -> None:
    world = new_world(Limits("Tiny", 1024, (1024,), 1, None, 1))
    world.queue("only")
    text = refused(ErrorCode.QUOTA_EXCEEDED, world.queue, "another")
    assert "Tiny" in text


def test_queues_are_listed_by_name_in_ordinal_order(world: World) -> None:
    for name in ("b", "a", "C"):
        world.queue(name)
    assert [queue.name for queue in world.namespace.directory.queues()] == ["C", "a", "b"]


def test_missing_queue_is_refused_with_the_names_that_are_here(world: World) -> None:
    world.queue("orders")
    text = refused(ErrorCode.ENTITY_NOT_FOUND, world.namespace.directory.queue, "orderz")
    assert text == "The messaging entity 'orderz' could not be found. Queues here: 'orders'."


def test_long_list_of_names_is_cut_short(world: World) -> None:
    for n in range(7):
        world.queue(f"q{n}")
    text = refused(ErrorCode.ENTITY_NOT_FOUND, world.namespace.directory.queue, "x")
    assert text.endswith("Queues here: 'q0', 'q1', 'q2', 'q3', 'q4' and 2 more.")


def test_empty_namespace_says_so(world: World) -> None:
    text = refused(ErrorCode.ENTITY_NOT_FOUND, world.namespace.directory.queue, "orders")
    assert "'tutorial' has no queues yet" in text


@pytest.mark.parametrize("path", ["orders", "/orders", "ORDERS/"])
def test_path_of_a_queue_leads_to_its_main_subqueue(world: World, queue: Queue, path: str) -> None:
    assert world.namespace.directory.subqueue(path) is queue.main


@pytest.mark.parametrize("suffix", ["$DeadLetterQueue", "$deadletterqueue", "$DEADLETTERQUEUE"])
def test_path_of_a_dead_letter_queue_is_known_in_any_case(world, queue, suffix: str) -> None:
    subqueue = world.namespace.directory.subqueue(f"Orders/{suffix}")
    assert subqueue is queue.dead_letter
    assert subqueue.path == "orders/$DeadLetterQueue"


@pytest.mark.parametrize("path", ["orders/$Transfer", "orders/$else", "orders/$DeadLetterQueue/x"])
def test_other_path_below_a_queue_is_refused(world: World, queue: Queue, path: str) -> None:
    text = refused(ErrorCode.ENTITY_NOT_FOUND, world.namespace.directory.subqueue, path)
    assert f"The messaging entity '{path}' could not be found." in text
    assert "$DeadLetterQueue" in text


# -- Updating ----------------------------------------------------------------------------------


def test_updated_queue_is_the_same_queue_with_another_description(world: World, queue) -> None:
    world.send(queue, "a")
    world.pass_time(10)
    there = world.namespace.directory.queue("ORDERS")
    world.namespace.update(there, QueueDescription(max_delivery_count=3), now=world.now)
    assert there is queue
    assert queue.description.max_delivery_count == 3
    assert (queue.created_at, queue.updated_at) == (START, START + 10)
    assert queue.receivable.counts().total == 1
    assert world.last().kind is ChangeKind.QUEUE_UPDATED


def test_refused_update_changes_nothing(world: World, queue: Queue) -> None:
    before = queue.description
    refused(ErrorCode.ARGUMENT_ERROR, world.update, queue, enable_partitioning=True)
    assert queue.description is before


def test_listeners_are_told_when_a_queue_is_disabled_and_enabled(world: World, queue) -> None:
    told: list[SubQueue] = []
    queue.main.listeners.append(told.append)
    queue.dead_letter.listeners.append(told.append)
    world.update(queue, status=EntityStatus.DISABLED)
    world.update(queue, status=EntityStatus.ACTIVE)
    assert told == [queue.main, queue.dead_letter] * 2


# -- Deleting ----------------------------------------------------------------------------------


def test_deleted_queue_is_gone_with_all_that_was_in_it(world: World, queue: Queue) -> None:
    world.send(queue, "a", "b", time_to_live=100)
    token = world.lock(queue.main).lock_token
    told: list[bool] = []
    queue.main.listeners.append(lambda subqueue: told.append(subqueue.context.deleted))
    world.namespace.delete(world.namespace.directory.queue("Orders"), now=world.now, who="admin")
    assert told == [True]
    assert queue.receivable.counts().total == queue.size_bytes == 0
    assert world.namespace.next_deadline() is None
    assert world.last()[1:3] == (ChangeKind.QUEUE_DELETED, "orders")
    refused(ErrorCode.ENTITY_NOT_FOUND, world.namespace.directory.queue, "orders")
    refused(ErrorCode.ENTITY_NOT_FOUND, queue.ingress.send, [make()], now=world.now)
    refused(ErrorCode.ENTITY_NOT_FOUND, queue.main.peek_lock_next, now=world.now, who="")
    refused(ErrorCode.MESSAGE_LOCK_LOST, queue.main.settling.complete, token, now=world.now)


def test_queue_created_anew_starts_empty_and_knows_no_old_tokens(world: World, queue) -> None:
    world.send(queue, "a")
    token = world.lock(queue.main).lock_token
    world.namespace.delete(world.namespace.directory.queue("orders"), now=world.now)
    again = world.queue("orders")
    refused(ErrorCode.MESSAGE_LOCK_LOST, again.main.settling.complete, token, now=world.now)
    assert world.send(again, "b") == [1]


def test_queue_that_is_deleted_can_be_neither_deleted_nor_changed_again(world: World) -> None:
    namespace, queue = world.namespace, world.queue("x")
    namespace.delete(queue, now=START)
    refused(ErrorCode.ENTITY_NOT_FOUND, namespace.delete, queue, now=START)
    refused(ErrorCode.ENTITY_NOT_FOUND, namespace.update, queue, QueueDescription(), now=START)
    refused(ErrorCode.ENTITY_NOT_FOUND, namespace.shrink, queue, 1, now=START)


def test_queue_that_goes_at_this_very_instant_is_not_changed(world: World, fleeting) -> None:
    instant = START + IDLE
    refused(
        ErrorCode.ENTITY_NOT_FOUND,
        world.namespace.update,
        fleeting,
        QueueDescription(),
        now=instant,
    )


def test_reset_deletes_every_queue_with_one_record(world: World) -> None:
    one, two = world.queue("one"), world.queue("two", auto_delete_on_idle=timedelta(minutes=5))
    world.send(one, "a", time_to_live=100)
    token = world.lock(one.main).lock_token
    told: list[SubQueue] = []
    two.main.listeners.append(told.append)
    before = len(world.changes)
    world.namespace.reset(now=world.now, who="lab")
    assert [change.kind for change in world.changes[before:]] == [ChangeKind.RESET]
    assert told == [two.main]
    assert world.namespace.directory.queues() == []
    assert world.namespace.next_deadline() is None
    refused(ErrorCode.MESSAGE_LOCK_LOST, one.main.settling.complete, token, now=world.now)
    world.pass_time(10_000)
    assert world.last().kind is ChangeKind.RESET


# -- Time --------------------------------------------------------------------------------------


def test_next_deadline_is_the_earliest_of_all_queues(world: World) -> None:
    one, two = world.queue("one"), world.queue("two")
    assert world.namespace.next_deadline() is None
    world.send(one, "a", time_to_live=100)
    world.send(two, "b")
    message = world.lock(two.main)
    assert world.namespace.next_deadline() == START + 60
    two.main.settling.complete(message.lock_token, now=world.now)
    assert world.namespace.next_deadline() == START + 100


def test_things_happen_in_the_order_of_their_instants_across_queues(world: World) -> None:
    one, two = world.queue("one"), world.queue("two")
    world.send(one, "a", time_to_live=30)
    world.send(two, "b", time_to_live=20)
    world.send(one, "c", scheduled_enqueue_at=START + 25)
    world.pass_time(1000)
    assert [(change.kind, change.at) for change in world.changes[-3:]] == [
        (ChangeKind.EXPIRED, START + 20),
        (ChangeKind.ACTIVATED, START + 25),
        (ChangeKind.EXPIRED, START + 30),
    ]


# -- Idle queues -------------------------------------------------------------------------------


@pytest.fixture
def fleeting(world: World) -> Queue:
    return world.queue("fleeting", auto_delete_on_idle=timedelta(seconds=IDLE))


def test_idle_queue_is_deleted_with_its_messages_at_its_instant(world: World, fleeting) -> None:
    world.send(fleeting, "a")
    world.pass_time(IDLE - 1)
    assert not fleeting.context.deleted
    world.pass_time(100)
    assert fleeting.context.deleted
    assert (world.last().kind, world.last().at) == (ChangeKind.QUEUE_DELETED, START + IDLE)


def test_use_of_a_queue_puts_its_end_off(world: World, fleeting: Queue) -> None:
    world.pass_time(200)
    world.send(fleeting, "a")
    world.pass_time(200)
    world.lock(fleeting.main)
    world.pass_time(IDLE - 1)
    assert not fleeting.context.deleted
    world.pass_time(1)
    assert (fleeting.context.deleted, world.last().at) == (True, START + 400 + IDLE)


def test_one_timer_watches_a_queue_however_often_it_is_used(world: World, fleeting: Queue) -> None:
    for _ in range(50):
        world.send(fleeting, "a")
        fleeting.main.receive_and_delete_next(now=world.now, who="")
    assert len(world.namespace.timers) == 1


def test_queue_is_idle_for_its_whole_time_after_its_last_receiver_has_gone(
    world: World, fleeting: Queue
) -> None:
    listener = fleeting.main.listeners
    listener.append(lambda _: None)
    world.pass_time(IDLE + 100)
    listener.clear()
    fleeting.main.receiver_gone([], now=world.now, who="cashier")
    world.pass_time(IDLE - 1)
    assert world.namespace.directory.queues() == [fleeting]
    world.pass_time(1)
    assert world.namespace.directory.queues() == []


def test_queue_that_is_listened_to_is_not_idle(world: World, fleeting: Queue) -> None:
    fleeting.dead_letter.listeners.append(lambda _: None)
    world.pass_time(10 * IDLE)
    assert not fleeting.context.deleted


def test_scheduled_message_keeps_a_queue_until_it_has_come(world: World, fleeting: Queue) -> None:
    world.send(fleeting, "later", scheduled_enqueue_at=START + 2.5 * IDLE)
    world.pass_time(3.4 * IDLE)
    assert not fleeting.context.deleted
    world.pass_time(IDLE)
    assert (fleeting.context.deleted, world.last().at) == (True, START + 3.5 * IDLE)


def test_update_can_end_or_begin_the_watch(world: World, fleeting: Queue) -> None:
    world.update(fleeting)
    world.pass_time(10 * IDLE)
    assert not fleeting.context.deleted
    world.update(fleeting, auto_delete_on_idle=timedelta(seconds=IDLE))
    world.pass_time(IDLE)
    assert fleeting.context.deleted


# -- Shrinking, for lessons ---------------------------------------------------------------------


def test_shrunk_queue_is_full_after_what_it_now_holds(world: World) -> None:
    queue = world.queue("orders", lock_duration=timedelta(seconds=30))
    world.namespace.shrink(queue, 1, now=world.now)
    change = world.last()
    assert change.kind is ChangeKind.QUEUE_UPDATED
    assert change.description is queue.description
    assert queue.ingress.max_size_bytes == 1024 * 1024
    assert queue.description.lock_duration == timedelta(seconds=30)


@pytest.mark.parametrize("megabytes", [0, -1, 1025])
def test_queue_only_shrinks(world: World, megabytes: int) -> None:
    queue, shrink = world.queue("orders"), world.namespace.shrink
    refused(ErrorCode.ARGUMENT_OUT_OF_RANGE, shrink, queue, megabytes, now=world.now)
