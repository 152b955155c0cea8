from datetime import timedelta

from sbtutorial.broker.changes import Change, ChangeKind, no_journal
from sbtutorial.broker.entities.queue import Queue
from sbtutorial.broker.namespace import Namespace
from tests.broker.conftest import START, World
from tests.broker.replay import live_messages


def lead_a_full_life(world: World) -> Queue:
    """Have everything happen that can happen to a message, and leave some of each kind."""
    queue = world.queue(max_delivery_count=3, requires_duplicate_detection=True)
    main = queue.main
    world.send(queue, *range(8))
    world.send(queue, "once", "twice", message_id="id")
    world.send(queue, "short", time_to_live=5)
    world.send(queue, "later", "never", scheduled_enqueue_at=START + 20)
    queue.ingress.cancel_scheduled([11 + 1], now=world.now)
    main.complete(world.lock(main).lock_token, now=world.now)
    main.receive_and_delete_next(now=world.now, who="receiver")
    held = [world.lock(main) for _ in range(4)]
    main.abandon(held[0].lock_token, now=world.now)
    main.release(held[1].lock_token, now=world.now)
    main.defer(held[2].lock_token, now=world.now)
    main.renew_lock(held[3].lock_token, now=world.now)
    main.receiver_gone([held[3].lock_token], now=world.now, who="receiver")
    main.receive_deferred([held[2].sequence_number], now=world.now, who="receiver")
    world.pass_time(70)
    main.dead_letter(world.lock(main).lock_token, "why", now=world.now)
    world.fail(main, 3)
    world.update(queue, max_delivery_count=3, requires_duplicate_detection=True)
    return queue


def test_everything_that_can_happen_to_a_message_is_reported(world: World) -> None:
    lead_a_full_life(world)
    world.namespace.delete(world.namespace.directory.queue("orders"), now=world.now)
    world.namespace.reset(now=world.now)
    elsewhere = ("topic_", "subscription_", "rule_", "session_", "copied", "forwarded")
    expected = {kind for kind in ChangeKind if not kind.startswith(elsewhere)}
    assert set(world.kinds()) == expected


def test_replayed_changes_leave_the_messages_that_are_there(world: World) -> None:
    queue = lead_a_full_life(world)
    there = {
        (subqueue.path, message.sequence_number): message.delivery_count
        for subqueue in (queue.main, queue.dead_letter)
        for message in subqueue.messages
    }
    assert live_messages(world.changes) == there
    assert len(there) > 5


def test_changes_are_in_the_order_of_their_instants(world: World) -> None:
    lead_a_full_life(world)
    instants = [change.at for change in world.changes]
    assert instants == sorted(instants)


def test_message_change_carries_the_message_and_a_queue_change_the_description(
    world: World,
) -> None:
    lead_a_full_life(world)
    for change in world.changes:
        assert (change.message is None) == change.kind.startswith("queue_")
        assert (change.description is None) != change.kind.startswith("queue_")


def test_dead_queue_of_idleness_is_reported_by_nobody_in_particular(world: World) -> None:
    world.queue(auto_delete_on_idle=timedelta(minutes=5))
    world.pass_time(1000)
    change = world.last()
    assert (change.kind, change.who, change.at) == (ChangeKind.QUEUE_DELETED, "", START + 300)


def test_namespace_without_a_journal_reports_to_nobody() -> None:
    change = Change(0.0, ChangeKind.RESET, "tutorial", 0, None, 0, "", "", None)
    assert no_journal(change) is None
    Namespace().reset(now=0.0)
