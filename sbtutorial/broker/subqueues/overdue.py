"""What should have ended, and has not yet, as more was due than could be done at once.

While the timers are behind, whoever comes to a message or a lock is told what is true: that it is
over. It ends then and there, a little at a time; the timers do the rest.
"""

from collections.abc import Callable
from uuid import UUID

from sbtutorial.broker.context import EntityContext
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.subqueues.dead_lettering import DeadLettering
from sbtutorial.broker.subqueues.locks import Tokens
from sbtutorial.broker.subqueues.message_table import NOT_LOCKED

_MOST_AT_ONCE = 4


class Overdue:
    """Ends what is overdue in one subqueue when somebody comes to it.

    Args:
        context: Of the entity.
        path: Of the subqueue, for texts.
        dead_lettering: Ends messages.
        locks: Those of the subqueue.
    """

    def __init__(
        self, context: EntityContext, path: str, dead_lettering: DeadLettering, locks: Tokens
    ) -> None:
        self._context = context
        self._path = path
        self._dead_lettering = dead_lettering
        self._locks = locks

    def hides_first(self, first: Callable[[], Message | None], now: float) -> bool:
        """Whether what is first may not be given to a receiver, as far as that can be found out.

        A few messages expire by that, at most. Receivers are told when the timers have caught up.
        """
        if not self._context.timers.is_behind:
            return False
        for _ in range(_MOST_AT_ONCE):
            message = first()
            if message is None or not self._dead_lettering.expire_overdue(message, now):
                return False
        return True

    def end_lock(self, token: UUID, now: float) -> None:
        """End a lock that is over."""
        self._locks.end_if_over(token, now)

    def without_expired(self, deferred: list[Message], now: float) -> list[Message]:
        """Deferred messages that are asked for, unless the time of one is over: that one ends now.

        Source: Azure/azure-sdk-for-net#30252, confirmed there with the service's team.

        Raises:
            BrokerError: MESSAGE_NOT_FOUND.
        """
        expired = [one for one in deferred if self._dead_lettering.has_expired(one, now)]
        if not expired:
            return deferred
        for message in expired:
            self._dead_lettering.expire(message, now)
        numbers = ", ".join(str(one.sequence_number) for one in expired)
        dead = self._context.description.dead_lettering_on_message_expiration
        raise BrokerError(
            ErrorCode.MESSAGE_NOT_FOUND,
            f"{NOT_LOCKED} What had expired in '{self._path}' is "
            f"{'dead-lettered' if dead else 'dropped'} now: {numbers}. Ask for others without it.",
        )
