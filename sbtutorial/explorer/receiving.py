"""Messages received under a lock, and settled one by one.

Each call of `receive` holds a receiver of its own, until the last of its messages is settled.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Any

from sbtutorial.errors import TutorialError
from sbtutorial.explorer.browsing import peek_all
from sbtutorial.explorer.keeping.lent_links import LentReceiver
from sbtutorial.explorer.links import Links
from sbtutorial.explorer.message import Message
from sbtutorial.explorer.places import Place
from sbtutorial.explorer.refusals import refusals
from sbtutorial.explorer.tables import Shown, Table
from sbtutorial.explorer.taking import taken
from sbtutorial.snapshot import DEFERRED, SCHEDULED

if TYPE_CHECKING:
    from azure.servicebus import ServiceBusReceivedMessage

NEXT_SESSION = "next"
_MOST = 100_000  # in one call
_MORE_SECONDS = 0.5  # for what is there, and is not handed over at once
# How a message can be settled: the SDK's method, and what has become of the message then.
SETTLEMENTS = {
    "complete": ("complete_message", "done"),
    "abandon": ("abandon_message", "given back"),
    "defer": ("defer_message", "set aside"),
    "dead_letter": ("dead_letter_message", "a dead letter now"),
}


class HeldMessage:
    """A message under a lock of ours.

    Attributes:
        message: What it says.
    """

    def __init__(
        self, message: Message, sdk: "ServiceBusReceivedMessage", receiver: "_HeldReceiver"
    ) -> None:
        self.message = message
        self._sdk = sdk
        self._receiver = receiver

    @property
    def number(self) -> int:
        """Its sequence number."""
        return self.message.sequence_number

    def complete(self) -> None:
        """It is done: the service deletes it."""
        self.settle("complete")

    def abandon(self) -> None:
        """Give it back at once; that counts as a failed delivery."""
        self.settle("abandon")

    def defer(self) -> None:
        """Set it aside: from now on it comes only when it is asked for by its number."""
        self.settle("defer")

    def dead_letter(self, reason: str | None = None, description: str | None = None) -> None:
        """Move it to the dead letters.

        Args:
            reason: Why, in a word.
            description: Why, in a sentence.
        """
        self.settle("dead_letter", **dead_letter_details(reason, description))

    def settle(self, how: str, **details: Any) -> None:
        """Settle it, as one of `SETTLEMENTS`.

        Raises:
            TutorialError: Its lock has run out, or it has been settled.
        """
        self._receiver.settle(self, self._sdk, settlement(how), details)

    def __repr__(self) -> str:
        return repr(self.message)

    def _repr_html_(self) -> str:
        return self.message._repr_html_()


class Received(Shown):
    """What a call of `receive` got, in order."""

    def __init__(self, place: Place, messages: Sequence[HeldMessage]) -> None:
        self._place = place
        self._messages = tuple(messages)

    def __iter__(self) -> Iterator[HeldMessage]:
        return iter(self._messages)

    def __len__(self) -> int:
        return len(self._messages)

    def __getitem__(self, at: int) -> HeldMessage:
        return self._messages[at]

    def table(self) -> Table:
        """A row each."""
        heads = ("message", "session", "failed", "body")
        rows = (
            (
                held.number,
                held.message.session_id,
                held.message.service["delivery_count"] or "",
                held.message.first_words(),
            )
            for held in self
        )
        return Table(f"held of {self._place}", heads, rows, f"nothing came from {self._place}")


class Receiving:
    """What is held at present, by place and number."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self._held: dict[tuple[str, int], HeldMessage] = {}

    def receive(
        self, place: Place, count: int, wait_seconds: float, session: str | None
    ) -> Received:
        """Take messages under a lock, from the front.

        Args:
            place: A queue, a subscription or dead letters.
            count: How many at most.
            wait_seconds: How long to wait for the first.
            session: The session's id; "next" for whichever waits; None outside sessions.

        Raises:
            TutorialError: That is no number of messages, or the service refuses.
        """
        if not isinstance(count, int) or not 1 <= count <= _MOST:
            raise TutorialError(f"count is a number from 1 to {_MOST}; {count!r} is not.")
        options = _of(session, wait_seconds)
        with refusals():
            receiver = _HeldReceiver(self, self._links.open_receiver(place, **options))
            try:
                if session is None:
                    found = _all_present(receiver.link, place, count, wait_seconds)
                else:
                    found = receiver.link.receive_messages(count, max_wait_time=wait_seconds)
            except BaseException:
                receiver.link.drop()
                raise
        held = [HeldMessage(Message.seen(place, one), one, receiver) for one in found]
        receiver.hold(held)
        self._held.update({(str(place), one.number): one for one in held})
        return Received(place, held)

    def settle(self, place: Place, number: int, how: str, **details: Any) -> None:
        """Settle a message that is held, or one that can be had by its number.

        Raises:
            TutorialError: It is not held, is no dead letter and not deferred; or its lock is over.
        """
        if held := self._held.get((str(place), number)):
            held.settle(how, **details)
            return
        method, _ = SETTLEMENTS[settlement(how)]
        with taken(self._links, place, [number]) as messages:
            if not messages.messages:
                raise TutorialError(
                    f"Message {number} is not held: settle what explorer.receive({str(place)!r}) "
                    "has taken, a deferred message or a dead letter. A message that waits in line "
                    "cannot be taken out of its turn."
                )
            messages.settle(number, method, **details)

    def held(self) -> list[HeldMessage]:
        """What is held now, by earlier calls as well."""
        return list(self._held.values())

    def let_go(self, one: HeldMessage) -> None:
        """It is held no more."""
        self._held.pop((str(one.message.place), one.number), None)

    def close(self) -> None:
        """Let go of everything; locks run out by themselves."""
        for receiver in {id(one._receiver): one._receiver for one in self.held()}.values():
            receiver.link.close()
        self._held.clear()


class _HeldReceiver:
    """A receiver, and those of its messages that are not settled."""

    def __init__(self, owner: Receiving, link: LentReceiver) -> None:
        self.link = link
        self._owner = owner
        self._left: set[HeldMessage] = set()
        self._lock = Lock()

    def hold(self, messages: Sequence[HeldMessage]) -> None:
        """These are to be settled."""
        self._left.update(messages)
        if not self._left:
            self.link.close()

    def settle(
        self, one: HeldMessage, sdk: "ServiceBusReceivedMessage", how: str, details: dict[str, Any]
    ) -> None:
        """Settle one, and close after the last."""
        method, _ = SETTLEMENTS[how]
        with self._lock:
            if one not in self._left:
                raise TutorialError(
                    f"Message {one.number} has been settled, or its lock has run out: receive it "
                    "again."
                )
            try:
                with refusals():
                    self.link.settle(method, sdk, **details)
            finally:
                self._left.discard(one)
                self._owner.let_go(one)
                if not self._left:
                    self.link.close()


def _all_present(
    receiver: LentReceiver, place: Place, most: int, wait_seconds: float
) -> "list[ServiceBusReceivedMessage]":
    """Those that are there, or the next one.

    What is asked for in vain stays asked for, as long as a message that did come is held: the next
    that is sent would be locked here, though nobody waits for it any more. So no more is asked for
    than there are; the SDK hands some of them over, and is asked for the rest.
    """
    asked = 1 if most == 1 else max(1, _present(receiver, place, most))
    found = receiver.receive_messages(asked, max_wait_time=wait_seconds)
    more = found
    while more and len(found) < asked:
        more = receiver.receive_messages(asked - len(found), max_wait_time=_MORE_SECONDS)
        found = [*found, *more]
    return found


def _present(receiver: LentReceiver, place: Place, most: int) -> int:
    """How many there are that may come, locked ones among them."""
    others = (DEFERRED, SCHEDULED)
    coming = (one for one in peek_all(receiver, place) if one.state not in others)
    return sum(1 for _ in islice(coming, most))


def settlement(how: str) -> str:
    """One of `SETTLEMENTS`.

    Raises:
        TutorialError: There is no such way to settle a message.
    """
    if how not in SETTLEMENTS:
        raise TutorialError(f"A message is settled by {', '.join(SETTLEMENTS)}; not by {how!r}.")
    return how


def dead_letter_details(reason: str | None, description: str | None) -> dict[str, Any]:
    """Why, as the SDK takes it."""
    return {"reason": reason, "error_description": description}


def _of(session: str | None, wait_seconds: float) -> dict[str, Any]:
    """What is asked of a receiver: how long the next session is waited for is said to it, too."""
    from azure.servicebus import NEXT_AVAILABLE_SESSION

    if session is None:
        return {}
    if session == NEXT_SESSION:
        return {"session": NEXT_AVAILABLE_SESSION, "max_wait_time": wait_seconds}
    return {"session": session}
