"""What a file asks for, or a namespace has: its entities, without their messages."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from sbtutorial.broker.descriptions import (
    QueueDescription,
    SubscriptionDescription,
    TopicDescription,
)
from sbtutorial.broker.namespace import Namespace
from sbtutorial.broker.rules.rule import Rule

Result = TypeVar("Result")
# What a step took is yielded, in units of 50 microseconds; broker time is sent (`gateway.reactor`).
Steps = Generator[int, float, Result]


@dataclass(frozen=True)
class ConfiguredSubscription:
    """A subscription to be made; without rules it gets the default one."""

    name: str
    description: SubscriptionDescription
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class ConfiguredTopic:
    """A topic to be made."""

    name: str
    description: TopicDescription
    subscriptions: tuple[ConfiguredSubscription, ...]


@dataclass(frozen=True)
class Config:
    """What a file asks for.

    Attributes:
        namespace: The name that it gives.
    """

    namespace: str
    queues: Mapping[str, QueueDescription] = field(default_factory=dict)
    topics: tuple[ConfiguredTopic, ...] = ()


def config_of(namespace: Namespace) -> Config:
    """What a namespace has now."""
    directory = namespace.directory
    return Config(
        namespace.name,
        {one.name: one.description for one in directory.queues()},
        tuple(
            ConfiguredTopic(
                topic.name,
                topic.description,
                tuple(
                    ConfiguredSubscription(one.name, one.description, tuple(one.rules))
                    for one in topic.subscriptions()
                ),
            )
            for topic in directory.topics()
        ),
    )
