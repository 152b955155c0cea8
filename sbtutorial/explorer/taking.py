"""Dead letters and deferred messages, taken under a lock by their numbers.

The service hands dead letters out in its own order. To get at one, those before it are taken, too,
and given back afterwards: that costs each of them a count, which means nothing to a dead letter.
Of live messages it would mean something, so they are never taken that way; see `receiving`.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from sbtutorial.explorer.keeping.lent_links import LentReceiver
from sbtutorial.explorer.links import Links
from sbtutorial.explorer.message import Message
from sbtutorial.explorer.places import Place

if TYPE_CHECKING:
    from azure.servicebus import ServiceBusReceivedMessage

WAIT_SECONDS = 2.0
_AT_ONCE = 50


class Taken:
    """Messages that are held, until each is settled or goes back.

    Attributes:
        messages: Those that could be had, in the order of their numbers.
    """

    def __init__(self, place: Place, receiver: LentReceiver) -> None:
        self._place = place
        self._receiver = receiver
        self._held: dict[int, ServiceBusReceivedMessage] = {}
        self._passed: list[ServiceBusReceivedMessage] = []

    @property
    def messages(self) -> list[Message]:
        """See the class."""
        return [Message.seen(self._place, self._held[number]) for number in sorted(self._held)]

    def settle(self, number: int, how: str, **details: Any) -> None:
        """Settle one: "complete_message", "abandon_message", as the SDK's receiver has it."""
        self._receiver.settle(how, self._held[number], **details)
        del self._held[number]

    def take(self, numbers: Collection[int]) -> None:
        """Take the messages with these numbers, as far as they can be had."""
        left = set(numbers)
        while left:
            batch = self._receiver.receive_messages(
                min(len(left), _AT_ONCE), max_wait_time=WAIT_SECONDS
            )
            if not batch:
                break
            for message in batch:
                number = message.sequence_number or 0
                if number in left:
                    left.discard(number)
                    self._held[number] = message
                else:
                    self._passed.append(message)
        self.take_deferred(left)

    def take_deferred(self, numbers: Collection[int]) -> None:
        """Take messages that are set aside: they come when they are asked for, one by one."""
        from azure.servicebus.exceptions import ServiceBusError

        for number in sorted(numbers):
            with suppress(ServiceBusError):
                for message in self._receiver.receive_deferred_messages(number):
                    self._held[number] = message

    def give_back(self) -> None:
        """Let go of what is still held."""
        from azure.servicebus.exceptions import ServiceBusError

        for message in (*self._passed, *self._held.values()):
            with suppress(ServiceBusError):  # its lock has run out: it has gone back by itself
                self._receiver.settle("abandon_message", message)


@contextmanager
def taken(links: Links, place: Place, numbers: Collection[int]) -> Iterator[Taken]:
    """Hold messages by their numbers; what is not settled in the block goes back.

    Those that cannot be had (gone, or locked by another receiver) are missing.

    Args:
        links: To the namespace.
        place: Dead letters; of anything else, deferred messages alone are found.
        numbers: Which.

    Raises:
        TutorialError: The service refuses.
    """
    with links.receiver(place) as receiver:
        held = Taken(place, receiver)
        try:
            if place.is_dead:
                held.take(numbers)
            else:
                held.take_deferred(numbers)
            yield held
        finally:
            held.give_back()
