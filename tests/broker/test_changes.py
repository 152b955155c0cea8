from datetime import timedelta
from uuid import UUID

from sbtutorial.broker.changes import (
    ChangeKind,
    EntityChange,
    MessageChange,
    NamespaceChange,
    no_journal,
)
from sbtutorial.broker.entities.queue import Queue
from sbtutorial.broker.namespace import Namespace
from sbtutorial.broker.states import MessageState
from sbtutorial.store.restore import restore
from tests.broker.conftest import START, World
from tests.store.describing import described_entity, frozen


def lead_a_full_life(world: World) -> Queue:
    """Have everything happen that can happen to a message, and leave some of each kind."""
    queue = world.queue(max_delivery_count=3, requires_duplicate_detection=True)
    main = queue.main
    world.send(queue, *range(8))
    world.send(queue, "once", "twice", message_id="id")
    world.send(queue, "short", time_to_live=5)
    world.send(queue, "later", "never", scheduled_enqueue_at=START + 20)
    queue.ingress.schedule.cancel([11 + 1], now=world.now)
    main.settling.complete(world.lock(main).lock_token, now=world.now)
    main.receive_and_delete_next(now=world.now, who="receiver")
    held = [world.lock(main) for _ in range(4)]
    main.settling.abandon(held[0].lock_token, now=world.now)
    main.settling.release(held[1].lock_token, now=world.now)
    main.settling.defer(held[2].lock_token, now=world.now)
    main.renew_lock(held[3].lock_token, now=world.now)
    main.receiver_gone([held[3].lock_token], now=world.now, who="receiver")
    main.receive_deferred([held[2].sequence_number], now=world.now, who="receiver")
    world.pass_time(70)
    main.settling.dead_letter(world.lock(main).lock_token, "why", now=world.now)
    world.fail(main, 3)
    world.update(queue, max_delivery_count=3, requires_duplicate_detection=True)
    return queue


def test_everything_that_can_happen_to_a_message_is_reported(world: World) -> None:
    lead_a_full_life(world)
    world.namespace.report_accesses()
    world.namespace.delete(world.namespace.directory.queue("orders"), now=world.now)
    world.namespace.advance(60, now=world.now)
    world.namespace.reset(now=world.now)
    elsewhere = ("topic_", "subscription_", "rule_", "session_", "copied", "forwarded")
    elsewhere += ("handed_out", "idle_watched", "kept")
    expected = {kind for kind in ChangeKind if not kind.startswith(elsewhere)}
    assert set(world.kinds()) == expected


def test_changes_make_the_queue_that_is_there(world: World) -> None:
    queue = lead_a_full_life(world)
    assert queue.receivable.counts().total > 5
    world.namespace.report_accesses()
    again = restore(map(frozen, world.changes), Namespace("tutorial"))
    again.run_due(world.now)
    assert described_entity(again.directory.queue("orders"))[2:] == described_entity(queue)[2:]


def test_changes_are_in_the_order_of_their_instants(world: World) -> None:
    lead_a_full_life(world)
    instants = [change.at for change in world.changes]
    assert instants == sorted(instants)


def test_a_change_says_how_the_message_is_after_it(world: World) -> None:
    lead_a_full_life(world)
    told = [one for one in world.changes if isinstance(one, MessageChange)]
    assert {one.state for one in told if one.kind is ChangeKind.COMPLETED} == {MessageState.GONE}
    (dead, *_) = [one for one in told if one.kind is ChangeKind.DEAD_LETTERED]
    assert (dead.entity, dead.target) == ("orders", "orders/$DeadLetterQueue")
    assert (dead.state, dead.is_new) == (MessageState.ACTIVE, False)
    assert "DeadLetterReason" in (dead.properties or {})
    (locked, *_) = [one for one in told if one.kind is ChangeKind.LOCKED]
    assert (locked.lock_token, locked.locked_until) == (UUID(int=1), START + 60)


def test_a_change_stays_as_it_is_whatever_becomes_of_its_message(world: World) -> None:
    queue = world.queue()
    world.send(queue, "a")
    sent = world.last()
    before = tuple(sent)
    world.fail(queue.main, 10)
    assert tuple(sent) == before


def test_an_entity_that_was_in_use_is_told_once_before_a_commit(world: World) -> None:
    queue = world.queue()
    world.pass_time(5)
    world.send(queue, "a", "b")
    world.namespace.report_accesses()
    world.namespace.report_accesses()
    told = [one for one in world.changes if one.kind is ChangeKind.ACCESSED]
    assert [(one.entity, one.at) for one in told] == [("orders", START + 5)]


def test_an_entity_that_is_gone_is_not_told_to_have_been_in_use(world: World) -> None:
    queue = world.queue()
    world.send(queue, "a")
    world.namespace.delete(queue, now=world.now)
    world.namespace.report_accesses()
    assert ChangeKind.ACCESSED not in world.kinds()


def test_a_change_of_an_entity_carries_its_description(world: World) -> None:
    lead_a_full_life(world)
    told = [one for one in world.changes if isinstance(one, EntityChange)]
    assert [one.description is not None for one in told] == [True, True]


def test_dead_queue_of_idleness_is_reported_by_nobody_in_particular(world: World) -> None:
    world.queue(auto_delete_on_idle=timedelta(minutes=5))
    world.pass_time(1000)
    change = world.last()
    assert (change.kind, change.who, change.at) == (ChangeKind.QUEUE_DELETED, "", START + 300)


def test_namespace_without_a_journal_reports_to_nobody() -> None:
    change = NamespaceChange(0.0, ChangeKind.RESET, "tutorial", 0, None, 0, "", "")
    assert no_journal(change) is None
    Namespace("tutorial").reset(now=0.0)
