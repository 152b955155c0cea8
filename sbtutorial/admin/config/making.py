"""What a file asks for, made in a namespace; when some of it is refused, nothing of it stays."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Protocol

from sbtutorial.admin.config.model import Config, Steps
from sbtutorial.admin.config.values import ConfigError
from sbtutorial.broker.background import done_at_once
from sbtutorial.broker.descriptions import QueueDescription
from sbtutorial.broker.entities.entity import Entity
from sbtutorial.broker.errors import BrokerError
from sbtutorial.broker.namespace import Namespace
from sbtutorial.broker.paths import subscription_path
from sbtutorial.broker.rules.rule import Rule

_MADE_UNITS = 4


def apply_config(config: Config, namespace: Namespace, *, now: float) -> None:
    """Make everything that a file asks for, in a namespace that is empty.

    Raises:
        ConfigError: The tier does not allow some of it, by the name of the entity; whatever was
            made before it is gone again.
    """
    done_at_once(applying(config, namespace), now)


def applying(config: Config, namespace: Namespace) -> Steps[None]:
    """Make everything that a file asks for, an entity at a step.

    Raises:
        ConfigError: As `apply_config`. What others have made meanwhile stays.
    """
    made: list[Entity] = []
    now = yield 0
    try:
        for path, make in _steps(config, namespace):
            if (entity := _make(path, make, now)) is not None:
                made.append(entity)
            now = yield _MADE_UNITS
    except ConfigError:
        for entity in reversed(made):
            with suppress(BrokerError):  # somebody has deleted it
                namespace.delete(entity, now=now)
            now = yield _MADE_UNITS
        raise


class _Make(Protocol):
    """Makes something, at an instant of broker time; returns the entity, if it is one."""

    def __call__(self, *, now: float) -> Entity | None: ...


def _steps(config: Config, namespace: Namespace) -> Iterator[tuple[str, _Make]]:
    """What to make, by path; forwarding comes last, when every target is there."""
    for topic in config.topics:
        yield topic.name, partial(namespace.create, topic.name, topic.description)
    for name, queue in config.queues.items():
        yield name, partial(namespace.create, name, _unforwarded(queue))
    for topic in config.topics:
        for one in topic.subscriptions:
            path = subscription_path(topic.name, one.name)
            first = one.rules[0] if one.rules else None
            yield path, partial(namespace.create, path, one.description, rule=first)
            for rule in one.rules[1:]:
                yield path, partial(_add_rule, namespace, topic.name, one.name, rule)
    for name, queue in config.queues.items():
        if queue != _unforwarded(queue):
            yield name, partial(_forward, namespace, name, queue)


def _unforwarded(queue: QueueDescription) -> QueueDescription:
    return replace(queue, forward_to=None, forward_dead_lettered_messages_to=None)


def _add_rule(namespace: Namespace, topic: str, name: str, rule: Rule, *, now: float) -> None:
    namespace.create_rule(namespace.directory.subscription(topic, name), rule, now=now)


def _forward(namespace: Namespace, name: str, queue: QueueDescription, *, now: float) -> None:
    namespace.update(namespace.directory.queue(name), queue, now=now)


def _make(path: str, make: _Make, now: float) -> Entity | None:
    try:
        return make(now=now)
    except BrokerError as refusal:
        raise ConfigError(f"'{path}': {refusal.message}") from None
