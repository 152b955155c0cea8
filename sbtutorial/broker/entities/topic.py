"""A topic: an intake, and behind it subscriptions that each take their copies.

Source: Azure Service Bus, "Queues, topics, and subscriptions".
"""

from functools import cache, partial
from typing import NamedTuple

from sbtutorial.broker.changes import ChangeKind
from sbtutorial.broker.descriptions import TopicDescription
from sbtutorial.broker.entities.entity import EntityContext
from sbtutorial.broker.entities.ingress import Ingress, finite_seconds, shorter
from sbtutorial.broker.entities.sendable import Sendable
from sbtutorial.broker.entities.subscription import Subscription
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.rules.rule import Rule
from sbtutorial.broker.states import Input, MessageState
from sbtutorial.broker.subqueues.subqueue import SubQueue


class RuleCounts(NamedTuple):
    """How many rules all subscriptions have together, by the kind of their filters."""

    sql: int
    correlation: int


class Topic(Sendable):
    """What senders send to; receivers go to its subscriptions.

    Attributes:
        scheduled: Where messages wait for their time; no receiver comes here.
    """

    description: TopicDescription

    def __init__(
        self, name: str, description: TopicDescription, surroundings: EntityContext, *, now: float
    ):
        super().__init__(name, description, surroundings, now=now)
        self._subscriptions: dict[str, Subscription] = {}
        self.scheduled = SubQueue(self, name, None)
        self.intake = Ingress(self, self.scheduled, self)
        self.adopt(description, now=now)

    @property
    def lines(self) -> tuple[SubQueue, ...]:
        """The scheduled messages."""
        return (self.scheduled,)

    @property
    def size_bytes(self) -> int:
        """All messages of the topic, those of its subscriptions included."""
        size = self.scheduled.size_bytes
        for subscription in self._subscriptions.values():
            size += subscription.size_bytes
        return size

    @property
    def scheduled_count(self) -> int:
        """How many messages wait for their time."""
        return self.scheduled.count(MessageState.SCHEDULED)

    @property
    def rule_counts(self) -> RuleCounts:
        """The rules of all subscriptions; one that takes everything counts as SQL."""
        rules = [one.rules for one in self._subscriptions.values()]
        correlation = sum(one.correlation_count for one in rules)
        return RuleCounts(sum(map(len, rules)) - correlation, correlation)

    def adopt(self, description: TopicDescription, *, now: float) -> None:
        """Live by a description from now on; see `Entity.adopt`."""
        super().adopt(description, now=now)
        self._default_ttl_seconds = finite_seconds(description.default_message_time_to_live)

    def delete(self) -> None:
        """End it with its subscriptions; see `Entity.delete`."""
        super().delete()
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
            here = ", ".join(f"'{one.name}'" for one in self.subscriptions()) or "none"
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

    # -- For the intake ----------------------------------------------------------------------

    def place(self, message: Message, now: float, who: str) -> None:
        """Hand out copies of an accepted message."""
        message.enqueued_at = now
        self.scheduled.report(ChangeKind.SENT, message, now, who)
        self._fan_out(message, now)

    def activate(self, message: Message, now: float) -> None:
        """A scheduled message's time has come: hand out copies of it."""
        self.scheduled.remove(message, Input.FORWARD)
        self._fan_out(message, now)

    def settle_in(self, now: float) -> None:
        """Nobody waits at the topic itself; the subscriptions have told their receivers."""

    def _fan_out(self, message: Message, now: float) -> None:
        message.time_to_live = shorter(message.time_to_live, self._default_ttl_seconds)
        view = cache(
            partial(self.surroundings.contents.view, message)
        )  # looked into once, if at all
        for subscription in tuple(self._subscriptions.values()):
            subscription.take(message, view, now)
