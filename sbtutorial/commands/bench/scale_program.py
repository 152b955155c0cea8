"""A program: what an operation costs a broker that holds little, or very much.

`python -m sbtutorial.commands.bench.scale_program WHAT SIZE OPERATIONS` prints one line of JSON. An
operation is a message: sent, received, completed, each by AMQP. The broker is stepped in this
process, without a socket, and only its own time is counted.
"""

import gc
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from statistics import median
from typing import NamedTuple

from sbtutorial.amqp.messaging import (
    APPLICATION_PROPERTIES,
    DATA,
    Accepted,
    Properties,
    Source,
    Target,
    encode_section,
)
from sbtutorial.amqp.receiver import MessageReceived, ReceiverLink
from sbtutorial.amqp.sender import SenderLink
from sbtutorial.broker.descriptions import (
    SubscriptionDescription,
    TopicDescription,
)
from sbtutorial.broker.rules.filters.correlation import CorrelationFilter
from sbtutorial.broker.rules.rule import Rule
from sbtutorial.commands.bench.brokers import BODY_BYTES
from sbtutorial.testing import Client, SteppedBroker

_ROUNDS = 5
# Sent ahead in one turn while a queue is filled.
_AHEAD = 50
_TOPIC, _SUBSCRIPTION = "news", "news/Subscriptions/s"


class Lane(NamedTuple):
    """A client, and its links: what it sends, it also receives."""

    client: Client
    sender: SenderLink
    receiver: ReceiverLink


def _lane(broker: SteppedBroker, to: str, source: str, who: str = "client") -> Lane:
    plain = {"sasl_mechanisms": ("PLAIN",), "sasl_response": broker.plain_response}
    client = broker.connect(who, **plain)
    session = client.session
    sender = session.attach_sender("s", source=Source("here"), target=Target(to))
    receiver = session.attach_receiver("r", source=Source(source), target=Target("here"))
    client.pump()
    return Lane(client, sender, receiver)


def _queue(broker: SteppedBroker, name: str) -> str:
    broker.create_queue(name, max_size_in_megabytes=5120)
    return name


def payload(number: int, **properties: str) -> bytes:
    """A message with an id, as every client sends."""
    own = encode_section(APPLICATION_PROPERTIES, properties) if properties else b""
    identity = Properties(message_id=f"{number:036}").encode()
    return identity + own + encode_section(DATA, bytes(BODY_BYTES))


def _messages(broker: SteppedBroker, size: int) -> list[Lane]:
    lane = _lane(broker, *2 * [_queue(broker, "bench")])
    for number in range(size):
        lane.sender.send(payload(number), delivery_tag=b"t", settled=False)
        if number % _AHEAD == 0:
            lane.client.pump()
            lane.client.events.clear()
            lane.client.received.clear()
    lane.client.pump()
    return [lane]


def _queues(broker: SteppedBroker, size: int) -> list[Lane]:
    names = [_queue(broker, f"bench-{number}") for number in range(size)]
    used = names[:: max(1, size // 50)]  # all over
    return [_lane(broker, name, name, who=name) for name in used]


def _connections(broker: SteppedBroker, size: int) -> list[Lane]:
    name = _queue(broker, "bench")
    return [_lane(broker, name, name, who=f"client {number}") for number in range(size)]


def _rules(broker: SteppedBroker, size: int) -> list[Lane]:
    with broker.reactor.turn() as now:
        broker.namespace.create(_TOPIC, TopicDescription(), now=now)
        first = Rule("r0", CorrelationFilter(properties={"kind": "0"}))
        subscription = broker.namespace.create(
            _SUBSCRIPTION, SubscriptionDescription(), rule=first, now=now
        )
        for number in range(1, size):
            wanted = CorrelationFilter(properties={"kind": str(number)})
            subscription.add_rule(Rule(f"r{number}", wanted), now=now)
    return [_lane(broker, _TOPIC, _SUBSCRIPTION)]


WORLDS: dict[str, Callable[[SteppedBroker, int], list[Lane]]] = {
    "messages": _messages,
    "queues": _queues,
    "connections": _connections,
    "rules": _rules,
}


class Timed:
    """A broker whose own time is counted."""

    def __init__(self, broker: SteppedBroker) -> None:
        self.seconds = 0.0
        self._broker = broker

    def operate(self, lane: Lane, message: bytes) -> None:
        """Send one, receive one, complete it."""
        lane.receiver.grant(1)
        lane.sender.send(message, delivery_tag=b"t", settled=False)
        self._exchange(lane)
        (got,) = lane.client.of(MessageReceived)
        lane.client.events.clear()
        got.link.settle(got.delivery_id, Accepted())
        self._exchange(lane)
        lane.client.received.clear()

    def _exchange(self, lane: Lane) -> None:
        data = lane.client.connection.data_to_send()
        began = time.process_time()
        lane.client.endpoint.receive_data(data)
        self._broker.run()
        self.seconds += time.process_time() - began
        lane.client.read()


def measure(what: str, size: int, operations: int) -> dict[str, float]:
    """What an operation costs, and what a message takes beyond its body (if there are any)."""
    import psutil

    broker = SteppedBroker()
    running = psutil.Process()
    before = running.memory_info().rss
    lanes = WORLDS[what](broker, size)
    grown = running.memory_info().rss - before
    gc.collect()
    timed = Timed(broker)
    own = {"kind": "0"} if what == "rules" else {}
    each = list(_each_round(timed, lanes, operations, payload(0, **own)))
    return {"microseconds": median(each) * 1e6, "overhead_bytes": grown / size - BODY_BYTES}


def _each_round(
    timed: Timed, lanes: Sequence[Lane], operations: int, message: bytes
) -> Iterator[float]:
    taking_turns = cycle(lanes)
    for lane in lanes:  # what only the first one on a link does
        timed.operate(lane, message)
    for _ in range(_ROUNDS):
        timed.seconds = 0.0
        for lane in islice(taking_turns, operations):
            timed.operate(lane, message)
        yield timed.seconds / operations


if __name__ == "__main__":
    gc.set_threshold(100_000, 50, 1000)  # as a broker's process does
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
