"""An ingress: how queues and topics take messages in: checked, counted, numbered, scheduled.

Source: Azure Service Bus, "Quotas", "Duplicate detection", "Message sequencing and timestamps";
"Partitioned queues and topics", use of partition keys.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import NoReturn, Protocol
from uuid import UUID

from sbtutorial.broker.background import Steps
from sbtutorial.broker.changes import ChangeKind
from sbtutorial.broker.context import EntityContext
from sbtutorial.broker.entities.duplicate_detection import DuplicateWindow
from sbtutorial.broker.entities.partitioning import PartitionRule
from sbtutorial.broker.errors import BrokerError, ErrorCode, SessionIdMissing
from sbtutorial.broker.limits import KIB, MIN_MESSAGE_BYTES
from sbtutorial.broker.message import Message
from sbtutorial.broker.states import Input, MessageState
from sbtutorial.broker.subqueues.subqueue import SubQueue

# So many copies are handed out at once, which takes fifteen milliseconds.
_MOST_COPIES_AT_ONCE = 1000
_IN_A_TRANSACTION = (
    "A message that a transaction sends to a partitioned entity must have a SessionId or a "
    "PartitionKey, or a MessageId where duplicates are detected."
)
_COUNTED = (str, bytes)  # the ids that have a length; numbers and UUIDs have none


class Destination(Protocol):
    """What becomes of messages that an ingress has accepted.

    Attributes:
        fans_out: Whether one message becomes several.
    """

    fans_out: bool

    @property
    def size_bytes(self) -> int:
        """All messages that count against the entity's size."""

    @property
    def message_count(self) -> int:
        """How many messages they are."""

    def may_have(self, count: int) -> bool:
        """Whether they may be so many; told faster than how many they are."""

    @property
    def copies(self) -> int:
        """About how many of them one that is accepted becomes, unless it takes long; 1 or more."""

    def takes_long(self, message: Message) -> bool:
        """Whether `enqueue` would keep everybody waiting: it is activated in steps instead."""

    def hand_out_in_steps(self, message: Message, at: float) -> Steps:
        """`hand_out` and `announce`, little by little; each step tells what it has cost."""

    def enqueue(self, message: Message, now: float, who: str) -> None:
        """Let a new message, numbered by now, begin its life here."""

    def begin_life(self, message: Message, at: float) -> None:
        """Let a scheduled message, numbered anew by now, begin its life here."""

    def hand_out(self, message: Message, at: float) -> None:
        """Bring a message whose life has begun to where receivers find it."""

    def announce(self, now: float) -> None:
        """All messages of one send are in: tell who waits for them."""


class Ingress:
    """The one way in.

    Args:
        context: Of the entity.
        subqueue: Where scheduled messages wait, and whose name changes are reported under.
        destination: Takes over what was accepted.

    Attributes:
        max_size_bytes: What the entity holds in all.
        fans_out: Whether one message becomes several, which may take long.
        duplicates: The ids that it remembers; None where it does not look for duplicates.
    """

    def __init__(
        self, context: EntityContext, subqueue: SubQueue, destination: Destination
    ) -> None:
        self._context = context
        self._subqueue = subqueue
        self._destination = destination
        self.fans_out = destination.fans_out
        self.duplicates: DuplicateWindow | None = None
        # Numbers of messages that take long to activate and of those behind them, in order.
        self._in_steps: deque[int] = deque()
        # Of these, those whose senders want to be told when they are there.
        self._awaited: dict[Message, Callable[[], None]] = {}
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
        self.duplicates.resize(window)

    def send(self, messages: Sequence[Message], *, now: float, who: str = "") -> list[int]:
        """Take all of these messages, or none; those with a time ahead of them are scheduled.

        All is done in one go, so that what ends the broker in the middle leaves all or none. Where
        that is a matter of very many copies, the messages wait at the topic, and are handed out
        one after the other: see `is_waiting`.

        Hot: runs for each message that is sent.

        Returns:
            A sequence number for each, in order. For a dropped duplicate it is the number that
            the message was first accepted under.

        Raises:
            BrokerError: As `check`.
        """
        self.check(messages, now=now)
        waits = self.fans_out and len(messages) * self.copies > _MOST_COPIES_AT_ONCE
        numbers = []
        for message in messages:
            numbers.append(self._accept(message, now, who, waits=waits))
        self._destination.announce(now)
        return numbers

    @property
    def copies(self) -> int:
        """About how many messages one becomes that is sent here, as far as that is done at once."""
        return self._destination.copies

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

    def cancel_scheduled(
        self, sequence_numbers: Iterable[int], *, now: float, who: str = ""
    ) -> None:
        """Remove scheduled messages before their time comes; all of them or none.

        Raises:
            BrokerError: MESSAGE_NOT_FOUND if one is missing or active by now.
        """
        self._context.begin(now)
        self.cancel_held(self._subqueue.messages.find_all(sequence_numbers, Input.CANCEL), now, who)

    # The same in parts: hold all back, then cancel each, or let all go on.

    def hold_scheduled(self, sequence_numbers: Iterable[int], *, now: float) -> list[Message]:
        """Scheduled messages, all of them or none; their time does not come from now on.

        Raises:
            BrokerError: As `cancel_scheduled`; also for one whose time has come, and that is
                being handed out.
        """
        context, messages = self._context, self._subqueue.messages
        context.begin(now)
        held = messages.find_all(sequence_numbers, Input.CANCEL)
        for message in held:
            if message.timer is None:
                raise BrokerError(
                    ErrorCode.MESSAGE_NOT_FOUND,
                    f"The time of message {message.sequence_number} in '{context.path}' has come. "
                    "Nothing was cancelled.",
                )
        for message in held:
            if message.timer is not None:
                message.timer.cancel()
                message.timer = None
        messages.reserve(held)
        return held

    def cancel_held(self, messages: Iterable[Message], now: float, who: str) -> None:
        """Remove scheduled messages that are held back.

        Raises:
            BrokerError: ENTITY_NOT_FOUND once the entity is deleted.
        """
        self._context.require_existence(now)
        for message in messages:
            self._subqueue.messages.remove(message, Input.CANCEL)
            self._subqueue.report(ChangeKind.CANCELLED, message, now, who)
            self._tell(message)
        self._context.room_made(now)

    def let_go_on(self, messages: Sequence[Message]) -> None:
        """Have the time of those that were held back come as ever."""
        self._subqueue.messages.unreserve(messages)
        for message in messages:
            if not self._context.deleted:
                self.await_time(message)

    def is_waiting(self, message: Message) -> bool:
        """Whether a message that was sent for now is to be activated still, or is just being so."""
        if not self._in_steps:
            return False
        at = message.scheduled_enqueue_at
        is_due = at is None or at <= message.enqueued_at
        return message.state is MessageState.ACTIVE or (
            message.state is MessageState.SCHEDULED and is_due
        )

    def when_there(self, message: Message, tell: Callable[[], None]) -> None:
        """Be told once when a message that is waiting has been handed out, or is gone."""
        self._awaited[message] = tell

    def cancel_timers(self) -> None:
        """Have nothing more happen here by itself."""
        if self.duplicates is not None:
            self.duplicates.clear()
        self.end_waiting()

    def end_waiting(self) -> None:
        """Nothing waits for its turn any more, as all is gone that was here."""
        self._in_steps.clear()
        awaited, self._awaited = self._awaited, {}
        for tell in awaited.values():
            tell()

    # -- As it was: nothing is asked, told or given a number -----------------------------------

    def remember(self, message: Message, now: float) -> None:
        """Know a message, numbered by now, for the first one of its id."""
        if self.duplicates is not None and message.message_id is not None:
            key = self._duplicate_key(message)
            self.duplicates.remember(key, message.sequence_number, now)

    def await_time(self, message: Message) -> bool:
        """Have a scheduled message that is here wait for its time, or else for its turn.

        Returns:
            Whether it has a time to wait for.
        """
        at, number = message.scheduled_enqueue_at, message.sequence_number
        if at is None or at <= message.enqueued_at:
            self._in_steps.append(number)
            return False
        message.timer = self._context.timers.call_at(at, self._activate, number)
        return True

    def await_no_turn(self, sequence_number: int) -> None:
        """A message that waited for its turn has begun its life."""
        if sequence_number in self._in_steps:
            self._in_steps.remove(sequence_number)

    def resume(self, now: float, half_way: Message | None = None) -> None:
        """Go on in steps with those that wait for their turn, first of all with one that has begun.

        It is the first thing to happen when time is run.
        """
        if half_way is not None:
            self._in_steps.appendleft(half_way.sequence_number)
        if self._in_steps:
            self._context.timers.call_at(now, self._resume, None)

    def _resume(self, _: None, at: float) -> None:
        self._context.background.add(self._activate_in_steps(at))

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
        if self.duplicates is not None:
            original = self._original(message, now)
            if original is not None:
                message.sequence_number = original
                self._subqueue.report(ChangeKind.DUPLICATE_DROPPED, message, now, who)
                return original
        number = message.sequence_number = self._context.next_sequence_number()
        if self.duplicates is not None:
            self.remember(message, now)
        at = message.scheduled_enqueue_at
        is_early = at is not None and at > now
        if is_early or waits or self._in_steps or self._destination.takes_long(message):
            self._schedule(message, now, who)
        else:
            self._destination.enqueue(message, now, who)
        return number

    def _schedule(self, message: Message, now: float, who: str) -> None:
        message.enqueued_at = now
        self._subqueue.messages.admit(message, Input.SCHEDULE)
        has_time = self.await_time(message)
        self._subqueue.report(ChangeKind.SCHEDULED, message, now, who, is_new=True)
        if not has_time:
            self._start_steps(now)

    def _activate(self, scheduled_number: int, at: float) -> None:
        context = self._context
        context.access(max(at, context.accessed_at or at))
        (message,) = self._subqueue.messages.find_all([scheduled_number], Input.ACTIVATE)
        message.timer = None
        if self._in_steps or self._destination.takes_long(message):
            self._in_steps.append(scheduled_number)
            self._start_steps(at)
            return
        self._begin_life(message, at)
        self._destination.hand_out(message, at)
        self._destination.announce(at)

    def _begin_life(self, message: Message, at: float) -> None:
        subqueue, scheduled_number = self._subqueue, message.sequence_number
        subqueue.messages.renumber(message, self._context.next_sequence_number())
        subqueue.messages.move(message, Input.ACTIVATE)
        self._destination.begin_life(message, at)
        subqueue.report(
            ChangeKind.ACTIVATED, message, at, "", previous_sequence_number=scheduled_number
        )

    # -- In steps: one message after the other, a little at a time -----------------------------

    def _start_steps(self, at: float) -> None:
        """One more waits for its turn: it is the one, or there are steps under way."""
        if len(self._in_steps) == 1:
            self._context.background.add(self._activate_in_steps(at))

    def _activate_in_steps(self, at: float) -> Steps:
        """Activate those that wait, until nobody waits or the entity is deleted."""
        while self._in_steps:
            message = self._subqueue.messages.find(self._in_steps[0])
            try:
                if message is not None:  # it has not been cancelled
                    if message.state is MessageState.SCHEDULED:
                        self._begin_life(message, at)
                    yield from self._destination.hand_out_in_steps(message, at)
            except Exception:
                self._next_in_steps(message)
                if self._in_steps:
                    self._context.background.add(self._activate_in_steps(at))
                raise
            self._next_in_steps(message)

    def _next_in_steps(self, message: Message | None) -> None:
        if self._in_steps:
            self._in_steps.popleft()
        if message is not None:
            self._tell(message)

    def _tell(self, message: Message) -> None:
        if tell := self._awaited.pop(message, None):
            tell()

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


# -- What every ingress refuses of a message, whoever sends it -------------------------------


def check_message(message: Message, context: EntityContext) -> None:
    """Refuse a message that is too large or whose ids are too long.

    Raises:
        BrokerError: MESSAGE_SIZE_EXCEEDED or ARGUMENT_ERROR.
    """
    limits = context.limits
    if message.size_bytes > context.max_message_bytes:
        _refuse_size(message, context, context.max_message_bytes)
    if message.header_bytes > limits.max_header_bytes:
        _refuse_header(message, context, limits.max_header_bytes)
    longest, message_id = limits.max_id_chars, message.message_id
    if isinstance(message_id, _COUNTED) and len(message_id) > longest:
        _refuse_id("message_id", message_id, longest)
    if message.session_id is not None and len(message.session_id) > longest:
        _refuse_id("session_id", message.session_id, longest)
    if message.partition_key is not None:
        _check_partition_key(message, message.partition_key, longest)


def require_session_ids(messages: Iterable[Message], path: str) -> None:
    """Refuse messages without a session id, as an entity with sessions does.

    Raises:
        BrokerError: NOT_ALLOWED.
    """
    for message in messages:
        if message.session_id is None:
            raise SessionIdMissing(message.message_id, path)


def _check_partition_key(message: Message, partition_key: str, longest: int) -> None:
    if len(partition_key) > longest:
        _refuse_id("partition_key", partition_key, longest)
    if message.session_id is not None and message.session_id != partition_key:
        raise BrokerError(
            ErrorCode.ARGUMENT_ERROR,
            f"partition_key '{partition_key}' differs from session_id '{message.session_id}'; "
            "set one of them, or both to the same text.",
        )


def _refuse_size(message: Message, context: EntityContext, most: int) -> NoReturn:
    raise BrokerError(
        ErrorCode.MESSAGE_SIZE_EXCEEDED,
        f"{_named(message)} has {message.size_bytes} bytes; {context.kind} '{context.path}' takes "
        f"{most} ({most // KIB} KB) at most, properties included. Send less at a time, or keep the "
        "body elsewhere and send its address.",
    )


def _refuse_header(message: Message, context: EntityContext, most: int) -> NoReturn:
    raise BrokerError(
        ErrorCode.MESSAGE_SIZE_EXCEEDED,
        f"The header of {_named(message)} (its system and application properties) has "
        f"{message.header_bytes} bytes; {context.kind} '{context.path}' takes {most} "
        f"({most // KIB} KB) at most. Put long values into the body.",
    )


def _refuse_id(name: str, value: str | bytes, longest: int) -> NoReturn:
    raise BrokerError(
        ErrorCode.ARGUMENT_ERROR,
        f"{name} has {len(value)} characters; it may have {longest} at most.",
    )


def _named(message: Message) -> str:
    return "message" if message.message_id is None else f"message '{message.message_id}'"
