"""A topic with as many rules as Azure allows: its senders wait for it, and nobody else does."""

from collections.abc import Iterator
from typing import Any

import pytest

from sbtutorial.amqp.events import DispositionReceived
from sbtutorial.amqp.messaging import (
    APPLICATION_PROPERTIES,
    BATCH_MESSAGE_FORMAT,
    DATA,
    MESSAGE_ANNOTATIONS,
    Accepted,
    Properties,
    encode_section,
)
from sbtutorial.amqp.types import Symbol, Timestamp
from sbtutorial.broker.descriptions import SubscriptionDescription, TopicDescription
from sbtutorial.broker.rules.filters.sql import parse_filter
from sbtutorial.broker.rules.rule import Rule
from sbtutorial.broker.states import MessageState
from sbtutorial.testing import SteppedBroker
from tests.gateway.talk import Talk

RULES = 2000


@pytest.fixture
def broker() -> SteppedBroker:
    broker = SteppedBroker()
    with broker.reactor.turn() as now:
        broker.namespace.create("news", TopicDescription(), now=now)
        first = Rule("any", parse_filter("a > 0"))
        subscription = broker.namespace.create(
            "news/Subscriptions/s", SubscriptionDescription(), rule=first, now=now
        )
        never = parse_filter("a = -1 OR (n > 5 AND color LIKE '%5_%')")
        for number in range(1, RULES):
            subscription.add_rule(Rule(f"r{number}", never), now=now)
    broker.create_queue("other")
    return broker


def message(name: str, annotations: Any = None) -> bytes:
    notes = encode_section(MESSAGE_ANNOTATIONS, annotations) if annotations else b""
    own = encode_section(APPLICATION_PROPERTIES, {"a": 1})
    return notes + Properties(message_id=name).encode() + own


def outcome_of(talk: Talk, delivery_id: int) -> Any:
    found = [each for each in talk.of(DispositionReceived) if each.delivery_id == delivery_id]
    return found[-1].state if found else None


def there(broker: SteppedBroker) -> list[object]:
    messages = broker.namespace.directory.subscription("news", "s").main.messages
    return [each.message_id for each in messages]


def test_batch_through_all_rules_keeps_only_its_sender_waiting(broker: SteppedBroker) -> None:
    talk, other = Talk(broker), Talk(broker, who="other")
    link, quick = talk.attach_sender("news"), other.attach_sender("other")
    names = [f"m{number}" for number in range(20)]
    batch = link.send(
        b"".join(encode_section(DATA, message(name)) for name in names),
        delivery_tag=b"b",
        settled=False,
        message_format=BATCH_MESSAGE_FORMAT,
    )
    talk.endpoint.receive_data(talk.client.data_to_send())
    for number in range(10):
        sent = quick.send(message(f"o{number}"), delivery_tag=b"o", settled=False)
        other.endpoint.receive_data(other.client.data_to_send())
        for _ in range(3):  # a turn reads, the next one writes
            broker.step()
        other.wire.read()
        assert isinstance(outcome_of(other, sent), Accepted)
    talk.wire.read()
    assert outcome_of(talk, batch) is None
    talk.pump()
    assert isinstance(outcome_of(talk, batch), Accepted)
    assert there(broker) == names


def test_sender_is_told_when_its_message_can_be_received(broker: SteppedBroker) -> None:
    talk = Talk(broker)
    link = talk.attach_sender("news")
    sent = link.send(message("one"), delivery_tag=b"1", settled=False)
    talk.endpoint.receive_data(talk.client.data_to_send())
    while outcome_of(talk, sent) is None:
        assert broker.step(), "it goes on until the sender is told"
        talk.wire.read()
    assert isinstance(outcome_of(talk, sent), Accepted)
    assert there(broker) == ["one"]


def test_messages_of_one_client_keep_their_order(broker: SteppedBroker) -> None:
    talk = Talk(broker)
    link = talk.attach_sender("news")
    names = [f"m{number}" for number in range(5)]
    for name in names:
        link.send(message(name), delivery_tag=name.encode(), settled=False)
    talk.pump()
    assert there(broker) == names


def test_scheduled_messages_go_through_all_rules_when_their_time_comes(
    broker: SteppedBroker,
) -> None:
    talk = Talk(broker)
    link = talk.attach_sender("news")
    at = {Symbol("x-opt-scheduled-enqueue-time"): Timestamp(round(talk.clock.wall() + 60) * 1000)}
    for name in ("one", "two"):
        link.send(message(name, at), delivery_tag=b"1", settled=False)
    talk.pump()
    assert there(broker) == []
    broker.advance(60)
    assert there(broker) == ["one", "two"]


def test_client_that_leaves_before_it_is_told_has_sent_all_the_same(broker: SteppedBroker) -> None:
    talk = Talk(broker)
    link = talk.attach_sender("news")
    link.send(message("one"), delivery_tag=b"1", settled=False)
    talk.endpoint.receive_data(talk.client.data_to_send())
    broker.step()
    talk.wire.break_off()
    broker.run()
    assert there(broker) == ["one"]


def begin(broker: SteppedBroker, *talks: Talk) -> list[int]:
    """Have each send a message, and the handing out of the first one begin."""
    links = [talk.attach_sender("news") for talk in talks]
    sent = [link.send(message("m"), delivery_tag=b"1", settled=False) for link in links]
    for talk in talks:
        talk.endpoint.receive_data(talk.client.data_to_send())
    broker.step()
    broker.step()
    assert len(broker.namespace.directory.topic("news").scheduled.messages) == len(talks)
    return sent


def test_who_waits_is_told_and_does_nothing_meanwhile(broker: SteppedBroker) -> None:
    talks = [Talk(broker, who=f"sender {number}") for number in range(5)]
    begin(broker, *talks)
    assert len(broker.reactor._jobs) == 1  # the handing out itself
    for talk in talks:
        talk.pump()
        assert [one.state for one in talk.of(DispositionReceived)][-1] == Accepted()


def test_a_batch_that_ends_with_a_duplicate_is_accepted_when_the_message_before_is_there() -> None:
    broker = SteppedBroker()
    with broker.reactor.turn() as now:
        once = TopicDescription(requires_duplicate_detection=True)
        broker.namespace.create("news", once, now=now)
        subscription = broker.namespace.create(
            "news/Subscriptions/s", SubscriptionDescription(), now=now
        )
        never = parse_filter("a = -1")
        for number in range(RULES - 1):
            subscription.add_rule(Rule(f"r{number}", never), now=now)
    talk = Talk(broker)
    batch = b"".join(encode_section(DATA, message("twice")) for _ in range(2))
    sent = talk.attach_sender("news").send(
        batch, delivery_tag=b"b", settled=False, message_format=BATCH_MESSAGE_FORMAT
    )
    talk.endpoint.receive_data(talk.client.data_to_send())
    while outcome_of(talk, sent) is None:
        assert broker.step()
        talk.wire.read()
    assert there(broker) == ["twice"]


@pytest.mark.parametrize("way", ["reset", "delete", "cancel"])
def test_sender_is_told_when_what_it_waits_for_is_gone(broker: SteppedBroker, way: str) -> None:
    first, talk = Talk(broker, who="first"), Talk(broker)
    _, sent = begin(broker, first, talk)
    topic = broker.namespace.directory.topic("news")
    with broker.reactor.turn() as now:
        if way == "reset":
            broker.namespace.reset(now=now)
        elif way == "delete":
            broker.namespace.delete(topic, now=now)
        else:
            waiting = [
                one for one in topic.scheduled.messages if one.state is MessageState.SCHEDULED
            ]
            topic.ingress.schedule.cancel([waiting[-1].sequence_number], now=now)
    broker.run()
    assert not broker.reactor.is_due
    talk.pump()
    assert outcome_of(talk, sent) == Accepted()


def test_senders_that_wait_do_not_slow_each_other_down(broker: SteppedBroker) -> None:
    """Each turn of a job that waits is spent on what it waits for."""

    def steps_for(senders: int) -> int:
        talks = [Talk(broker, who=f"{senders}-{number}") for number in range(senders)]
        for talk in talks:
            link = talk.attach_sender("news")
            link.send(message("m"), delivery_tag=b"1", settled=False)
            talk.endpoint.receive_data(talk.client.data_to_send())
        count = 0
        while broker.step():
            count += 1
        return count

    assert steps_for(20) < 30 * steps_for(1)


def test_piece_of_work_that_fails_leaves_the_next_one_alone(broker: SteppedBroker) -> None:
    def fails() -> Iterator[int]:
        yield 1
        raise KeyError("x")

    talk = Talk(broker)
    link = talk.attach_sender("news")
    broker.namespace.background.add(fails())
    link.send(message("one"), delivery_tag=b"1", settled=False)
    talk.pump()
    assert there(broker) == ["one"]
    broker.namespace.background.add(fails())
    broker.run()
    link.send(message("two"), delivery_tag=b"1", settled=False)
    talk.pump()
    assert there(broker) == ["one", "two"]
