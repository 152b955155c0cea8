"""A queue: an ingress, and behind it what is received from."""

from typing import Any

from sbtutorial.broker.context import EntityContext
from sbtutorial.broker.entities.entity import Entity
from sbtutorial.broker.entities.forwarding import Transfer
from sbtutorial.broker.entities.ingress import Ingress
from sbtutorial.broker.entities.receivable import Receivable
from sbtutorial.broker.message import Message
from sbtutorial.broker.subqueues.subqueue import SubQueue


class Queue(Entity):
    """What senders send to and receivers receive from.

    Attributes:
        ingress: The way in.
        receivable: The subqueues, of which `main` and `dead_letter` are at hand here, too.
    """

    def __init__(self, context: EntityContext) -> None:
        super().__init__(context)
        self.receivable = Receivable(context)
        self.main = self.receivable.main
        self.dead_letter = self.receivable.dead_letter
        self.ingress = Ingress(context, self.main, self.receivable)

    @property
    def subqueues(self) -> tuple[SubQueue, ...]:
        """The main one and the dead-letter queues."""
        return self.receivable.subqueues

    def transfer_to(self, target: str) -> Transfer:
        """The way into another entity by way of this queue."""
        return Transfer(self.ingress, self._keep, target, self.context.find_sink)

    def adopt(self, description: Any, *, now: float) -> None:
        """Live by a description from now on; see `EntityContext.adopt`."""
        super().adopt(description, now=now)
        self.receivable.adopt()
        self.ingress.adopt()

    def delete(self) -> None:
        """End it; see `Entity.delete`."""
        super().delete()
        self.ingress.cancel_timers()

    def cancel_timers(self) -> None:
        """Have nothing more happen here by itself."""
        super().cancel_timers()
        self.ingress.cancel_timers()

    def _keep(self, message: Message, reason: str, description: str, now: float) -> None:
        kept = self.receivable.transfer_dead_letter
        self.receivable.refuse(message, kept, reason, description, now)
