"""Entities that nobody uses go by themselves, if they were told to.

Source: Azure Service Bus, "AutoDeleteOnIdle".
"""

from collections.abc import Callable

from sbtutorial.broker.descriptions import FOR_EVER
from sbtutorial.broker.entities.entity import Entity
from sbtutorial.broker.timers import Timers


class IdleWatch:
    """One timer for each entity, which looks when it could be idle whether it is.

    Args:
        agenda: The namespace's.
        on_idle: Called with the entity and the instant when nobody has used it for so long.
    """

    def __init__(self, agenda: Timers, on_idle: Callable[[Entity, float], None]) -> None:
        self._agenda = agenda
        self._on_idle = on_idle

    def watch(self, entity: Entity) -> None:
        """Look after an entity from now on, or as its new description says."""
        if entity.idle_timer is not None:
            entity.idle_timer.cancel()
            entity.idle_timer = None
        # What forwards is never idle: forwarding counts as receiving.
        forwards = getattr(entity.description, "forward_to", None)
        if entity.description.auto_delete_on_idle != FOR_EVER and not forwards:
            self._look_again(entity, entity.updated_at)

    def _look_again(self, entity: Entity, since: float) -> None:
        entity.idle_timer = self._agenda.call_at(since + _idle_seconds(entity), self._look, entity)

    def _look(self, entity: Entity, at: float) -> None:
        if entity.is_awaited:
            self._look_again(entity, at)
        elif entity.used_at + _idle_seconds(entity) > at:
            self._look_again(entity, entity.used_at)
        else:
            self._on_idle(entity, at)


def _idle_seconds(entity: Entity) -> float:
    seconds: float = entity.description.auto_delete_on_idle.total_seconds()
    return seconds
