"""Many at once: links on one connection, connections on one broker, receivers of one message."""

import pytest

from sbtutorial.amqp.messaging import Accepted, Source, Target
from sbtutorial.testing import SteppedBroker
from tests.gateway.talk import Talk

MANY = 300


@pytest.fixture
async def broker() -> SteppedBroker:
    return SteppedBroker()


async def test_hundreds_of_links_on_one_connection_each_deliver_their_own(
    broker: SteppedBroker,
) -> None:
    talk = Talk(broker)
    names = [f"q{number}" for number in range(MANY)]
    for name in names:
        talk.make_queue(name)
    senders = {name: talk.attach_sender(name) for name in names}
    receivers = {name: talk.attach_receiver(name) for name in names}
    for name in names:
        receivers[name].grant(1)
        senders[name].send(
            b"\x00\x53\x75" + b"\xa0" + bytes([len(name)]) + name.encode(),
            delivery_tag=name.encode(),
            settled=False,
        )
    talk.pump()
    for name in names:
        (message,) = talk.received(receivers[name])
        assert message.payload.endswith(name.encode())
    assert broker.namespace.directory.queue("q7").receivable.counts().locked == 1


async def test_hundreds_of_connections_share_one_queue_and_each_message_goes_to_one(
    broker: SteppedBroker,
) -> None:
    first = Talk(broker, who="sender")
    queue = first.make_queue()
    talks = [Talk(broker, who=f"client {number}") for number in range(MANY)]
    receivers = [talk.attach_receiver() for talk in talks]
    for talk, receiver in zip(talks, receivers, strict=True):
        receiver.grant(1)
        talk.pump()
    sender = first.attach_sender()
    for _ in range(MANY):
        first.send(sender)
    got = []
    for talk, receiver in zip(talks, receivers, strict=True):
        talk.pump()
        got += [message.delivery_tag for message in talk.received(receiver)]
    assert len(got) == len(set(got)) == MANY
    assert queue.receivable.counts().locked == MANY


async def test_connections_that_break_off_leave_their_locks_and_nothing_else(
    broker: SteppedBroker,
) -> None:
    first = Talk(broker, who="sender")
    queue = first.make_queue()
    sender = first.attach_sender()
    for _ in range(MANY):
        first.send(sender)
    for number in range(MANY):
        talk = Talk(broker, who=f"client {number}")
        talk.attach_receiver().grant(1)
        talk.pump()
        talk.wire.break_off()
    assert queue.receivable.counts().locked == MANY
    assert not queue.main.listeners
    assert not broker.is_connected("client 7")
    broker.advance(31)
    assert queue.receivable.counts().locked == 0
    assert queue.receivable.counts().active == MANY


async def test_receiver_that_closes_while_its_message_is_on_the_way_loses_nothing(
    broker: SteppedBroker,
) -> None:
    sending, receiving = Talk(broker, who="sender"), Talk(broker, who="receiver")
    queue = receiving.make_queue()
    receiver = receiving.attach_receiver()
    receiver.grant(1)
    receiving.pump()
    sending.send(sending.attach_sender())  # delivered, and not read yet
    receiver.detach()
    receiving.pump()
    assert queue.receivable.counts().total == 1
    broker.advance(31)
    assert queue.main.has_ready
    late = Talk(broker, who="late")
    another = late.attach_receiver()
    another.grant(1)
    late.pump()
    assert len(late.received(another)) == 1


async def test_lock_that_ends_in_the_turn_of_its_completion_is_lost(broker: SteppedBroker) -> None:
    talk = Talk(broker)
    queue = talk.make_queue()
    talk.send(talk.attach_sender())
    receiver = talk.attach_receiver()
    receiver.grant(1)
    talk.pump()
    (message,) = talk.received(receiver)
    receiver.settle(message.delivery_id, Accepted(), settled=False)
    talk.clock.advance(30)  # due at the very instant at which the bytes arrive
    talk.pump()
    assert queue.receivable.counts().total == 1
    assert queue.main.has_ready


LINKS_A_TURN = 350


@pytest.mark.parametrize("way", ["session", "lost", "token"])
async def test_very_many_links_that_end_together_end_some_in_each_turn(
    broker: SteppedBroker, way: str
) -> None:
    talk = Talk(broker, put_token=False)
    talk.make_queue()
    talk.put_token("sb://127.0.0.1/orders", seconds=60)
    stays, goes = talk.session, talk.client.begin()
    for number in range(1000):
        goes.attach_sender(f"s{number}", source=Source("here"), target=Target("orders"))
    talk.pump()
    kept = len(list(talk.endpoint._handling.links)) - 1000
    assert len(talk.endpoint._handling.links.of(stays)) == 0  # the broker has sessions of its own
    if way == "session":
        goes.end()
        talk.endpoint.receive_data(talk.client.data_to_send())
    elif way == "lost":
        talk.endpoint.connection_lost()
    else:
        talk.clock.tick(60)
    left = kept + 1000
    turns = 0
    while broker.step():
        now_left = len(list(talk.endpoint._handling.links))
        assert left - now_left <= LINKS_A_TURN
        left, turns = now_left, turns + 1
    assert left == (0 if way == "lost" else kept)
    assert turns > 3
    if way != "lost":
        talk.pump()
        talk.put_token("sb://127.0.0.1/orders")
        assert talk.is_attached(talk.attach_sender("orders"))
