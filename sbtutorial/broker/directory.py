"""What there is in a namespace, by name in any case, and what is said of a name that is not there.

Queues and topics share one set of names. Source: Azure Service Bus, "Quotas".
"""

from collections.abc import Iterator
from typing import TypeVar

from sbtutorial.broker.entities.entity import Entity
from sbtutorial.broker.entities.queue import Queue
from sbtutorial.broker.entities.subscription import Subscription
from sbtutorial.broker.entities.topic import Topic
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.limits import Limits
from sbtutorial.broker.paths import (
    DEAD_LETTER_SUFFIX,
    TRANSFER_DEAD_LETTER_SUFFIX,
    split_subqueue,
    split_subscription,
)
from sbtutorial.broker.subqueues.subqueue import SubQueue
from sbtutorial.text import some_names

_Kind = TypeVar("_Kind", Queue, Topic)


class Directory:
    """The queues and topics of one namespace."""

    def __init__(self, namespace_name: str, limits: Limits) -> None:
        self._namespace_name = namespace_name
        self._limits = limits
        self._by_name: dict[str, Queue | Topic] = {}

    def __iter__(self) -> Iterator[Queue | Topic]:
        return iter(self._by_name.values())

    # -- By name --------------------------------------------------------------------------------

    def queues(self) -> list[Queue]:
        """Every queue, by name in ordinal order."""
        return self._all_of(Queue)

    def topics(self) -> list[Topic]:
        """Every topic, by name in ordinal order."""
        return self._all_of(Topic)

    def queue(self, name: str) -> Queue:
        """The queue of this name.

        Raises:
            BrokerError: ENTITY_NOT_FOUND, with the names that are here.
        """
        return self._find(name, Queue)

    def topic(self, name: str) -> Topic:
        """The topic of this name.

        Raises:
            BrokerError: ENTITY_NOT_FOUND, with the names that are here.
        """
        return self._find(name, Topic)

    def subscription(self, topic_name: str, name: str) -> Subscription:
        """The subscription of this name.

        Raises:
            BrokerError: ENTITY_NOT_FOUND.
        """
        return self.topic(topic_name).subscription(name)

    # -- By path --------------------------------------------------------------------------------

    def sendable(self, path: str) -> Queue | Topic:
        """What senders mean by a path.

        Raises:
            BrokerError: ENTITY_NOT_FOUND; NOT_ALLOWED for what takes nothing from senders.
        """
        found = self._by_name.get(path.strip("/").lower())
        if found is not None:
            return found
        entity = self.entity(split_subqueue(path).entity)
        topic = split_subscription(entity.path)
        instead = topic[0] if topic and isinstance(entity, Subscription) else entity.path
        raise BrokerError(
            ErrorCode.NOT_ALLOWED,
            f"'{path}' takes no messages from senders: send to '{instead}' instead.",
        )

    def entity(self, path: str) -> Queue | Topic | Subscription:
        """The queue, topic or subscription of a path.

        Raises:
            BrokerError: ENTITY_NOT_FOUND.
        """
        found = self._by_name.get(path.strip("/").lower())
        if found is not None:
            return found
        if parts := split_subscription(path):
            return self.topic(parts[0]).subscription(parts[1])
        raise _not_found(path, self._who_is_here(Queue))

    def receivable(self, path: str) -> Queue | Subscription:
        """The entity that receivers mean by a path, whichever of its subqueues that names.

        Raises:
            BrokerError: ENTITY_NOT_FOUND; NOT_ALLOWED for a topic.
        """
        entity = self.entity(split_subqueue(path).entity)
        if isinstance(entity, Queue | Subscription):
            return entity
        raise BrokerError(
            ErrorCode.NOT_ALLOWED,
            f"'{path}' is a topic, and nobody receives from a topic. Receive from one of its "
            f"subscriptions, '{entity.path}/Subscriptions/<name>'.",
        )

    def subqueue(self, path: str) -> SubQueue:
        """What receivers mean by a path: a queue or a subscription, or a dead-letter queue.

        Raises:
            BrokerError: ENTITY_NOT_FOUND; NOT_ALLOWED for a topic.
        """
        entity = self.receivable(path)
        by_suffix = {
            "": entity.main,
            DEAD_LETTER_SUFFIX.lower(): entity.dead_letter,
            TRANSFER_DEAD_LETTER_SUFFIX.lower(): entity.receivable.transfer_dead_letter,
        }
        try:
            return by_suffix[split_subqueue(path).subqueue.lower()]
        except KeyError:
            advice = f"Below a {entity.kind} there is '{DEAD_LETTER_SUFFIX[1:]}'."
            raise _not_found(path, advice) from None

    def managed(self, path: str) -> SubQueue:
        """What a management request is about: as `subqueue`, or a topic's scheduled messages.

        Raises:
            BrokerError: ENTITY_NOT_FOUND.
        """
        found = self._by_name.get(path.strip("/").lower())
        return found.scheduled if isinstance(found, Topic) else self.subqueue(path)

    # -- For the namespace ------------------------------------------------------------------------

    def add(self, entity: Queue | Topic) -> None:
        """Take in a new one; its name must be free."""
        self._by_name[entity.name.lower()] = entity

    def remove(self, entity: Entity) -> None:
        """Let go of one."""
        del self._by_name[entity.name.lower()]

    def clear(self) -> list[Queue | Topic]:
        """Let go of all; returns them."""
        gone = list(self._by_name.values())
        self._by_name.clear()
        return gone

    def require_free(self, name: str) -> None:
        """Refuse a name that is taken, and one more than the tier allows.

        Raises:
            BrokerError: ENTITY_ALREADY_EXISTS or QUOTA_EXCEEDED.
        """
        there = self._by_name.get(name.lower())
        if there is not None:
            raise BrokerError(
                ErrorCode.ENTITY_ALREADY_EXISTS,
                f"{there.kind.capitalize()} '{there.name}' exists already in namespace "
                f"'{self._namespace_name}'; names are the same in any case. Use it, delete it "
                "first or choose another name.",
            )
        if len(self._by_name) >= self._limits.max_entities:
            raise BrokerError(
                ErrorCode.QUOTA_EXCEEDED,
                f"Namespace '{self._namespace_name}' has {len(self._by_name)} queues and topics, "
                f"all that the {self._limits.name} tier allows. Delete one before you create "
                f"'{name}'.",
            )

    def _all_of(self, kind: type[_Kind]) -> list[_Kind]:
        found = [one for one in self._by_name.values() if isinstance(one, kind)]
        return sorted(found, key=lambda one: one.name)

    def _find(self, name: str, kind: type[_Kind]) -> _Kind:
        found = self._by_name.get(name.strip("/").lower())
        if not isinstance(found, kind):
            raise _not_found(name, self._who_is_here(kind))
        return found

    def _who_is_here(self, kind: type[_Kind]) -> str:
        what = "queues" if kind is Queue else "topics"
        names = [one.name for one in self._all_of(kind)]
        if not names:
            return f"Namespace '{self._namespace_name}' has no {what} yet; create it first."
        return f"{what.capitalize()} here: {some_names(names)}."


def _not_found(path: str, advice: str) -> BrokerError:
    # JavaScript's SDK recognises a missing entity by these words.
    return BrokerError(
        ErrorCode.ENTITY_NOT_FOUND,
        f"The messaging entity '{path}' could not be found. {advice}",
    )
