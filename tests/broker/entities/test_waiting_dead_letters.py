"""Dead letters whose forwarding target takes none: they wait, in order, and cost nothing."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from sbtutorial.broker.descriptions import EntityStatus
from sbtutorial.broker.entities.forwarding import MOST_AT_ONCE
from sbtutorial.broker.entities.queue import Queue
from sbtutorial.broker.limits import MIB
from tests.broker.conftest import START, World, contents

QUARTER = MIB // 4 - 1000  # four of these fill a queue of 1 MB; a fifth does not fit


@pytest.fixture
def morgue(world: World) -> Queue:
    """Full with "a" to "d"."""
    morgue = world.queue("morgue")
    world.namespace.shrink(morgue, 1, now=world.now)
    world.send(morgue, *"abcd", size_bytes=QUARTER)
    return morgue


@pytest.fixture
def bar(world: World, morgue: Queue) -> Queue:
    return world.queue("bar", max_delivery_count=1, forward_dead_lettered_messages_to="Morgue")


def bury(world: World, queue: Queue, *names: str, size_bytes: int = QUARTER) -> None:
    world.send(queue, *names, size_bytes=size_bytes)
    world.fail(queue.main, len(names))


def take(world: World, queue: Queue) -> object:
    message = queue.main.receive_and_delete_next(now=world.now, who="")
    assert message is not None
    return message.content


def test_what_waits_goes_in_its_order_as_room_is_made(
    world: World, bar: Queue, morgue: Queue
) -> None:
    bury(world, bar, "e", "f")
    assert contents(bar.dead_letter) == ["e", "f"]
    got = []
    for _ in range(6):
        got.append(take(world, morgue))
        world.pass_time(0)
    assert got == list("abcdef")
    assert len(bar.dead_letter.messages) == 0


def test_nothing_runs_while_it_waits(world: World, bar: Queue, morgue: Queue) -> None:
    bury(world, bar, "e", "f")
    assert world.namespace.next_deadline() is None
    reported = len(world.changes)
    bury(world, bar, "g")
    world.pass_time(3600)
    assert [kind.name for kind in world.kinds()[reported:]] == [
        *("SENT", "LOCKED", "ABANDONED", "DEAD_LETTERED")
    ]


def test_room_is_looked_for_as_soon_as_it_is_made(world: World, bar: Queue, morgue: Queue) -> None:
    bury(world, bar, "e")
    take(world, morgue)
    assert world.namespace.next_deadline() == world.now


def expire(world: World, morgue: Queue) -> None:
    (*_, last) = morgue.main.messages
    morgue.main.dead_lettering.start_time_to_live(last, world.now + 10)
    world.pass_time(10)


def forward(world: World, morgue: Queue) -> None:
    world.queue("kitchen")
    description = replace(morgue.description, forward_to="kitchen")
    morgue.adopt(description, now=world.now)
    morgue.main.announce_ready(world.now)


def purge(world: World, morgue: Queue) -> None:
    morgue.main.delete_ready(enqueued_before=world.now + 1, at_most=1, now=world.now)


@pytest.mark.parametrize("make_room", [expire, forward, purge])
def test_room_is_made_in_many_ways(
    world: World, bar: Queue, morgue: Queue, make_room: Callable[[World, Queue], None]
) -> None:
    bury(world, bar, "e")
    make_room(world, morgue)
    world.pass_time(0)
    assert len(bar.dead_letter.messages) == 0


def test_room_is_made_when_a_scheduled_message_is_cancelled(
    world: World, bar: Queue, morgue: Queue
) -> None:
    take(world, morgue)
    (number,) = world.send(morgue, "later", size_bytes=QUARTER, scheduled_enqueue_at=world.now + 99)
    bury(world, bar, "e")
    morgue.ingress.schedule.cancel([number], now=world.now)
    world.pass_time(0)
    assert contents(morgue.main) == ["b", "c", "d", "e"]


def test_several_queues_wait_and_go_in_turn(world: World, bar: Queue, morgue: Queue) -> None:
    pub = world.queue("pub", max_delivery_count=1, forward_dead_lettered_messages_to="morgue")
    bury(world, bar, "e")
    bury(world, pub, "f")
    bury(world, bar, "g")
    for _ in range(3):
        take(world, morgue)
        world.pass_time(0)
    assert contents(morgue.main) == ["d", "e", "f", "g"]


def test_what_a_target_never_takes_stands_in_nobodys_way(world: World) -> None:
    world.queue("sessions", requires_session=True)
    bar = world.queue("bar", max_delivery_count=1, forward_dead_lettered_messages_to="sessions")
    bury(world, bar, "no session", size_bytes=10)
    world.send(bar, "of a session", session_id="7")
    world.fail(bar.main)
    assert contents(bar.dead_letter) == ["no session"]
    assert world.namespace.next_deadline() is None
    world.update(bar, max_delivery_count=1)  # forwards no more
    assert world.lock(bar.dead_letter).content == "no session"


def test_what_went_too_far_stays(world: World) -> None:
    bar = world.queue("bar", max_delivery_count=1)
    world.update(bar, max_delivery_count=1, forward_dead_lettered_messages_to="bar")
    bury(world, bar, "round and round", size_bytes=10)
    for _ in range(4):
        world.fail(bar.main)
    assert contents(bar.dead_letter) == ["round and round"]
    assert len(bar.main.messages) == 0


def test_a_backlog_goes_in_pieces_of_bounded_length(world: World) -> None:
    morgue = world.queue("morgue", status=EntityStatus.DISABLED)
    bar = world.queue("bar", max_delivery_count=1, forward_dead_lettered_messages_to="morgue")
    bury(world, bar, *map(str, range(2 * MOST_AT_ONCE + 1)), size_bytes=10)
    assert len(bar.dead_letter.messages) == 2 * MOST_AT_ONCE + 1
    world.changes.clear()
    morgue.adopt(replace(morgue.description, status=EntityStatus.ACTIVE), now=world.now)
    bar.dead_letter.forwarding.resume(world.now)  # type: ignore[union-attr]
    assert len(morgue.main.messages) == MOST_AT_ONCE
    world.pass_time(0)
    assert contents(morgue.main) == list(map(str, range(2 * MOST_AT_ONCE + 1)))


def test_a_queue_that_is_switched_to_forwarding_sends_on_in_pieces(world: World) -> None:
    kitchen, bar = world.queue("kitchen"), world.queue("bar")
    world.send(bar, *range(MOST_AT_ONCE + 1))
    world.update(bar, forward_to="kitchen")
    assert len(kitchen.main.messages) == MOST_AT_ONCE
    world.send(bar, "new")
    world.pass_time(0)
    assert contents(kitchen.main) == [*range(MOST_AT_ONCE + 1), "new"]


@pytest.mark.parametrize("what", ["bar", "morgue", "namespace"])
def test_nothing_waits_for_what_is_gone(world: World, bar: Queue, morgue: Queue, what: str) -> None:
    bury(world, bar, "e")
    if what == "namespace":
        world.namespace.reset(now=world.now)
    else:
        world.namespace.delete({"bar": bar, "morgue": morgue}[what], now=world.now)
    world.pass_time(1)
    assert world.namespace.next_deadline() is None
    if what == "morgue":
        again = world.queue("morgue")
        world.pass_time(0)
        assert contents(again.main) == ["e"]


def test_messages_wait_for_a_topic_until_a_subscription_of_it_has_room(world: World) -> None:
    topic = world.topic("archive")
    topic.adopt(replace(topic.description, max_size_in_megabytes=1), now=world.now)
    kept = world.subscription("all", "archive")
    bar = world.queue("bar", max_delivery_count=1, forward_dead_lettered_messages_to="archive")
    world.send(topic, *"abcd", size_bytes=QUARTER)
    bury(world, bar, "e")
    assert contents(bar.dead_letter) == ["e"]
    kept.main.settling.complete(world.lock(kept.main).lock_token, now=world.now)
    world.pass_time(0)
    assert contents(kept.main) == ["b", "c", "d", "e"]
    bury(world, bar, "f")
    world.namespace.delete(kept, now=world.now)
    world.pass_time(0)
    assert contents(bar.dead_letter) == []
    assert world.now == START
