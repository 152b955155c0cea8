from datetime import timedelta
from uuid import UUID

import pytest

from sbtutorial.broker.changes import ChangeKind
from sbtutorial.broker.descriptions import EntityStatus
from sbtutorial.broker.entities.queue import Queue
from sbtutorial.broker.entities.receivable import MessageCounts
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.limits import PREMIUM
from sbtutorial.broker.message import Message
from sbtutorial.broker.states import MessageState
from tests.broker.conftest import START, World, contents, make

GIB = 1024 * 1024 * 1024


def refused(code: ErrorCode, call, *args: object, **named: object) -> str:
    with pytest.raises(BrokerError) as caught:
        call(*args, **named)
    assert caught.value.code is code
    return caught.value.message


# -- Sending -----------------------------------------------------------------------------------


def test_sequence_numbers_start_at_one_and_have_no_gaps(world: World, queue: Queue) -> None:
    assert world.send(queue, "a") == [1]
    assert world.send(queue, "b", "c") == [2, 3]


def test_sent_message_is_stamped_and_reported(world: World, queue: Queue) -> None:
    world.send(queue, "a", message_id="id")
    (message,) = queue.main.messages
    assert (message.sequence_number, message.enqueued_at) == (1, START)
    assert message.expires_at is None
    change = world.last()
    assert change[:9] == (START, ChangeKind.SENT, "orders", 1, "id", 0, "sender", "", message)


def test_batch_with_one_bad_message_stores_none(world: World, queue: Queue) -> None:
    batch = [make("good"), make("bad", size_bytes=10**6)]
    refused(ErrorCode.MESSAGE_SIZE_EXCEEDED, queue.ingress.send, batch, now=world.now)
    assert queue.receivable.counts().total == 0
    assert world.send(queue, "next") == [1]


def test_empty_batch_is_accepted(world: World, queue: Queue) -> None:
    assert queue.ingress.send([], now=world.now) == []


@pytest.mark.parametrize("status", [EntityStatus.DISABLED, EntityStatus.SEND_DISABLED])
def test_queue_disabled_for_sending_takes_nothing(world: World, queue: Queue, status) -> None:
    world.update(queue, status=status)
    text = refused(ErrorCode.ENTITY_DISABLED, queue.ingress.send, [make()], now=world.now)
    assert status.value in text
    world.update(queue, status=EntityStatus.ACTIVE)
    assert world.send(queue, "a") == [1]


def test_queue_disabled_for_receiving_takes_messages(world: World, queue: Queue) -> None:
    world.update(queue, status=EntityStatus.RECEIVE_DISABLED)
    assert world.send(queue, "a") == [1]


def test_premium_queue_takes_the_message_size_that_it_was_given(new_world) -> None:
    world = new_world(PREMIUM)
    queue = world.queue(max_message_size_in_kilobytes=2048)
    assert queue.context.max_message_bytes == 2 * 1024 * 1024
    assert world.send(queue, "a", size_bytes=2 * 1024 * 1024) == [1]


# -- The quota ---------------------------------------------------------------------------------


def full(world: World, **properties: object) -> Queue:
    """A queue of one GiB with room for just one message of 1024 bytes."""
    queue = world.queue(**properties)
    chunk = 262_144
    count = GIB // chunk
    queue.ingress.send([make(n, size_bytes=chunk) for n in range(count - 1)], now=world.now)
    queue.ingress.send([make("last", size_bytes=chunk - 1024)], now=world.now)
    assert queue.size_bytes == GIB - 1024
    return queue


def test_queue_can_be_filled_to_its_last_byte_and_no_further(world: World) -> None:
    queue = full(world)
    world.send(queue, "fits", size_bytes=1024)
    text = refused(
        ErrorCode.QUOTA_EXCEEDED, queue.ingress.send, [make(size_bytes=1)], now=world.now
    )
    assert text.startswith(
        "The maximum entity size has been reached or exceeded for Queue: 'orders'. "
        f"Size of entity in bytes:{GIB}, Max entity size in bytes:{GIB}."
    )


def test_batch_that_does_not_fit_stores_none(world: World) -> None:
    queue = full(world)
    batch = [make(size_bytes=1000), make(size_bytes=1000)]
    refused(ErrorCode.QUOTA_EXCEEDED, queue.ingress.send, batch, now=world.now)
    assert queue.size_bytes == GIB - 1024


def test_dead_letters_share_the_quota_and_completing_frees_it(world: World) -> None:
    queue = full(world)
    world.send(queue, "fits", size_bytes=1024)
    queue.main.settling.dead_letter(world.lock(queue.main).lock_token, now=world.now)
    assert queue.size_bytes == GIB
    refused(ErrorCode.QUOTA_EXCEEDED, queue.ingress.send, [make()], now=world.now)
    queue.dead_letter.settling.complete(world.lock(queue.dead_letter).lock_token, now=world.now)
    world.send(queue, "fits again")


def test_duplicates_need_no_room(world: World) -> None:
    queue = full(world, requires_duplicate_detection=True)
    world.send(queue, "fits", size_bytes=1024, message_id="id")
    world.send(queue, "again", size_bytes=1024, message_id="id")
    assert queue.size_bytes == GIB


# -- Time to live ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message_ttl", "queue_ttl", "effective"),
    [(None, 60, 60), (30, 60, 30), (90, 60, 60), (30, None, 30), (None, None, None)],
)
def test_shorter_time_to_live_counts(world: World, message_ttl, queue_ttl, effective) -> None:
    chosen = (
        {} if queue_ttl is None else {"default_message_time_to_live": timedelta(seconds=queue_ttl)}
    )
    queue = world.queue(**chosen)
    world.send(queue, "a", time_to_live=message_ttl)
    (message,) = queue.main.messages
    assert message.expires_at == (None if effective is None else START + effective)


def test_message_expires_at_its_instant_and_is_dropped(world: World, queue: Queue) -> None:
    world.send(queue, "a", time_to_live=10)
    world.pass_time(9.999)
    assert queue.main.has_ready
    world.pass_time(5)
    assert queue.receivable.counts().total == 0
    assert (world.last().kind, world.last().at) == (ChangeKind.EXPIRED, START + 10)


def test_expired_message_is_not_delivered_even_if_nobody_ran_what_was_due(
    world: World, queue: Queue
) -> None:
    world.send(queue, "a", time_to_live=10)
    assert queue.main.peek_lock_next(now=world.now + 10, who="") is None


def test_expired_message_is_dead_lettered_if_the_queue_says_so(world: World) -> None:
    queue = world.queue(dead_lettering_on_message_expiration=True)
    world.send(queue, "a", time_to_live=10)
    world.pass_time(60)
    (dead,) = queue.dead_letter.messages
    assert dead.properties == {
        "DeadLetterReason": "TTLExpiredException",
        "DeadLetterErrorDescription": "The message expired and was dead lettered.",
    }
    assert (world.last().kind, world.last().at) == (ChangeKind.DEAD_LETTERED, START + 10)
    assert world.last().detail == "TTLExpiredException"


def test_nothing_expires_in_the_dead_letter_queue(world: World) -> None:
    queue = world.queue(dead_lettering_on_message_expiration=True)
    world.send(queue, "a", time_to_live=10)
    world.pass_time(10)
    queue.dead_letter.settling.abandon(world.lock(queue.dead_letter).lock_token, now=world.now)
    world.lock(queue.dead_letter)
    world.pass_time(10**6)
    assert contents(queue.dead_letter) == ["a"]


def test_locked_message_does_not_expire_and_can_be_completed_late(world: World, queue) -> None:
    world.send(queue, "a", time_to_live=10)
    message = world.lock(queue.main)
    world.pass_time(30)
    queue.main.settling.complete(message.lock_token, now=world.now)
    assert world.last().kind is ChangeKind.COMPLETED


@pytest.mark.parametrize("settlement", ["abandon", "release"])
def test_message_past_its_time_expires_when_it_is_given_back(
    world: World, queue: Queue, settlement: str
) -> None:
    world.send(queue, "a", time_to_live=10)
    message = world.lock(queue.main)
    world.pass_time(30)
    getattr(queue.main.settling, settlement)(message.lock_token, now=world.now)
    assert queue.receivable.counts().total == 0
    assert (world.last().kind, world.last().at) == (ChangeKind.EXPIRED, START + 30)


def test_message_past_its_time_expires_when_its_lock_does(world: World, queue: Queue) -> None:
    world.send(queue, "a", time_to_live=10)
    world.lock(queue.main)
    world.pass_time(100)
    assert [(change.kind, change.at) for change in world.changes[-2:]] == [
        (ChangeKind.LOCK_EXPIRED, START + 60),
        (ChangeKind.EXPIRED, START + 60),
    ]


def test_message_given_back_in_time_expires_at_its_time(world: World, queue: Queue) -> None:
    world.send(queue, "a", time_to_live=10)
    message = world.lock(queue.main)
    queue.main.settling.release(message.lock_token, now=world.now)
    world.pass_time(10)
    assert world.last().kind is ChangeKind.EXPIRED


def test_message_that_failed_too_often_is_kept_even_past_its_time(world: World) -> None:
    queue = world.queue(max_delivery_count=1)
    world.send(queue, "a", time_to_live=10)
    world.lock(queue.main)
    world.pass_time(100)
    (dead,) = queue.dead_letter.messages
    assert dead.properties is not None
    assert dead.properties["DeadLetterReason"] == "MaxDeliveryCountExceeded"


def defer(world: World, queue: Queue) -> Message:
    message = world.lock(queue.main)
    queue.main.settling.defer(message.lock_token, now=world.now)
    return message


@pytest.mark.parametrize("receive", ["receive_deferred", "receive_and_delete_deferred"])
@pytest.mark.parametrize("is_dead_lettered", [True, False])
def test_deferred_message_expires_when_it_is_asked_for(
    world: World, receive: str, is_dead_lettered: bool
) -> None:
    queue = world.queue(dead_lettering_on_message_expiration=is_dead_lettered)
    world.send(queue, "a", "b", time_to_live=10)
    world.send(queue, "c", time_to_live=200)
    a, b, c = [defer(world, queue) for _ in range(3)]
    assert world.namespace.next_deadline() == START + 10
    world.pass_time(100)
    assert contents(queue.main) == ["a", "b", "c"]
    assert queue.receivable.counts().deferred == 3
    with pytest.raises(BrokerError, match="had expired") as caught:
        getattr(queue.main, receive)([3, 1], now=world.now, who="")
    assert caught.value.code is ErrorCode.MESSAGE_NOT_FOUND
    assert (b.state, c.state) == (MessageState.DEFERRED, MessageState.DEFERRED)
    assert contents(queue.main) == ["b", "c"]
    assert world.last().kind is (
        ChangeKind.DEAD_LETTERED if is_dead_lettered else ChangeKind.EXPIRED
    )
    assert list(queue.dead_letter.messages) == ([a] if is_dead_lettered else [])
    assert getattr(queue.main, receive)([3], now=world.now, who="") == [c]


def test_deferred_message_that_expires_under_its_lock_can_be_settled(
    world: World, queue: Queue
) -> None:
    world.send(queue, "a", "b", time_to_live=10)
    a, b = defer(world, queue), defer(world, queue)
    queue.main.receive_deferred([1, 2], now=world.now, who="")
    world.pass_time(20)
    queue.main.settling.complete(a.lock_token, now=world.now)
    queue.main.settling.abandon(b.lock_token, now=world.now)
    assert b.state is MessageState.DEFERRED


def test_message_that_is_deferred_after_its_time_stays_until_it_is_asked_for(
    world: World, queue: Queue
) -> None:
    world.send(queue, "a", time_to_live=10)
    message = world.lock(queue.main)
    world.pass_time(20)
    queue.main.settling.defer(message.lock_token, now=world.now)
    assert message.state is MessageState.DEFERRED


def test_deferred_dead_letter_does_not_expire(world: World, queue: Queue) -> None:
    world.send(queue, "a", time_to_live=10)
    queue.main.settling.dead_letter(world.lock(queue.main).lock_token, now=world.now)
    letter = world.lock(queue.dead_letter)
    queue.dead_letter.settling.defer(letter.lock_token, now=world.now)
    world.pass_time(20)
    assert queue.dead_letter.receive_deferred([1], now=world.now, who="") == [letter]


def test_changed_default_time_to_live_affects_later_messages_only(world: World, queue) -> None:
    world.send(queue, "a")
    world.update(queue, default_message_time_to_live=timedelta(seconds=10))
    world.send(queue, "b")
    world.pass_time(10)
    assert contents(queue.main) == ["a"]


# -- Scheduling --------------------------------------------------------------------------------


def test_scheduled_message_waits_under_a_number_of_its_own(world: World, queue: Queue) -> None:
    assert world.send(queue, "later", scheduled_enqueue_at=START + 30) == [1]
    assert world.send(queue, "now") == [2]
    assert world.changes[-2].kind is ChangeKind.SCHEDULED
    assert world.lock(queue.main).content == "now"
    assert queue.main.peek_lock_next(now=world.now, who="") is None


def test_scheduled_message_is_activated_with_a_new_number_and_time(world: World, queue) -> None:
    world.send(queue, "later", scheduled_enqueue_at=START + 30, time_to_live=100)
    world.send(queue, "now")
    world.pass_time(45)
    change = world.last()
    assert (change.kind, change.at) == (ChangeKind.ACTIVATED, START + 30)
    assert (change.sequence_number, change.previous_sequence_number) == (3, 1)
    assert contents(queue.main) == ["now", "later"]
    later = queue.main.messages.find(3)
    assert later is not None
    assert later.enqueued_at == START + 30
    assert later.expires_at == START + 130
    assert later.scheduled_enqueue_at == START + 30


def test_scheduled_messages_become_active_in_the_order_of_their_times(world: World, queue) -> None:
    world.send(queue, "second", scheduled_enqueue_at=START + 30)
    world.send(queue, "first", scheduled_enqueue_at=START + 20)
    world.pass_time(60)
    assert [world.lock(queue.main).content for _ in range(2)] == ["first", "second"]


@pytest.mark.parametrize("at", [START, START - 100])
def test_time_that_has_come_means_at_once(world: World, queue: Queue, at: float) -> None:
    world.send(queue, "a", scheduled_enqueue_at=at)
    assert world.last().kind is ChangeKind.SENT
    assert world.lock(queue.main).content == "a"


def test_time_to_live_does_not_run_while_scheduled(world: World, queue: Queue) -> None:
    world.send(queue, "later", scheduled_enqueue_at=START + 100, time_to_live=10)
    world.pass_time(100)
    assert queue.main.has_ready
    world.pass_time(10)
    assert not queue.main.has_ready


def test_cancelled_message_never_becomes_active(world: World, queue: Queue) -> None:
    world.send(queue, "a", "b", scheduled_enqueue_at=START + 30)
    queue.ingress.schedule.cancel([2], now=world.now, who="sender")
    assert (world.last().kind, world.last().sequence_number) == (ChangeKind.CANCELLED, 2)
    world.pass_time(60)
    assert contents(queue.main) == ["a"]


def test_cancelling_is_all_or_none(world: World, queue: Queue) -> None:
    world.send(queue, "a", scheduled_enqueue_at=START + 30)
    world.send(queue, "active")
    for other in (2, 99):
        text = refused(
            ErrorCode.MESSAGE_NOT_FOUND, queue.ingress.schedule.cancel, [1, other], now=world.now
        )
        assert f"number {other} " in text
    assert queue.receivable.counts().scheduled == 1


def test_time_of_what_is_held_back_to_be_cancelled_does_not_come(
    world: World, queue: Queue
) -> None:
    cancellation = queue.ingress.cancellation("sender")
    numbers = world.send(queue, "a", "b", scheduled_enqueue_at=START + 30)
    cancellation.hold(numbers, now=world.now)
    world.pass_time(31)
    assert queue.receivable.counts().scheduled == 2
    cancellation.finish(world.now)
    assert queue.receivable.counts().total == 0


def test_message_cannot_be_cancelled_once_its_time_has_come(world: World, queue: Queue) -> None:
    world.send(queue, "a", scheduled_enqueue_at=START + 30)
    refused(ErrorCode.MESSAGE_NOT_FOUND, queue.ingress.schedule.cancel, [1], now=START + 30)
    assert contents(queue.main) == ["a"]


# -- Duplicates --------------------------------------------------------------------------------


@pytest.fixture
def detecting(world: World) -> Queue:
    return world.queue(
        requires_duplicate_detection=True,
        duplicate_detection_history_time_window=timedelta(seconds=60),
    )


def test_duplicate_is_accepted_under_the_first_number_and_dropped(world, detecting) -> None:
    assert world.send(detecting, "a", message_id="id") == [1]
    assert world.send(detecting, "b", message_id="id") == [1]
    change = world.last()
    assert (change.kind, change.sequence_number) == (ChangeKind.DUPLICATE_DROPPED, 1)
    assert contents(detecting.main) == ["a"]


def test_dropped_duplicate_uses_up_no_number(world: World, detecting: Queue) -> None:
    world.send(detecting, "a", "b", message_id="id")
    assert world.send(detecting, "c", message_id="other") == [2]


def test_ids_cannot_be_chosen_so_that_to_look_one_up_takes_long(
    world: World, detecting: Queue
) -> None:
    """Python takes a UUID's number for its hash: thousands of one hash would all be compared."""
    ids = [UUID(int=1 + number * (2**61 - 1)) for number in range(50)]
    assert len(set(map(hash, ids))) == 1
    for message_id in ids:
        world.send(detecting, "a", message_id=message_id)
    assert world.send(detecting, "b", message_id=ids[7].bytes) == [51]
    assert world.send(detecting, "c", message_id=str(ids[7])) == [52]
    assert world.send(detecting, "d", message_id=ids[7]) == [8]
    window = detecting.ingress.duplicates
    assert window is not None
    assert len({hash(key) for key, _, _ in window}) == 52


def test_id_is_a_duplicate_though_its_message_is_consumed(world: World, detecting: Queue) -> None:
    world.send(detecting, "a", message_id="id")
    detecting.main.receive_and_delete_next(now=world.now, who="")
    world.send(detecting, "b", message_id="id")
    assert detecting.receivable.counts().total == 0


def test_second_of_one_batch_is_dropped(world: World, detecting: Queue) -> None:
    batch = [make("a", message_id="x"), make("b", message_id="y"), make("c", message_id="x")]
    assert detecting.ingress.send(batch, now=world.now) == [1, 2, 1]
    assert contents(detecting.main) == ["a", "b"]


def test_id_may_come_again_when_the_window_is_over(world: World, detecting: Queue) -> None:
    world.send(detecting, "a", message_id="id")
    world.pass_time(60)
    assert world.send(detecting, "b", message_id="id") == [2]


def test_scheduled_message_counts_from_when_it_was_scheduled(world: World, detecting) -> None:
    world.send(detecting, "a", message_id="id", scheduled_enqueue_at=START + 1000)
    assert world.send(detecting, "b", message_id="id") == [1]
    world.pass_time(60)
    world.send(detecting, "c", message_id="id")
    world.pass_time(1000)
    assert contents(detecting.main) == ["c", "a"]


def test_messages_without_an_id_are_never_duplicates(world: World, detecting: Queue) -> None:
    assert world.send(detecting, "a", "b") == [1, 2]


def test_window_can_be_changed_at_any_time(world: World, detecting: Queue) -> None:
    world.send(detecting, "a", message_id="id")
    world.update(
        detecting,
        requires_duplicate_detection=True,
        duplicate_detection_history_time_window=timedelta(seconds=20),
    )
    world.pass_time(20)
    assert world.send(detecting, "b", message_id="id") == [2]


def test_queue_without_detection_keeps_what_looks_alike(world: World, queue: Queue) -> None:
    assert world.send(queue, "a", "b", message_id="id") == [1, 2]


def test_in_a_partitioned_queue_the_partition_key_is_part_of_the_id(world: World) -> None:
    queue = world.queue(requires_duplicate_detection=True, enable_partitioning=True)
    assert world.send(queue, "a", message_id="id", partition_key="p") == [1]
    assert world.send(queue, "b", message_id="id", partition_key="q") == [2]
    assert world.send(queue, "c", message_id="id", partition_key="p") == [1]


def test_refused_batch_leaves_no_id_behind(world: World, detecting: Queue) -> None:
    batch = [make("a", message_id="id"), make("b", size_bytes=10**6)]
    refused(ErrorCode.MESSAGE_SIZE_EXCEEDED, detecting.ingress.send, batch, now=world.now)
    assert world.send(detecting, "a", message_id="id") == [1]


# -- Counts ------------------------------------------------------------------------------------


def test_counts_tell_every_state_apart_and_count_each_message_once(world: World, queue) -> None:
    world.send(queue, "dead", "deferred", "deferred and locked", "locked", "ready", "ready")
    dead, aside, held, _ = (world.lock(queue.main) for _ in range(4))
    queue.main.settling.dead_letter(dead.lock_token, now=world.now)
    queue.main.settling.defer(aside.lock_token, now=world.now)
    queue.main.settling.defer(held.lock_token, now=world.now)
    queue.main.receive_deferred([held.sequence_number], now=world.now, who="")
    world.send(queue, "later", scheduled_enqueue_at=START + 100)
    assert queue.receivable.counts() == MessageCounts(
        active=3,
        dead_letter=1,
        scheduled=1,
        transfer=0,
        transfer_dead_letter=0,
        deferred=2,
        locked=2,
        total=7,
    )
    assert queue.size_bytes == 700


def test_access_is_noted(world: World, queue: Queue) -> None:
    assert queue.accessed_at is None
    world.send(queue, "a")
    world.pass_time(5)
    token = world.lock(queue.main).lock_token
    assert queue.accessed_at == START + 5
    world.pass_time(5)
    queue.main.settling.complete(token, now=world.now)
    assert queue.accessed_at == START + 10
