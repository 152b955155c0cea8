import pytest

from sbtutorial.broker.changes import ChangeKind
from sbtutorial.broker.descriptions import EntityStatus, QueueDescription
from sbtutorial.broker.entities.forwarding import HOPS_EXCEEDED, MAX_HOPS
from sbtutorial.broker.errors import BrokerError, ErrorCode
from tests.broker.conftest import World, contents, make


def reasons(subqueue) -> list[object]:
    return [(message.properties or {})["DeadLetterReason"] for message in subqueue.messages]


def test_what_is_sent_goes_on_at_once_and_remembers_its_first_number(world: World) -> None:
    kitchen = world.queue("kitchen")
    bar = world.queue("bar", forward_to="kitchen")
    world.send(kitchen, "soup")
    world.send(bar, "tea", message_id="7")
    assert contents(kitchen.main) == ["soup", "tea"]
    assert len(bar.main.messages) == 0
    _, tea = kitchen.main.messages
    assert (tea.sequence_number, tea.enqueued_sequence_number, tea.message_id) == (2, 1, "7")


def test_target_may_be_given_as_an_address(world: World) -> None:
    kitchen = world.queue("kitchen")
    world.send(world.queue("bar", forward_to="sb://127.0.0.1:5672/Kitchen"), "tea")
    assert contents(kitchen.main) == ["tea"]


def test_subscription_forwards_its_copies(world: World) -> None:
    archive, topic = world.queue("archive"), world.topic()
    world.subscription(forward_to="archive")
    world.send(topic, "rain")
    assert contents(archive.main) == ["rain"]


def test_scheduled_message_goes_on_when_its_time_has_come(world: World) -> None:
    kitchen, bar = world.queue("kitchen"), world.queue("bar", forward_to="kitchen")
    world.send(bar, "tea", scheduled_enqueue_at=world.now + 60)
    assert len(kitchen.main.messages) == 0
    world.pass_time(60)
    assert contents(kitchen.main) == ["tea"]


def test_dead_letters_go_on_with_their_source(world: World) -> None:
    morgue = world.queue("morgue")
    bar = world.queue("bar", max_delivery_count=1, forward_dead_lettered_messages_to="morgue")
    world.send(bar, "tea")
    world.fail(bar.main)
    (dead,) = morgue.main.messages
    assert dead.dead_letter_source == "bar"
    assert len(bar.dead_letter.messages) == 0


def test_forwarding_is_reported_on_the_source(world: World) -> None:
    world.queue("kitchen")
    bar = world.queue("bar", forward_to="kitchen")
    world.changes.clear()
    world.send(bar, "tea")
    assert [(change.kind, change.entity, change.detail) for change in world.changes] == [
        (ChangeKind.SENT, "bar", ""),
        (ChangeKind.SENT, "kitchen", ""),
        (ChangeKind.FORWARDED, "bar", "kitchen"),
    ]


def test_four_hops_are_allowed_and_the_fifth_is_dead_lettered_where_it_would_begin(
    world: World,
) -> None:
    last = world.queue("q5")
    for number in reversed(range(5)):
        world.queue(f"q{number}", forward_to=f"q{number + 1}")
    world.send(world.namespace.directory.queue("q1"), "four hops")
    assert contents(last.main) == ["four hops"]
    world.send(world.namespace.directory.queue("q0"), "five hops")
    assert contents(last.main) == ["four hops"]
    assert reasons(world.namespace.directory.queue("q4").dead_letter) == [HOPS_EXCEEDED]


def test_ring_ends_after_the_last_hop(world: World) -> None:
    queue = world.queue("ring")
    world.namespace.update(
        world.namespace.directory.queue("ring"), QueueDescription(forward_to="ring"), now=world.now
    )
    world.send(queue, "tea")
    assert reasons(queue.dead_letter) == [HOPS_EXCEEDED]
    (dead,) = queue.dead_letter.messages
    assert dead.hops == MAX_HOPS


def test_topics_behind_topics_take_their_copies_little_by_little(world: World) -> None:
    depth, width = 4, 10
    for number in reversed(range(depth)):
        world.topic(f"t{number}")
        further = {"forward_to": f"t{number + 1}"} if number + 1 < depth else {}
        for name in range(width):
            world.subscription(f"s{name}", f"t{number}", **further)
    last = [
        world.namespace.directory.subscription(f"t{depth - 1}", f"s{name}") for name in range(width)
    ]

    def sent() -> int:
        return sum(change.kind is ChangeKind.SENT for change in world.changes)

    world.namespace.timers.most_at_once = 1
    world.send(world.namespace.directory.topic("t0"), "rain")
    most, before = sent(), sent()
    while world.namespace.timers.is_behind or world.namespace.timers.next_at() == world.now:
        world.namespace.run_some(world.now)
        most, before = max(most, sent() - before), sent()
    assert most < 3 * width * width
    assert [len(each.main.messages) for each in last] == [width ** (depth - 1)] * width


def test_what_the_target_refuses_is_dead_lettered_at_the_source(world: World) -> None:
    kitchen, bar = world.queue("kitchen"), world.queue("bar", forward_to="kitchen")
    world.update(kitchen, status=EntityStatus.SEND_DISABLED)
    world.send(bar, "tea")
    (dead,) = bar.dead_letter.messages
    assert dead.properties is not None
    assert "disabled for sending" in str(dead.properties["DeadLetterErrorDescription"])
    world.namespace.delete(world.namespace.directory.queue("kitchen"), now=world.now)
    world.send(bar, "coffee")
    assert len(bar.dead_letter.messages) == 2


def test_session_target_takes_only_what_has_a_session(world: World) -> None:
    ordered = world.queue("ordered", requires_session=True)
    bar = world.queue("bar", forward_to="ordered")
    world.send(bar, "tea")
    world.send(bar, "coffee", session_id="table 4")
    assert reasons(bar.dead_letter) == ["Session id is null."]
    assert contents(ordered.main) == ["coffee"]


def test_source_with_sessions_forwards_in_order_whatever_their_session(world: World) -> None:
    kitchen = world.queue("kitchen")
    ordered = world.queue("ordered", requires_session=True, forward_to="kitchen")
    for number, table in enumerate("abab"):
        world.send(ordered, number, session_id=table)
    assert contents(kitchen.main) == [0, 1, 2, 3]
    assert [message.session_id for message in kitchen.main.messages] == ["a", "b", "a", "b"]
    assert len(ordered.main.messages) == 0


def test_what_waits_in_sessions_goes_on_when_forwarding_is_switched_on(world: World) -> None:
    kitchen, ordered = world.queue("kitchen"), world.queue("ordered", requires_session=True)
    for table in "ab":
        world.send(ordered, table, session_id=table)
    world.update(ordered, requires_session=True, forward_to="kitchen")
    assert contents(kitchen.main) == ["a", "b"]


def test_dead_letters_that_cannot_go_on_stay_and_go_with_the_next(world: World) -> None:
    morgue = world.queue("morgue")
    bar = world.queue("bar", max_delivery_count=1, forward_dead_lettered_messages_to="morgue")
    world.update(morgue, status=EntityStatus.DISABLED)
    world.send(bar, "tea", "coffee")
    world.fail(bar.main)
    assert contents(bar.dead_letter) == ["tea"]
    world.update(morgue)
    world.fail(bar.main)
    assert contents(morgue.main) == ["tea", "coffee"]


def test_what_waits_goes_on_when_forwarding_is_switched_on(world: World) -> None:
    kitchen, bar = world.queue("kitchen"), world.queue("bar")
    world.send(bar, "tea", "coffee")
    world.update(bar, forward_to="kitchen")
    assert contents(kitchen.main) == ["tea", "coffee"]
    world.update(bar)
    world.send(bar, "water")
    assert contents(bar.main) == ["water"]


def test_disabled_source_keeps_what_it_has_until_it_is_enabled(world: World) -> None:
    kitchen = world.queue("kitchen")
    bar = world.queue("bar", forward_to="kitchen", status=EntityStatus.RECEIVE_DISABLED)
    world.send(bar, "tea")
    assert contents(bar.main) == ["tea"]
    world.update(bar, forward_to="kitchen")
    assert contents(kitchen.main) == ["tea"]


def test_duplicate_is_dropped_at_the_target(world: World) -> None:
    kitchen = world.queue("kitchen", requires_duplicate_detection=True)
    bar = world.queue("bar", forward_to="kitchen")
    world.send(bar, "tea", message_id="7")
    world.send(bar, "tea", message_id="7")
    assert len(kitchen.main.messages) == 1


@pytest.mark.parametrize("setting", ["forward_to", "forward_dead_lettered_messages_to"])
def test_forwarding_to_what_is_not_there_is_refused_by_name(world: World, setting: str) -> None:
    with pytest.raises(BrokerError, match=f"{setting} is 'nowhere'") as caught:
        world.queue("bar", **{setting: "nowhere"})
    assert caught.value.code is ErrorCode.ARGUMENT_ERROR
    assert world.namespace.directory.queues() == []


def test_message_sent_through_another_queue_arrives_or_is_kept_for_transfer_failure(
    world: World,
) -> None:
    via, target = world.queue("via"), world.queue("target")
    via.transfer_to("target").send([make("tea")], now=world.now)
    assert contents(target.main) == ["tea"]
    via.transfer_to("nowhere").send([make("coffee")], now=world.now)
    assert contents(via.receivable.transfer_dead_letter) == ["coffee"]
    assert via.receivable.counts().transfer_dead_letter == via.receivable.counts().total == 1
    assert (
        world.namespace.directory.subqueue("VIA/$transfer/$deadletterqueue")
        is via.receivable.transfer_dead_letter
    )
