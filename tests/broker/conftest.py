from collections.abc import Callable
from itertools import count
from typing import Any
from uuid import UUID

import pytest

from sbtutorial.broker.changes import Change, ChangeKind
from sbtutorial.broker.descriptions import (
    QueueDescription,
    SubscriptionDescription,
    TopicDescription,
)
from sbtutorial.broker.entities.queue import Queue
from sbtutorial.broker.entities.subscription import Subscription
from sbtutorial.broker.entities.topic import Topic
from sbtutorial.broker.limits import STANDARD, Limits
from sbtutorial.broker.message import Message
from sbtutorial.broker.namespace import Namespace
from sbtutorial.broker.rules.rule import Rule
from sbtutorial.broker.subqueues.subqueue import SubQueue

START = 1000.0


class World:
    """A namespace whose time stands still until a test moves it, and all that it reported."""

    def __init__(self, limits: Limits = STANDARD) -> None:
        numbers = count(1)
        self.now = START
        self.changes: list[Change] = []
        self.namespace = Namespace(
            "tutorial",
            limits=limits,
            journal=self.changes.append,
            new_token=lambda: UUID(int=next(numbers)),
        )

    def queue(self, name: str = "orders", **properties: Any) -> Queue:
        return self.namespace.create(name, QueueDescription(**properties), now=self.now)

    def topic(self, name: str = "news", **properties: Any) -> Topic:
        return self.namespace.create(name, TopicDescription(**properties), now=self.now)

    def subscription(
        self, name: str = "all", topic: str = "news", rule: Rule | None = None, **properties: Any
    ) -> Subscription:
        description = SubscriptionDescription(**properties)
        return self.namespace.create(
            f"{topic}/Subscriptions/{name}", description, rule=rule, now=self.now
        )

    def update(self, queue: Queue, **properties: Any) -> None:
        self.namespace.update(queue, QueueDescription(**properties), now=self.now)

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.namespace.run_due(self.now)

    def send(self, queue: Queue | Topic, *contents: object, **fields: Any) -> list[int]:
        messages = [make(content, **fields) for content in contents]
        return queue.ingress.send(messages, now=self.now, who="sender")

    def lock(self, subqueue: SubQueue, who: str = "receiver") -> Message:
        message = subqueue.peek_lock_next(now=self.now, who=who)
        assert message is not None
        return message

    def fail(self, subqueue: SubQueue, times: int = 1) -> None:
        for _ in range(times):
            subqueue.settling.abandon(self.lock(subqueue).lock_token, now=self.now)

    def kinds(self) -> list[ChangeKind]:
        return [change.kind for change in self.changes]

    def last(self) -> Change:
        return self.changes[-1]


def make(content: object = "x", size_bytes: int = 100, **fields: Any) -> Message:
    return Message(content, size_bytes=size_bytes, **fields)


def contents(subqueue: SubQueue) -> list[object]:
    return [message.content for message in subqueue.messages]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def queue(world: World) -> Queue:
    return world.queue()


@pytest.fixture
def new_world() -> Callable[..., World]:
    return World
