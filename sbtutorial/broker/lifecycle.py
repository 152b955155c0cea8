"""How entities come, change and go, whichever kind they are.

Source: Azure Service Bus, REST API, "Queues", "Topics", "Subscriptions".
"""

from typing import Any, TypeVar

from sbtutorial.broker.descriptions import Description
from sbtutorial.broker.directory import Directory
from sbtutorial.broker.entities.entity import Entity, EntityContext
from sbtutorial.broker.entities.queue import Queue
from sbtutorial.broker.entities.subscription import Subscription
from sbtutorial.broker.entities.topic import Topic
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.idleness import IdleWatch
from sbtutorial.broker.paths import entity_path
from sbtutorial.broker.validation import fitted, validate, validate_name, validate_update

_Entity = TypeVar("_Entity", bound=Entity)
_Description = TypeVar("_Description", bound=Description)

_FORWARDING = ("forward_to", "forward_dead_lettered_messages_to")


class Lifecycle:
    """The steps that every entity of a namespace takes."""

    def __init__(self, directory: Directory, surroundings: EntityContext) -> None:
        self._directory = directory
        self._surroundings = surroundings
        self._idleness = IdleWatch(
            surroundings.agenda, lambda entity, at: self.delete(entity, now=at)
        )

    def checked(self, name: str, description: _Description, *, now: float) -> _Description:
        """What a new entity of this name will live by.

        Raises:
            BrokerError: What `validate_name` and `validate` raise; ARGUMENT_ERROR for a target of
                forwarding that is not there.
        """
        self._surroundings.agenda.run_due(now)
        validate_name(description.kind, name)
        description = fitted(description, self._surroundings.limits)
        validate(description, self._surroundings.limits)
        self._require_targets(description)
        return description

    def begin(self, entity: _Entity, *, now: float, who: str) -> _Entity:
        """An entity has its place: watch it, and tell."""
        self._idleness.watch(entity)
        entity.report("created", now, who)
        return entity

    def update(self, entity: _Entity, description: Description, *, now: float, who: str) -> _Entity:
        """Give an entity another description.

        Raises:
            BrokerError: What `validate_update` raises; and as `checked` for a target.
        """
        limits = self._surroundings.limits
        description = fitted(description, limits)
        validate_update(entity.description, description, limits)
        self._require_targets(description)
        entity.adopt(description, now=now)
        self._idleness.watch(entity)
        entity.report("updated", now, who)
        for line in entity.lines:
            line.announce()
            line.announce_ready(now)
        return entity

    def delete(self, entity: Entity, *, now: float, who: str = "") -> None:
        """End an entity, and what is below it, with all that they hold."""
        if isinstance(entity, Topic):
            for subscription in entity.subscriptions():
                self.delete(subscription, now=now, who=who)
        self._take_out(entity)
        entity.cancel_timers()
        entity.report("deleted", now, who)
        entity.delete()

    def _take_out(self, entity: Any) -> None:
        if isinstance(entity, Subscription):
            self._directory.find(entity.topic_name, Topic).remove(entity)
        elif isinstance(entity, Queue | Topic):
            self._directory.remove(entity)

    def _require_targets(self, description: Description) -> None:
        """Forward only to what is there."""
        for setting in _FORWARDING:
            target = getattr(description, setting, None)
            if not target:
                continue
            try:
                self._directory.sendable(entity_path(target))
            except BrokerError as problem:
                raise BrokerError(
                    ErrorCode.ARGUMENT_ERROR, f"{setting} is '{target}'. {problem.message}"
                ) from None
