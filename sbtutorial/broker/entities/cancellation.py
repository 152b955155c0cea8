"""Very many scheduled messages that are cancelled as one: held back in parts, then all go.

All that takes long is done while they are held back and still there. So they go at one instant, in
one commit, and nobody waits for it. Source: Azure/azure-sdk-for-net#9874.
"""

from collections.abc import Iterable

from sbtutorial.broker.background import Steps
from sbtutorial.broker.changes import ChangeKind, MessageChange
from sbtutorial.broker.context import EntityContext
from sbtutorial.broker.entities.schedule import Schedule
from sbtutorial.broker.message import Message
from sbtutorial.broker.states import TRANSITIONS, Input, MessageState
from sbtutorial.broker.subqueues.many_changes import changes_of
from sbtutorial.broker.subqueues.subqueue import SubQueue

_GONE = TRANSITIONS[MessageState.SCHEDULED, Input.CANCEL]
_AT_ONCE = 256


class Cancellation:
    """One call that cancels messages.

    Args:
        context: Of the entity.
        subqueue: Where they wait.
        schedule: What they wait for.
        who: The caller.
    """

    def __init__(
        self, context: EntityContext, subqueue: SubQueue, schedule: Schedule, who: str
    ) -> None:
        self._context = context
        self._subqueue = subqueue
        self._schedule = schedule
        self._who = who
        self._held: list[Message] = []
        self._changes: list[MessageChange] = []

    def hold(self, sequence_numbers: Iterable[int], *, now: float) -> None:
        """Hold some more back.

        Raises:
            BrokerError: As `Schedule.hold`.
        """
        some = self._schedule.hold(sequence_numbers, now=now)
        self._held += some
        path, kind = self._subqueue.path, ChangeKind.CANCELLED
        self._changes += changes_of(path, kind, some, now, self._who, _GONE)

    def finish(self, now: float) -> None:
        """Cancel all that are held back, in one go; what is left to do takes `let_go`.

        Raises:
            BrokerError: ENTITY_NOT_FOUND once the entity is deleted.
        """
        self._context.require_existence(now)
        self._subqueue.messages.drop_all(self._held, _GONE)
        self._context.journal_all(self._changes)
        self._subqueue.finish_many()
        self._context.room_made(now)

    def let_go(self) -> Steps:
        """Have those that were not cancelled go on, and be rid of the others; each step's count."""
        held, changes = self._held, self._changes
        while held:
            some = held[-_AT_ONCE:]
            self._schedule.let_go_on(some)
            del held[-_AT_ONCE:], changes[-_AT_ONCE:]
            yield len(some)
