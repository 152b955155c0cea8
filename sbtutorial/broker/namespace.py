"""A namespace: the entities under one name; they are made, changed and deleted, and time passes.

Source: Azure Service Bus, REST API, "Queues", "Topics", "Subscriptions", "Rules".
"""

from collections.abc import Callable
from dataclasses import replace
from typing import overload
from uuid import UUID, uuid4

from sbtutorial.broker.background import BackgroundWork, Steps
from sbtutorial.broker.changes import (
    ChangeKind,
    Journal,
    JournalOfMany,
    NamespaceChange,
    RuleChange,
    no_journal,
    told_one_by_one,
)
from sbtutorial.broker.context import EntityContext, NamespaceContext, Shortage
from sbtutorial.broker.descriptions import (
    Description,
    QueueDescription,
    SubscriptionDescription,
    TopicDescription,
)
from sbtutorial.broker.directory import Directory
from sbtutorial.broker.entities.entity import Entity
from sbtutorial.broker.entities.queue import Queue
from sbtutorial.broker.entities.subscription import Subscription
from sbtutorial.broker.entities.topic import Topic
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.lifecycle import Lifecycle
from sbtutorial.broker.limits import STANDARD, Limits
from sbtutorial.broker.paths import split_subscription, subscription_path
from sbtutorial.broker.rules.filters.actions import SqlAction
from sbtutorial.broker.rules.filters.sql import SqlFilter
from sbtutorial.broker.rules.property_access import NoPropertyAccess, PropertyAccess
from sbtutorial.broker.rules.rule import Rule, default_rule
from sbtutorial.broker.target_waiters import TargetWaiters
from sbtutorial.broker.timers import Timers
from sbtutorial.broker.validation import validate_name

# Of entities that are gone, so many are freed at once, at a cost of so many short steps.
_FREED_AT_ONCE, _FREEING_COST = 128, 64


class Namespace:
    """Queues, topics and subscriptions, and one set of timers for all that will happen to them.

    Attributes:
        name: As in `<name>.servicebus.windows.net`.
        limits: What the tier allows.
        directory: What there is, by name and by path.
        timers: All that will happen by itself.
        background: What takes too long to be done at once.
        lifecycle: How entities come and go; `create`, `update` and `delete` are the ways to ask.
        advanced_seconds: How far broker time has been advanced in all.
        forget_accesses: Tells nobody which entities have been in use: for after a turn whose
            changes no journal keeps. Hot: a dictionary's own.
    """

    def __init__(
        self,
        name: str,
        *,
        limits: Limits = STANDARD,
        journal: Journal = no_journal,
        journal_all: JournalOfMany | None = None,
        new_token: Callable[[], UUID] = uuid4,
        property_access: PropertyAccess | None = None,
    ):
        self.name = name
        self.limits = limits
        self.directory = Directory(name, limits)
        self.background = BackgroundWork()
        self.timers = Timers()
        self._lent = NamespaceContext(
            limits=limits,
            timers=self.timers,
            background=self.background,
            journal=journal,
            journal_all=journal_all or told_one_by_one(journal),
            new_token=new_token,
            find_sink=lambda path: self.directory.sendable(path).ingress,
            property_access=property_access or NoPropertyAccess(),
            target_waiters=TargetWaiters(self.timers),
            accessed={},
            shortage=Shortage(),
        )
        self.lifecycle = Lifecycle(self.directory, self._lent)
        self.forget_accesses = self._lent.accessed.clear
        self.advanced_seconds = 0.0

    # -- Entities -----------------------------------------------------------------------------

    @overload
    def create(
        self, path: str, description: QueueDescription, *, now: float, who: str = ""
    ) -> Queue: ...

    @overload
    def create(
        self, path: str, description: TopicDescription, *, now: float, who: str = ""
    ) -> Topic: ...

    @overload
    def create(
        self,
        path: str,
        description: SubscriptionDescription,
        *,
        now: float,
        who: str = "",
        rule: Rule | None = None,
    ) -> Subscription: ...

    def create(
        self,
        path: str,
        description: Description,
        *,
        now: float,
        who: str = "",
        rule: Rule | None = None,
    ) -> Entity:
        """Make an entity of the kind that is described.

        The path of a subscription is `<topic>/Subscriptions/<name>`; `rule` is the first one that
        it has, by default one that takes everything.

        Raises:
            BrokerError: ENTITY_ALREADY_EXISTS, QUOTA_EXCEEDED, what `validate_name` and `validate`
                raise; ENTITY_NOT_FOUND for a subscription's topic.
        """
        self.catch_up(now)
        if isinstance(description, SubscriptionDescription):
            return self._create_subscription(path, description, rule or default_rule(), now, who)
        description = self.lifecycle.checked(path, description)
        self.directory.require_free(path)
        return self.lifecycle.begin(self.make(path, description, now=now), now=now, who=who)

    def make(self, path: str, description: Description, *, now: float) -> Entity:
        """An entity that has no place yet, as is."""
        kinds: dict[str, type[Queue | Topic | Subscription]] = {
            "queue": Queue,
            "topic": Topic,
            "subscription": Subscription,
        }
        return kinds[description.kind](EntityContext(path, description, self._lent, now=now))

    def update(
        self, entity: Entity, description: Description, *, now: float, who: str = ""
    ) -> None:
        """Give an entity another description; its messages, their locks and its rules stay.

        Raises:
            BrokerError: ENTITY_NOT_FOUND once it is deleted; what `validate_update` raises.
        """
        entity.context.require_existence(now)
        self.lifecycle.update(entity, description, now=now, who=who)

    def delete(self, entity: Entity, *, now: float, who: str = "") -> None:
        """Delete an entity with all that is in it; a topic with its subscriptions.

        Raises:
            BrokerError: ENTITY_NOT_FOUND once it is deleted.
        """
        entity.context.require_existence(now)
        self.lifecycle.delete(entity, now=now, who=who)

    def shrink(self, queue: Queue, megabytes: int, *, now: float, who: str = "") -> None:
        """Let a queue hold less than any tier offers, so that a lesson can fill it in a moment.

        Azure has no such thing.

        Raises:
            BrokerError: ENTITY_NOT_FOUND once it is deleted; ARGUMENT_OUT_OF_RANGE if that is not
                less.
        """
        queue.context.require_existence(now)
        most = queue.description.max_size_in_megabytes
        if not 1 <= megabytes <= most:
            raise BrokerError(
                ErrorCode.ARGUMENT_OUT_OF_RANGE,
                f"Queue '{queue.name}' holds {most} MB; it can be made to hold 1 to {most} MB, "
                f"and {megabytes} is not among them.",
            )
        smaller = replace(queue.description, max_size_in_megabytes=megabytes)
        self.lifecycle.adopt(queue, smaller, now=now)
        queue.context.report("updated", now, who)

    # -- Rules ------------------------------------------------------------------------------

    def create_rule(
        self, subscription: Subscription, rule: Rule, *, now: float, who: str = ""
    ) -> Rule:
        """Give a subscription one more rule.

        Raises:
            BrokerError: ENTITY_NOT_FOUND once the subscription is deleted; ENTITY_ALREADY_EXISTS,
                ARGUMENT_ERROR for its name, QUOTA_EXCEEDED.
        """
        subscription.context.require_existence(now)
        self._check_rule(self.directory.topic(subscription.topic_name), rule)
        stamped = replace(self._with_ids(rule), created_at=now)
        subscription.add_rule(stamped, now=now)
        self._report_rule(ChangeKind.RULE_CREATED, subscription, stamped, now, who)
        return stamped

    def update_rule(
        self, subscription: Subscription, rule: Rule, *, now: float, who: str = ""
    ) -> Rule:
        """Put a rule in place of the one with its name.

        Raises:
            BrokerError: ENTITY_NOT_FOUND.
        """
        subscription.context.require_existence(now)
        updated = subscription.rules.update(self._with_ids(rule))
        self._report_rule(ChangeKind.RULE_UPDATED, subscription, updated, now, who)
        return updated

    def delete_rule(
        self, subscription: Subscription, name: str, *, now: float, who: str = ""
    ) -> None:
        """Take a rule away.

        Raises:
            BrokerError: ENTITY_NOT_FOUND.
        """
        subscription.context.require_existence(now)
        rule = subscription.rules.remove(name)
        self._report_rule(ChangeKind.RULE_DELETED, subscription, rule, now, who)

    # -- Time -------------------------------------------------------------------------------

    def next_deadline(self) -> float | None:
        """When something will next happen by itself; None when nothing will."""
        return self.timers.next_at()

    def run_due(self, now: float) -> None:
        """Let happen what is due by `now`, in order, each thing at its own instant."""
        self.timers.run_due(now)

    def advance(self, seconds: float, *, now: float) -> None:
        """Put on record that broker time goes ahead at once; the clock is the caller's.

        Nothing happens yet of what that makes due.
        """
        self.advanced_seconds += seconds
        kind, detail = ChangeKind.ADVANCED, f"by {seconds:g} s"
        self._lent.journal(NamespaceChange(now, kind, self.name, 0, None, 0, "", detail, seconds))

    def report_accesses(self) -> None:
        """Tell the journal which entities have been in use since the last call.

        For whoever keeps the journal, before a commit: entities are in use so often that once a
        commit is enough.
        """
        accessed = self._lent.accessed
        for context in accessed:
            context.report_access()
        accessed.clear()

    def refuse_sends(self, refusal: BrokerError | None) -> None:
        """Have no entity take messages, for this reason; None: all do as their status says."""
        self._lent.shortage.refusal = refusal
        for entity in self.directory:
            subscriptions = entity.subscriptions() if isinstance(entity, Topic) else ()
            for each in (entity, *subscriptions):
                each.context.look_for_shortage()

    @property
    def is_behind(self) -> bool:
        """Whether more was due than has happened."""
        return self.timers.is_behind

    def catch_up(self, now: float) -> None:
        """As `run_due`, but for what is left to who calls `run_some`."""
        self.timers.catch_up(now)

    def step_timers(self, most_at_once: int, on_failure: Callable[[], None]) -> None:
        """From now on leave what is due beyond a number to who calls `run_some`.

        Args:
            most_at_once: The number.
            on_failure: Called when something that was due has raised; nothing else suffers.
        """
        self.timers.most_at_once = most_at_once
        self.timers.on_failure = on_failure

    def run_some(self, now: float) -> None:
        """Let happen some of what is due by `now`, in order.

        Who waited for messages while there was more is told when that was all.
        """
        timers = self.timers
        was_behind = timers.is_behind
        timers.run_due(now, timers.most_at_once)
        if was_behind and not timers.is_behind:
            self._announce_ready(now)

    def reset(self, *, now: float, who: str = "") -> None:
        """Delete every entity, in no time at any depth."""
        self._lent.journal(NamespaceChange(now, ChangeKind.RESET, self.name, 0, None, 0, who, ""))
        self.clear()

    def clear(self) -> None:
        """Have no entity, and nothing to come, without a word."""
        gone = self.directory.clear()
        self.timers.clear()
        self._lent.target_waiters.clear()
        self.background.clear()
        for entity in gone:
            entity.delete()
        self.background.add(_freed(gone))

    # -- How it is done ---------------------------------------------------------------------

    def _announce_ready(self, now: float) -> None:
        for entity in tuple(self.directory):
            subscriptions = entity.subscriptions() if isinstance(entity, Topic) else ()
            for each in (entity, *subscriptions):
                for subqueue in each.subqueues:
                    subqueue.announce_ready(now)

    def _create_subscription(
        self, path: str, description: SubscriptionDescription, rule: Rule, now: float, who: str
    ) -> Subscription:
        topic_name, name = split_subscription(path) or ("", path)
        description = self.lifecycle.checked(name, description)
        topic = self.directory.topic(topic_name)
        self._check_rule(topic, rule)
        path = subscription_path(topic.name, name)
        subscription = Subscription(EntityContext(path, description, self._lent, now=now))
        self.lifecycle.begin(subscription, now=now, who=who)
        self.create_rule(subscription, rule, now=now, who=who)
        return subscription

    def _with_ids(self, rule: Rule) -> Rule:
        """The rule as it is kept: what it makes up comes from where all ids come from."""
        filter, action = rule.filter, rule.action
        if isinstance(filter, SqlFilter):
            filter = filter.with_ids(self._lent.new_token)
        if isinstance(action, SqlAction):
            action = action.with_ids(self._lent.new_token)
        return replace(rule, filter=filter, action=action)

    def _check_rule(self, topic: Topic, rule: Rule) -> None:
        """Refuse a rule that may not be."""
        validate_name("rule", rule.name)
        topic.require_room_for(rule)

    def _report_rule(
        self, kind: ChangeKind, subscription: Subscription, rule: Rule, now: float, who: str
    ) -> None:
        path, there = subscription.path, None if kind is ChangeKind.RULE_DELETED else rule
        self._lent.journal(RuleChange(now, kind, path, 0, None, 0, who, rule.name, there))


def _freed(gone: list[Queue | Topic]) -> Steps:
    """Entities that are deleted, freed a few at a time: each is made of very many parts."""
    while gone:
        del gone[-_FREED_AT_ONCE:]
        yield _FREEING_COST
