"""Defects planted on purpose: each is a small patch that breaks a promise, and must be found.

A plant says what it does, which promises may be the first to break by it, and in which theme.
"""

from typing import Any

from sbtutorial.broker.changes import Change, ChangeKind
from sbtutorial.broker.context import EntityContext
from sbtutorial.broker.entities.duplicate_detection import DuplicateWindow
from sbtutorial.broker.entities.ingress import Ingress
from sbtutorial.broker.entities.receivable import MessageCounts, Receivable
from sbtutorial.broker.entities.schedule import Schedule
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.rules.rule_set import RuleSet
from sbtutorial.broker.states import Input, MessageState
from sbtutorial.broker.subqueues.dead_lettering import DeadLettering
from sbtutorial.broker.subqueues.locks import Locks
from sbtutorial.broker.subqueues.message_table import MessageTable, ReadyHeap
from sbtutorial.broker.subqueues.session_subqueue import SessionSubQueue
from sbtutorial.broker.subqueues.settling import Settling
from sbtutorial.broker.transaction import Transaction
from sbtutorial.gateway.connection_quota import ConnectionQuota
from sbtutorial.gateway.core import Core
from sbtutorial.gateway.nodes.receiving import PeekLockNode
from sbtutorial.gateway.outbox import Outbox
from tests.simulation import (
    forwarding_promises,
    group_promises,
    promises,
    scenery,
    standing_promises,
)
from tests.simulation.broken import named
from tests.simulation.disk import Disk
from tests.simulation.plant import Plant, after_restoring, loading, without
from tests.simulation.standing_promises import subqueues

_ACCEPTED = named(promises.what_was_acknowledged_is_delivered_or_still_there)
_GONE = named(promises.what_is_gone_never_returns)
_ONE_LOCK = named(promises.one_message_one_lock)
_LOCK_HOLDS = named(promises.a_lock_holds_to_its_end)
_LOCK_OVER = named(promises.a_lock_that_ran_out_is_over)
_NUMBERS = named(promises.numbers_are_given_once)
_NUMBERS_RISE = named(promises.numbers_rise)
_COUNTED = named(promises.deliveries_are_counted)
_ONE_COPY = named(promises.one_message_one_copy)
_DEAD = named(promises.a_dead_letter_is_in_the_dead_letter_queue_only)
_DEFERRED = named(promises.what_is_deferred_waits_to_be_asked_for)
_ORDER = named(promises.order_within_a_session)
_STATE = named(promises.a_session_keeps_its_state)
_ONE_HOLDER = named(promises.one_session_one_holder)
_EARLY = named(promises.nothing_comes_before_its_time)
_EXPIRED = named(promises.what_has_expired_is_not_received)
_NOWHERE = named(promises.nothing_comes_from_nowhere)
_ALL_OR_NOTHING = named(group_promises.all_of_a_transaction_or_nothing)
_BATCH = named(group_promises.all_of_a_batch_or_nothing)
_ONE_PLACE = named(forwarding_promises.what_goes_on_is_in_one_place)
_TOLD = named(standing_promises.what_is_told_of_counts_is_so)
_COUNTS = named(standing_promises.counts_agree)
_MEMORY = named(standing_promises.memory_stays_bounded)
_RECEIVED = promises.WHAT_CAN_BE_RECEIVED_IS_RECEIVED
_WAITS = promises.NO_CLIENT_WAITS_FOR_EVER
_MADE = promises.WHAT_WAS_MADE_IS_THERE


# -- What is lost or changed on the disk -----------------------------------------------------------


def forget_lock(change: Change) -> Change:
    """A locked message is ready."""
    if change.kind is not ChangeKind.LOCKED:
        return change
    return change._replace(state=MessageState.ACTIVE, lock_token=None)  # type: ignore[call-arg]


def forget_deferral(change: Change) -> Change:
    """A deferred message is ready."""
    if change.kind is not ChangeKind.DEFERRED:
        return change
    return change._replace(state=MessageState.ACTIVE)  # type: ignore[call-arg]


def forget_counts(change: Change) -> Change:
    """No delivery has failed."""
    return change._replace(delivery_count=0)


def begin_numbers_anew(core: Core) -> None:
    """Numbers go on behind what is there, and not behind what was."""
    for entity in core.namespace.directory:
        numbers = [one.sequence_number for queue in entity.subqueues for one in queue.messages]
        entity.context.last_sequence_number = max(numbers, default=0)


def stop_lock_timers(core: Core) -> None:
    """Locks that were there do not end."""
    for subqueue in subqueues(core):
        for message in subqueue.messages:
            if message.lock_timer is not None:
                message.lock_timer.cancel()


def let_sessions_loose(core: Core) -> None:
    """Nobody holds a session."""
    for subqueue in subqueues(core):
        if isinstance(subqueue, SessionSubQueue):
            for session in list(subqueue._held.values()):
                subqueue.free(session, core.clock.now())


def forget_duplicates(core: Core) -> None:
    """No id is remembered."""
    for entity in core.namespace.directory:
        window: DuplicateWindow | None = entity.ingress.duplicates
        if window is not None:
            window.clear()


def write_the_beginning(self: Disk) -> None:
    """When the broker dies, one change of a commit is on the disk."""
    if self._waiting and self._keeper is not None:
        changes = self._waiting[0][0]
        self._keeper.write([changes[:1]])
    self._waiting.clear()
    _crash(self)


_crash = Disk.crash


# -- What the rules do wrong -----------------------------------------------------------------------


def leave_a_twin(self: Settling, message: Message) -> None:
    """One more message like this one, with a number of its own."""
    twin = message.copy()
    twin.sequence_number = self._context.next_sequence_number()
    self._messages.put(twin, MessageState.ACTIVE)
    self._report(ChangeKind.SENT, twin, 0.0, "", is_new=True)


def abandon_and_leave_a_twin(
    self: Settling, token: Any, properties: Any = None, *, now: float, who: str = ""
) -> None:
    """An abandoned message is there twice."""
    message = self._require_lock(token, now=now)
    _abandon(self, token, properties, now=now, who=who)
    leave_a_twin(self, message)


def dead_letter_and_leave_a_twin(self: Settling, *args: Any, **options: Any) -> None:
    """A dead-lettered message stays, too."""
    message = self._require_lock(args[0], now=options["now"])
    _dead_letter(self, *args, **options)
    leave_a_twin(self, message)


def cancel_and_refuse(self: Schedule, sequence_numbers: Any, *, now: float, who: str = "") -> None:
    """What is nearly due is taken away, and the caller told that it was not there."""
    numbers = list(sequence_numbers)
    (message,) = self._subqueue.messages.find_all(numbers, _CANCEL)
    is_near = (message.scheduled_enqueue_at or 0.0) - now < 1.0
    _cancel(self, numbers, now=now, who=who)
    if is_near:
        raise BrokerError(ErrorCode.MESSAGE_NOT_FOUND, "It has come.")


def leave_last(self: ReadyHeap) -> int | None:
    """The newest message is first."""
    ready = [number for number in self.heap if self._is_ready(number)]
    if not ready:
        return None
    self.heap.remove(last := max(ready))
    return last


def grant_longer(self: Locks, message: Message, token: Any, until: float, who: str) -> None:
    """A lock ends two seconds after the end that its holder was told."""
    _grant(self, message, token, until + 2.0, who)
    message.locked_until = until


def grant_shorter(self: Locks, message: Message, token: Any, until: float, who: str) -> None:
    """A lock ends two seconds before the end that its holder was told."""
    _grant(self, message, token, until - 2.0, who)
    message.locked_until = until


def settle_only(self: Transaction, *, now: float, who: str) -> None:
    """A transaction takes, and does not send."""
    self._sends.clear()
    _commit(self, now=now, who=who)


def await_less(self: Schedule, message: Message) -> bool:
    """A scheduled message comes a second early."""
    if message.scheduled_enqueue_at is not None:
        message.scheduled_enqueue_at -= 1.0
    return _await_time(self, message)


def live_longer(self: DeadLettering, message: Message, expires_at: float | None) -> None:
    """A message lives five seconds longer than it may."""
    _start_time_to_live(self, message, expires_at and expires_at + 5.0)


def number_in_pairs(self: EntityContext) -> int:
    """Numbers come as 2, 1, 4, 3 and so on."""
    number = _next_number(self)
    return number + 1 if number % 2 else number - 1


def drop_and_not_count(self: MessageTable, message: Message, state: MessageState) -> None:
    """Bytes that have left are counted still."""
    self.size_bytes += 1
    _drop(self, message, state)


def say_nothing(self: PeekLockNode, event: Any, *, now: float) -> None:
    """Who releases a message is not told."""
    if type(event.state).__name__ != "Released":
        _disposition_received(self, event, now=now)


def count_one_less(self: Receivable) -> MessageCounts:
    """One message less is told than there is."""
    counts = _counts(self)
    return counts._replace(active=max(counts.active - 1, 0))


def count_nothing(self: DeadLettering, message: Message) -> None:
    """No delivery is counted."""


def stay(self: ConnectionQuota, who: str) -> None:
    """Who leaves is counted as there."""


def not_kept_back(self: Outbox) -> None:
    """Nothing is kept back until it is safe."""


def give_to_all(self: RuleSet, message: Any, *args: Any) -> Any:
    """Every subscription has every message."""
    return [message.copy()]


def take_and_refuse(self: Ingress, messages: Any, *, now: float, who: str = "") -> list[int]:
    """Of a batch of several the last one is forgotten."""
    return _send(self, messages[:-1] if len(messages) > 1 else messages, now=now, who=who)


_abandon, _dead_letter = Settling.abandon, Settling.dead_letter
_cancel, _send, _await_time = Schedule.cancel, Ingress.send, Schedule.await_time
_grant, _commit, _drop = Locks.grant, Transaction.commit, MessageTable.drop
_start_time_to_live, _next_number = (
    DeadLettering.start_time_to_live,
    EntityContext.next_sequence_number,
)
_counts = Receivable.counts
_disposition_received = PeekLockNode.disposition_received
_CANCEL = Input.CANCEL

PLANTS = (
    Plant(
        "clients are told before it is safe",
        (_ACCEPTED, _GONE, _DEAD, _DEFERRED, _COUNTED, _NUMBERS, _ONE_LOCK, _LOCK_HOLDS),
        scenery.orders,
        ((Outbox, "committing", not_kept_back), (Outbox, "on_safe", not_kept_back)),
    ),
    Plant(
        "the beginning of a commit is kept when the broker dies",
        (_BATCH, _ALL_OR_NOTHING, _ACCEPTED),
        scenery.orders,
        ((Disk, "crash", write_the_beginning),),
    ),
    Plant(
        "locks are lost in a restart",
        (_ONE_LOCK, _LOCK_HOLDS),
        scenery.orders,
        (loading(forget_lock),),
    ),
    Plant(
        "completions are lost in a restart",
        (_GONE, _ONE_LOCK),
        scenery.orders,
        (without(ChangeKind.COMPLETED),),
    ),
    Plant(
        "deferral is lost in a restart",
        (_DEFERRED, _RECEIVED),
        scenery.orders,
        (loading(forget_deferral),),
    ),
    Plant(
        "delivery counts are lost in a restart",
        (_COUNTED,),
        scenery.orders,
        (loading(forget_counts),),
    ),
    Plant(
        "sequence numbers are given again after a restart",
        (_NUMBERS, _NUMBERS_RISE),
        scenery.orders,
        (after_restoring(begin_numbers_anew),),
    ),
    Plant(
        "the timers of locks are not set again",
        (_RECEIVED, _LOCK_OVER),
        scenery.orders,
        (after_restoring(stop_lock_timers),),
    ),
    Plant(
        "cancellations are lost in a restart",
        (_GONE,),
        scenery.alarms,
        (without(ChangeKind.CANCELLED),),
    ),
    Plant(
        "what was forwarded is forwarded again after a restart",
        (_ONE_COPY, _ONE_PLACE, _GONE, _NUMBERS, _ONE_LOCK),
        scenery.relay,
        (without(ChangeKind.FORWARDED),),
    ),
    Plant(
        "the state of a session is forgotten",
        (_STATE,),
        scenery.tables,
        (without(ChangeKind.SESSION_STATE_SET),),
    ),
    Plant(
        "sessions are free after a restart",
        (_ONE_HOLDER,),
        scenery.tables,
        (after_restoring(let_sessions_loose),),
    ),
    Plant(
        "duplicates are not remembered",
        (_GONE, _ONE_COPY, _NUMBERS, _ONE_LOCK),
        scenery.unique,
        (after_restoring(forget_duplicates),),
    ),
    Plant(
        "what was made is forgotten", (_MADE,), scenery.office, (without(ChangeKind.QUEUE_UPDATED),)
    ),
    Plant(
        "an abandoned message is there twice",
        (_GONE, _NUMBERS, _ONE_LOCK, _ONE_COPY, _COUNTED),
        scenery.orders,
        ((Settling, "abandon", abandon_and_leave_a_twin),),
    ),
    Plant(
        "a dead letter stays in its queue, too",
        (_DEAD, _GONE, _NUMBERS, _ONE_COPY, _COUNTED),
        scenery.orders,
        ((Settling, "dead_letter", dead_letter_and_leave_a_twin),),
    ),
    Plant(
        "a cancellation that is refused takes the message",
        (_ACCEPTED,),
        scenery.alarms,
        ((Schedule, "cancel", cancel_and_refuse),),
    ),
    Plant(
        "the newest message of a session comes first",
        (_ORDER,),
        scenery.tables,
        ((ReadyHeap, "leave_first", leave_last),),
    ),
    Plant(
        "a lock ends later than its holder was told",
        (_LOCK_OVER,),
        scenery.orders,
        ((Locks, "grant", grant_longer),),
    ),
    Plant(
        "a lock ends earlier than its holder was told",
        (_ONE_LOCK, _LOCK_HOLDS),
        scenery.orders,
        ((Locks, "grant", grant_shorter),),
    ),
    Plant(
        "a transaction takes and does not send",
        (_ACCEPTED, _ALL_OR_NOTHING),
        scenery.removals,
        ((Transaction, "commit", settle_only),),
    ),
    Plant(
        "a scheduled message comes early",
        (_EARLY,),
        scenery.alarms,
        ((Schedule, "await_time", await_less),),
    ),
    Plant(
        "a message outlives its time",
        (_EXPIRED,),
        scenery.orders,
        ((DeadLettering, "start_time_to_live", live_longer),),
    ),
    Plant(
        "sequence numbers do not rise",
        (_NUMBERS_RISE,),
        scenery.orders,
        ((EntityContext, "next_sequence_number", number_in_pairs),),
    ),
    Plant(
        "bytes that have left are counted",
        (_COUNTS,),
        scenery.orders,
        ((MessageTable, "drop", drop_and_not_count),),
    ),
    Plant(
        "the administration API tells of one message less",
        (_TOLD,),
        scenery.orders,
        ((Receivable, "counts", count_one_less),),
    ),
    Plant(
        "failed deliveries are not counted",
        (_COUNTED,),
        scenery.orders,
        ((DeadLettering, "count_delivery", count_nothing),),
    ),
    Plant(
        "who releases is not answered",
        (_WAITS,),
        scenery.long_work,
        ((PeekLockNode, "disposition_received", say_nothing),),
    ),
    Plant(
        "connections that are gone are kept",
        (_MEMORY,),
        scenery.orders,
        ((ConnectionQuota, "leave", stay),),
    ),
    Plant(
        "the last message of a batch is forgotten",
        (_ACCEPTED,),
        scenery.orders,
        ((Ingress, "send", take_and_refuse),),
    ),
    Plant(
        "every subscription has every message",
        (_NOWHERE,),
        scenery.news,
        ((RuleSet, "copies", give_to_all),),
    ),
)
