"""Messages that were sent and are not there yet: they wait for their time, or for their turn.

A message's time is what its sender has set. Its turn is what it waits for when those before it, or
it alone, take so long to hand out that it is done in steps. When either comes, it is numbered anew.

Source: Azure Service Bus, "Message sequencing and timestamps", scheduled messages; of those
whose topic is disabled when their time comes, azure-service-bus#244.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from sbtutorial.broker.background import Steps
from sbtutorial.broker.changes import ChangeKind
from sbtutorial.broker.context import EntityContext
from sbtutorial.broker.entities.destination import Destination
from sbtutorial.broker.entities.prepared import Prepared, take_in
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.states import TRANSITIONS, Input, MessageState
from sbtutorial.broker.subqueues.many_changes import changes_of
from sbtutorial.broker.subqueues.subqueue import SubQueue


class Schedule:
    """Scheduled messages of one queue or topic.

    Args:
        context: Of the entity.
        subqueue: Where they wait, and whose name changes are reported under.
        destination: Takes over those whose time, or turn, has come.
    """

    def __init__(
        self, context: EntityContext, subqueue: SubQueue, destination: Destination
    ) -> None:
        self._context = context
        self._subqueue = subqueue
        self._destination = destination
        # Numbers of messages that take long to activate and of those behind them, in order.
        self._in_steps: deque[int] = deque()
        # Of these, those whose senders want to be told when they are there.
        self._awaited: dict[Message, Callable[[], None]] = {}
        # Numbers of those whose time came while the topic took nothing, in order.
        self._held_back: dict[int, None] = {}

    @property
    def has_turns(self) -> bool:
        """Whether somebody waits for a turn, so that whoever comes now has to, too."""
        return bool(self._in_steps)

    def take(self, message: Message, now: float, who: str) -> None:
        """Have a message, numbered by now, wait here."""
        message.enqueued_at = now
        self._subqueue.messages.admit(message, Input.SCHEDULE)
        has_time = self.await_time(message)
        self._subqueue.report(ChangeKind.SCHEDULED, message, now, who, is_new=True)
        if not has_time:
            self._start_steps(now)

    def prepare(self, messages: list[Message], now: float, who: str) -> Prepared:
        """Get very many messages ready, numbered by now, for `take_all`."""
        state, timers = TRANSITIONS[MessageState.NEW, Input.SCHEDULE], []
        for message in messages:
            message.enqueued_at, message.state, message.timer = now, state, None
            at = message.scheduled_enqueue_at
            if at is not None and at > now:
                number = message.sequence_number
                message.timer = self._context.timers.prepared(at, self._activate, number)
                timers.append(message.timer)
        path, kind = self._subqueue.path, ChangeKind.SCHEDULED
        changes = changes_of(path, kind, messages, now, who, state, is_new=True)
        return Prepared(messages, changes, timers)

    def take_all(self, prepared: Prepared, now: float) -> None:
        """As `take` for each of very many, in a fraction of the time."""
        is_first = not self._in_steps
        timeless = (one.sequence_number for one in prepared.messages if one.timer is None)
        self._in_steps.extend(timeless)
        take_in(prepared, self._context, self._subqueue)
        if is_first and self._in_steps:
            self._context.background.add(self._activate_in_steps(now))

    # -- Cancelling: at once, or (`Cancellation`) after all were held back in parts ----------------

    def cancel(self, sequence_numbers: Iterable[int], *, now: float, who: str = "") -> None:
        """Remove scheduled messages before their time comes; all of them or none.

        Raises:
            BrokerError: MESSAGE_NOT_FOUND if one is missing or active by now.
        """
        self._context.begin(now)
        messages = self._subqueue.messages
        for message in messages.find_all(sequence_numbers, Input.CANCEL):
            self._held_back.pop(message.sequence_number, None)
            messages.remove(message, Input.CANCEL)
            self._subqueue.report(ChangeKind.CANCELLED, message, now, who)
            self._tell(message)
        self._context.room_made(now)

    def hold(self, sequence_numbers: Iterable[int], *, now: float) -> list[Message]:
        """Scheduled messages, all of them or none; their time does not come from now on.

        Raises:
            BrokerError: As `cancel`; also for one whose time has come, and that is being handed
                out.
        """
        context, messages = self._context, self._subqueue.messages
        context.begin(now)
        held = messages.find_all(sequence_numbers, Input.CANCEL)
        for message in held:
            if message.timer is None and message.sequence_number not in self._held_back:
                raise BrokerError(
                    ErrorCode.MESSAGE_NOT_FOUND,
                    f"The time of message {message.sequence_number} in '{context.path}' has come. "
                    "Nothing was cancelled.",
                )
        for message in held:
            self._held_back.pop(message.sequence_number, None)
            if message.timer is not None:
                message.timer.cancel()
                message.timer = None
        messages.reserve(held)
        return held

    def let_go_on(self, messages: Sequence[Message]) -> None:
        """Have the time of those that were held back come as ever, if they are still there."""
        self._subqueue.messages.unreserve(messages)
        for message in messages:
            if message.state is MessageState.SCHEDULED and not self._context.deleted:
                self.await_time(message)

    # -- Being told ------------------------------------------------------------------------------

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

    def end(self) -> None:
        """Nothing waits for its turn any more, as all is gone that was here."""
        self._in_steps.clear()
        self._held_back.clear()
        awaited, self._awaited = self._awaited, {}
        for tell in awaited.values():
            tell()

    # -- As it was: nothing is asked, told or given a number ---------------------------------------

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

    # -- When the time has come ------------------------------------------------------------------

    def adopt(self, now: float) -> None:
        """Live by the entity's description: a topic that takes messages hands out what is due.

        There may be very many, so they wait for their turns.
        """
        if not self._held_back or not self._context.description.status.can_send:
            return
        is_first = not self._in_steps
        self._in_steps.extend(self._held_back)
        self._held_back.clear()
        if is_first:
            self.resume(now)

    def _activate(self, scheduled_number: int, at: float) -> None:
        context = self._context
        context.access(max(at, context.accessed_at or at))
        (message,) = self._subqueue.messages.find_all([scheduled_number], Input.ACTIVATE)
        message.timer = None
        if self._destination.fans_out and not context.description.status.can_send:
            self._held_back[scheduled_number] = None
            return
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

    # -- In steps: one message after the other, a little at a time -------------------------------

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
