"""A program: how long the longest turn of a broker is that somebody asks very much of.

`python -m sbtutorial.commands.bench.turn_program WHAT COUNT` prints its milliseconds of CPU. So
long it keeps everybody else waiting. The broker is stepped in this process, without a socket.
"""

import gc
import sys
import time
from collections.abc import Callable

from sbtutorial.amqp.events import DispositionReceived, MessageReceived
from sbtutorial.amqp.messaging import (
    AMQP_VALUE,
    BATCH_MESSAGE_FORMAT,
    DATA,
    Accepted,
    Header,
    Properties,
    Source,
    Target,
    encode_section,
)
from sbtutorial.amqp.sender import SenderLink
from sbtutorial.broker.descriptions import SubscriptionDescription, TopicDescription
from sbtutorial.testing import Client, SteppedBroker

_QUEUE, _TOPIC = "orders", "news"
_SUBSCRIPTIONS = 24
_BATCH = 4500
_LONG_SECONDS = 600.0
_HEADER = Header(ttl=int(_LONG_SECONDS) * 500)


class Bench:
    """A broker whose turns are timed, and a client that asks.

    Attributes:
        longest: Seconds of CPU of the longest turn.
    """

    def __init__(self) -> None:
        self.broker = SteppedBroker()
        self.client = self._client()
        self.longest = 0.0

    def _client(self) -> Client:
        proof = self.broker.plain_response
        return self.broker.connect(sasl_mechanisms=("PLAIN",), sasl_response=proof)

    def _sender(self, to: str) -> SenderLink:
        link = self.client.session.attach_sender(to, source=Source("here"), target=Target(to))
        self.client.pump()
        return link

    def send(self, to: str, payload: bytes, message_format: int = 0) -> None:
        """Send one message, or a batch."""
        sender = self._sender(to)
        sender.send(payload, delivery_tag=b"t", settled=False, message_format=message_format)
        self.timed(lambda: self.client.endpoint.receive_data(self.client.connection.data_to_send()))
        self.must_be_taken()

    def fill(self, count: int) -> None:
        """Have so many messages in a queue, which will all expire at one instant."""
        one = encode_section(DATA, _HEADER.encode() + encode_section(DATA, b"tea"))
        self.broker.create_queue(_QUEUE, max_size_in_megabytes=5120)
        sender = self._sender(_QUEUE)
        for start in range(0, count, _BATCH):
            batch = one * min(_BATCH, count - start)
            sender.send(batch, delivery_tag=b"t", settled=True, message_format=BATCH_MESSAGE_FORMAT)
            self.client.pump()

    def must_be_taken(self) -> None:
        """See that the broker did what it was asked, which takes longer than to refuse."""
        self.client.pump()
        states = [event.state for event in self.client.of(DispositionReceived)]
        if not states or any(type(state) is not Accepted for state in states):
            raise RuntimeError(f"the broker did not accept it but said {states}")

    def must_have_come(self, count: int) -> None:
        """See that so many messages were handed out."""
        if len(self.client.of(MessageReceived)) != count:
            raise RuntimeError(f"not {count} messages have come")

    def timed(self, ask: Callable[[], object]) -> None:
        """Ask, and have everything done that comes of it, turn by turn."""
        is_more = True
        began = time.process_time()
        ask()
        while is_more:
            is_more = self.broker.step()
            ended = time.process_time()
            self.longest = max(self.longest, ended - began)
            began = ended


def _batch(bench: Bench, count: int) -> None:
    bench.broker.create_queue(_QUEUE)
    bench.send(_QUEUE, encode_section(DATA, _message()) * count, BATCH_MESSAGE_FORMAT)


def _batch_of_sessions(bench: Bench, count: int) -> None:
    bench.broker.create_queue(_QUEUE, requires_session=True)
    parts = [encode_section(DATA, _message(group_id=f"table {number}")) for number in range(count)]
    bench.send(_QUEUE, b"".join(parts), BATCH_MESSAGE_FORMAT)


def _batch_to_subscriptions(bench: Bench, count: int) -> None:
    with bench.broker.reactor.turn() as now:
        bench.broker.namespace.create(_TOPIC, TopicDescription(), now=now)
        for number in range(_SUBSCRIPTIONS):
            path = f"{_TOPIC}/Subscriptions/s{number}"
            bench.broker.namespace.create(path, SubscriptionDescription(), now=now)
    bench.send(_TOPIC, encode_section(DATA, _message()) * count, BATCH_MESSAGE_FORMAT)


def _structure(bench: Bench, count: int) -> None:
    bench.broker.create_queue(_QUEUE)
    bench.send(_QUEUE, encode_section(AMQP_VALUE, [None] * count))


def _expiry(bench: Bench, count: int) -> None:
    bench.fill(count)
    bench.timed(lambda: super(SteppedBroker, bench.broker).advance(_LONG_SECONDS))


def _breaking_off(bench: Bench, count: int) -> None:
    bench.fill(count)
    link = bench.client.session.attach_receiver("r", source=Source(_QUEUE), target=Target("here"))
    bench.client.pump()
    link.grant(count)
    bench.client.pump()
    bench.must_have_come(count)
    bench.timed(bench.client.endpoint.connection_lost)


def _reset(bench: Bench, count: int) -> None:
    for number in range(count):
        bench.broker.create_queue(f"orders-{number}")
    bench.timed(bench.broker.reset)


def _message(**properties: str) -> bytes:
    return Properties(**properties).encode() + encode_section(DATA, b"tea")  # type: ignore[arg-type]


REQUESTS: dict[str, Callable[[Bench, int], None]] = {
    "a batch to a queue": _batch,
    "a batch, each of another session": _batch_of_sessions,
    "a batch to 24 subscriptions": _batch_to_subscriptions,
    "a message of so many nulls": _structure,
    "messages that expire at one instant": _expiry,
    "a client that breaks off with so many unsettled": _breaking_off,
    "queues that are reset": _reset,
}


def measure(what: str, count: int) -> float:
    """The longest turn of such a request, in milliseconds of CPU."""
    bench = Bench()
    REQUESTS[what](bench, count)
    return bench.longest * 1000


if __name__ == "__main__":
    gc.set_threshold(20_000, 250, 1000)  # as a broker's process does
    print(measure(sys.argv[1], int(sys.argv[2])))
