"""A queue: what it accepts, what it stamps on messages, and its two lines of them.

Source: Azure Service Bus, "Quotas", "Message expiration", "Message sequencing and timestamps",
"Suspend and reactivate messaging entities", "Message counters".
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from sbtutorial.broker.admission import check_message
from sbtutorial.broker.agenda import Agenda, Timer
from sbtutorial.broker.changes import ChangeKind, Journal
from sbtutorial.broker.duplicates import DuplicateWindow
from sbtutorial.broker.entities import FOR_EVER, QueueDescription
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.limits import Limits
from sbtutorial.broker.message import Message
from sbtutorial.broker.states import Input, MessageState
from sbtutorial.broker.subqueue import SubQueue

DEAD_LETTER_SUFFIX = "/$DeadLetterQueue"


class MessageCounts(NamedTuple):
    """How many messages a queue has, under the names of the SDK and two more.

    Attributes:
        active: Ready, or locked and not deferred.
        dead_letter: In the dead-letter queue, whatever their state there.
        transfer: Always 0, like `transfer_dead_letter`: nothing is forwarded.
        deferred: Set aside, locked or not.
        locked: With a receiver; counted in `active` or `deferred` already.
        total: All, each once.
    """

    active: int
    dead_letter: int
    scheduled: int
    transfer: int
    transfer_dead_letter: int
    deferred: int
    locked: int
    total: int


class Queue:
    """One queue with its dead-letter queue.

    Attributes:
        name: As created; a look-up takes any case.
        accessed_at: When it last was sent to, received from or settled on; None before that.
        active: The main line. `dead_letter`: the other one.
        deleted: True from the moment that nothing here counts any more.
    """

    def __init__(
        self,
        name: str,
        description: QueueDescription,
        *,
        now: float,
        limits: Limits,
        agenda: Agenda,
        journal: Journal,
        new_token: Callable[[], UUID],
    ):
        self.name = name
        self.created_at = now
        self.accessed_at: float | None = None
        self.deleted = False
        self.limits = limits
        self.agenda = agenda
        self.journal = journal
        self.new_token = new_token
        self.idle_timer: Timer | None = None
        self.dead_letter = SubQueue(self, name + DEAD_LETTER_SUFFIX, None)
        self.active = SubQueue(self, name, self.dead_letter)
        self._last_sequence_number = 0
        self._duplicates: DuplicateWindow | None = None
        if description.requires_duplicate_detection:
            self._duplicates = DuplicateWindow(0.0, agenda)
        self.adopt(description, now=now)

    def adopt(self, description: QueueDescription, *, now: float) -> None:
        """Live by a description from now on; locks and lifetimes that have begun stay as they are.

        The description must be a valid one; `Namespace.update_queue` sees to that.
        """
        self.description = description
        self.updated_at = now
        self.can_send = description.status.can_send
        self.can_receive = description.status.can_receive
        self.lock_seconds = description.lock_duration.total_seconds()
        self.max_message_bytes = description.max_message_bytes(self.limits)
        self.max_size_bytes = description.max_size_bytes(self.limits)
        self._default_ttl_seconds = _finite_seconds(description.default_message_time_to_live)
        if self._duplicates is not None:
            window = description.duplicate_detection_history_time_window
            self._duplicates.length_seconds = window.total_seconds()

    @property
    def size_bytes(self) -> int:
        """All messages, those in the dead-letter queue included."""
        return self.active.size_bytes + self.dead_letter.size_bytes

    @property
    def used_at(self) -> float:
        """When it was last created, updated or accessed: idleness counts from there."""
        return max(self.updated_at, self.accessed_at or self.updated_at)

    @property
    def is_awaited(self) -> bool:
        """Whether a receiver listens or a scheduled message is still to come: it is not idle."""
        return bool(
            self.active.listeners
            or self.dead_letter.listeners
            or self.active.count(MessageState.SCHEDULED)
        )

    def counts(self) -> MessageCounts:
        """How many messages there are of each kind, exactly, at once at any depth."""
        main, dead = self.active.count, self.dead_letter.count
        locked, deferred_locked = MessageState.LOCKED, MessageState.DEFERRED_LOCKED
        return MessageCounts(
            active=main(MessageState.ACTIVE) + main(locked),
            dead_letter=len(self.dead_letter),
            scheduled=main(MessageState.SCHEDULED),
            transfer=0,
            transfer_dead_letter=0,
            deferred=main(MessageState.DEFERRED) + main(deferred_locked),
            locked=main(locked) + main(deferred_locked) + dead(locked) + dead(deferred_locked),
            total=len(self.active) + len(self.dead_letter),
        )

    # -- Sending ----------------------------------------------------------------------------

    def send(self, messages: Sequence[Message], *, now: float, who: str = "") -> list[int]:
        """Take all of these messages, or none; those with a time ahead of them are scheduled.

        Returns:
            A sequence number for each, in order. For a dropped duplicate it is the number that
            the message was first accepted under.

        Raises:
            BrokerError: ENTITY_NOT_FOUND, ENTITY_DISABLED, MESSAGE_SIZE_EXCEEDED, ARGUMENT_ERROR
                or QUOTA_EXCEEDED.
        """
        self.begin_send(now)
        for message in messages:
            check_message(message, self.name, self.max_message_bytes, self.limits)
        self._require_room(messages, now)
        numbers = [self._accept(message, now, who) for message in messages]
        self.active.announce_ready(now)
        return numbers

    def cancel_scheduled(
        self, sequence_numbers: Iterable[int], *, now: float, who: str = ""
    ) -> None:
        """Remove scheduled messages before their time comes; all of them or none.

        Raises:
            BrokerError: MESSAGE_NOT_FOUND if one is missing or active by now.
        """
        self.begin(now)
        for message in self.active.find_all(sequence_numbers, Input.CANCEL):
            self.active.remove(message, Input.CANCEL)
            self.active.report(ChangeKind.CANCELLED, message, now, who)

    # -- Before anything else happens --------------------------------------------------------

    def begin(self, now: float) -> None:
        """Catch up with what was due by `now`, and note that the queue is in use."""
        self.agenda.run_due(now)
        self.accessed_at = now

    def begin_send(self, now: float) -> None:
        """`begin`, and refuse unless the queue takes messages.

        Raises:
            BrokerError: ENTITY_NOT_FOUND or ENTITY_DISABLED.
        """
        self.begin(now)
        if not self.can_send:
            self._refuse("sending")

    def begin_receive(self, now: float) -> None:
        """`begin`, and refuse unless the queue gives messages out.

        Raises:
            BrokerError: ENTITY_NOT_FOUND or ENTITY_DISABLED.
        """
        self.begin(now)
        if not self.can_receive:
            self._refuse("receiving")

    # -- The end ----------------------------------------------------------------------------

    def delete(self) -> None:
        """End it: no message is left, no token holds, and the listeners are told.

        `Namespace.delete_queue` takes it out of the tree and cancels what was due.
        """
        self.deleted = True
        self.can_send = self.can_receive = False
        for subqueue in (self.active, self.dead_letter):
            subqueue.clear()
            subqueue.announce()

    def cancel_timers(self) -> None:
        """Have nothing more happen here by itself."""
        if self.idle_timer is not None:
            self.idle_timer.cancel()
        if self._duplicates is not None:
            self._duplicates.clear()
        self.active.cancel_timers()
        self.dead_letter.cancel_timers()

    # -- How it is done ---------------------------------------------------------------------

    def _refuse(self, what: str) -> None:
        if self.deleted:
            raise BrokerError(
                ErrorCode.ENTITY_NOT_FOUND,
                f"The messaging entity '{self.name}' could not be found: it has been deleted. "
                "Create it again.",
            )
        raise BrokerError(
            ErrorCode.ENTITY_DISABLED,
            f"Queue '{self.name}' is disabled for {what}: its status is "
            f"{self.description.status.value}. Set the status to Active and try again.",
        )

    def _require_room(self, messages: Sequence[Message], now: float) -> None:
        added = 0
        for message in messages:
            if self._original(message, now) is None:
                added += message.size_bytes
        size = self.size_bytes
        if added and size + added > self.max_size_bytes:
            # Azure's own words.
            raise BrokerError(
                ErrorCode.QUOTA_EXCEEDED,
                "The maximum entity size has been reached or exceeded for Queue: "
                f"'{self.name}'. Size of entity in bytes:{size}, "
                f"Max entity size in bytes:{self.max_size_bytes}. Receive messages, from the "
                "dead-letter queue too, or create the queue with a larger size.",
            )

    def _accept(self, message: Message, now: float, who: str) -> int:
        original = self._original(message, now)
        if original is not None:
            message.sequence_number = original
            self.active.report(ChangeKind.DUPLICATE_DROPPED, message, now, who)
            return original
        number = message.sequence_number = self._next_sequence_number()
        if self._duplicates is not None and message.message_id is not None:
            self._duplicates.remember(self._duplicate_key(message), number, now)
        if message.scheduled_enqueue_at is not None and message.scheduled_enqueue_at > now:
            self._schedule(message, message.scheduled_enqueue_at, now, who)
        else:
            self.active.admit(message, Input.SEND)
            self._start_life(message, now)
            self.active.report(ChangeKind.SENT, message, now, who)
        return number

    def _schedule(self, message: Message, at: float, now: float, who: str) -> None:
        message.enqueued_at = now
        self.active.admit(message, Input.SCHEDULE)
        message.timer = self.agenda.call_at(at, self._activate, message.sequence_number)
        self.active.report(ChangeKind.SCHEDULED, message, now, who)

    def _activate(self, scheduled_number: int, at: float) -> None:
        self.accessed_at = max(at, self.accessed_at or at)
        (message,) = self.active.find_all([scheduled_number], Input.ACTIVATE)
        self.active.renumber(message, self._next_sequence_number())
        self.active.move(message, Input.ACTIVATE)
        self._start_life(message, at)
        self.active.report(
            ChangeKind.ACTIVATED, message, at, "", previous_sequence_number=scheduled_number
        )
        self.active.announce_ready(at)

    def _start_life(self, message: Message, now: float) -> None:
        """Count the time to live from now: the shorter of the message's and the queue's."""
        message.enqueued_at = now
        seconds, most = message.time_to_live, self._default_ttl_seconds
        if seconds is None or (most is not None and most < seconds):
            seconds = most
        self.active.start_time_to_live(message, None if seconds is None else now + seconds)

    def _next_sequence_number(self) -> int:
        self._last_sequence_number += 1
        return self._last_sequence_number

    def _original(self, message: Message, now: float) -> int | None:
        if self._duplicates is None or message.message_id is None:
            return None
        return self._duplicates.original(self._duplicate_key(message), now)

    def _duplicate_key(self, message: Message) -> Hashable:
        if self.description.enable_partitioning:
            return message.message_id, message.partition_key
        return message.message_id


def _finite_seconds(duration: timedelta) -> float | None:
    return None if duration == FOR_EVER else duration.total_seconds()
