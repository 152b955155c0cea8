"""How a simulated client asks an entity's management node."""

from typing import Any, NamedTuple
from uuid import UUID

from sbtutorial.amqp.events import MessageReceived
from sbtutorial.amqp.messaging import (
    AMQP_VALUE,
    APPLICATION_PROPERTIES,
    Properties,
    Source,
    Target,
    encode_section,
    split_sections,
)
from sbtutorial.amqp.receiver import ReceiverLink
from sbtutorial.amqp.sender import SenderLink
from sbtutorial.amqp.types import decode
from tests.simulation.broken import SLACK_SECONDS
from tests.simulation.ledger import Lock
from tests.simulation.living import Disconnected, Doing, Living
from tests.simulation.network import Stamp


class Answer(NamedTuple):
    """To a request: the status, the body, and when the broker said so."""

    status: int
    body: Any
    stamp: Stamp
    text: str

    @property
    def is_good(self) -> bool:
        """Whether it was done."""
        return self.status == 200

    def is_too_late_for(self, lock: Lock) -> bool:
        """Whether a lock may have ended when this was said."""
        until = lock.hold.until if lock.hold else lock.until
        is_over = bool(lock.hold and lock.hold.may_be_over)
        return is_over or self.stamp.at >= until - SLACK_SECONDS


class Asking(Living):
    """A client that sends requests."""

    def forget(self) -> None:
        """Nothing was asked on a new connection."""
        super().forget()
        self._answers: dict[UUID, Answer] = {}
        self._asking: dict[str, tuple[SenderLink, ReceiverLink]] = {}

    def ask(self, path: str, operation: str, body: dict[str, Any]) -> Doing:
        """A request to an entity's management node, and the answer."""
        if path not in self._asking:
            address = f"{path}/$management"
            name = f"{address} {len(self._asking)}"
            answers = self.session.attach_receiver(
                name, source=Source(address), target=Target(name)
            )
            requests = self.session.attach_sender(name, source=Source(name), target=Target(address))
            self._asking[path] = requests, answers
            yield from self.attach(requests)
            yield from self.attach(answers)
            answers.grant(1000)
        requests, _ = self._asking[path]
        yield from self.owed(lambda: requests.credit or self.over(requests), "credit for requests")
        request_id = UUID(int=self.random.getrandbits(128))
        payload = (
            Properties(message_id=request_id).encode()
            + encode_section(APPLICATION_PROPERTIES, {"operation": f"com.microsoft:{operation}"})
            + encode_section(AMQP_VALUE, body)
        )
        requests.send(payload, delivery_tag=request_id.bytes, settled=True)
        self.flush()
        answer = yield from self.owed(
            lambda: self._answers.pop(request_id, None) or self.over(requests), operation
        )
        if answer is True:
            raise Disconnected
        return answer

    def on_message(self, event: MessageReceived, stamp: Stamp) -> None:
        """An answer has come."""
        sections = split_sections(event.payload)
        assert sections.properties is not None and sections.application_properties is not None
        request_id = Properties.decode_section(sections.properties).correlation_id
        status = decode(sections.application_properties)[0].value
        body = decode(sections.body)[0].value
        assert isinstance(request_id, UUID)
        text = str(status["statusDescription"])
        self._answers[request_id] = Answer(int(status["statusCode"]), body, stamp, text)
