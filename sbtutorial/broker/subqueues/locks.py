"""Which messages of one subqueue are locked, by whom, until when: proved by a token alone.

A lock outlives the link and the connection that it was granted on; but under a session's lock
messages have tokens only, and no end of their own.
Source: Azure Service Bus, "Message transfers, locks, and settlement", peek-lock.
"""

from collections.abc import Callable
from uuid import UUID

from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.timers import Timers

# So many locks that ran out are remembered, only to tell a late receiver what happened.
_REMEMBERED_COUNT = 1000


class Tokens:
    """Which message each token holds; nothing here ends by itself."""

    def __init__(self, path: str):
        self._path = path
        # By the token's number: as a key it is found in a third of the time.
        self._held: dict[int, Message] = {}

    def __len__(self) -> int:
        return len(self._held)

    def clear(self) -> dict[int, Message]:
        """No token holds anything any more; returns what they held."""
        held, self._held = self._held, {}
        return held

    def grant(self, message: Message, token: UUID, until: float, who: str) -> None:
        """Lock a message under a token."""
        message.lock_token = token
        message.locked_by = who
        message.locked_until = until
        self._held[token.int] = message

    def message_under(self, token: UUID) -> Message:
        """The message that this token holds.

        Raises:
            BrokerError: MESSAGE_LOCK_LOST.
        """
        try:
            return self._held[token.int]
        except KeyError:
            raise self.lost(token) from None

    def take(self, token: UUID) -> Message:
        """The message that this token holds, unlocked. Hot: runs for each message.

        Raises:
            BrokerError: MESSAGE_LOCK_LOST.
        """
        message = self._held.get(token.int)
        if message is None:
            raise self.lost(token)
        self.end(message)
        return message

    def end_if_over(self, token: UUID, now: float) -> None:
        """End a lock whose end has come, and whose timer has not run yet."""

    def lost(self, token: UUID) -> BrokerError:
        """What to say to who comes with a token that holds nothing."""
        return BrokerError(ErrorCode.MESSAGE_LOCK_LOST, self._lost(token))

    def find(self, token: UUID) -> Message | None:
        """The message that this token holds; None when it holds nothing any more."""
        return self._held.get(token.int)

    def renew(self, message: Message, until: float) -> None:
        """Move the end of a lock; how often is nobody's business."""
        message.locked_until = until

    def suspend(self, message: Message) -> None:
        """Have a lock not run out for a while, until it is renewed, ended or resumed."""

    def resume(self, message: Message) -> None:
        """Have a lock that was suspended run out when its end has come, if it is still there."""

    def end(self, message: Message) -> None:
        """Unlock: the token is worth nothing from now on."""
        assert message.lock_token is not None
        del self._held[message.lock_token.int]
        message.lock_token = message.locked_until = message.locked_by = None

    def _lost(self, _token: UUID) -> str:
        return _lost(f"Nothing in '{self._path}' is held under this lock token.")


class Locks(Tokens):
    """Grants, renews and ends locks; tells `on_expired(message, at)` when one runs out."""

    def __init__(
        self,
        path: str,
        timers: Timers,
        on_expired: Callable[[Message, float], None],
    ):
        super().__init__(path)
        self._timers = timers
        self._on_expired = on_expired
        self._ran_out: dict[UUID, int] = {}
        self._run_out_action = self._run_out  # one bound method serves every timer

    def grant(self, message: Message, token: UUID, until: float, who: str) -> None:
        """Lock a message under a token, until then. Hot: runs for each message."""
        message.lock_token = token
        message.locked_by = who
        message.locked_until = until
        self._held[token.int] = message
        message.lock_timer = self._timers.call_at(until, self._run_out_action, token)

    def renew(self, message: Message, until: float) -> None:
        """Move the end of a lock, and what happens then."""
        super().renew(message, until)
        self.suspend(message)
        message.lock_timer = self._timers.call_at(until, self._run_out_action, message.lock_token)

    def end(self, message: Message) -> None:
        """Unlock: the token is worth nothing from now on, and nothing runs out. Hot, too."""
        if message.lock_timer is not None:
            message.lock_timer.cancel()
            message.lock_timer = None
        assert message.lock_token is not None
        del self._held[message.lock_token.int]
        message.lock_token = message.locked_until = message.locked_by = None

    def suspend(self, message: Message) -> None:
        """Have a lock not run out for a while, until it is renewed, ended or resumed."""
        if message.lock_timer is not None:
            message.lock_timer.cancel()
            message.lock_timer = None

    def resume(self, message: Message) -> None:
        """Have a lock that was suspended run out when its end has come, if it is still there."""
        until, token = message.locked_until, message.lock_token
        if until is not None and message.lock_timer is None:
            message.lock_timer = self._timers.call_at(until, self._run_out_action, token)

    def end_if_over(self, token: UUID, now: float) -> None:
        """End a lock whose end has come, and whose timer has not run yet."""
        message = self.find(token)
        if message is not None and message.lock_timer and message.lock_timer.at <= now:
            self._run_out(token, message.lock_timer.at)

    def _run_out(self, token: UUID, at: float) -> None:
        message = self.find(token)
        if message is None:  # the entity is deleted
            return
        self._ran_out[token] = message.sequence_number
        if len(self._ran_out) > _REMEMBERED_COUNT:
            del self._ran_out[next(iter(self._ran_out))]
        self._on_expired(message, at)

    def _lost(self, token: UUID) -> str:
        number = self._ran_out.get(token)
        if number is None:
            return super()._lost(token)
        return _lost(f"The lock on message {number} in '{self._path}' has run out.")


def _lost(what: str) -> str:
    # The first two sentences are Azure's; clients and readers look for them.
    return (
        "The lock supplied is invalid. Either the lock expired, or the message has already "
        f"been removed from the queue. {what} Receive the message again."
    )
