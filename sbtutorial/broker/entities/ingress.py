"""An ingress: how queues and topics take messages in: checked, counted, numbered.

Source: Azure Service Bus, "Quotas", "Duplicate detection", "Message sequencing and timestamps";
"Partitioned queues and topics", use of partition keys; of the number of a scheduled message that
is dropped, azure-service-bus#265.
"""

from collections.abc import Callable, Generator, Hashable, Sequence
from uuid import UUID

from sbtutorial.broker.changes import ChangeKind
from sbtutorial.broker.context import EntityContext
from sbtutorial.broker.entities.acceptance import check_message, require_session_ids
from sbtutorial.broker.entities.cancellation import Cancellation
from sbtutorial.broker.entities.destination import Destination
from sbtutorial.broker.entities.duplicate_detection import DuplicateWindow
from sbtutorial.broker.entities.partitioning import PartitionRule
from sbtutorial.broker.entities.preparation import PREPARED_AT_ONCE, Preparation
from sbtutorial.broker.entities.schedule import Schedule
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.limits import MIN_MESSAGE_BYTES
from sbtutorial.broker.message import Message
from sbtutorial.broker.states import MessageState
from sbtutorial.broker.subqueues.many_changes import changes_of
from sbtutorial.broker.subqueues.subqueue import SubQueue

# So many copies are handed out at once, which takes fifteen milliseconds.
_MOST_COPIES_AT_ONCE = 1000
_IN_A_TRANSACTION = (
    "A message that a transaction sends to a partitioned entity must have a SessionId or a "
    "PartitionKey, or a MessageId where duplicates are detected."
)


class Ingress:
    """The one way in.

    Args:
        context: Of the entity.
        subqueue: Where scheduled messages wait, and whose name changes are reported under.
        destination: Takes over what was accepted.

    Attributes:
        max_size_bytes: What the entity holds in all.
        fans_out: Whether one message becomes several, which may take long.
        schedule: Those that were accepted and are not there yet.
        duplicates: The ids that it remembers; None where it does not look for duplicates.
    """

    def __init__(
        self, context: EntityContext, subqueue: SubQueue, destination: Destination
    ) -> None:
        self._context = context
        self._subqueue = subqueue
        self._destination = destination
        self.fans_out = destination.fans_out
        self.schedule = Schedule(context, subqueue, destination)
        self.duplicates: DuplicateWindow | None = None
        self.adopt()

    def adopt(self) -> None:
        """Live by the entity's description, which has changed."""
        description = self._context.description
        self.max_size_bytes: int = description.max_size_bytes(self._context.limits)
        self._partition_rule = self._rule_of_partitions()
        if not description.requires_duplicate_detection:
            return
        window = description.duplicate_detection_history_time_window.total_seconds()
        if self.duplicates is None:
            self.duplicates = DuplicateWindow(window, self._context.timers)
        self.duplicates.resize(window, self._context.updated_at)

    def send(self, messages: Sequence[Message], *, now: float, who: str = "") -> list[int]:
        """Take all of these messages, or none; those with a time ahead of them are scheduled.

        All is done in one go, so that what ends the broker in the middle leaves all or none. Where
        that is a matter of very many copies, the messages wait at the topic, and are handed out
        one after the other: see `is_waiting`.

        Hot: runs for each message that is sent.

        Returns:
            A sequence number for each, in order. For a dropped duplicate it is the number that
            the message was first accepted under; or, if it was to be scheduled, one that no
            message has, so that who cancels it does not cancel the first.

        Raises:
            BrokerError: As `check`.
        """
        self.check(messages, now=now)
        self._context.access(now)
        waits = self.fans_out and len(messages) * self.copies > _MOST_COPIES_AT_ONCE
        numbers = []
        for message in messages:
            numbers.append(self._accept(message, now, who, waits=waits))
        self._destination.announce(now)
        return numbers

    def send_in_steps(
        self, messages: Sequence[Message], *, now: float, who: str = ""
    ) -> Generator[int, float, list[int]]:
        """As `send`, of very many: they are looked at a part at a time, and taken in one go.

        Yields:
            What a step has cost, in messages; wants to be sent the time of the next one.
        """
        if len(messages) <= PREPARED_AT_ONCE:
            return self.send(messages, now=now, who=who)
        context = self._context
        description = context.description
        context.begin_send(now)
        preparation = self._preparation(messages, now, who)
        for start in range(0, len(messages), PREPARED_AT_ONCE):
            part = messages[start : start + PREPARED_AT_ONCE]
            for message in part:
                check_message(message, context)
            self._subqueue.messages.expect(part)
            if preparation is not None:
                preparation.add(part)
            now = yield PREPARED_AT_ONCE
        if context.description is not description:
            self.check(messages, now=now)
            preparation = None
        self._check_together(messages, now)
        context.access(now)
        if preparation is None or not preparation.is_as_foreseen(waits=self._waits(messages)):
            return self._take_all(messages, now, who)
        return preparation.finish(now)

    @property
    def copies(self) -> int:
        """About how many messages one becomes that is sent here, as far as that is done at once."""
        return self._destination.copies

    def cancellation(self, who: str) -> Cancellation:
        """What cancels very many scheduled messages as one."""
        return Cancellation(self._context, self._subqueue, self.schedule, who)

    def check(self, messages: Sequence[Message], *, now: float) -> None:
        """Refuse what `send` would refuse, and change nothing.

        Raises:
            BrokerError: ENTITY_NOT_FOUND, ENTITY_DISABLED, MESSAGE_SIZE_EXCEEDED, ARGUMENT_ERROR,
                NOT_ALLOWED or QUOTA_EXCEEDED.
        """
        context = self._context
        context.begin_send(now)
        for message in messages:
            check_message(message, context)
        self._check_together(messages, now)

    def _check_together(self, messages: Sequence[Message], now: float) -> None:
        context = self._context
        context.begin_send(now)
        if self._subqueue.requires_session:
            require_session_ids(messages, context.path)
        if self._partition_rule is not None:
            self._partition_rule.check(messages)
        self._require_room(messages, now)

    def check_transaction(self, messages: Sequence[Message], *, now: float) -> None:
        """As `check`, of messages that one transaction sends here.

        Raises:
            BrokerError: As `check`; NOT_ALLOWED in a partitioned entity for one without its key.
        """
        self.check(messages, now=now)
        if self._partition_rule is not None:
            self._partition_rule.require_keys(messages, _IN_A_TRANSACTION)

    def is_waiting(self, message: Message) -> bool:
        """Whether a message that was accepted is not there yet; see `Schedule.is_waiting`."""
        return self.schedule.is_waiting(message)

    def when_there(self, message: Message, tell: Callable[[], None]) -> None:
        """Be told once when it is there, or is gone."""
        self.schedule.when_there(message, tell)

    def cancel_timers(self) -> None:
        """Have nothing more happen here by itself."""
        if self.duplicates is not None and (steps := self.duplicates.clear()):
            self._context.background.add(steps)
        self.schedule.end()

    def remember(self, message: Message, now: float) -> None:
        """Know a message, numbered by now, for the first one of its id."""
        if self.duplicates is not None and message.message_id is not None:
            key = self._duplicate_key(message)
            self.duplicates.remember(key, message.sequence_number, now)

    # -- How it is done ---------------------------------------------------------------------

    def _rule_of_partitions(self) -> PartitionRule | None:
        context, description = self._context, self._context.description
        if not description.is_partitioned(context.limits):
            return None
        detects = description.requires_duplicate_detection
        return PartitionRule(context.path, detects_duplicates=detects)

    def _require_room(self, messages: Sequence[Message], now: float) -> None:
        size = self._destination.size_bytes
        if self._destination.may_have(self.max_size_bytes // MIN_MESSAGE_BYTES):
            size = max(size, self._destination.message_count * MIN_MESSAGE_BYTES)
        room = self.max_size_bytes - size
        added = 0
        for message in messages:
            added += message.size_bytes
        if added <= room:
            return
        added = sum(one.size_bytes for one in messages if self._original(one, now) is None)
        if added > max(room, 0):
            kind, path = self._context.kind, self._context.path
            # Azure's own words.
            raise BrokerError(
                ErrorCode.QUOTA_EXCEEDED,
                "The maximum entity size has been reached or exceeded for "
                f"{kind.capitalize()}: '{path}'. Size of entity in bytes:{size}, "
                f"Max entity size in bytes:{self.max_size_bytes}. Receive messages, from the "
                f"dead-letter queue too, or create the {kind} with a larger size.",
            )

    def _accept(self, message: Message, now: float, who: str, *, waits: bool) -> int:
        at = message.scheduled_enqueue_at
        is_early = at is not None and at > now
        if self.duplicates is not None:
            original = self._original(message, now)
            if original is not None:
                number = self._context.next_sequence_number() if is_early else original
                message.sequence_number = number
                self._subqueue.report(ChangeKind.DUPLICATE_DROPPED, message, now, who)
                return number
        number = message.sequence_number = self._context.next_sequence_number()
        if self.duplicates is not None:
            self.remember(message, now)
        if is_early or waits or self.schedule.has_turns or self._destination.takes_long(message):
            self.schedule.take(message, now, who)
        else:
            self._destination.enqueue(message, now, who)
        return number

    def _waits(self, messages: Sequence[Message]) -> bool:
        """Whether so many wait for their turns, as others do, or as their copies are very many."""
        copies = len(messages) * self.copies if self.fans_out else 0
        return self.schedule.has_turns or copies > _MOST_COPIES_AT_ONCE

    def _preparation(self, messages: Sequence[Message], now: float, who: str) -> Preparation | None:
        """What gets messages ready before they are taken; None where it is not known how."""
        waits = self._waits(messages)
        if self.fans_out and not waits:
            return None
        return Preparation(
            self._context,
            self.schedule,
            self._destination,
            now,
            who,
            waits=waits,
            known=self.duplicates,
            key_of=self._duplicate_key,
        )

    def _take_all(self, messages: Sequence[Message], now: float, who: str) -> list[int]:
        """As `_accept` for each of very many that were checked."""
        waits = self._waits(messages)
        waiting: list[Message] = []
        coming: list[Message] = []
        dropped: list[Message] = []
        takes_long, next_number = self._destination.takes_long, self._context.next_sequence_number
        numbers = []
        for message in messages:
            at = message.scheduled_enqueue_at
            is_early = at is not None and at > now
            original = self._original(message, now)
            if original is not None:
                message.sequence_number = next_number() if is_early else original
                dropped.append(message)
            else:
                message.sequence_number = next_number()
                self.remember(message, now)
                where = waiting if is_early or waits or takes_long(message) else coming
                where.append(message)
            numbers.append(message.sequence_number)
        self.schedule.take_all(self.schedule.prepare(waiting, now, who), now)
        self._destination.enqueue_all(self._destination.prepare(coming, now, who))
        path, kind = self._subqueue.path, ChangeKind.DUPLICATE_DROPPED
        self._context.journal_all(changes_of(path, kind, dropped, now, who, MessageState.NEW))
        self._destination.announce(now)
        return numbers

    def _original(self, message: Message, now: float) -> int | None:
        if self.duplicates is None or message.message_id is None:
            return None
        return self.duplicates.original(self._duplicate_key(message), now)

    def _duplicate_key(self, message: Message) -> Hashable:
        """What a message is known by; nobody can choose ids so that their keys collide."""
        message_id: Hashable = message.message_id
        if isinstance(message_id, UUID):  # a UUID's hash is its number, which a sender can choose
            message_id = UUID, message_id.bytes
        if self._context.description.enable_partitioning:
            return message_id, message.partition_key
        return message_id
