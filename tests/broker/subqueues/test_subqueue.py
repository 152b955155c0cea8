from datetime import timedelta
from uuid import UUID

import pytest

from sbtutorial.broker.changes import ChangeKind
from sbtutorial.broker.descriptions import EntityStatus
from sbtutorial.broker.entities.queue import Queue
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.states import MessageState
from sbtutorial.broker.subqueues.subqueue import SubQueue
from tests.broker.conftest import START, World, contents

LOCK = 60.0


def refused(code: ErrorCode, call, *args: object, **named: object) -> str:
    with pytest.raises(BrokerError) as caught:
        call(*args, **named)
    assert caught.value.code is code
    return caught.value.message


def deferred(world: World, queue: Queue, content: object = "x") -> Message:
    world.send(queue, content)
    message = world.lock(queue.active)
    queue.active.defer(message.lock_token, now=world.now)
    return message


# -- Receiving ---------------------------------------------------------------------------------


def test_messages_are_locked_in_the_order_they_were_sent(world: World, queue: Queue) -> None:
    world.send(queue, "a", "b", "c")
    assert [world.lock(queue.active).content for _ in "abc"] == ["a", "b", "c"]


def test_locked_message_is_held_for_the_lock_duration(world: World, queue: Queue) -> None:
    world.send(queue, "a")
    message = world.lock(queue.active, "cashier")
    assert message.state is MessageState.LOCKED
    assert message.locked_until == START + LOCK
    assert message.locked_by == "cashier"
    assert message.delivery_count == 0
    assert queue.active.lock_next(now=world.now, who="other") is None


def test_each_lock_has_a_token_of_its_own(world: World, queue: Queue) -> None:
    world.send(queue, "a")
    first = world.lock(queue.active).lock_token
    queue.active.release(first, now=world.now)
    assert world.lock(queue.active).lock_token != first


def test_taken_message_is_gone(world: World, queue: Queue) -> None:
    world.send(queue, "a", "b")
    message = queue.active.take_next(now=world.now, who="receiver")
    assert message is not None
    assert message.content == "a"
    assert message.lock_token is None
    assert contents(queue.active) == ["b"]
    assert world.last().kind is ChangeKind.TAKEN


def test_empty_queue_gives_nothing(world: World, queue: Queue) -> None:
    assert queue.active.lock_next(now=world.now, who="") is None
    assert queue.active.take_next(now=world.now, who="") is None
    assert not queue.active.has_ready


@pytest.mark.parametrize("status", [EntityStatus.DISABLED, EntityStatus.RECEIVE_DISABLED])
def test_queue_disabled_for_receiving_gives_nothing_out(world: World, queue, status) -> None:
    world.send(queue, "a")
    world.update(queue, status=status)
    for line in (queue.active, queue.dead_letter):
        for receive in (line.lock_next, line.take_next):
            text = refused(ErrorCode.ENTITY_DISABLED, receive, now=world.now, who="")
            assert "'orders'" in text
            assert status.value in text
    for by_number in (queue.active.receive_deferred, queue.active.take_deferred):
        refused(ErrorCode.ENTITY_DISABLED, by_number, [1], now=world.now, who="")
    assert not queue.active.has_ready


@pytest.mark.parametrize("status", [EntityStatus.DISABLED, EntityStatus.RECEIVE_DISABLED])
def test_receivers_are_told_to_go_as_long_as_nothing_is_given_out(
    world: World, queue: Queue, status: EntityStatus
) -> None:
    told: list[SubQueue] = []
    queue.active.listeners.append(told.append)
    world.update(queue, status=status)
    assert told == [queue.active]
    for line in queue.lines:
        assert line.ending is not None
        assert line.ending.code is ErrorCode.ENTITY_DISABLED
        assert status.value in line.ending.message
    world.update(queue)
    assert [line.ending for line in queue.lines] == [None, None, None]


def test_queue_disabled_for_sending_still_gives_out(world: World, queue: Queue) -> None:
    world.send(queue, "a")
    world.update(queue, status=EntityStatus.SEND_DISABLED)
    assert queue.active.has_ready
    assert world.lock(queue.active).content == "a"


# -- Settlement --------------------------------------------------------------------------------


def test_completed_message_is_gone(world: World, queue: Queue) -> None:
    world.send(queue, "a")
    queue.active.complete(world.lock(queue.active).lock_token, now=world.now, who="cashier")
    assert len(queue.active) == 0
    assert world.last()[1:3] == (ChangeKind.COMPLETED, "orders")
    assert world.last().who == "cashier"
    assert world.namespace.next_deadline() is None


def test_abandoned_message_returns_to_its_place_with_higher_delivery_count(
    world: World, queue: Queue
) -> None:
    world.send(queue, "a", "b")
    queue.active.abandon(world.lock(queue.active).lock_token, now=world.now)
    message = world.lock(queue.active)
    assert (message.content, message.delivery_count) == ("a", 1)
    assert world.changes[-2].delivery_count == 1


def test_released_message_returns_to_its_place_uncounted(world: World, queue: Queue) -> None:
    world.send(queue, "a", "b")
    queue.active.release(world.lock(queue.active).lock_token, now=world.now)
    message = world.lock(queue.active)
    assert (message.content, message.delivery_count) == ("a", 0)


def test_properties_of_settlements_are_laid_over_each_other(world: World, queue: Queue) -> None:
    world.send(queue, "a")
    queue.active.abandon(world.lock(queue.active).lock_token, {"try": 1, "by": "a"}, now=world.now)
    message = world.lock(queue.active)
    queue.active.defer(message.lock_token, {"try": 2}, now=world.now)
    assert message.properties == {"try": 2, "by": "a"}


@pytest.mark.parametrize("settlement", ["complete", "abandon", "defer", "dead_letter", "release"])
def test_token_settles_once(world: World, queue: Queue, settlement: str) -> None:
    world.send(queue, "a")
    token = world.lock(queue.active).lock_token
    settle = getattr(queue.active, settlement)
    settle(token, now=world.now)
    text = refused(ErrorCode.MESSAGE_LOCK_LOST, settle, token, now=world.now)
    assert text.startswith("The lock supplied is invalid. Either the lock expired, or")


@pytest.mark.parametrize(
    "settlement", ["complete", "abandon", "defer", "dead_letter", "release", "renew_lock"]
)
def test_token_of_a_redelivered_message_is_dead(world: World, queue: Queue, settlement) -> None:
    world.send(queue, "a")
    old = world.lock(queue.active).lock_token
    world.pass_time(LOCK)
    new = world.lock(queue.active).lock_token
    refused(ErrorCode.MESSAGE_LOCK_LOST, getattr(queue.active, settlement), old, now=world.now)
    queue.active.complete(new, now=world.now)


def test_token_of_the_main_line_settles_nothing_in_the_dead_letter_queue(
    world: World, queue: Queue
) -> None:
    world.send(queue, "a")
    token = world.lock(queue.active).lock_token
    text = refused(ErrorCode.MESSAGE_LOCK_LOST, queue.dead_letter.complete, token, now=world.now)
    assert "'orders/$DeadLetterQueue'" in text


# -- Locks and time ----------------------------------------------------------------------------


def test_lock_holds_until_its_last_instant(world: World, queue: Queue) -> None:
    world.send(queue, "a")
    token = world.lock(queue.active).lock_token
    queue.active.complete(token, now=world.now + LOCK - 0.001)
    assert len(queue.active) == 0


def test_lock_is_lost_at_its_very_end_even_if_nobody_ran_what_was_due(
    world: World, queue: Queue
) -> None:
    world.send(queue, "a")
    token = world.lock(queue.active).lock_token
    refused(ErrorCode.MESSAGE_LOCK_LOST, queue.active.complete, token, now=world.now + LOCK)


def test_expired_lock_returns_the_message_ahead_of_newer_ones_and_counts(
    world: World, queue: Queue
) -> None:
    world.send(queue, "a", "b")
    world.lock(queue.active, "crashed")
    world.pass_time(LOCK + 5)
    expired = world.last()
    assert (expired.kind, expired.at, expired.who) == (
        ChangeKind.LOCK_EXPIRED,
        START + LOCK,
        "crashed",
    )
    message = world.lock(queue.active)
    assert (message.content, message.delivery_count) == ("a", 1)


def test_renewing_holds_for_one_more_lock_duration_from_now_any_number_of_times(
    world: World, queue: Queue
) -> None:
    world.send(queue, "a")
    message = world.lock(queue.active)
    for _ in range(20):
        world.pass_time(LOCK - 1)
        until = queue.active.renew_lock(message.lock_token, now=world.now, who="cashier")
        assert until == message.locked_until == world.now + LOCK
    assert world.last().kind is ChangeKind.LOCK_RENEWED
    assert message.delivery_count == 0
    world.pass_time(LOCK)
    assert message.delivery_count == 1


def test_receiver_that_broke_off_is_on_record_and_its_lock_stays(
    world: World, queue: Queue
) -> None:
    world.send(queue, "a", "b")
    held, done = world.lock(queue.active), world.lock(queue.active)
    tokens = [held.lock_token, done.lock_token]
    queue.active.complete(done.lock_token, now=world.now)
    queue.active.receiver_gone(tokens, now=world.now, who="cashier")
    gone = [change for change in world.changes if change.kind is ChangeKind.RECEIVER_GONE]
    assert [(change.sequence_number, change.who) for change in gone] == [(1, "cashier")]
    assert held.lock_token == tokens[0]


def test_changed_lock_duration_affects_later_locks_only(world: World, queue: Queue) -> None:
    world.send(queue, "a", "b")
    first = world.lock(queue.active)
    world.update(queue, lock_duration=timedelta(seconds=10))
    second = world.lock(queue.active)
    assert first.locked_until == START + LOCK
    assert second.locked_until == START + 10
    assert queue.active.renew_lock(first.lock_token, now=world.now) == START + 10


# -- Too many deliveries -----------------------------------------------------------------------


def test_message_is_dead_lettered_at_the_last_delivery_that_fails(world: World) -> None:
    queue = world.queue(max_delivery_count=3)
    world.send(queue, "a")
    world.fail(queue.active, 2)
    assert contents(queue.dead_letter) == []
    world.fail(queue.active)
    (dead,) = queue.dead_letter
    assert dead.delivery_count == 3
    assert dead.properties == {
        "DeadLetterReason": "MaxDeliveryCountExceeded",
        "DeadLetterErrorDescription": "Message could not be consumed after 3 delivery attempts.",
    }
    assert world.kinds()[-2:] == [ChangeKind.ABANDONED, ChangeKind.DEAD_LETTERED]


def test_expired_locks_count_towards_the_most_deliveries(world: World) -> None:
    queue = world.queue(max_delivery_count=1)
    world.send(queue, "a")
    world.lock(queue.active)
    world.pass_time(LOCK)
    assert contents(queue.dead_letter) == ["a"]
    assert world.last().at == START + LOCK


def test_releases_never_dead_letter(world: World) -> None:
    queue = world.queue(max_delivery_count=1)
    world.send(queue, "a")
    for _ in range(5):
        queue.active.release(world.lock(queue.active).lock_token, now=world.now)
    assert contents(queue.active) == ["a"]


def test_deliveries_from_the_dead_letter_queue_count_without_end(world: World) -> None:
    queue = world.queue(max_delivery_count=1)
    world.send(queue, "a")
    world.fail(queue.active)
    world.fail(queue.dead_letter, 5)
    assert world.lock(queue.dead_letter).delivery_count == 6


# -- Dead-lettering ----------------------------------------------------------------------------


def test_dead_lettered_message_keeps_its_number_and_time_and_says_why(
    world: World, queue: Queue
) -> None:
    world.send(queue, "a", "b")
    world.pass_time(5)
    queue.active.dead_letter(
        world.lock(queue.active).lock_token,
        "unreadable",
        "not JSON",
        {"shelf": 3},
        now=world.now,
        who="cashier",
    )
    (dead,) = queue.dead_letter
    assert (dead.sequence_number, dead.enqueued_at) == (1, START)
    assert dead.dead_letter_source == "orders"
    assert dead.state is MessageState.ACTIVE
    assert dead.delivery_count == 0
    assert dead.properties == {
        "shelf": 3,
        "DeadLetterReason": "unreadable",
        "DeadLetterErrorDescription": "not JSON",
    }
    change = world.last()
    assert (change.kind, change.entity, change.detail, change.who) == (
        ChangeKind.DEAD_LETTERED,
        "orders",
        "unreadable",
        "cashier",
    )
    assert contents(queue.active) == ["b"]


def test_reason_that_was_not_given_is_not_set(world: World, queue: Queue) -> None:
    world.send(queue, "a")
    queue.active.dead_letter(world.lock(queue.active).lock_token, now=world.now)
    (dead,) = queue.dead_letter
    assert dead.properties is None


def test_dead_letters_are_received_by_sequence_number_not_by_arrival(
    world: World, queue: Queue
) -> None:
    world.send(queue, "a", "b")
    first, second = world.lock(queue.active), world.lock(queue.active)
    for message in (second, first):
        queue.active.dead_letter(message.lock_token, now=world.now)
    assert world.lock(queue.dead_letter).content == "a"


def test_dead_letters_cannot_be_dead_lettered_and_stay_locked(world: World) -> None:
    queue = world.queue()
    world.send(queue, "a")
    queue.active.dead_letter(world.lock(queue.active).lock_token, now=world.now)
    token = world.lock(queue.dead_letter).lock_token
    text = refused(ErrorCode.NOT_ALLOWED, queue.dead_letter.dead_letter, token, now=world.now)
    assert "'orders/$DeadLetterQueue'" in text
    queue.dead_letter.complete(token, now=world.now)
    assert queue.counts().total == 0


def test_dead_letters_can_be_deferred_and_taken(world: World, queue: Queue) -> None:
    world.send(queue, "a")
    queue.active.dead_letter(world.lock(queue.active).lock_token, now=world.now)
    message = world.lock(queue.dead_letter)
    queue.dead_letter.defer(message.lock_token, now=world.now)
    (taken,) = queue.dead_letter.take_deferred([1], now=world.now, who="")
    assert taken is message


# -- Deferral ----------------------------------------------------------------------------------


def test_deferred_message_is_left_to_those_who_know_its_number(world: World, queue) -> None:
    message = deferred(world, queue)
    assert message.state is MessageState.DEFERRED
    assert message.delivery_count == 0
    assert message.lock_token is None
    assert queue.active.lock_next(now=world.now, who="") is None
    assert queue.active.peek(1, 10) == [message]


def test_deferred_messages_are_locked_in_the_order_asked_for(world: World, queue: Queue) -> None:
    one, two = deferred(world, queue), deferred(world, queue)
    received = queue.active.receive_deferred([2, 1], now=world.now, who="cashier")
    assert received == [two, one]
    assert all(message.state is MessageState.DEFERRED_LOCKED for message in received)
    assert one.locked_until == START + LOCK
    assert one.lock_token != two.lock_token


def test_deferred_messages_can_be_taken(world: World, queue: Queue) -> None:
    message = deferred(world, queue)
    assert queue.active.take_deferred([1], now=world.now, who="") == [message]
    assert len(queue.active) == 0


@pytest.mark.parametrize("receive", [SubQueue.receive_deferred, SubQueue.take_deferred])
def test_deferred_messages_are_received_all_or_none(world: World, queue: Queue, receive) -> None:
    message = deferred(world, queue)
    world.send(queue, "active")
    for others in ([2], [99]):
        refused(ErrorCode.MESSAGE_NOT_FOUND, receive, queue.active, [1, *others], now=START, who="")
    assert message.state is MessageState.DEFERRED
    assert len(queue.active) == 2


def test_deferred_message_that_is_locked_is_not_found(world: World, queue: Queue) -> None:
    deferred(world, queue)
    queue.active.receive_deferred([1], now=world.now, who="first")
    text = refused(
        ErrorCode.MESSAGE_NOT_FOUND, queue.active.receive_deferred, [1], now=START, who="second"
    )
    assert "deferred_locked" in text


@pytest.mark.parametrize(("settlement", "count"), [("abandon", 1), ("release", 0), ("defer", 0)])
def test_deferred_message_stays_deferred_unless_done_with(
    world: World, queue: Queue, settlement: str, count: int
) -> None:
    message = deferred(world, queue)
    queue.active.receive_deferred([1], now=world.now, who="")
    getattr(queue.active, settlement)(message.lock_token, now=world.now)
    assert (message.state, message.delivery_count) == (MessageState.DEFERRED, count)


def test_deferred_message_returns_deferred_when_its_lock_expires(world: World, queue) -> None:
    message = deferred(world, queue)
    queue.active.receive_deferred([1], now=world.now, who="")
    world.pass_time(LOCK)
    assert (message.state, message.delivery_count) == (MessageState.DEFERRED, 1)
    assert not queue.active.has_ready


def test_deferred_message_can_be_completed_renewed_and_dead_lettered(world: World, queue) -> None:
    for _ in range(2):
        deferred(world, queue)
    one, two = queue.active.receive_deferred([1, 2], now=world.now, who="")
    queue.active.renew_lock(one.lock_token, now=world.now)
    queue.active.complete(one.lock_token, now=world.now)
    queue.active.dead_letter(two.lock_token, now=world.now)
    assert len(queue.active) == 0
    assert list(queue.dead_letter) == [two]
    assert two.state is MessageState.ACTIVE


def test_deferred_message_that_fails_too_often_is_dead_lettered(world: World) -> None:
    queue = world.queue(max_delivery_count=1)
    message = deferred(world, queue)
    queue.active.receive_deferred([1], now=world.now, who="")
    queue.active.abandon(message.lock_token, now=world.now)
    assert list(queue.dead_letter) == [message]


# -- Peeking -----------------------------------------------------------------------------------


def test_peek_shows_every_state_and_changes_nothing(world: World, queue: Queue) -> None:
    deferred(world, queue)
    world.send(queue, "locked", "active")
    world.lock(queue.active)
    world.send(queue, "later", scheduled_enqueue_at=START + 100)
    reported = len(world.changes)
    assert [message.state for message in queue.active.peek(1, 10)] == [
        MessageState.DEFERRED,
        MessageState.LOCKED,
        MessageState.ACTIVE,
        MessageState.SCHEDULED,
    ]
    assert len(world.changes) == reported


# -- Listeners ---------------------------------------------------------------------------------


def test_listener_is_told_once_for_a_whole_batch(world: World, queue: Queue) -> None:
    told: list[SubQueue] = []
    queue.active.listeners.append(told.append)
    world.send(queue, "a", "b", "c")
    assert told == [queue.active]


def test_listener_is_told_of_every_way_to_become_ready(world: World, queue: Queue) -> None:
    told: list[SubQueue] = []
    world.send(queue, "a")
    world.send(queue, "later", scheduled_enqueue_at=START + 1000)
    queue.active.listeners.append(told.append)
    queue.active.abandon(world.lock(queue.active).lock_token, now=world.now)
    assert len(told) == 1
    queue.active.release(world.lock(queue.active).lock_token, now=world.now)
    assert len(told) == 2
    world.lock(queue.active)
    world.pass_time(LOCK)
    assert len(told) == 3
    world.pass_time(1000)
    assert len(told) == 4


def test_listener_of_the_dead_letter_queue_is_told_of_arrivals(world: World, queue: Queue) -> None:
    told: list[SubQueue] = []
    queue.dead_letter.listeners.append(told.append)
    world.send(queue, "a")
    queue.active.dead_letter(world.lock(queue.active).lock_token, now=world.now)
    assert told == [queue.dead_letter]


def test_listener_is_not_told_of_what_nobody_can_receive(world: World, queue: Queue) -> None:
    told: list[SubQueue] = []
    queue.active.listeners.append(told.append)
    world.send(queue, "later", scheduled_enqueue_at=START + 1000)
    deferred_before = len(told)
    world.update(queue, status=EntityStatus.RECEIVE_DISABLED)
    told.clear()
    world.send(queue, "a")
    assert (deferred_before, told) == (0, [])


def test_listener_may_receive_from_within_its_call(world: World, queue: Queue) -> None:
    taken: list[object] = []

    def pump(line: SubQueue) -> None:
        while line.has_ready:
            message = line.take_next(now=world.now, who="pump")
            assert message is not None
            taken.append(message.content)

    queue.active.listeners.append(pump)
    world.send(queue, "a", "b")
    world.send(queue, "later", scheduled_enqueue_at=START + 10)
    world.pass_time(20)
    assert taken == ["a", "b", "later"]


def test_unknown_token_is_refused(world: World, queue: Queue) -> None:
    unknown = UUID(int=12345)
    text = refused(ErrorCode.MESSAGE_LOCK_LOST, queue.active.renew_lock, unknown, now=world.now)
    assert "held under this lock token" in text
