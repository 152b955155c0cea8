"""A topic: an ingress, and behind it subscriptions that each take their copies.

Source: Azure Service Bus, "Queues, topics, and subscriptions".
"""

from collections.abc import Generator, Mapping
from functools import cache, partial
from typing import Any, NamedTuple, TypeVar

from sbtutorial.broker.background import Steps
from sbtutorial.broker.changes import ChangeKind
from sbtutorial.broker.context import EntityContext
from sbtutorial.broker.descriptions import shorter
from sbtutorial.broker.entities.entity import Entity
from sbtutorial.broker.entities.ingress import Ingress
from sbtutorial.broker.entities.prepared import Prepared
from sbtutorial.broker.entities.subscription import Copies, Subscription
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.rules.rule import Rule
from sbtutorial.broker.states import Input, MessageState
from sbtutorial.broker.subqueues.many_changes import changes_of
from sbtutorial.broker.subqueues.subqueue import SubQueue
from sbtutorial.text import some_names


class RuleCounts(NamedTuple):
    """How many rules all subscriptions have together, by the kind of their filters."""

    sql: int
    correlation: int


class Topic(Entity):
    """What senders send to; receivers go to its subscriptions.

    Attributes:
        ingress: The way in.
        scheduled: Where messages wait for their time; no receiver comes here.
        fans_out: Each subscription takes a copy, or several.
    """

    fans_out = True

    def __init__(self, context: EntityContext) -> None:
        super().__init__(context)
        self._subscriptions: dict[str, Subscription] = {}
        self.scheduled = SubQueue(context, self.path)
        self.ingress = Ingress(context, self.scheduled, self)
        self._taken_before: Mapping[str, int] = {}

    @property
    def subqueues(self) -> tuple[SubQueue, ...]:
        """The scheduled messages."""
        return (self.scheduled,)

    @property
    def size_bytes(self) -> int:
        """All messages of the topic, those of its subscriptions included."""
        size = self.scheduled.messages.size_bytes
        for subscription in self._subscriptions.values():
            size += subscription.size_bytes
        return size

    @property
    def message_count(self) -> int:
        """All messages that count in `size_bytes`."""
        count = len(self.scheduled.messages)
        for subscription in self._subscriptions.values():
            count += subscription.receivable.message_count
        return count

    def may_have(self, count: int) -> bool:
        """Whether there may be so many messages: the subscriptions have numbered as many."""
        numbered = self.context.last_sequence_number
        for subscription in self._subscriptions.values():
            numbered += subscription.context.last_sequence_number
        return numbered >= count

    @property
    def scheduled_count(self) -> int:
        """How many messages wait for their time."""
        return self.scheduled.messages.count(MessageState.SCHEDULED)

    @property
    def rule_counts(self) -> RuleCounts:
        """The rules of all subscriptions; one that takes everything counts as SQL."""
        rules = [one.rules for one in self._subscriptions.values()]
        correlation = sum(one.correlation_count for one in rules)
        return RuleCounts(sum(map(len, rules)) - correlation, correlation)

    def adopt(self, description: Any, *, now: float) -> None:
        """Live by a description from now on; see `EntityContext.adopt`."""
        super().adopt(description, now=now)
        self.ingress.adopt()
        self.ingress.schedule.adopt(now)

    def cancel_timers(self) -> None:
        """Have nothing more happen here by itself."""
        super().cancel_timers()
        self.ingress.cancel_timers()

    def delete(self) -> None:
        """End it with its subscriptions; see `Entity.delete`."""
        super().delete()
        self.ingress.cancel_timers()
        for subscription in self._subscriptions.values():
            subscription.delete()

    # -- Subscriptions -----------------------------------------------------------------------

    def subscriptions(self) -> list[Subscription]:
        """Every one, by name in ordinal order."""
        return sorted(self._subscriptions.values(), key=lambda one: one.name)

    def subscription(self, name: str) -> Subscription:
        """The subscription of this name, in any case.

        Raises:
            BrokerError: ENTITY_NOT_FOUND, with the names that are here.
        """
        try:
            return self._subscriptions[name.lower()]
        except KeyError:
            here = some_names([one.name for one in self.subscriptions()]) or "none"
            raise BrokerError(
                ErrorCode.ENTITY_NOT_FOUND,
                f"The messaging entity '{self.path}/Subscriptions/{name}' could not be found. "
                f"Subscriptions here: {here}.",
            ) from None

    def add(self, subscription: Subscription) -> None:
        """Give copies to one more subscription.

        Raises:
            BrokerError: ENTITY_ALREADY_EXISTS or QUOTA_EXCEEDED.
        """
        there = self._subscriptions.get(subscription.name.lower())
        if there is not None:
            raise BrokerError(
                ErrorCode.ENTITY_ALREADY_EXISTS,
                f"Subscription '{there.path}' exists already; names are the same in any case. "
                "Use it, delete it first or choose another name.",
            )
        most = self.limits.max_subscriptions
        if len(self._subscriptions) >= most:
            raise BrokerError(
                ErrorCode.QUOTA_EXCEEDED,
                f"Topic '{self.path}' has {most} subscriptions, all that the {self.limits.name} "
                f"tier allows. Delete one before you create '{subscription.name}'.",
            )
        self._subscriptions[subscription.name.lower()] = subscription

    def remove(self, subscription: Subscription) -> None:
        """Give nothing to a subscription any more."""
        del self._subscriptions[subscription.name.lower()]

    def require_room_for(self, rule: Rule) -> None:
        """Refuse a rule beyond what a topic may have in all.

        Raises:
            BrokerError: QUOTA_EXCEEDED.
        """
        counts, limits = self.rule_counts, self.limits
        count, most = (
            (counts.correlation, limits.max_correlation_filters)
            if rule.filter.kind == "correlation"
            else (counts.sql, limits.max_sql_filters)
        )
        if count >= most:
            raise BrokerError(
                ErrorCode.QUOTA_EXCEEDED,
                f"The subscriptions of topic '{self.path}' have {most} {rule.filter.kind} filters "
                "together, and no more are allowed. Delete a rule first.",
            )

    # -- For the ingress ---------------------------------------------------------------------

    def enqueue(self, message: Message, now: float, who: str) -> None:
        """Hand out copies of an accepted message."""
        message.enqueued_at = now
        self.scheduled.report(ChangeKind.SENT, message, now, who)
        self._fan_out(message, now)

    def prepare(self, messages: list[Message], now: float, who: str) -> Prepared:
        """Tell of very many messages, for `enqueue_all`."""
        for message in messages:
            message.enqueued_at = now
        path, state = self.scheduled.path, MessageState.NEW
        return Prepared(messages, changes_of(path, ChangeKind.SENT, messages, now, who, state), [])

    def enqueue_all(self, prepared: Prepared) -> None:
        """As `enqueue` for each: where copies are very many, messages wait for their turns."""
        for message, change in zip(prepared.messages, prepared.changes, strict=True):
            self.context.journal(change)
            self._fan_out(message, change.at)

    def begin_life(self, message: Message, at: float) -> None:
        """Only copies have one."""

    def hand_out(self, message: Message, at: float) -> None:
        """A scheduled message's time has come: hand out copies of it."""
        self._let_go(message, at)
        self._fan_out(message, at)
        self.context.room_made(at)

    def announce(self, now: float) -> None:
        """Nobody waits at the topic itself; the subscriptions have told their receivers."""

    @property
    def copies(self) -> int:
        """About one for each subscription; where they are many, copies are handed out in steps."""
        count = len(self._subscriptions)
        return count if 0 < count <= _FEW_SUBSCRIPTIONS else 1

    def takes_long(self, message: Message) -> bool:
        """Whether so many rules or subscriptions are asked that others would notice."""
        subscriptions = self._subscriptions
        if len(subscriptions) > _FEW_SUBSCRIPTIONS:
            return True
        questions = 0
        for subscription in subscriptions.values():
            questions += subscription.rules.questions
        return questions > 0 and questions * _weight(message) > _FEW_QUESTIONS

    def hand_out_in_steps(self, message: Message, at: float) -> Steps:
        """Hand out copies little by little: all are worked out before the first is taken."""
        yield _COPY_COST  # of the message itself, though nobody may take a copy
        self._shorten_life(message)
        view = cache(partial(self.context.property_access.view, message))
        weight = _weight(message)
        questions = max(_FEW_QUESTIONS // weight, 1)
        found: list[Copies] = []
        for subscription in tuple(self._subscriptions.values()):
            steps = subscription.work_out_copies(message, view, questions)
            found.append((yield from _weighed(steps, weight)))
            yield 1
        taken, self._taken_before = self._taken_before, {}
        for copies in found:
            for count in copies.take(message, at, taken.get(copies.subscription.path, 0)):
                yield count * _COPY_COST
        if not self.context.deleted:
            self._let_go(message, at)

    def _let_go(self, message: Message, at: float) -> None:
        self.scheduled.messages.remove(message, Input.FORWARD)
        self.scheduled.report(ChangeKind.HANDED_OUT, message, at, "")

    def resume(self, message: Message, taken: Mapping[str, int], now: float) -> None:
        """Go on handing out a message of which subscriptions, by path, have so many copies."""
        self._taken_before = taken
        self.ingress.schedule.resume(now, half_way=message)

    def _fan_out(self, message: Message, now: float) -> None:
        self._shorten_life(message)
        # Looked into once, if at all.
        view = cache(partial(self.context.property_access.view, message))
        for subscription in tuple(self._subscriptions.values()):
            subscription.take_copies(message, view, now)

    def _shorten_life(self, message: Message) -> None:
        message.time_to_live = shorter(message.time_to_live, self.context.default_time_to_live)


# Up to here copies are handed out at once: it takes less than half a millisecond.
_FEW_SUBSCRIPTIONS = 24
_FEW_QUESTIONS = 64
# A copy that is taken costs as much as so many questions.
_COPY_COST = 4
# A filter may look through a text; in a header of so many bytes that takes another question's time.
_BYTES_PER_QUESTION = 1024
_COPIED = TypeVar("_COPIED")


def _weight(message: Message) -> int:
    """How many questions' time one question to this message may take."""
    return 1 + message.header_bytes // _BYTES_PER_QUESTION


def _weighed(steps: Generator[int, None, _COPIED], weight: int) -> Generator[int, None, _COPIED]:
    """The same steps, each at its cost."""
    try:
        while True:
            yield next(steps) * weight
    except StopIteration as end:
        found: _COPIED = end.value
        return found
