"""A whole broker without a socket, and a client engine that talks to it; time stands still."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from sbtutorial.amqp.events import Event, LinkAttached, MessageReceived
from sbtutorial.amqp.messaging import (
    AMQP_VALUE,
    APPLICATION_PROPERTIES,
    DATA,
    Properties,
    Source,
    Target,
    encode_section,
    split_sections,
)
from sbtutorial.amqp.receiver import ReceiverLink
from sbtutorial.amqp.sender import SenderLink
from sbtutorial.amqp.types import decode
from sbtutorial.broker.descriptions import QueueDescription
from sbtutorial.broker.entities.queue import Queue
from sbtutorial.clock import ManualClock
from sbtutorial.gateway.access.sas import sign
from sbtutorial.gateway.core import KEY_NAME
from sbtutorial.testing import Client, SteppedBroker

HOST = "sb://127.0.0.1"


class Talk:
    """One client on one broker, which does everything that it can before a call here returns.

    Attributes:
        events: What the client's engine has reported.
    """

    def __init__(self, broker: Any = None, *, who: str = "cashier", put_token: bool = True) -> None:
        self.broker = broker or SteppedBroker()
        self.wire = Client(self.broker, self.run, who)
        self.client = self.wire.connection
        self.session = self.wire.session
        self.endpoint = self.wire.endpoint
        self.pump = self.wire.pump
        self.of = self.wire.of
        if put_token:
            answer = self.put_token(HOST)
            assert answer.status["status-code"] == 202, answer

    def run(self) -> None:
        """Have the broker do all that it can, whatever brings it to work otherwise."""
        while self.broker.reactor.is_due:
            self.broker.reactor.run()

    @property
    def events(self) -> list[Event]:
        return self.wire.events

    @events.setter
    def events(self, events: list[Event]) -> None:
        self.wire.events = events

    @property
    def is_closed(self) -> bool:
        """Whether the broker has dropped the connection."""
        return self.wire.is_closed

    @property
    def clock(self) -> ManualClock:
        clock: ManualClock = self.broker.clock
        return clock

    def make_queue(self, name: str = "orders", **properties: Any) -> Queue:
        description = QueueDescription(**{"lock_duration": timedelta(seconds=30), **properties})
        with self.broker.reactor.turn() as now:
            return self.broker.namespace.create(name, description, now=now)

    def attach_sender(self, address: str = "orders") -> SenderLink:
        link = self.session.attach_sender(
            f"to-{address}", source=Source("here"), target=Target(address)
        )
        self.pump()
        return link

    def attach_receiver(self, address: str = "orders", **options: Any) -> ReceiverLink:
        link = self.session.attach_receiver(
            f"from-{address}",
            source=Source(address),
            target=Target("here"),
            **{"snd_settle_mode": 0, "rcv_settle_mode": 1, **options},
        )
        self.pump()
        return link

    def is_attached(self, link: SenderLink | ReceiverLink) -> bool:
        return any(event.link is link for event in self.of(LinkAttached)) and link.is_attached

    def send(self, link: SenderLink, body: bytes = b"coffee", **properties: Any) -> int:
        payload = Properties(**properties).encode() + encode_section(DATA, body)
        delivery_id = link.send(payload, delivery_tag=b"t", settled=False)
        self.pump()
        return delivery_id

    def received(self, link: ReceiverLink) -> list[MessageReceived]:
        return [event for event in self.of(MessageReceived) if event.link is link]

    def put_token(self, audience: str, key: str = "secret", seconds: float = 3600) -> "Answer":
        token = sign(audience, KEY_NAME, key, self.clock.wall() + seconds)
        named = {"operation": "put-token", "type": "jwt", "name": audience}
        return self.ask("$cbs", named, token)

    def ask(self, address: str, properties: dict[str, Any], body: Any) -> "Answer":
        """Send a request on links of its own and have the answer."""
        with self._request_links(address) as (requests, responses):
            responses.grant(10)
            message_id = UUID(int=7)
            payload = (
                Properties(message_id=message_id).encode()
                + encode_section(APPLICATION_PROPERTIES, properties)
                + encode_section(AMQP_VALUE, body)
            )
            requests.send(payload, delivery_tag=b"r", settled=False)
            self.pump()
            return Answer(self.received(responses)[-1].payload, message_id)

    @contextmanager
    def _request_links(self, address: str) -> Iterator[tuple[SenderLink, ReceiverLink]]:
        name = f"{address} {len(self.events)}"
        responses = self.session.attach_receiver(name, source=Source(address), target=Target(name))
        requests = self.session.attach_sender(name, source=Source(name), target=Target(address))
        self.pump()
        yield requests, responses
        requests.detach()
        responses.detach()
        self.pump()
        ours = (requests, responses)
        self.wire.events = [
            event for event in self.events if getattr(event, "link", None) not in ours
        ]


class Answer:
    """A response: its status properties and its body."""

    def __init__(self, payload: bytes, message_id: UUID) -> None:
        sections = split_sections(payload)
        assert sections.properties is not None
        assert Properties.decode_section(sections.properties).correlation_id == message_id
        assert sections.application_properties is not None
        self.status: dict[str, Any] = decode(sections.application_properties)[0].value
        self.body = decode(sections.body)[0].value

    def __repr__(self) -> str:
        return f"<Answer {self.status} {self.body}>"
