from datetime import timedelta
from operator import attrgetter
from uuid import UUID

import pytest

from sbtutorial.broker.changes import ChangeKind
from sbtutorial.broker.descriptions import EntityStatus
from sbtutorial.broker.entities.queue import Queue
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.states import MessageState
from sbtutorial.broker.subqueues.subqueue import SubQueue
from tests.broker.conftest import START, World, contents, make

LOCK = 60.0


def refused(code: ErrorCode, call, *args: object, **named: object) -> str:
    with pytest.raises(BrokerError) as caught:
        call(*args, **named)
    assert caught.value.code is code
    return caught.value.message


def deferred(world: World, queue: Queue, content: object = "x") -> Message:
    world.send(queue, content)
    message = world.lock(queue.main)
    queue.main.settling.defer(message.lock_token, now=world.now)
    return message


# -- Receiving ---------------------------------------------------------------------------------


def test_messages_are_locked_in_the_order_they_were_sent(world: World, queue: Queue) -> None:
    world.send(queue, "a", "b", "c")
    assert [world.lock(queue.main).content for _ in "abc"] == ["a", "b", "c"]


def test_locked_message_is_held_for_the_lock_duration(world: World, queue: Queue) -> None:
    world.send(queue, "a")
    message = world.lock(queue.main, "cashier")
    assert message.state is MessageState.LOCKED
    assert message.locked_until == START + LOCK
    assert message.locked_by == "cashier"
    assert message.delivery_count == 0
    assert queue.main.peek_lock_next(now=world.now, who="other") is None


def test_each_lock_has_a_token_of_its_own(world: World, queue: Queue) -> None:
    world.send(queue, "a")
    first = world.lock(queue.main).lock_token
    queue.main.settling.release(first, now=world.now)
    assert world.lock(queue.main).lock_token != first


def test_taken_message_is_gone(world: World, queue: Queue) -> None:
    world.send(queue, "a", "b")
    message = queue.main.receive_and_delete_next(now=world.now, who="receiver")
    assert message is not None
    assert message.content == "a"
    assert message.lock_token is None
    assert contents(queue.main) == ["b"]
    assert world.last().kind is ChangeKind.TAKEN


def test_empty_queue_gives_nothing(world: World, queue: Queue) -> None:
    assert queue.main.peek_lock_next(now=world.now, who="") is None
    assert queue.main.receive_and_delete_next(now=world.now, who="") is None
    assert not queue.main.has_ready


@pytest.mark.parametrize("status", [EntityStatus.DISABLED, EntityStatus.RECEIVE_DISABLED])
def test_queue_disabled_for_receiving_gives_nothing_out(world: World, queue, status) -> None:
    world.send(queue, "a")
    world.update(queue, status=status)
    for line in (queue.main, queue.dead_letter):
        for receive in (line.peek_lock_next, line.receive_and_delete_next):
            text = refused(ErrorCode.ENTITY_DISABLED, receive, now=world.now, who="")
            assert "'orders'" in text
            assert status.value in text
    for by_number in (queue.main.receive_deferred, queue.main.receive_and_delete_deferred):
        refused(ErrorCode.ENTITY_DISABLED, by_number, [1], now=world.now, who="")
    assert not queue.main.has_ready


@pytest.mark.parametrize("status", [EntityStatus.DISABLED, EntityStatus.RECEIVE_DISABLED])
def test_receivers_are_told_to_go_as_long_as_nothing_is_given_out(
    world: World, queue: Queue, status: EntityStatus
) -> None:
    told: list[SubQueue] = []
    queue.main.listeners.append(told.append)
    world.update(queue, status=status)
    assert told == [queue.main]
    for line in queue.subqueues:
        assert line.ending is not None
        assert line.ending.code is ErrorCode.ENTITY_DISABLED
        assert status.value in line.ending.message
    world.update(queue)
    assert [line.ending for line in queue.subqueues] == [None, None, None]


def test_queue_disabled_for_sending_still_gives_out(world: World, queue: Queue) -> None:
    world.send(queue, "a")
    world.update(queue, status=EntityStatus.SEND_DISABLED)
    assert queue.main.has_ready
    assert world.lock(queue.main).content == "a"


# -- Settlement --------------------------------------------------------------------------------


def test_completed_message_is_gone(world: World, queue: Queue) -> None:
    world.send(queue, "a")
    queue.main.settling.complete(world.lock(queue.main).lock_token, now=world.now, who="cashier")
    assert len(queue.main.messages) == 0
    assert world.last()[1:3] == (ChangeKind.COMPLETED, "orders")
    assert world.last().who == "cashier"
    assert world.namespace.next_deadline() is None


def test_abandoned_message_returns_to_its_place_with_higher_delivery_count(
    world: World, queue: Queue
) -> None:
    world.send(queue, "a", "b")
    queue.main.settling.abandon(world.lock(queue.main).lock_token, now=world.now)
    message = world.lock(queue.main)
    assert (message.content, message.delivery_count) == ("a", 1)
    assert world.changes[-2].delivery_count == 1


def test_released_message_returns_to_its_place_uncounted(world: World, queue: Queue) -> None:
    world.send(queue, "a", "b")
    queue.main.settling.release(world.lock(queue.main).lock_token, now=world.now)
    message = world.lock(queue.main)
    assert (message.content, message.delivery_count) == ("a", 0)


def test_properties_of_settlements_are_laid_over_each_other(world: World, queue: Queue) -> None:
    world.send(queue, "a")
    queue.main.settling.abandon(
        world.lock(queue.main).lock_token, {"try": 1, "by": "a"}, now=world.now
    )
    message = world.lock(queue.main)
    queue.main.settling.defer(message.lock_token, {"try": 2}, now=world.now)
    assert message.properties == {"try": 2, "by": "a"}


@pytest.mark.parametrize("settlement", ["complete", "abandon", "defer", "dead_letter", "release"])
def test_token_settles_once(world: World, queue: Queue, settlement: str) -> None:
    world.send(queue, "a")
    token = world.lock(queue.main).lock_token
    settle = getattr(queue.main.settling, settlement)
    settle(token, now=world.now)
    text = refused(ErrorCode.MESSAGE_LOCK_LOST, settle, token, now=world.now)
    assert text.startswith("The lock supplied is invalid. Either the lock expired, or")


@pytest.mark.parametrize(
    "use",
    [
        "settling.complete",
        "settling.abandon",
        "settling.defer",
        "settling.dead_letter",
        "settling.release",
        "renew_lock",
    ],
)
def test_token_of_a_redelivered_message_is_dead(world: World, queue: Queue, use: str) -> None:
    world.send(queue, "a")
    old = world.lock(queue.main).lock_token
    world.pass_time(LOCK)
    new = world.lock(queue.main).lock_token
    refused(ErrorCode.MESSAGE_LOCK_LOST, attrgetter(use)(queue.main), old, now=world.now)
    queue.main.settling.complete(new, now=world.now)


def test_token_of_the_main_line_settles_nothing_in_the_dead_letter_queue(
    world: World, queue: Queue
) -> None:
    world.send(queue, "a")
    token = world.lock(queue.main).lock_token
    text = refused(
        ErrorCode.MESSAGE_LOCK_LOST, queue.dead_letter.settling.complete, token, now=world.now
    )
    assert "'orders/$DeadLetterQueue'" in text


# -- Locks and time ----------------------------------------------------------------------------


def test_lock_holds_until_its_last_instant(world: World, queue: Queue) -> None:
    world.send(queue, "a")
    token = world.lock(queue.main).lock_token
    queue.main.settling.complete(token, now=world.now + LOCK - 0.001)
    assert len(queue.main.messages) == 0


def test_lock_is_lost_at_its_very_end_even_if_nobody_ran_what_was_due(
    world: World, queue: Queue
) -> None:
    world.send(queue, "a")
    token = world.lock(queue.main).lock_token
    refused(ErrorCode.MESSAGE_LOCK_LOST, queue.main.settling.complete, token, now=world.now + LOCK)


def test_expired_lock_returns_the_message_ahead_of_newer_ones_and_counts(
    world: World, queue: Queue
) -> None:
    world.send(queue, "a", "b")
    world.lock(queue.main, "crashed")
    world.pass_time(LOCK + 5)
    expired = world.last()
    assert (expired.kind, expired.at, expired.who) == (
        ChangeKind.LOCK_EXPIRED,
        START + LOCK,
        "crashed",
    )
    message = world.lock(queue.main)
    assert (message.content, message.delivery_count) == ("a", 1)


def test_renewing_holds_for_one_more_lock_duration_from_now_any_number_of_times(
    world: World, queue: Queue
) -> None:
    world.send(queue, "a")
    message = world.lock(queue.main)
    for _ in range(20):
        world.pass_time(LOCK - 1)
        until = queue.main.renew_lock(message.lock_token, now=world.now, who="cashier")
        assert until == message.locked_until == world.now + LOCK
    assert world.last().kind is ChangeKind.LOCK_RENEWED
    assert message.delivery_count == 0
    world.pass_time(LOCK)
    assert message.delivery_count == 1


def test_receiver_that_broke_off_is_on_record_and_its_lock_stays(
    world: World, queue: Queue
) -> None:
    world.send(queue, "a", "b")
    held, done = world.lock(queue.main), world.lock(queue.main)
    tokens = [held.lock_token, done.lock_token]
    queue.main.settling.complete(done.lock_token, now=world.now)
    queue.main.receiver_gone(tokens, now=world.now, who="cashier")
    gone = [change for change in world.changes if change.kind is ChangeKind.RECEIVER_GONE]
    assert [(change.sequence_number, change.who) for change in gone] == [(1, "cashier")]
    assert held.lock_token == tokens[0]


def test_changed_lock_duration_affects_later_locks_only(world: World, queue: Queue) -> None:
    world.send(queue, "a", "b")
    first = world.lock(queue.main)
    world.update(queue, lock_duration=timedelta(seconds=10))
    second = world.lock(queue.main)
    assert first.locked_until == START + LOCK
    assert second.locked_until == START + 10
    assert queue.main.renew_lock(first.lock_token, now=world.now) == START + 10


# -- Too many deliveries -----------------------------------------------------------------------


def test_message_is_dead_lettered_at_the_last_delivery_that_fails(world: World) -> None:
    queue = world.queue(max_delivery_count=3)
    world.send(queue, "a")
    world.fail(queue.main, 2)
    assert contents(queue.dead_letter) == []
    world.fail(queue.main)
    (dead,) = queue.dead_letter.messages
    assert dead.delivery_count == 3
    assert dead.properties == {
        "DeadLetterReason": "MaxDeliveryCountExceeded",
        "DeadLetterErrorDescription": "Message could not be consumed after 3 delivery attempts.",
    }
    assert world.kinds()[-2:] == [ChangeKind.ABANDONED, ChangeKind.DEAD_LETTERED]


def test_expired_locks_count_towards_the_most_deliveries(world: World) -> None:
    queue = world.queue(max_delivery_count=1)
    world.send(queue, "a")
    world.lock(queue.main)
    world.pass_time(LOCK)
    assert contents(queue.dead_letter) == ["a"]
    assert world.last().at == START + LOCK


def test_releases_never_dead_letter(world: World) -> None:
    queue = world.queue(max_delivery_count=1)
    world.send(queue, "a")
    for _ in range(5):
        queue.main.settling.release(world.lock(queue.main).lock_token, now=world.now)
    assert contents(queue.main) == ["a"]


def test_no_delivery_from_a_dead_letter_queue_is_counted(world: World) -> None:
    queue = world.queue(max_delivery_count=1)
    world.send(queue, "a")
    world.fail(queue.main)
    world.fail(queue.dead_letter, 5)
    message = world.lock(queue.dead_letter)
    world.pass_time(LOCK)
    queue.dead_letter.settling.defer(world.lock(queue.dead_letter).lock_token, now=world.now)
    for settlement in ("abandon", "defer"):
        queue.dead_letter.receive_deferred([1], now=world.now, who="")
        getattr(queue.dead_letter.settling, settlement)(message.lock_token, now=world.now)
    assert (message.state, message.delivery_count) == (MessageState.DEFERRED, 1)


def test_no_delivery_from_a_transfer_dead_letter_queue_is_counted(world: World) -> None:
    queue = world.queue(max_delivery_count=1)
    queue.transfer_to("nowhere").send([make("a")], now=world.now)
    kept = queue.receivable.transfer_dead_letter
    world.fail(kept, 3)
    assert world.lock(kept).delivery_count == 0


# -- Dead-lettering ----------------------------------------------------------------------------


def test_dead_lettered_message_keeps_its_number_and_time_and_says_why(
    world: World, queue: Queue
) -> None:
    world.send(queue, "a", "b")
    world.pass_time(5)
    queue.main.settling.dead_letter(
        world.lock(queue.main).lock_token,
        "unreadable",
        "not JSON",
        {"shelf": 3},
        now=world.now,
        who="cashier",
    )
    (dead,) = queue.dead_letter.messages
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
    assert contents(queue.main) == ["b"]


def test_reason_that_was_not_given_is_not_set(world: World, queue: Queue) -> None:
    world.send(queue, "a")
    queue.main.settling.dead_letter(world.lock(queue.main).lock_token, now=world.now)
    (dead,) = queue.dead_letter.messages
    assert dead.properties is None


def test_dead_letters_are_received_by_sequence_number_not_by_arrival(
    world: World, queue: Queue
) -> None:
    world.send(queue, "a", "b")
    first, second = world.lock(queue.main), world.lock(queue.main)
    for message in (second, first):
        queue.main.settling.dead_letter(message.lock_token, now=world.now)
    assert world.lock(queue.dead_letter).content == "a"


def test_dead_letters_cannot_be_dead_lettered_and_stay_locked(world: World) -> None:
    queue = world.queue()
    world.send(queue, "a")
    queue.main.settling.dead_letter(world.lock(queue.main).lock_token, now=world.now)
    token = world.lock(queue.dead_letter).lock_token
    text = refused(
        ErrorCode.NOT_ALLOWED, queue.dead_letter.settling.dead_letter, token, now=world.now
    )
    assert "'orders/$DeadLetterQueue'" in text
    queue.dead_letter.settling.complete(token, now=world.now)
    assert queue.receivable.counts().total == 0


def test_dead_letters_can_be_deferred_and_taken(world: World, queue: Queue) -> None:
    world.send(queue, "a")
    queue.main.settling.dead_letter(world.lock(queue.main).lock_token, now=world.now)
    message = world.lock(queue.dead_letter)
    queue.dead_letter.settling.defer(message.lock_token, now=world.now)
    (taken,) = queue.dead_letter.receive_and_delete_deferred([1], now=world.now, who="")
    assert taken is message


# -- Deferral ----------------------------------------------------------------------------------


def test_deferred_message_is_left_to_those_who_know_its_number(world: World, queue) -> None:
    message = deferred(world, queue)
    assert message.state is MessageState.DEFERRED
    assert message.delivery_count == 1
    assert message.lock_token is None
    assert queue.main.peek_lock_next(now=world.now, who="") is None
    assert queue.main.messages.peek(1, 10) == [message]


def test_deferred_messages_are_locked_in_the_order_asked_for(world: World, queue: Queue) -> None:
    one, two = deferred(world, queue), deferred(world, queue)
    received = queue.main.receive_deferred([2, 1], now=world.now, who="cashier")
    assert received == [two, one]
    assert all(message.state is MessageState.DEFERRED_LOCKED for message in received)
    assert one.locked_until == START + LOCK
    assert one.lock_token != two.lock_token


def test_deferred_messages_can_be_taken(world: World, queue: Queue) -> None:
    message = deferred(world, queue)
    assert queue.main.receive_and_delete_deferred([1], now=world.now, who="") == [message]
    assert len(queue.main.messages) == 0


@pytest.mark.parametrize(
    "receive", [SubQueue.receive_deferred, SubQueue.receive_and_delete_deferred]
)
def test_deferred_messages_are_received_all_or_none(world: World, queue: Queue, receive) -> None:
    message = deferred(world, queue)
    world.send(queue, "active")
    for others in ([2], [99]):
        refused(ErrorCode.MESSAGE_NOT_FOUND, receive, queue.main, [1, *others], now=START, who="")
    assert message.state is MessageState.DEFERRED
    assert len(queue.main.messages) == 2


def test_deferred_message_that_is_locked_is_not_found(world: World, queue: Queue) -> None:
    deferred(world, queue)
    queue.main.receive_deferred([1], now=world.now, who="first")
    text = refused(
        ErrorCode.MESSAGE_NOT_FOUND, queue.main.receive_deferred, [1], now=START, who="second"
    )
    assert "deferred_locked" in text


@pytest.mark.parametrize(("settlement", "count"), [("abandon", 2), ("release", 1), ("defer", 2)])
def test_deferred_message_stays_deferred_unless_done_with(
    world: World, queue: Queue, settlement: str, count: int
) -> None:
    message = deferred(world, queue)
    queue.main.receive_deferred([1], now=world.now, who="")
    getattr(queue.main.settling, settlement)(message.lock_token, now=world.now)
    assert (message.state, message.delivery_count) == (MessageState.DEFERRED, count)


def test_deferred_message_returns_deferred_when_its_lock_expires(world: World, queue) -> None:
    message = deferred(world, queue)
    queue.main.receive_deferred([1], now=world.now, who="")
    world.pass_time(LOCK)
    assert (message.state, message.delivery_count) == (MessageState.DEFERRED, 2)
    assert not queue.main.has_ready


def test_deferred_message_can_be_completed_renewed_and_dead_lettered(world: World, queue) -> None:
    for _ in range(2):
        deferred(world, queue)
    one, two = queue.main.receive_deferred([1, 2], now=world.now, who="")
    queue.main.renew_lock(one.lock_token, now=world.now)
    queue.main.settling.complete(one.lock_token, now=world.now)
    queue.main.settling.dead_letter(two.lock_token, now=world.now)
    assert len(queue.main.messages) == 0
    assert list(queue.dead_letter.messages) == [two]
    assert two.state is MessageState.ACTIVE


@pytest.mark.parametrize("settlement", ["abandon", "defer"])
def test_deferred_message_that_fails_too_often_is_dead_lettered(
    world: World, settlement: str
) -> None:
    queue = world.queue(max_delivery_count=2)
    message = deferred(world, queue)
    queue.main.receive_deferred([1], now=world.now, who="")
    getattr(queue.main.settling, settlement)(message.lock_token, now=world.now)
    assert list(queue.dead_letter.messages) == [message]
    assert (message.state, message.delivery_count) == (MessageState.ACTIVE, 2)


def test_message_whose_deferral_is_one_delivery_too_many_is_dead_lettered(world: World) -> None:
    queue = world.queue(max_delivery_count=1)
    world.send(queue, "a")
    queue.main.settling.defer(world.lock(queue.main).lock_token, {"why": "later"}, now=world.now)
    (dead,) = queue.dead_letter.messages
    assert dead.properties is not None
    assert dead.properties["DeadLetterReason"] == "MaxDeliveryCountExceeded"
    assert dead.properties["why"] == "later"


# -- Peeking -----------------------------------------------------------------------------------


def test_peek_shows_every_state_and_changes_nothing(world: World, queue: Queue) -> None:
    deferred(world, queue)
    world.send(queue, "locked", "active")
    world.lock(queue.main)
    world.send(queue, "later", scheduled_enqueue_at=START + 100)
    reported = len(world.changes)
    assert [message.state for message in queue.main.messages.peek(1, 10)] == [
        MessageState.DEFERRED,
        MessageState.LOCKED,
        MessageState.ACTIVE,
        MessageState.SCHEDULED,
    ]
    assert len(world.changes) == reported


# -- Listeners ---------------------------------------------------------------------------------


def test_listener_is_told_once_for_a_whole_batch(world: World, queue: Queue) -> None:
    told: list[SubQueue] = []
    queue.main.listeners.append(told.append)
    world.send(queue, "a", "b", "c")
    assert told == [queue.main]


def test_listener_is_told_of_every_way_to_become_ready(world: World, queue: Queue) -> None:
    told: list[SubQueue] = []
    world.send(queue, "a")
    world.send(queue, "later", scheduled_enqueue_at=START + 1000)
    queue.main.listeners.append(told.append)
    queue.main.settling.abandon(world.lock(queue.main).lock_token, now=world.now)
    assert len(told) == 1
    queue.main.settling.release(world.lock(queue.main).lock_token, now=world.now)
    assert len(told) == 2
    world.lock(queue.main)
    world.pass_time(LOCK)
    assert len(told) == 3
    world.pass_time(1000)
    assert len(told) == 4


def test_listener_of_the_dead_letter_queue_is_told_of_arrivals(world: World, queue: Queue) -> None:
    told: list[SubQueue] = []
    queue.dead_letter.listeners.append(told.append)
    world.send(queue, "a")
    queue.main.settling.dead_letter(world.lock(queue.main).lock_token, now=world.now)
    assert told == [queue.dead_letter]


def test_listener_is_not_told_of_what_nobody_can_receive(world: World, queue: Queue) -> None:
    told: list[SubQueue] = []
    queue.main.listeners.append(told.append)
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
            message = line.receive_and_delete_next(now=world.now, who="pump")
            assert message is not None
            taken.append(message.content)

    queue.main.listeners.append(pump)
    world.send(queue, "a", "b")
    world.send(queue, "later", scheduled_enqueue_at=START + 10)
    world.pass_time(20)
    assert taken == ["a", "b", "later"]


def test_unknown_token_is_refused(world: World, queue: Queue) -> None:
    unknown = UUID(int=12345)
    text = refused(ErrorCode.MESSAGE_LOCK_LOST, queue.main.renew_lock, unknown, now=world.now)
    assert "held under this lock token" in text
