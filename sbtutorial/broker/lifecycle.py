"""How entities come, change and go, whichever kind they are; those that nobody uses by themselves.

Source: Azure Service Bus, REST API, "Queues", "Topics", "Subscriptions"; "AutoDeleteOnIdle"; of
entities that forward, "Chaining Service Bus entities with autoforwarding" and
azure-sdk-for-net#18517.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from sbtutorial.broker.context import NamespaceContext
from sbtutorial.broker.descriptions import FOR_EVER, Description
from sbtutorial.broker.directory import Directory
from sbtutorial.broker.entities.entity import Entity
from sbtutorial.broker.entities.queue import Queue
from sbtutorial.broker.entities.subscription import Subscription
from sbtutorial.broker.entities.topic import Topic
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.paths import entity_path
from sbtutorial.broker.timers import Timers
from sbtutorial.broker.validation import fitted, validate, validate_name, validate_update

_Entity = TypeVar("_Entity", bound=Entity)
_Description = TypeVar("_Description", bound=Description)

_NO_END: dict[str, Any] = {"auto_delete_on_idle": FOR_EVER}
_FORWARDING = ("forward_to", "forward_dead_lettered_messages_to")


def _never_idle(description: _Description, *settings: str) -> _Description:
    """The description, of what is never idle if it has one of these settings."""
    if any(getattr(description, setting, None) for setting in settings):
        return replace(description, **_NO_END)
    return description


class Lifecycle:
    """The steps that every entity of a namespace takes.

    Attributes:
        auto_delete: Watches those that are to go by themselves.
    """

    def __init__(self, directory: Directory, lent: NamespaceContext) -> None:
        self._directory = directory
        self._limits = lent.limits
        self.auto_delete = AutoDelete(lent.timers, lambda entity, at: self.delete(entity, now=at))

    def checked(self, name: str, description: _Description) -> _Description:
        """What a new entity of this name will live by: Azure lets none end that forwards.

        Raises:
            BrokerError: What `validate_name` and `validate` raise; ARGUMENT_ERROR for a target of
                forwarding that is not there.
        """
        validate_name(description.kind, name)
        description = fitted(description, self._limits)
        validate(description, self._limits)
        self._require_targets(description)
        # Where only dead letters go on, an update may give it an end again.
        return _never_idle(description, *_FORWARDING)

    def begin(self, entity: _Entity, *, now: float, who: str) -> _Entity:
        """Give a new entity its place, and tell.

        Raises:
            BrokerError: As `Topic.add`, for a subscription.
        """
        self.place(entity)
        entity.context.report("created", now, who)
        entity.context.room_made(now)
        return entity

    def update(self, entity: Entity, description: Description, *, now: float, who: str) -> None:
        """Give an entity another description.

        Raises:
            BrokerError: What `validate_update` raises; and as `checked` for a target.
        """
        description = fitted(description, self._limits)
        validate_update(entity.description, description, self._limits)
        self._require_targets(description)
        self.adopt(entity, _never_idle(description, "forward_to"), now=now)
        entity.context.report("updated", now, who)
        entity.context.room_made(now)
        for subqueue in entity.subqueues:
            subqueue.announce()
            subqueue.announce_ready(now)

    def delete(self, entity: Entity, *, now: float, who: str = "") -> None:
        """End an entity, and what is below it, with all that they hold."""
        if isinstance(entity, Topic):
            for subscription in entity.subscriptions():
                self.delete(subscription, now=now, who=who)
        self.take_out(entity)
        entity.context.report("deleted", now, who)
        entity.delete()
        entity.context.room_made(now)  # in its topic, if it was a subscription

    # -- The same without a check or a word ---------------------------------------------------

    def place(self, entity: _Entity) -> _Entity:
        """Have an entity where it is found."""
        if isinstance(entity, Subscription):
            self._directory.topic(entity.topic_name).add(entity)
        elif isinstance(entity, Queue | Topic):
            self._directory.add(entity)
        self.auto_delete.watch(entity)
        return entity

    def adopt(self, entity: Entity, description: Description, *, now: float) -> None:
        """Have an entity live by a description."""
        entity.adopt(description, now=now)
        self.auto_delete.watch(entity)

    def take_out(self, entity: Entity) -> None:
        """Have an entity nowhere, with nothing to come."""
        if isinstance(entity, Subscription):
            self._directory.topic(entity.topic_name).remove(entity)
        else:
            self._directory.remove(entity)
        entity.cancel_timers()

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


class AutoDelete:
    """One timer for each entity, which looks when it could be idle whether it is.

    Args:
        timers: The namespace's.
        on_idle: Called with the entity and the instant when nobody has used it for so long.
    """

    def __init__(self, timers: Timers, on_idle: Callable[[Entity, float], None]) -> None:
        self._timers = timers
        self._on_idle = on_idle

    def watch(self, entity: Entity) -> None:
        """Look after an entity from now on, or as its new description says."""
        if entity.idle_timer is not None:
            entity.idle_timer.cancel()
            entity.idle_timer = None
        if entity.description.auto_delete_on_idle != FOR_EVER:
            self.look_at(entity, entity.updated_at + _idle_seconds(entity))

    def look_at(self, entity: Entity, until: float) -> None:
        """Look at this instant whether it is idle, and not before."""
        if entity.idle_timer is not None:
            entity.idle_timer.cancel()
        entity.idle_timer = self._timers.call_at(until, self._look, entity)

    def _look_again(self, entity: Entity, at: float, since: float) -> None:
        until = since + _idle_seconds(entity)
        self.look_at(entity, until)
        entity.context.report_idle_watch(at, until)

    def _look(self, entity: Entity, at: float) -> None:
        if entity.is_awaited:
            self._look_again(entity, at, since=at)
        elif entity.used_at + _idle_seconds(entity) > at:
            self._look_again(entity, at, since=entity.used_at)
        else:
            self._on_idle(entity, at)


def _idle_seconds(entity: Entity) -> float:
    seconds: float = entity.description.auto_delete_on_idle.total_seconds()
    return seconds
