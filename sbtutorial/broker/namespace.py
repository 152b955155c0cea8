"""The tree of entities under one name: make, find, change and delete them, and let time pass.

Source: Azure Service Bus, REST API, "Queues", "Topics", "Subscriptions", "Rules".
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar
from uuid import UUID, uuid4

from sbtutorial.broker.changes import Change, ChangeKind, Journal, no_journal
from sbtutorial.broker.descriptions import (
    Description,
    QueueDescription,
    SubscriptionDescription,
    TopicDescription,
)
from sbtutorial.broker.directory import Directory
from sbtutorial.broker.entities.entity import Entity, EntityContext
from sbtutorial.broker.entities.ingress import Ingress
from sbtutorial.broker.entities.queue import Queue
from sbtutorial.broker.entities.subscription import Subscription
from sbtutorial.broker.entities.topic import Topic
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.lifecycle import Lifecycle
from sbtutorial.broker.limits import STANDARD, Limits
from sbtutorial.broker.rules.property_access import OpaqueContents, PropertyAccess
from sbtutorial.broker.rules.rule import Rule, default_rule
from sbtutorial.broker.subqueues.subqueue import SubQueue
from sbtutorial.broker.timers import Timers
from sbtutorial.broker.validation import validate_name

_Entity = TypeVar("_Entity", bound=Entity)
_D = TypeVar("_D", bound=Description)


class Namespace:
    """Queues, topics and subscriptions, and one agenda for all that will happen to them.

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
        contents: PropertyAccess | None = None,
    ):
        self.name = name
        self.limits = limits
        self._journal = journal
        self._agenda = Timers()
        self._directory = Directory(name, limits)
        self._surroundings = EntityContext(
            limits=limits,
            agenda=self._agenda,
            journal=journal,
            new_token=new_token,
            find_intake=self.intake,
            contents=contents or OpaqueContents(),
        )
        self._lifecycle = Lifecycle(self._directory, self._surroundings)

    # -- Queues -----------------------------------------------------------------------------

    def create_queue(
        self, name: str, description: QueueDescription, *, now: float, who: str = ""
    ) -> Queue:
        """Make a queue.

        Raises:
            BrokerError: ENTITY_ALREADY_EXISTS, QUOTA_EXCEEDED, and what `validate` raises.
        """
        description = self._lifecycle.checked(name, description, now=now)
        self._directory.require_free(name)
        queue = Queue(name, description, self._surroundings, now=now)
        self._directory.add(queue)
        return self._lifecycle.begin(queue, now=now, who=who)

    def update_queue(
        self, name: str, description: QueueDescription, *, now: float, who: str = ""
    ) -> Queue:
        """Give a queue another description; its messages and their locks stay.

        Raises:
            BrokerError: ENTITY_NOT_FOUND, and what `validate_update` raises.
        """
        self.run_due(now)
        return self._lifecycle.update(self.queue(name), description, now=now, who=who)

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
        queue.adopt(replace(queue.description, max_size_in_megabytes=megabytes), now=now)
        queue.report("updated", now, who)
        return queue

    def delete_queue(self, name: str, *, now: float, who: str = "") -> None:
        """Delete a queue with all that is in it.

        Raises:
            BrokerError: ENTITY_NOT_FOUND.
        """
        self.run_due(now)
        self._lifecycle.delete(self.queue(name), now=now, who=who)

    def queue(self, name: str) -> Queue:
        """The queue of this name, in any case.

        Raises:
            BrokerError: ENTITY_NOT_FOUND, with the names that are here.
        """
        return self._directory.find(name, Queue)

    def queues(self) -> list[Queue]:
        """Every queue, by name in ordinal order."""
        return self._directory.all_of(Queue)

    # -- Topics -----------------------------------------------------------------------------

    def create_topic(
        self, name: str, description: TopicDescription, *, now: float, who: str = ""
    ) -> Topic:
        """Make a topic, without subscriptions.

        Raises:
            BrokerError: As `create_queue`.
        """
        description = self._lifecycle.checked(name, description, now=now)
        self._directory.require_free(name)
        topic = Topic(name, description, self._surroundings, now=now)
        self._directory.add(topic)
        return self._lifecycle.begin(topic, now=now, who=who)

    def update_topic(
        self, name: str, description: TopicDescription, *, now: float, who: str = ""
    ) -> Topic:
        """Give a topic another description.

        Raises:
            BrokerError: ENTITY_NOT_FOUND, and what `validate_update` raises.
        """
        self.run_due(now)
        return self._lifecycle.update(self.topic(name), description, now=now, who=who)

    def delete_topic(self, name: str, *, now: float, who: str = "") -> None:
        """Delete a topic with its subscriptions.

        Raises:
            BrokerError: ENTITY_NOT_FOUND.
        """
        self.run_due(now)
        self._lifecycle.delete(self.topic(name), now=now, who=who)

    def topic(self, name: str) -> Topic:
        """The topic of this name, in any case.

        Raises:
            BrokerError: ENTITY_NOT_FOUND, with the names that are here.
        """
        return self._directory.find(name, Topic)

    def topics(self) -> list[Topic]:
        """Every topic, by name in ordinal order."""
        return self._directory.all_of(Topic)

    # -- Subscriptions ----------------------------------------------------------------------

    def create_subscription(
        self,
        topic_name: str,
        name: str,
        description: SubscriptionDescription,
        *,
        now: float,
        rule: Rule | None = None,
        who: str = "",
    ) -> Subscription:
        """Make a subscription; `rule` is its first one, by default one that takes everything.

        Raises:
            BrokerError: ENTITY_NOT_FOUND, ENTITY_ALREADY_EXISTS, QUOTA_EXCEEDED, and what
                `validate` raises.
        """
        description = self._lifecycle.checked(name, description, now=now)
        topic, rule = self.topic(topic_name), rule or default_rule()
        self._check_rule(topic, rule)
        subscription = Subscription(topic.name, name, description, self._surroundings, now=now)
        topic.add(subscription)
        self._lifecycle.begin(subscription, now=now, who=who)
        self.create_rule(topic_name, name, rule, now=now, who=who)
        return subscription

    def update_subscription(
        self,
        topic_name: str,
        name: str,
        description: SubscriptionDescription,
        *,
        now: float,
        who: str = "",
    ) -> Subscription:
        """Give a subscription another description; messages, locks and rules stay.

        Raises:
            BrokerError: ENTITY_NOT_FOUND, and what `validate_update` raises.
        """
        self.run_due(now)
        return self._lifecycle.update(
            self.subscription(topic_name, name), description, now=now, who=who
        )

    def delete_subscription(self, topic_name: str, name: str, *, now: float, who: str = "") -> None:
        """Delete a subscription with all that is in it.

        Raises:
            BrokerError: ENTITY_NOT_FOUND.
        """
        self.run_due(now)
        self._lifecycle.delete(self.subscription(topic_name, name), now=now, who=who)

    def subscription(self, topic_name: str, name: str) -> Subscription:
        """The subscription of this name.

        Raises:
            BrokerError: ENTITY_NOT_FOUND.
        """
        return self.topic(topic_name).subscription(name)

    # -- Rules ------------------------------------------------------------------------------

    def create_rule(
        self, topic_name: str, subscription_name: str, rule: Rule, *, now: float, who: str = ""
    ) -> Rule:
        """Give a subscription one more rule.

        Raises:
            BrokerError: ENTITY_NOT_FOUND, ENTITY_ALREADY_EXISTS, ARGUMENT_ERROR for its name,
                QUOTA_EXCEEDED.
        """
        self.run_due(now)
        topic = self.topic(topic_name)
        subscription = topic.subscription(subscription_name)
        self._check_rule(topic, rule)
        stamped = replace(rule, created_at=now)
        subscription.add_rule(stamped, now=now)
        self._report_rule(ChangeKind.RULE_CREATED, subscription, stamped.name, now, who)
        return stamped

    def update_rule(
        self, topic_name: str, subscription_name: str, rule: Rule, *, now: float, who: str = ""
    ) -> Rule:
        """Put a rule in place of the one with its name.

        Raises:
            BrokerError: ENTITY_NOT_FOUND.
        """
        self.run_due(now)
        subscription = self.subscription(topic_name, subscription_name)
        updated = subscription.rules.update(rule)
        self._report_rule(ChangeKind.RULE_UPDATED, subscription, updated.name, now, who)
        return updated

    def delete_rule(
        self, topic_name: str, subscription_name: str, name: str, *, now: float, who: str = ""
    ) -> None:
        """Take a rule away.

        Raises:
            BrokerError: ENTITY_NOT_FOUND.
        """
        self.run_due(now)
        subscription = self.subscription(topic_name, subscription_name)
        rule = subscription.rules.remove(name)
        self._report_rule(ChangeKind.RULE_DELETED, subscription, rule.name, now, who)

    # -- Paths ------------------------------------------------------------------------------

    def entity(self, path: str) -> Entity:
        """The queue, topic or subscription of a path.

        Raises:
            BrokerError: ENTITY_NOT_FOUND.
        """
        return self._directory.entity(path)

    def subqueue(self, path: str) -> SubQueue:
        """What receivers mean by a path: a queue, a subscription, or a dead-letter queue.

        Raises:
            BrokerError: ENTITY_NOT_FOUND; NOT_ALLOWED for a topic.
        """
        return self._directory.line(path)

    def managed(self, path: str) -> SubQueue:
        """What a management request is about: as `subqueue`, or a topic's scheduled messages.

        Raises:
            BrokerError: ENTITY_NOT_FOUND.
        """
        return self._directory.managed(path)

    def sendable(self, path: str) -> Queue | Topic:
        """What senders mean by a path.

        Raises:
            BrokerError: ENTITY_NOT_FOUND; NOT_ALLOWED for what takes nothing from senders.
        """
        return self._directory.sendable(path)

    def intake(self, path: str) -> Ingress:
        """The way into what senders mean by a path.

        Raises:
            BrokerError: As `sendable`.
        """
        return self.sendable(path).intake

    # -- Time -------------------------------------------------------------------------------

    def next_deadline(self) -> float | None:
        """When something will next happen by itself; None when nothing will."""
        return self._agenda.next_at()

    def run_due(self, now: float) -> None:
        """Let happen what is due by `now`, in order, each thing at its own instant."""
        self._agenda.run_due(now)

    def reset(self, *, now: float, who: str = "") -> None:
        """Delete every entity, in no time at any depth."""
        gone = self._directory.clear()
        self._agenda.clear()
        self._journal(Change(now, ChangeKind.RESET, self.name, 0, None, 0, who, "", None))
        for entity in gone:
            entity.delete()

    # -- How it is done ---------------------------------------------------------------------

    def _check_rule(self, topic: Topic, rule: Rule) -> None:
        """Refuse a rule that may not be."""
        validate_name("rule", rule.name)
        topic.require_room_for(rule)

    def _report_rule(
        self, kind: ChangeKind, subscription: Subscription, rule: str, now: float, who: str
    ) -> None:
        self._journal(Change(now, kind, subscription.path, 0, None, 0, who, rule, None))
