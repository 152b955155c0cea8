from dataclasses import replace
from datetime import timedelta

import pytest

from sbtutorial.broker.changes import ChangeKind
from sbtutorial.broker.descriptions import EntityStatus
from sbtutorial.broker.entities.topic import Topic
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.limits import MIB, STANDARD
from sbtutorial.broker.rules.filters.boolean import TrueFilter
from sbtutorial.broker.rules.rule import Rule
from sbtutorial.broker.states import MessageState
from tests.broker.conftest import START, World, contents, make


def test_every_subscription_gets_a_copy_of_its_own(world: World) -> None:
    topic, one, two = world.topic(), world.subscription("one"), world.subscription("two")
    world.send(topic, "rain", "sun")
    world.lock(one.main)
    assert contents(one.main) == contents(two.main) == ["rain", "sun"]
    assert two.receivable.counts().locked == 0


def test_copies_are_numbered_by_the_subscription_and_remember_the_topics_number(
    world: World,
) -> None:
    topic = world.topic()
    world.subscription("early")
    assert world.send(topic, "rain") == [1]
    late = world.subscription("late")
    assert world.send(topic, "sun") == [2]
    (copy,) = late.main.messages
    assert (copy.sequence_number, copy.enqueued_sequence_number) == (1, 2)


def test_topic_without_subscriptions_accepts_and_keeps_nothing(world: World) -> None:
    topic = world.topic()
    assert world.send(topic, "rain") == [1]
    assert topic.size_bytes == 0


def test_message_of_a_topic_is_reported_once_as_sent_and_once_for_each_copy(world: World) -> None:
    topic, _, _ = world.topic(), world.subscription("one"), world.subscription("two")
    world.changes.clear()
    world.send(topic, "rain")
    assert [(change.kind, change.entity) for change in world.changes] == [
        (ChangeKind.SENT, "news"),
        (ChangeKind.COPIED, "news/Subscriptions/one"),
        (ChangeKind.COPIED, "news/Subscriptions/two"),
    ]


def test_scheduled_message_waits_at_the_topic_and_reaches_who_subscribes_meanwhile(
    world: World,
) -> None:
    topic = world.topic()
    world.send(topic, "rain", scheduled_enqueue_at=world.now + 60)
    late = world.subscription("late")
    assert (topic.scheduled_count, len(late.main.messages)) == (1, 0)
    world.pass_time(60)
    assert (topic.scheduled_count, contents(late.main)) == (0, ["rain"])
    (copy,) = late.main.messages
    assert (copy.state, copy.enqueued_at) == (MessageState.ACTIVE, world.now)


def test_scheduled_message_of_a_topic_can_be_cancelled(world: World) -> None:
    topic, everyone = world.topic(), world.subscription()
    (number,) = world.send(topic, "rain", scheduled_enqueue_at=world.now + 60)
    topic.ingress.schedule.cancel([number], now=world.now)
    world.pass_time(60)
    assert len(everyone.main.messages) == 0
    with pytest.raises(BrokerError, match="No message with sequence number"):
        topic.ingress.schedule.cancel([number], now=world.now)


@pytest.mark.parametrize(
    ("message", "topic", "subscription", "lives"),
    [(10, 20, 30, 10), (30, 10, 20, 10), (30, 20, 10, 10), (None, 20, 10, 10), (None, None, 5, 5)],
)
def test_shortest_of_three_lifetimes_counts(
    world: World, message: float | None, topic: int | None, subscription: int, lives: float
) -> None:
    options = {} if topic is None else {"default_message_time_to_live": timedelta(seconds=topic)}
    news = world.topic(**options)
    everyone = world.subscription(default_message_time_to_live=timedelta(seconds=subscription))
    world.send(news, "rain", time_to_live=message)
    (copy,) = everyone.main.messages
    assert copy.expires_at == world.now + lives


def test_duplicate_reaches_no_subscription(world: World) -> None:
    topic, everyone = world.topic(requires_duplicate_detection=True), world.subscription()
    assert world.send(topic, "rain", message_id="7") == world.send(topic, "rain", message_id="7")
    assert len(everyone.main.messages) == 1


def test_size_of_a_topic_is_that_of_its_subscriptions_and_is_limited(world: World) -> None:
    topic, everyone = world.topic(), world.subscription()
    topic.ingress.max_size_bytes = MIB
    topic.ingress.send([make(size_bytes=250_000) for _ in range(4)], now=world.now)
    with pytest.raises(BrokerError, match="exceeded for Topic: 'news'") as caught:
        topic.ingress.send([make(size_bytes=250_000)], now=world.now)
    assert caught.value.code is ErrorCode.QUOTA_EXCEEDED
    everyone.main.receive_and_delete_next(now=world.now, who="reader")
    topic.ingress.send([make(size_bytes=250_000)], now=world.now)


def test_disabled_topic_refuses_and_disabled_subscription_still_collects(world: World) -> None:
    topic = world.topic()
    asleep = world.subscription("asleep", status=EntityStatus.DISABLED)
    world.send(topic, "rain")
    assert (len(asleep.main.messages), asleep.main.has_ready) == (1, False)
    disabled = type(topic.description)(status=EntityStatus.DISABLED)
    world.namespace.update(topic, disabled, now=world.now)
    with pytest.raises(BrokerError, match="Topic 'news' is disabled for sending"):
        world.send(topic, "sun")


@pytest.fixture
def waiting(world: World) -> Topic:
    """A disabled topic with messages whose time has come."""
    topic = world.topic()
    world.subscription("all")
    world.send(topic, *range(5), scheduled_enqueue_at=START + 30)
    set_status(world, topic, EntityStatus.DISABLED)
    world.pass_time(31)
    return topic


def set_status(world: World, topic: Topic, status: EntityStatus) -> None:
    world.namespace.update(topic, replace(topic.description, status=status), now=world.now)


def handed_out(topic: Topic) -> list[object]:
    return contents(topic.subscription("all").main)


def test_what_waits_for_its_topic_can_be_cancelled_in_parts(world: World, waiting: Topic) -> None:
    cancellation = waiting.ingress.cancellation("sender")
    cancellation.hold([1, 3], now=world.now)
    set_status(world, waiting, EntityStatus.ACTIVE)
    world.pass_time(1)
    assert handed_out(waiting) == [1, 3, 4]
    cancellation.finish(world.now)
    assert waiting.scheduled_count == 0


def test_what_was_not_cancelled_after_all_waits_for_its_topic_still(
    world: World, waiting: Topic
) -> None:
    cancellation = waiting.ingress.cancellation("sender")
    cancellation.hold([1, 3], now=world.now)
    assert sum(cancellation.let_go()) == 2
    world.pass_time(1)
    assert (waiting.scheduled_count, handed_out(waiting)) == (5, [])
    set_status(world, waiting, EntityStatus.ACTIVE)
    world.pass_time(1)
    assert waiting.scheduled_count == 0
    assert sorted(handed_out(waiting), key=str) == [0, 1, 2, 3, 4]


def test_a_topic_that_takes_messages_again_hands_out_what_waits_in_steps(
    world: World, waiting: Topic
) -> None:
    background = world.namespace.background
    background.on_added = lambda: None
    set_status(world, waiting, EntityStatus.ACTIVE)
    world.pass_time(1)
    background.step()
    assert 0 < waiting.scheduled_count < 5
    while background:
        background.step()
    assert handed_out(waiting) == [0, 1, 2, 3, 4]


def test_subscription_dead_letters_for_itself_alone(world: World) -> None:
    topic = world.topic()
    strict = world.subscription("strict", max_delivery_count=1)
    patient = world.subscription("patient")
    world.send(topic, "rain")
    world.fail(strict.main)
    world.fail(patient.main)
    assert (len(strict.dead_letter.messages), len(patient.dead_letter.messages)) == (1, 0)
    assert strict.dead_letter.path == "news/Subscriptions/strict/$DeadLetterQueue"


def test_deleted_topic_takes_its_subscriptions_along(world: World) -> None:
    world.topic()
    everyone = world.subscription()
    world.changes.clear()
    world.namespace.delete(world.namespace.directory.topic("NEWS"), now=world.now)
    assert everyone.context.deleted
    assert world.kinds() == [ChangeKind.SUBSCRIPTION_DELETED, ChangeKind.TOPIC_DELETED]
    world.topic()
    assert world.namespace.directory.topic("news").subscriptions() == []


def test_deleted_subscription_gets_nothing_any_more(world: World) -> None:
    topic, everyone = world.topic(), world.subscription()
    world.namespace.delete(world.namespace.directory.subscription("news", "ALL"), now=world.now)
    world.send(topic, "rain")
    assert (topic.subscriptions(), len(everyone.main.messages)) == ([], 0)


def test_session_subscription_dead_letters_what_has_no_session(world: World) -> None:
    topic, ordered = world.topic(), world.subscription(requires_session=True)
    world.send(topic, "rain")
    world.send(topic, "sun", session_id="monday")
    assert contents(ordered.main) == ["sun"]
    (dead,) = ordered.dead_letter.messages
    assert dead.properties is not None
    assert dead.properties["DeadLetterReason"] == "Session id is null."


def test_subscriptions_names_are_the_same_in_any_case(world: World) -> None:
    world.topic()
    world.subscription("Sport")
    with pytest.raises(BrokerError, match="'news/Subscriptions/Sport' exists already"):
        world.subscription("sport")
    with pytest.raises(BrokerError, match="Subscriptions here: 'Sport'"):
        world.namespace.directory.subscription("news", "weather")


def test_subscription_without_its_topic_cannot_be_made(world: World) -> None:
    with pytest.raises(BrokerError, match="'news' could not be found") as caught:
        world.subscription()
    assert caught.value.code is ErrorCode.ENTITY_NOT_FOUND


def test_subscription_whose_first_rule_is_refused_is_not_made(new_world) -> None:
    limits = replace(STANDARD, max_sql_filters=1)
    world = new_world(limits=limits)
    topic = world.topic()
    with pytest.raises(BrokerError, match="cannot name a rule"):
        world.subscription("bad", rule=Rule("a/b", TrueFilter()))
    world.subscription("one")
    with pytest.raises(BrokerError, match="1 sql filters"):
        world.subscription("two")
    assert [one.name for one in topic.subscriptions()] == ["one"]


def test_idle_subscription_goes_and_its_topic_stays(world: World) -> None:
    topic = world.topic()
    world.subscription(auto_delete_on_idle=timedelta(minutes=5))
    world.pass_time(301)
    assert topic.subscriptions() == []
    assert world.namespace.directory.topics() == [topic]


def test_a_new_rule_is_use_of_its_subscription(world: World) -> None:
    topic = world.topic()
    subscription = world.subscription(auto_delete_on_idle=timedelta(minutes=5))
    world.pass_time(299)
    world.namespace.create_rule(subscription, Rule("more", TrueFilter()), now=world.now)
    world.pass_time(299)
    assert topic.subscriptions() == [subscription]
    world.pass_time(2)
    assert topic.subscriptions() == []


def test_reset_empties_topics_too(world: World) -> None:
    world.topic()
    everyone = world.subscription()
    world.namespace.reset(now=world.now)
    assert everyone.context.deleted
    assert world.namespace.directory.topics() == []
