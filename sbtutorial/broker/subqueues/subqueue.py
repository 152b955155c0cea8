"""A line of messages that receivers work on: a queue's main one, or its dead-letter queue.

Both run by the same rules but for one: a message that is dead already cannot be dead-lettered.

Source: Azure Service Bus, "Message transfers, locks, and settlement", "Message deferral",
"Message browsing".
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from uuid import UUID

from sbtutorial.broker.changes import ChangeKind
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.states import Input, MessageState
from sbtutorial.broker.subqueues.line_base import LineBase
from sbtutorial.broker.subqueues.locks import Locks, Tokens

Properties = Mapping[str, object] | None


class SubQueue(LineBase):
    """What receivers may do with the messages of one line.

    Attributes:
        requires_session: Whether its messages belong to sessions, which receivers lock.
    """

    requires_session = False

    def clear(self) -> None:
        """Let go of every message and every lock, at once."""
        super().clear()
        self._locks = self._new_locks()

    # -- Receiving --------------------------------------------------------------------------

    def lock_next(self, *, now: float, who: str) -> Message | None:
        """Hold the first ready message under a lock; None when nothing is ready.

        Raises:
            BrokerError: ENTITY_DISABLED, ENTITY_NOT_FOUND once the queue is deleted.
        """
        message = self._first_ready(now)
        if message is not None:
            self.lock(message, Input.LOCK, now, who)
        return message

    def take_next(self, *, now: float, who: str) -> Message | None:
        """Remove the first ready message and have it: receive and delete.

        Raises:
            BrokerError: As `lock_next`.
        """
        message = self._first_ready(now)
        if message is not None:
            self.take(message, Input.TAKE, now, who)
        return message

    def first_ready(self, *, now: float) -> Message | None:
        """What `take_next` would take now; it stays.

        Raises:
            BrokerError: As `lock_next`.
        """
        self.entity.begin_receive(now)
        return self.first()

    def receive_deferred(
        self, sequence_numbers: Iterable[int], *, now: float, who: str
    ) -> list[Message]:
        """Hold deferred messages under locks, in the order asked for; all of them or none.

        Raises:
            BrokerError: MESSAGE_NOT_FOUND if one is missing, locked or not deferred; and as
                `lock_next`.
        """
        messages = self._deferred(sequence_numbers, Input.RECEIVE_DEFERRED, now)
        for message in messages:
            self.lock(message, Input.RECEIVE_DEFERRED, now, who)
        return messages

    def take_deferred(
        self, sequence_numbers: Iterable[int], *, now: float, who: str
    ) -> list[Message]:
        """Remove deferred messages and have them; all of them or none.

        Raises:
            BrokerError: As `receive_deferred`.
        """
        messages = self._deferred(sequence_numbers, Input.TAKE_DEFERRED, now)
        for message in messages:
            self.take(message, Input.TAKE_DEFERRED, now, who)
        return messages

    def lock(self, message: Message, happening: Input, now: float, who: str) -> None:
        """Hold a message that has left the line."""
        self.move(message, happening)
        self._locks.grant(message, now + self.entity.lock_seconds, who)
        self.report(ChangeKind.LOCKED, message, now, who)

    def take(self, message: Message, happening: Input, now: float, who: str) -> None:
        """Give a message away for good."""
        self.remove(message, happening)
        self.report(ChangeKind.TAKEN, message, now, who)

    def delete_ready(
        self,
        *,
        enqueued_before: float,
        at_most: int,
        session_id: str | None = None,
        now: float,
        who: str = "",
    ) -> int:
        """Remove the oldest ready messages; what is locked or set aside stays.

        Only those that came before an instant in broker time and, where there are sessions, only
        those of one if its id is given.

        Returns:
            How many were removed.
        """
        self.entity.begin_receive(now)
        ready = (
            message
            for message in self
            if message.state is MessageState.ACTIVE
            and message.enqueued_at < enqueued_before
            and session_id in (None, message.session_id)
        )
        chosen = list(islice(ready, at_most))
        for message in chosen:
            self.take(message, Input.TAKE, now, who)
        return len(chosen)

    # -- Under a lock: every token that holds nothing here is refused with MESSAGE_LOCK_LOST ---

    def require_lock(self, token: UUID, *, now: float) -> Message:
        """The message that a token holds; refuse one that holds nothing."""
        return self._locked(token, now)

    def renew_lock(self, token: UUID, *, now: float, who: str = "") -> float:
        """Hold a locked message for one more `lock_duration`, counted from `now`.

        Returns:
            The new end of the lock, in broker time.
        """
        message = self._locked(token, now)
        self.move(message, Input.RENEW)
        until = now + self.entity.lock_seconds
        self._locks.renew(message, until)
        self.report(ChangeKind.LOCK_RENEWED, message, now, who)
        return until

    def complete(self, token: UUID, *, now: float, who: str = "") -> None:
        """Be done with a message: it is removed."""
        message = self._unlock(token, now)
        self.remove(message, Input.COMPLETE)
        self.report(ChangeKind.COMPLETED, message, now, who)

    def abandon(
        self, token: UUID, properties: Properties = None, *, now: float, who: str = ""
    ) -> None:
        """Give a message back as failed: it returns to its place with one delivery more."""
        message = self._unlock(token, now)
        message.merge_properties(properties)
        message.delivery_count += 1
        self._put_back(message, Input.ABANDON, ChangeKind.ABANDONED, now, who)

    def release(self, token: UUID, *, now: float, who: str = "") -> None:
        """Give a message back untried: it returns to its place and nothing is counted."""
        message = self._unlock(token, now)
        self._put_back(message, Input.RELEASE, ChangeKind.RELEASED, now, who)

    def defer(
        self, token: UUID, properties: Properties = None, *, now: float, who: str = ""
    ) -> None:
        """Set a message aside: from now on only its sequence number gets it."""
        message = self._unlock(token, now)
        message.merge_properties(properties)
        self.move(message, Input.DEFER)
        self.report(ChangeKind.DEFERRED, message, now, who)

    def dead_letter(
        self,
        token: UUID,
        reason: str | None = None,
        description: str | None = None,
        properties: Properties = None,
        *,
        now: float,
        who: str = "",
    ) -> None:
        """Send a message on to the dead-letter queue, with the reason if there is one.

        Raises:
            BrokerError: NOT_ALLOWED in a dead-letter queue; the lock stays.
        """
        if self._dead_letters is None:
            raise BrokerError(
                ErrorCode.NOT_ALLOWED,
                f"A message in '{self.path}' is dead-lettered already. Complete, abandon or defer "
                "it; to try it again, send a copy to the queue and complete this one.",
            )
        message = self._unlock(token, now)
        message.merge_properties(properties)
        self._bury(message, self._dead_letters, reason, description, now, who)

    def line_for(self, _token: UUID, *, now: float) -> "SubQueue":
        """Where the message under a token is settled: here."""
        return self

    def receiver_gone(self, tokens: Iterable[UUID], *, now: float, who: str) -> None:
        """Put on record that nobody stands behind these locks any more; they stay as they are.

        To be listened to is to be in use: idleness counts from here.
        """
        self.entity.accessed_at = now
        for message in filter(None, map(self._locks.find, tokens)):
            self.report(ChangeKind.RECEIVER_GONE, message, now, who)

    # -- For the entity ---------------------------------------------------------------------

    def cancel_timers(self) -> None:
        """Have nothing more happen to the messages here by itself."""
        for message in self:
            for timer in (message.timer, message.lock_timer):
                if timer is not None:
                    timer.cancel()

    # -- How it is done ---------------------------------------------------------------------

    def _new_locks(self) -> Tokens:
        entity = self.entity
        return Locks(self.path, entity.agenda, entity.new_token, self._on_lock_expired)

    def _first_ready(self, now: float) -> Message | None:
        self.entity.begin_receive(now)
        return self.leave_first()

    def _deferred(self, numbers: Iterable[int], happening: Input, now: float) -> list[Message]:
        self.entity.begin_receive(now)
        return self.find_all(numbers, happening)

    def _locked(self, token: UUID, now: float) -> Message:
        self.entity.begin(now)
        return self._locks.message_under(token)

    def _unlock(self, token: UUID, now: float) -> Message:
        message = self._locked(token, now)
        self._locks.end(message)
        return message

    def _on_lock_expired(self, message: Message, at: float) -> None:
        who = message.locked_by or ""
        self._locks.end(message)
        message.delivery_count += 1
        self._put_back(message, Input.LOCK_EXPIRE, ChangeKind.LOCK_EXPIRED, at, who)

    def _put_back(
        self, message: Message, happening: Input, kind: ChangeKind, now: float, who: str
    ) -> None:
        """Return an unlocked message, and tell who waits for it."""
        self._return(message, happening, kind, now, who)
        if self.is_ready(message.sequence_number):
            self.announce_ready(now)
