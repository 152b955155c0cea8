"""A queue: an intake, and behind it a line of messages with its dead-letter queue."""

from sbtutorial.broker.changes import ChangeKind
from sbtutorial.broker.descriptions import QueueDescription
from sbtutorial.broker.entities.entity import EntityContext
from sbtutorial.broker.entities.ingress import Ingress
from sbtutorial.broker.entities.receivable import Receivable
from sbtutorial.broker.entities.sendable import Sendable
from sbtutorial.broker.message import Message
from sbtutorial.broker.states import Input


class Queue(Sendable, Receivable):
    """What senders send to and receivers receive from."""

    description: QueueDescription

    def __init__(
        self, name: str, description: QueueDescription, surroundings: EntityContext, *, now: float
    ):
        super().__init__(name, description, surroundings, now=now)
        self.intake = Ingress(self, self.active, self)
        self.adopt(description, now=now)

    # -- For the intake ----------------------------------------------------------------------

    def place(self, message: Message, now: float, who: str) -> None:
        """Put an accepted message into the line."""
        self.active.admit(message, Input.SEND)
        self.start_life(message, now)
        self.active.report(ChangeKind.SENT, message, now, who)

    def activate(self, message: Message, now: float) -> None:
        """A scheduled message is in the line already; its life begins now."""
        self.start_life(message, now)
