"""Restoring: from the changes of a namespace, in their order, one that is equal to it.

Nothing is done anew: no message is numbered, no token made, no rule asked, nobody told. Each thing
is taken in as the change says it was, and what will happen to it by itself is set for the same
instants, in the same order. What was due in the meantime happens with the first `run_due`.

Gone are those who listened or waited. Messages and sessions stay locked until the end of their
locks, which is what a client that comes back with a token finds. What was under way goes on with
the first `run_due`, too: a message that a topic hands out little by little, dead letters that are
to be forwarded when there is room for them.

A store that does not keep all changes can give fewer that say the same, in the order of those that
they stand for, since what is due at one instant happens in the order in which it was set:

    an entity       created and updated, each with its last description; IDLE_WATCHED, ACCESSED
    a message       KEPT, as it is but for its lock; LOCKED, where its lock began or was renewed
    what it was     SENT, not new: its id is remembered; FORWARDED without a number: its subqueue
                    had to wait; COPIED, not new: one more that a subscription has had of a message
                    whose handing out has begun, ACTIVATED
    many messages   `KeptMessages`, of one subqueue, in place of as many KEPT one after the other
    a number        any change that has it, such as RECEIVER_GONE: an entity has numbered so far
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from sbtutorial.broker.changes import (
    SETS_PROPERTIES,
    Change,
    ChangeKind,
    EntityChange,
    MessageChange,
    NamespaceChange,
    RuleChange,
    SessionChange,
)
from sbtutorial.broker.entities.queue import Queue
from sbtutorial.broker.entities.subscription import Subscription
from sbtutorial.broker.entities.topic import Topic
from sbtutorial.broker.errors import BrokerError
from sbtutorial.broker.message import Message
from sbtutorial.broker.namespace import Namespace
from sbtutorial.broker.paths import split_subqueue
from sbtutorial.broker.states import MessageState
from sbtutorial.broker.subqueues.message_session import MessageSession
from sbtutorial.broker.subqueues.session_subqueue import SessionSubQueue
from sbtutorial.broker.subqueues.subqueue import SubQueue

# What comes of a change that does not fit.
_UNFITTING = (LookupError, AssertionError, AttributeError, TypeError, ValueError, BrokerError)


class Contradiction(ValueError):
    """A change that cannot follow those before it: what has kept them is damaged."""


class KeptMessages(NamedTuple):
    """Many messages of a subqueue without sessions, none of them scheduled.

    Attributes:
        entity: The subqueue's path.
        messages: Each as it is but for its lock; the namespace has them from now on. The timers of
            those that expire are set in this order.
        at: The latest instant that they tell of.
    """

    entity: str
    messages: list[Message]
    at: float


def restore(changes: Iterable[Change | KeptMessages], namespace: Namespace) -> Namespace:
    """Make an empty namespace what the one was that has reported these changes.

    Args:
        changes: All of them, in order; or what a store has made of them.
        namespace: With the journal, the limits and the source of tokens that it is to have. Its
            journal is told nothing.

    Returns:
        The namespace. Have what is due done before anything else.

    Raises:
        Contradiction: A change does not fit those before it.
    """
    take_in(changes, namespace)
    return namespace


def take_in(changes: Iterable[Change | KeptMessages], namespace: Namespace) -> float:
    """As `restore`; returns the latest instant that the changes tell of, 0 where there are none."""
    restorer = _Restorer(namespace)
    for change in changes:
        try:
            restorer.apply(change)
        except _UNFITTING as error:
            raise Contradiction(f"{_told(change)} does not fit what comes before") from error
    try:
        restorer.finish()
    except _UNFITTING as error:
        raise Contradiction("What was under way does not fit what is there") from error
    return restorer.last_at


def _told(change: Change | KeptMessages) -> str:
    what = "KEPT" if isinstance(change, KeptMessages) else change.kind.name
    return f"{what} of '{change.entity}'"


class _Place(NamedTuple):
    """Where a change happened."""

    entity: Queue | Topic | Subscription
    subqueue: SubQueue


class _Restorer:
    """Applies changes, one after the other."""

    def __init__(self, namespace: Namespace) -> None:
        self._namespace = namespace
        self._places: dict[str, _Place] = {}
        # Topics that are in the middle of handing out a message: its number, when that began, and
        # how many copies each subscription has.
        self._handing_out: dict[str, tuple[int, float, Counter[str]]] = {}
        # Subqueues that may forward, in the order in which they had to wait last.
        self._forwarding: dict[str, None] = {}
        self.last_at = 0.0

    def apply(self, change: Change | KeptMessages) -> None:
        """Have happened what a change tells of."""
        self.last_at = max(self.last_at, change.at)
        _APPLY[type(change)](self, change)

    def finish(self) -> None:
        """No more changes: see to what was under way."""
        for entity in self._namespace.directory:
            self._finish_entity(entity)
            if isinstance(entity, Topic):
                for subscription in entity.subscriptions():
                    self._finish_entity(subscription)
                self._go_on_handing_out(entity)
        for path in self._forwarding:
            forwarding = self._place(path).subqueue.forwarding
            if forwarding is not None:
                forwarding.try_again(self.last_at)

    def _finish_entity(self, entity: Queue | Topic | Subscription) -> None:
        for subqueue in entity.subqueues:
            subqueue.messages.tidy()
            if subqueue.messages.count(MessageState.ACTIVE):
                self._forwarding.setdefault(subqueue.path)

    def _go_on_handing_out(self, topic: Topic) -> None:
        number, at, taken = self._handing_out.get(topic.path, (0, self.last_at, Counter()))
        if number:
            topic.resume(topic.scheduled.messages[number], taken, at)
        else:
            topic.ingress.schedule.resume(at)

    # -- The namespace, its entities and their rules --------------------------------------------

    def _namespace_changed(self, change: NamespaceChange) -> None:
        if change.kind is ChangeKind.ADVANCED:
            self._namespace.advanced_seconds += change.seconds
        else:
            self._namespace.clear()
            self._places.clear()
            self._handing_out.clear()
            self._forwarding.clear()

    def _entity_changed(self, change: EntityChange) -> None:
        if change.kind in _CREATED:
            assert change.description is not None
            entity = self._namespace.make(change.entity, change.description, now=change.at)
            self._namespace.lifecycle.place(entity)
            return
        entity = self._namespace.directory.entity(change.entity)
        if change.kind in _UPDATED:
            assert change.description is not None
            self._namespace.lifecycle.adopt(entity, change.description, now=change.at)
        elif change.kind is ChangeKind.ACCESSED:
            entity.context.accessed_at = change.at
        elif change.kind is ChangeKind.IDLE_WATCHED:
            assert change.until is not None
            self._namespace.lifecycle.auto_delete.look_at(entity, change.until)
        else:
            self._namespace.lifecycle.take_out(entity)
            entity.delete()
            for subqueue in entity.subqueues:
                self._forwarding.pop(subqueue.path, None)
            self._places.clear()
            self._handing_out.pop(change.entity, None)

    def _rule_changed(self, change: RuleChange) -> None:
        subscription = self._namespace.directory.entity(change.entity)
        assert isinstance(subscription, Subscription)
        if change.rule is None:
            subscription.rules.remove(change.detail)
        elif change.kind is ChangeKind.RULE_CREATED:
            subscription.add_rule(change.rule, now=change.at)
        else:
            subscription.rules.update(change.rule)

    # -- Sessions -------------------------------------------------------------------------------

    def _session_changed(self, change: SessionChange) -> None:
        subqueue = self._place(change.entity).subqueue
        assert isinstance(subqueue, SessionSubQueue)
        if change.kind is ChangeKind.SESSION_STATE_SET:
            subqueue.messages.set_state(change.detail, change.state, change.at)
        elif change.kind is ChangeKind.SESSION_LOCKED:
            subqueue.hold_session(change.detail, _instant(change.locked_until), change.who)
        elif change.kind is ChangeKind.SESSION_LOCK_RENEWED:
            session = _held(subqueue, change.detail)
            subqueue.extend_session(session, _instant(change.locked_until))
        else:
            subqueue.let_session_loose(_held(subqueue, change.detail))

    # -- Messages -------------------------------------------------------------------------------

    def _message_changed(self, change: MessageChange) -> None:
        place = self._place(change.entity)
        context = place.entity.context
        context.last_sequence_number = max(context.last_sequence_number, change.sequence_number)
        if change.kind in _NOTHING_CHANGED:
            return
        if change.is_new:
            self._brought_in(change, place)
        elif not change.sequence_number:
            self._noted(change, place)
        elif change.kind is ChangeKind.SENT:
            _ingress_of(place).remember(_as_it_came(change), change.at)  # a topic keeps no more
        else:
            message = place.subqueue.messages[
                change.previous_sequence_number or change.sequence_number
            ]
            self._went_on(message, change, place)

    def _kept(self, kept: KeptMessages) -> None:
        place = self._place(kept.entity)
        messages, context = kept.messages, place.entity.context
        last = max(message.sequence_number for message in messages)
        context.last_sequence_number = max(context.last_sequence_number, last)
        place.subqueue.messages.fill(messages)
        dead_lettering = place.subqueue.dead_lettering
        if dead_lettering.is_possible:
            for message in messages:
                if message.expires_at is not None:
                    dead_lettering.start_time_to_live(message, message.expires_at)

    def _brought_in(self, change: MessageChange, place: _Place) -> None:
        message = _as_it_came(change)
        subqueue = self._place(change.target).subqueue if change.target else place.subqueue
        _set_fields(message, change)
        if change.target:
            message.dead_letter_source = place.entity.path
            self._forwarding.setdefault(change.target)
        if change.kind in (ChangeKind.SENT, ChangeKind.SCHEDULED):
            _ingress_of(place).remember(message, change.at)
        subqueue.messages.put(message, change.state)
        if change.state is MessageState.SCHEDULED:
            _ingress_of(place).schedule.await_time(message)
        elif subqueue.dead_lettering.is_possible:
            subqueue.dead_lettering.start_time_to_live(message, change.expires_at)
        _set_lock(message, change, subqueue)
        if change.kind is not ChangeKind.KEPT:
            self._count_copy(place.entity)

    def _noted(self, change: MessageChange, place: _Place) -> None:
        """What is left to say of messages that are gone."""
        if change.kind is ChangeKind.COPIED:
            self._count_copy(place.entity)
        else:
            self._had_to_wait(change.entity)

    def _had_to_wait(self, path: str) -> None:
        self._forwarding.pop(path, None)
        self._forwarding[path] = None

    def _went_on(self, message: Message, change: MessageChange, place: _Place) -> None:
        messages = place.subqueue.messages
        _set_lock(message, change, place.subqueue)
        messages.grow(message, change.size_bytes - message.size_bytes)
        _set_fields(message, change)
        if change.kind is ChangeKind.FORWARDED:
            self._had_to_wait(change.entity)
        if change.target:
            messages.drop(message, MessageState.DEAD)
            message.dead_letter_source = change.entity
            self._place(change.target).subqueue.messages.put(message, change.state)
            self._forwarding.setdefault(change.target)
        elif change.state is MessageState.GONE:
            messages.drop(message, MessageState.GONE)
        else:
            if change.kind is ChangeKind.ACTIVATED:
                self._activated(message, change, place)
            messages.change(message, change.state)
        if change.kind is ChangeKind.HANDED_OUT:
            self._handing_out.pop(place.entity.path, None)

    def _activated(self, message: Message, change: MessageChange, place: _Place) -> None:
        """A scheduled message begins its life under a new number."""
        if message.timer is not None:
            message.timer.cancel()
        _ingress_of(place).schedule.await_no_turn(message.sequence_number)
        place.subqueue.messages.renumber(message, change.sequence_number)
        if isinstance(place.entity, Topic):
            number = change.sequence_number
            self._handing_out[place.entity.path] = number, change.at, Counter()
        place.subqueue.dead_lettering.start_time_to_live(message, change.expires_at)

    def _count_copy(self, entity: Queue | Topic | Subscription) -> None:
        if isinstance(entity, Subscription) and entity.topic_name in self._handing_out:
            self._handing_out[entity.topic_name][2][entity.path] += 1

    def _place(self, path: str) -> _Place:
        place = self._places.get(path)
        if place is None:
            directory = self._namespace.directory
            entity = directory.entity(split_subqueue(path).entity)
            place = self._places[path] = _Place(entity, directory.managed(path))
        return place


def _as_it_came(change: MessageChange) -> Message:
    """A message of one's own, with what never changes of the one that a change is about."""
    came = change.message
    message = Message(
        came.content,
        size_bytes=change.size_bytes,
        header_bytes=change.header_bytes,
        message_id=came.message_id,
        session_id=came.session_id,
        partition_key=came.partition_key,
        time_to_live=came.time_to_live,
        scheduled_enqueue_at=came.scheduled_enqueue_at,
    )
    message.sequence_number = change.sequence_number
    message.dead_letter_source = came.dead_letter_source
    message.enqueued_sequence_number = came.enqueued_sequence_number
    message.hops = came.hops
    return message


def _set_fields(message: Message, change: MessageChange) -> None:
    message.delivery_count = change.delivery_count
    message.enqueued_at = change.enqueued_at
    message.expires_at = change.expires_at
    if change.is_new or change.kind in SETS_PROPERTIES:
        message.properties = change.properties
    message.header_bytes = change.header_bytes


def _set_lock(message: Message, change: MessageChange, subqueue: SubQueue) -> None:
    if message.lock_token is not None and message.lock_token != change.lock_token:
        subqueue.let_loose(message)
    if change.lock_token is None:
        return
    until = _instant(change.locked_until)
    if message.lock_token is None:
        subqueue.hold(message, change.lock_token, until, change.who)
    elif change.kind is ChangeKind.LOCK_RENEWED:
        subqueue.extend(message, until)


def _instant(at: float | None) -> float:
    assert at is not None, "a lock has an end"
    return at


def _held(subqueue: SessionSubQueue, session_id: str) -> MessageSession:
    session = subqueue.held(session_id)
    assert session is not None, "its lock was reported"
    return session


def _ingress_of(place: _Place) -> Any:
    assert not isinstance(place.entity, Subscription), "nothing is sent to a subscription"
    return place.entity.ingress


_CREATED = (
    ChangeKind.QUEUE_CREATED,
    ChangeKind.TOPIC_CREATED,
    ChangeKind.SUBSCRIPTION_CREATED,
)
_UPDATED = (
    ChangeKind.QUEUE_UPDATED,
    ChangeKind.TOPIC_UPDATED,
    ChangeKind.SUBSCRIPTION_UPDATED,
)
_NOTHING_CHANGED = (ChangeKind.DUPLICATE_DROPPED, ChangeKind.RECEIVER_GONE)
_APPLY: dict[type, Callable[[_Restorer, Any], None]] = {
    MessageChange: _Restorer._message_changed,
    KeptMessages: _Restorer._kept,
    SessionChange: _Restorer._session_changed,
    EntityChange: _Restorer._entity_changed,
    RuleChange: _Restorer._rule_changed,
    NamespaceChange: _Restorer._namespace_changed,
}
