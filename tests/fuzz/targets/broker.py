"""A whole broker without a socket: strangers, tokens, management requests, known clients."""

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.messaging import (
    AMQP_VALUE,
    APPLICATION_PROPERTIES,
    Properties,
    Source,
    Target,
    encode_section,
)
from sbtutorial.amqp.types import decode
from sbtutorial.broker.descriptions import SubscriptionDescription, TopicDescription
from sbtutorial.gateway.access.admission import MAX_UNPROVED_BYTES
from sbtutorial.gateway.amqp_endpoint import AmqpEndpoint
from sbtutorial.gateway.management.node import OPERATIONS
from sbtutorial.testing import SteppedBroker
from tests.fuzz.targets import defects
from tests.gateway.talk import Talk

_OPERATIONS = sorted(OPERATIONS)
_PATHS = ("orders", "tables", "news/Subscriptions/all", "orders/$DeadLetterQueue")


class _Raw:
    """A connection of the broker, and every byte that it writes."""

    def __init__(self, broker: SteppedBroker) -> None:
        self.written = bytearray()
        self._broker = broker
        self.endpoint = AmqpEndpoint(broker, self._write, lambda: None)

    def say(self, data: bytes) -> None:
        """Send bytes, and let the broker work."""
        self.endpoint.receive_data(data)
        self._broker.run()

    def leave(self) -> None:
        """Be gone; nothing of this connection may be left."""
        self.endpoint.connection_lost()
        self._broker.run()
        assert self._broker.quota.count == 0

    def _write(self, data: bytes) -> None:
        self.written += data


def stranger(data: bytes) -> None:
    """Who has proved nothing gets nothing but refusals, in few bytes."""
    broker = SteppedBroker(key="not to be guessed")
    with defects.raised():
        broker.create_queue("orders")
        raw = _Raw(broker)
        raw.say(data)
        assert not raw.endpoint.is_proved
        assert len(raw.written) <= 4 * MAX_UNPROVED_BYTES
        assert broker.namespace.directory.queue("orders").receivable.counts().total == 0
        raw.leave()


_SASL = b"AMQP\x03\x01\x00\x00"
_HEADER = b"AMQP\x00\x01\x00\x00"
_PLAIN = b"\0RootManageSharedAccessKey\0secret"
_INIT = b"\x00\x53\x41\xc0\x2b\x02\xa3\x05PLAIN\xa0\x21" + _PLAIN
_PREFIX = _SASL + (len(_INIT) + 8).to_bytes(4, "big") + b"\x02\x01\x00\x00" + _INIT + _HEADER


def client(data: bytes) -> None:
    """A client that may do everything says anything; the broker goes on for others."""
    broker = SteppedBroker()
    with defects.raised():
        broker.create_queue("orders")
        broker.create_queue("tables", requires_session=True)
        raw = _Raw(broker)
        raw.say(_PREFIX)
        assert raw.endpoint.is_proved, bytes(raw.written)
        raw.say(data)
        broker.tick(61)
        raw.leave()
        broker.tick(61)
        other = Talk(broker)
        sender, receiver = other.attach_sender(), other.attach_receiver()
        before = broker.namespace.directory.queue("orders").receivable.counts().active
        receiver.grant(before + 1)
        other.send(sender)
        assert len(other.received(receiver)) == before + 1


def cbs(data: bytes) -> None:
    """A request to `$cbs`, its sections made of anything: answered or rejected, and no proof."""
    with defects.raised():
        talk = Talk(SteppedBroker(key="not to be guessed"), put_token=False)
        _request(talk, "$cbs", data)
        assert not talk.endpoint.is_proved


def management(data: bytes) -> None:
    """An operation, chosen by the first byte, on an entity, chosen by the second, with any body."""
    if len(data) < 3:
        return
    operation = _OPERATIONS[data[0] % len(_OPERATIONS)]
    path = _PATHS[data[1] % len(_PATHS)]
    try:
        decode(data, 2)
    except DecodeError:
        return
    named = encode_section(APPLICATION_PROPERTIES, {"operation": operation})
    with defects.raised():
        talk = _furnished()
        _request(talk, f"{path}/$management", named + b"\x00\x53\x77" + data[2:])
        talk.client.close()
        talk.pump()


def _furnished() -> Talk:
    talk = Talk()
    talk.make_queue()
    talk.make_queue("tables", requires_session=True)
    namespace = talk.broker.namespace
    with talk.broker.reactor.turn() as now:
        namespace.create("news", TopicDescription(), now=now)
        namespace.create("news/Subscriptions/all", SubscriptionDescription(), now=now)
    sender = talk.attach_sender()
    for _ in range(2):
        talk.send(sender)
    talk.send(talk.attach_sender("tables"), group_id="one")
    talk.attach_receiver().grant(1)
    talk.pump()
    return talk


def _request(talk: Talk, address: str, sections: bytes) -> None:
    """Ask on links of its own; whatever comes back."""
    responses = talk.session.attach_receiver("r", source=Source(address), target=Target("back"))
    requests = talk.session.attach_sender("s", source=Source("back"), target=Target(address))
    talk.pump()
    responses.grant(10)
    talk.pump()
    if requests.is_attached and requests.credit > 0:
        start = Properties(message_id="1", reply_to="back").encode()
        requests.send(start + sections, delivery_tag=b"r", settled=False)
        talk.pump()


def cbs_sections(token: str, audience: str) -> bytes:
    """What a request to `$cbs` holds, as a client writes it."""
    named = {"operation": "put-token", "type": "servicebus.windows.net:sastoken", "name": audience}
    return encode_section(APPLICATION_PROPERTIES, named) + encode_section(AMQP_VALUE, token)
