"""Which messages of one subqueue are locked, by whom, until when: proved by a token alone.

A lock outlives the link and the connection that it was granted on.
Source: Azure Service Bus, "Message transfers, locks, and settlement", peek-lock.
"""

from collections.abc import Callable
from uuid import UUID

from sbtutorial.broker.agenda import Agenda
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message

# So many locks that ran out are remembered, only to tell a late receiver what happened.
_REMEMBERED_COUNT = 1000


class Locks:
    """Grants, renews and ends locks; tells `on_expired(message, at)` when one runs out."""

    def __init__(
        self,
        path: str,
        agenda: Agenda,
        new_token: Callable[[], UUID],
        on_expired: Callable[[Message, float], None],
    ):
        self._path = path
        self._agenda = agenda
        self._new_token = new_token
        self._on_expired = on_expired
        self._held: dict[UUID, Message] = {}
        self._ran_out: dict[UUID, int] = {}
        self._run_out_action = self._run_out  # one bound method serves every timer

    def __len__(self) -> int:
        return len(self._held)

    def grant(self, message: Message, until: float, who: str) -> None:
        """Lock a message under a fresh token."""
        token = self._new_token()
        message.lock_token = token
        message.locked_by = who
        message.locked_until = until
        message.lock_timer = self._agenda.call_at(until, self._run_out_action, token)
        self._held[token] = message

    def message_under(self, token: UUID) -> Message:
        """The message that this token holds.

        Raises:
            BrokerError: MESSAGE_LOCK_LOST.
        """
        try:
            return self._held[token]
        except KeyError:
            raise BrokerError(ErrorCode.MESSAGE_LOCK_LOST, self._lost(token)) from None

    def find(self, token: UUID) -> Message | None:
        """The message that this token holds; None when it holds nothing any more."""
        return self._held.get(token)

    def renew(self, message: Message, until: float) -> None:
        """Move the end of a lock; how often is nobody's business."""
        assert message.lock_timer is not None
        message.lock_timer.cancel()
        message.locked_until = until
        message.lock_timer = self._agenda.call_at(until, self._run_out_action, message.lock_token)

    def end(self, message: Message) -> None:
        """Unlock: the token is worth nothing from now on."""
        assert message.lock_token is not None
        assert message.lock_timer is not None
        del self._held[message.lock_token]
        message.lock_timer.cancel()
        message.lock_token = message.locked_until = message.locked_by = message.lock_timer = None

    def _run_out(self, token: UUID, at: float) -> None:
        message = self._held[token]
        self._ran_out[token] = message.sequence_number
        if len(self._ran_out) > _REMEMBERED_COUNT:
            del self._ran_out[next(iter(self._ran_out))]
        self._on_expired(message, at)

    def _lost(self, token: UUID) -> str:
        number = self._ran_out.get(token)
        what = (
            f"Nothing in '{self._path}' is held under this lock token."
            if number is None
            else f"The lock on message {number} in '{self._path}' has run out."
        )
        # The first two sentences are Azure's; clients and readers look for them.
        return (
            "The lock supplied is invalid. Either the lock expired, or the message has already "
            f"been removed from the queue. {what} Receive the message again."
        )
