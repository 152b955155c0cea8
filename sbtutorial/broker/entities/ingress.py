"""How queues and topics take messages in: checked, counted against the size, numbered, scheduled.

Source: Azure Service Bus, "Quotas", "Duplicate detection", "Message sequencing and timestamps".
"""

from collections.abc import Hashable, Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from sbtutorial.broker.changes import ChangeKind
from sbtutorial.broker.descriptions import FOR_EVER
from sbtutorial.broker.entities.admission import check_message, require_session_ids
from sbtutorial.broker.entities.duplicate_detection import DuplicateWindow
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.states import Input

if TYPE_CHECKING:
    from sbtutorial.broker.entities.entity import Entity
    from sbtutorial.broker.subqueues.subqueue import SubQueue


class Destination(Protocol):
    """What becomes of messages that an intake has accepted."""

    def place(self, message: Message, now: float, who: str) -> None:
        """Let a new message, numbered by now, begin its life here."""

    def activate(self, message: Message, now: float) -> None:
        """Let a scheduled message, numbered anew by now, begin its life here."""

    def settle_in(self, now: float) -> None:
        """All messages of one send are in: tell who waits for them."""


class Ingress:
    """The one way in.

    Args:
        entity: Whose intake it is.
        line: Where scheduled messages wait, and whose name changes are reported under.
        destination: Takes over what was accepted.
    """

    def __init__(self, entity: "Entity", line: "SubQueue", destination: Destination) -> None:
        self._entity = entity
        self._line = line
        self._destination = destination
        self._duplicates: DuplicateWindow | None = None

    def adopt(self) -> None:
        """Live by the entity's description, which has changed."""
        description, limits = self._entity.description, self._entity.limits
        self.max_message_bytes: int = description.max_message_bytes(limits)
        self.max_size_bytes: int = description.max_size_bytes(limits)
        if not description.requires_duplicate_detection:
            return
        window = description.duplicate_detection_history_time_window.total_seconds()
        if self._duplicates is None:
            self._duplicates = DuplicateWindow(window, self._entity.agenda)
        self._duplicates.length_seconds = window

    def send(self, messages: Sequence[Message], *, now: float, who: str = "") -> list[int]:
        """Take all of these messages, or none; those with a time ahead of them are scheduled.

        Returns:
            A sequence number for each, in order. For a dropped duplicate it is the number that
            the message was first accepted under.

        Raises:
            BrokerError: As `check`.
        """
        self.check(messages, now=now)
        numbers = [self._accept(message, now, who) for message in messages]
        self._destination.settle_in(now)
        return numbers

    def check(self, messages: Sequence[Message], *, now: float) -> None:
        """Refuse what `send` would refuse, and change nothing.

        Raises:
            BrokerError: ENTITY_NOT_FOUND, ENTITY_DISABLED, MESSAGE_SIZE_EXCEEDED, ARGUMENT_ERROR,
                NOT_ALLOWED or QUOTA_EXCEEDED.
        """
        entity = self._entity
        entity.begin_send(now)
        for message in messages:
            check_message(message, entity, self.max_message_bytes, entity.limits)
        if self._line.requires_session:
            require_session_ids(messages, entity.path)
        self._require_room(messages, now)

    def cancel_scheduled(
        self, sequence_numbers: Iterable[int], *, now: float, who: str = ""
    ) -> None:
        """Remove scheduled messages before their time comes; all of them or none.

        Raises:
            BrokerError: MESSAGE_NOT_FOUND if one is missing or active by now.
        """
        self._entity.begin(now)
        for message in self._line.find_all(sequence_numbers, Input.CANCEL):
            self._line.remove(message, Input.CANCEL)
            self._line.report(ChangeKind.CANCELLED, message, now, who)

    def cancel_timers(self) -> None:
        """Have nothing more happen here by itself."""
        if self._duplicates is not None:
            self._duplicates.clear()

    # -- How it is done ---------------------------------------------------------------------

    def _require_room(self, messages: Sequence[Message], now: float) -> None:
        added = 0
        for message in messages:
            if self._original(message, now) is None:
                added += message.size_bytes
        size = self._entity.size_bytes
        if added and size + added > self.max_size_bytes:
            kind, path = self._entity.kind, self._entity.path
            # Azure's own words.
            raise BrokerError(
                ErrorCode.QUOTA_EXCEEDED,
                "The maximum entity size has been reached or exceeded for "
                f"{kind.capitalize()}: '{path}'. Size of entity in bytes:{size}, "
                f"Max entity size in bytes:{self.max_size_bytes}. Receive messages, from the "
                f"dead-letter queue too, or create the {kind} with a larger size.",
            )

    def _accept(self, message: Message, now: float, who: str) -> int:
        original = self._original(message, now)
        if original is not None:
            message.sequence_number = original
            self._line.report(ChangeKind.DUPLICATE_DROPPED, message, now, who)
            return original
        number = message.sequence_number = self._entity.next_sequence_number()
        if self._duplicates is not None and message.message_id is not None:
            self._duplicates.remember(self._duplicate_key(message), number, now)
        if message.scheduled_enqueue_at is not None and message.scheduled_enqueue_at > now:
            self._schedule(message, message.scheduled_enqueue_at, now, who)
        else:
            self._destination.place(message, now, who)
        return number

    def _schedule(self, message: Message, at: float, now: float, who: str) -> None:
        message.enqueued_at = now
        self._line.admit(message, Input.SCHEDULE)
        message.timer = self._entity.agenda.call_at(at, self._activate, message.sequence_number)
        self._line.report(ChangeKind.SCHEDULED, message, now, who)

    def _activate(self, scheduled_number: int, at: float) -> None:
        entity, line = self._entity, self._line
        entity.accessed_at = max(at, entity.accessed_at or at)
        (message,) = line.find_all([scheduled_number], Input.ACTIVATE)
        message.timer = None
        line.renumber(message, entity.next_sequence_number())
        line.move(message, Input.ACTIVATE)
        line.report(
            ChangeKind.ACTIVATED, message, at, "", previous_sequence_number=scheduled_number
        )
        self._destination.activate(message, at)
        self._destination.settle_in(at)

    def _original(self, message: Message, now: float) -> int | None:
        if self._duplicates is None or message.message_id is None:
            return None
        return self._duplicates.original(self._duplicate_key(message), now)

    def _duplicate_key(self, message: Message) -> Hashable:
        if self._entity.description.enable_partitioning:
            return message.message_id, message.partition_key
        return message.message_id


def finite_seconds(duration: timedelta) -> float | None:
    """A duration in seconds; None for the one that means for ever."""
    return None if duration == FOR_EVER else duration.total_seconds()


def shorter(one: float | None, other: float | None) -> float | None:
    """The shorter of two lifetimes in seconds, where None means for ever."""
    if one is None or other is None:
        return one if other is None else other
    return min(one, other)
