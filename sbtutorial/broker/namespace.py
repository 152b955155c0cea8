"""The tree of queues under one name: make, find, change and delete them, and let time pass.

Source: Azure Service Bus, "Quotas"; QueueDescription.AutoDeleteOnIdle.
"""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID, uuid4

from sbtutorial.broker.agenda import Agenda
from sbtutorial.broker.changes import Change, ChangeKind, Journal, no_journal
from sbtutorial.broker.entities import (
    FOR_EVER,
    QueueDescription,
    validate,
    validate_queue_name,
    validate_update,
)
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.limits import STANDARD, Limits
from sbtutorial.broker.queue import DEAD_LETTER_SUFFIX, Queue
from sbtutorial.broker.subqueue import SubQueue

# So many queues are named when the one asked for is not there.
_NAMED_COUNT = 5


class Namespace:
    """Queues by name, in any case, and one agenda for all that will happen to them.

    Attributes:
        name: As in `<name>.servicebus.windows.net`.
        limits: What the tier allows.
    """

    def __init__(
        self,
        name: str = "tutorial",
        *,
        limits: Limits = STANDARD,
        journal: Journal = no_journal,
        new_token: Callable[[], UUID] = uuid4,
    ):
        self.name = name
        self.limits = limits
        self._journal = journal
        self._new_token = new_token
        self._agenda = Agenda()
        self._queues: dict[str, Queue] = {}

    # -- Queues -----------------------------------------------------------------------------

    def create_queue(
        self, name: str, description: QueueDescription, *, now: float, who: str = ""
    ) -> Queue:
        """Make a queue.

        Raises:
            BrokerError: ENTITY_ALREADY_EXISTS, QUOTA_EXCEEDED, and what `validate` raises.
        """
        self.run_due(now)
        validate_queue_name(name)
        validate(description, self.limits)
        self._require_free(name)
        queue = Queue(
            name,
            description,
            now=now,
            limits=self.limits,
            agenda=self._agenda,
            journal=self._journal,
            new_token=self._new_token,
        )
        self._queues[name.lower()] = queue
        self._watch_idleness(queue)
        self._report(ChangeKind.QUEUE_CREATED, name, now, who, description)
        return queue

    def update_queue(
        self, name: str, description: QueueDescription, *, now: float, who: str = ""
    ) -> Queue:
        """Give a queue another description; its messages and their locks stay.

        Raises:
            BrokerError: ENTITY_NOT_FOUND, and what `validate_update` raises.
        """
        self.run_due(now)
        queue = self.queue(name)
        validate_update(queue.description, description, self.limits)
        queue.adopt(description, now=now)
        self._watch_idleness(queue)
        self._report(ChangeKind.QUEUE_UPDATED, queue.name, now, who, description)
        queue.active.announce()
        queue.dead_letter.announce()
        return queue

    def shrink_queue(self, name: str, megabytes: int, *, now: float, who: str = "") -> Queue:
        """Let a queue hold less than any tier offers, so that a lesson can fill it in a moment.

        Azure has no such thing.

        Raises:
            BrokerError: ENTITY_NOT_FOUND; ARGUMENT_OUT_OF_RANGE if that is not less.
        """
        self.run_due(now)
        queue = self.queue(name)
        most = queue.description.max_size_in_megabytes
        if not 1 <= megabytes <= most:
            raise BrokerError(
                ErrorCode.ARGUMENT_OUT_OF_RANGE,
                f"Queue '{queue.name}' holds {most} MB; it can be made to hold 1 to {most} MB, "
                f"and {megabytes} is not among them.",
            )
        description = replace(queue.description, max_size_in_megabytes=megabytes)
        queue.adopt(description, now=now)
        self._report(ChangeKind.QUEUE_UPDATED, queue.name, now, who, description)
        return queue

    def delete_queue(self, name: str, *, now: float, who: str = "") -> None:
        """Delete a queue with all that is in it.

        Raises:
            BrokerError: ENTITY_NOT_FOUND.
        """
        self.run_due(now)
        self._delete(self.queue(name), now, who)

    def queue(self, name: str) -> Queue:
        """The queue of this name, in any case.

        Raises:
            BrokerError: ENTITY_NOT_FOUND, with the names that are here.
        """
        try:
            return self._queues[name.strip("/").lower()]
        except KeyError:
            raise self._not_found(name, self._who_is_here()) from None

    def queues(self) -> list[Queue]:
        """Every queue, by name in ordinal order."""
        return sorted(self._queues.values(), key=lambda queue: queue.name)

    def subqueue(self, path: str) -> SubQueue:
        """What receivers mean by a path: a queue, or its dead-letter queue, in any case.

        Raises:
            BrokerError: ENTITY_NOT_FOUND.
        """
        name, dollar, rest = path.strip("/").partition("/$")
        if not dollar:
            return self.queue(name).active
        if f"/${rest}".lower() == DEAD_LETTER_SUFFIX.lower():
            return self.queue(name).dead_letter
        raise self._not_found(
            path, f"Below a queue there is '{DEAD_LETTER_SUFFIX[1:]}', and nothing else here."
        )

    # -- Time -------------------------------------------------------------------------------

    def next_deadline(self) -> float | None:
        """When something will next happen by itself; None when nothing will."""
        return self._agenda.next_at()

    def run_due(self, now: float) -> None:
        """Let happen what is due by `now`, in order, each thing at its own instant."""
        self._agenda.run_due(now)

    def reset(self, *, now: float, who: str = "") -> None:
        """Delete every queue, in no time at any depth."""
        queues, self._queues = self._queues, {}
        self._agenda.clear()
        self._report(ChangeKind.RESET, self.name, now, who, None)
        for queue in queues.values():
            queue.delete()

    # -- How it is done ---------------------------------------------------------------------

    def _require_free(self, name: str) -> None:
        there = self._queues.get(name.lower())
        if there is not None:
            raise BrokerError(
                ErrorCode.ENTITY_ALREADY_EXISTS,
                f"Queue '{there.name}' exists already in namespace '{self.name}'; names are the "
                "same in any case. Use it, delete it first or choose another name.",
            )
        if len(self._queues) >= self.limits.max_entities:
            raise BrokerError(
                ErrorCode.QUOTA_EXCEEDED,
                f"Namespace '{self.name}' has {len(self._queues)} queues, all that the "
                f"{self.limits.name} tier allows. Delete one before you create '{name}'.",
            )

    def _delete(self, queue: Queue, now: float, who: str) -> None:
        del self._queues[queue.name.lower()]
        queue.cancel_timers()
        self._report(ChangeKind.QUEUE_DELETED, queue.name, now, who, None)
        queue.delete()

    def _watch_idleness(self, queue: Queue) -> None:
        """Set the one timer that looks, when a queue could be idle, whether it is."""
        if queue.idle_timer is not None:
            queue.idle_timer.cancel()
            queue.idle_timer = None
        if queue.description.auto_delete_on_idle != FOR_EVER:
            self._look_again(queue, queue.updated_at)

    def _look_again(self, queue: Queue, since: float) -> None:
        idle_seconds = queue.description.auto_delete_on_idle.total_seconds()
        queue.idle_timer = self._agenda.call_at(since + idle_seconds, self._on_idle_for, queue)

    def _on_idle_for(self, queue: Queue, at: float) -> None:
        if queue.is_awaited:
            self._look_again(queue, at)
        elif queue.used_at + queue.description.auto_delete_on_idle.total_seconds() > at:
            self._look_again(queue, queue.used_at)
        else:
            self._delete(queue, at, "")

    def _report(
        self,
        kind: ChangeKind,
        entity: str,
        at: float,
        who: str,
        description: QueueDescription | None,
    ) -> None:
        self._journal(Change(at, kind, entity, 0, None, 0, who, "", None, 0, description))

    def _not_found(self, name: str, advice: str) -> BrokerError:
        # JavaScript's SDK recognises a missing entity by these words.
        return BrokerError(
            ErrorCode.ENTITY_NOT_FOUND,
            f"The messaging entity '{name}' could not be found. {advice}",
        )

    def _who_is_here(self) -> str:
        names = [f"'{queue.name}'" for queue in self.queues()]
        if not names:
            return f"Namespace '{self.name}' has no queues yet; create it first."
        more = len(names) - _NAMED_COUNT
        rest = f" and {more} more" if more > 0 else ""
        return f"Queues here: {', '.join(names[:_NAMED_COUNT])}{rest}."
