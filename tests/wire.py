"""Two engines talking in memory: no socket, no event loop, no clock."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sbtutorial.amqp.connection import Connection, ConnectionRole
from sbtutorial.amqp.events import Event, LinkAttached, SessionBegun
from sbtutorial.amqp.frames import (
    AMQP_FRAME,
    SASL_FRAME,
    FrameReader,
    ProtocolId,
    frame_header,
    protocol_header,
)
from sbtutorial.amqp.messaging import Source, Target
from sbtutorial.amqp.performatives import Attach, Begin, Flow, Open
from sbtutorial.amqp.receiver import ReceiverLink
from sbtutorial.amqp.sender import SenderLink
from sbtutorial.amqp.session import Session
from sbtutorial.amqp.types.composites import Composite, decode_composite

E = TypeVar("E")
Cut = Callable[[bytes], Iterator[bytes]]


def whole(data: bytes) -> Iterator[bytes]:
    yield data


def byte_by_byte(data: bytes) -> Iterator[bytes]:
    for at in range(len(data)):
        yield data[at : at + 1]


def cut_at(offset: int) -> Cut:
    """Each transmission in two pieces, cut `offset` bytes in."""

    def cut(data: bytes) -> Iterator[bytes]:
        yield data[:offset]
        yield data[offset:]

    return cut


@dataclass
class Side:
    """One end, with every event it has reported and every byte it has sent."""

    connection: Connection
    events: list[Event] = field(default_factory=list)
    sent: bytearray = field(default_factory=bytearray)

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def last(self, kind: type[E]) -> E:
        return self.of(kind)[-1]

    def forget(self) -> None:
        self.events.clear()
        self.sent.clear()


@dataclass
class Wire:
    """A client and a server; `pump` carries bytes until both are silent."""

    client: Side
    server: Side
    cut: Cut = whole
    now: float = 0.0

    def pump(self) -> None:
        while self._carry(self.client, self.server) or self._carry(self.server, self.client):
            pass

    def _carry(self, sender: Side, receiver: Side) -> bool:
        data = sender.connection.data_to_send()
        sender.sent += data
        for piece in self.cut(data):
            receiver.connection.receive_data(piece, now=self.now)
        sender.events += sender.connection.events()
        receiver.events += receiver.connection.events()
        return bool(data)


def make_client(**options: Any) -> Connection:
    return Connection(ConnectionRole.CLIENT, **{"container_id": "client"} | options)


def make_server(**options: Any) -> Connection:
    return Connection(ConnectionRole.SERVER, **{"container_id": "server"} | options)


def connect(
    *, cut: Cut = whole, client: dict[str, Any] | None = None, server: dict[str, Any] | None = None
) -> Wire:
    """A client and a server that are not open yet."""
    return Wire(Side(make_client(**client or {})), Side(make_server(**server or {})), cut)


def opened(**options: Any) -> Wire:
    wire = connect(**options)
    wire.client.connection.open()
    wire.pump()
    return wire


def with_session(**options: Any) -> tuple[Wire, Session, Session]:
    """An open connection with one session: the client's end of it, and the server's."""
    wire = opened(**options)
    session = wire.client.connection.begin()
    wire.pump()
    return wire, session, wire.server.last(SessionBegun).session


def client_sends(**options: Any) -> tuple[Wire, SenderLink, ReceiverLink]:
    """A link on which the client sends, with ten credits."""
    wire, session, _ = with_session(**options)
    sender = session.attach_sender("to-queue", source=Source("here"), target=Target("q"))
    wire.pump()
    receiver = wire.server.last(LinkAttached).link
    assert isinstance(receiver, ReceiverLink)
    receiver.accept()
    receiver.grant(10)
    wire.pump()
    return wire, sender, receiver


def server_sends(**options: Any) -> tuple[Wire, SenderLink, ReceiverLink]:
    """A link on which the server sends, with ten credits."""
    wire, session, _ = with_session(**options)
    receiver = session.attach_receiver("from-queue", source=Source("q"), target=Target("here"))
    wire.pump()
    sender = wire.server.last(LinkAttached).link
    assert isinstance(sender, SenderLink)
    sender.accept()
    wire.pump()
    receiver.grant(10)
    wire.pump()
    return wire, sender, receiver


def frame(
    performative: Composite, payload: bytes = b"", *, channel: int = 0, sasl: bool = False
) -> bytes:
    """One frame as a peer of any manners might send it."""
    body = performative.encode() + payload
    return frame_header(len(body), channel, SASL_FRAME if sasl else AMQP_FRAME) + body


def frames(data: bytes) -> list[tuple[int, Any]]:
    """The channel and performative of each AMQP frame in `data`, after any protocol headers."""
    while data[:4] == b"AMQP":
        data = data[8:]
    reader = FrameReader(1 << 30)
    reader.feed(data)
    found = []
    while (each := reader.next_frame()) is not None:
        if each.body:
            found.append((each.channel, decode_composite(each.body)[0]))
    return found


def performatives(data: bytes) -> list[Any]:
    return [performative for _, performative in frames(data)]


class RawClient:
    """A server engine with a peer that writes its own frames, good or bad."""

    def __init__(self, **options: Any) -> None:
        self.server = Side(make_server(**options))
        self.send(protocol_header(ProtocolId.AMQP))
        self.send(frame(Open("raw")))
        self.send(frame(Begin(None, 0, 1000, 1000), channel=1))
        self.session = self.server.last(SessionBegun).session
        self.server.forget()

    def send(self, data: bytes, *, now: float = 0.0) -> list[Any]:
        """Send bytes; gives the performatives of the answer."""
        self.server.connection.receive_data(data, now=now)
        self.server.events += self.server.connection.events()
        return self.answers()

    def answers(self) -> list[Any]:
        data = self.server.connection.data_to_send()
        self.server.sent += data
        return performatives(data)

    def say(self, *said: Composite) -> list[Any]:
        """Send frames of the session."""
        return self.send(b"".join(frame(each, channel=1) for each in said))

    def attach_sender(self, handle: int = 0, name: str = "to-q", credit: int = 10) -> ReceiverLink:
        self.say(
            Attach(name, handle, False, 0, 0, Source("here"), Target("q"), initial_delivery_count=0)
        )
        link = self.server.last(LinkAttached).link
        assert isinstance(link, ReceiverLink)
        link.accept()
        link.grant(credit)
        self.answers()
        return link

    def attach_receiver(
        self, handle: int = 0, name: str = "from-q", credit: int = 10
    ) -> SenderLink:
        self.say(Attach(name, handle, True, 0, 1, Source("q"), Target("here")))
        link = self.server.last(LinkAttached).link
        assert isinstance(link, SenderLink)
        link.accept()
        self.say(Flow(0, 1000, 0, 1000, handle, 0, credit))
        self.answers()
        return link
