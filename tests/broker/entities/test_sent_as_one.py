"""Very many messages that are sent as one: the same comes of it as of a few, in far less time."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from sbtutorial.broker.background import done_at_once
from sbtutorial.broker.changes import Change, ChangeKind
from sbtutorial.broker.descriptions import (
    EntityStatus,
    QueueDescription,
    SubscriptionDescription,
    TopicDescription,
)
from sbtutorial.broker.entities.queue import Queue
from sbtutorial.broker.entities.topic import Topic
from sbtutorial.broker.errors import BrokerError
from sbtutorial.broker.limits import PREMIUM
from sbtutorial.broker.message import Message
from sbtutorial.broker.namespace import Namespace
from sbtutorial.broker.states import MessageState
from sbtutorial.broker.subqueues.session_subqueue import SessionSubQueue
from sbtutorial.store.restore import restore
from tests.store.describing import describe, frozen

START = 1_000_000.0
MANY = 700


def message(number: int, *, repeats: bool = True) -> Message:
    """Some are scheduled, some expire, some repeat the id of one before."""
    return Message(
        "content",
        size_bytes=100 + number % 7,
        message_id=f"m{number - 3 if repeats and number % 50 == 49 else number}",
        session_id=f"s{number % 90}",
        time_to_live=[None, 60.0, 500.0][number % 3],
        scheduled_enqueue_at=START + 30 + number if number % 5 == 4 else None,
    )


def make_topic(namespace: Namespace, subscriptions: int) -> Topic:
    topic = namespace.create("news", TopicDescription(), now=START)
    for number in range(subscriptions):
        path = f"news/Subscriptions/s{number}"
        namespace.create(path, SubscriptionDescription(), now=START)
    return topic


def queue_with(**properties: Any) -> Callable[[Namespace], Queue]:
    return lambda namespace: namespace.create("orders", QueueDescription(**properties), now=START)


MAKERS: dict[str, Callable[[Namespace], Queue | Topic]] = {
    "queue": queue_with(),
    "lives": queue_with(default_message_time_to_live=timedelta(seconds=100)),
    "sessions": queue_with(requires_session=True),
    "duplicates": queue_with(requires_duplicate_detection=True),
    "topic": lambda namespace: make_topic(namespace, 1),
    "topic of nobody": lambda namespace: make_topic(namespace, 0),
    "topic of several": lambda namespace: make_topic(namespace, 3),
}


class Bench:
    """One entity, and what happens to it."""

    def __init__(self, make: Callable[[Namespace], Queue | Topic]) -> None:
        self.changes: list[Change] = []
        self.namespace = Namespace("tutorial", journal=self._tell, limits=PREMIUM)
        self.namespace.background.on_added = lambda: None  # it is stepped by `finish`
        self.entity = make(self.namespace)
        self.before = len(self.changes)

    def _tell(self, change: Change) -> None:
        self.changes.append(frozen(change))

    def finish(self) -> None:
        """Have all done that nobody waits for."""
        while self.namespace.background:
            self.namespace.background.step()

    def send(self, messages: list[Message], now: float = START) -> list[int]:
        return self.entity.ingress.send(messages, now=now, who="sender")

    def send_in_steps(self, messages: list[Message], now: float = START) -> list[int]:
        steps = self.entity.ingress.send_in_steps(messages, now=now, who="sender")
        return done_at_once(steps, now)

    def told(self) -> list[tuple[object, ...]]:
        """What was told of the messages, of each in its order."""
        told = [change for change in self.changes if change.kind is not ChangeKind.ACCESSED]
        return sorted((one[:8] for one in told[self.before :]), key=lambda one: (one[2], one[3]))


@pytest.fixture(params=MAKERS)
def benches(request: pytest.FixtureRequest) -> tuple[Bench, Bench]:
    return Bench(MAKERS[request.param]), Bench(MAKERS[request.param])


@pytest.mark.parametrize("repeats", [True, False])
def test_many_at_once_come_to_the_same_as_one_after_the_other(
    benches: tuple[Bench, Bench], repeats: bool
) -> None:
    plain, quick = benches
    for bench in benches:  # some are there before
        bench.send([message(number) for number in range(-20, 0)])
    messages = [message(number, repeats=repeats) for number in range(MANY)]
    twins = [message(number, repeats=repeats) for number in range(MANY)]
    assert quick.send_in_steps(messages) == plain.send(twins)
    for bench in benches:
        bench.finish()
        bench.namespace.report_accesses()
    assert quick.told() == plain.told()
    assert described(quick.namespace) == described(plain.namespace)
    assert described(restored(quick)) == described(quick.namespace)
    for bench in benches:  # and the same becomes of them
        bench.send([message(2000)], now=START + 10)
        bench.namespace.run_due(START + 120)
        bench.finish()
    assert described(quick.namespace) == described(plain.namespace)


def described(namespace: Namespace) -> list[str]:
    """Of things that happen at one instant those that were scheduled may come first."""
    return sorted(describe(namespace))


def restored(bench: Bench) -> Namespace:
    return restore(bench.changes, Namespace("tutorial", limits=PREMIUM))


def test_messages_of_sessions_are_found_by_session_as_soon_as_they_are_there() -> None:
    bench = Bench(MAKERS["sessions"])
    bench.send_in_steps([message(number) for number in range(MANY)])
    main = bench.entity.subqueues[0]
    assert isinstance(main, SessionSubQueue)
    assert main.messages.list_sessions(skip=0, top=3) == ["s0", "s1", "s10"]
    there = [one.message_id for one in main.messages.peek_session("s7", 0, 100)]
    assert there == [f"m{number}" for number in range(7, MANY, 90)]
    held = main.accept_next(now=START, who="reads")
    assert held is not None
    assert held.id == "s0"
    while held.receive_and_delete_next(now=START, who="reads"):
        pass
    assert main.messages.peek_session("s0", 0, 100) == []
    bench.finish()
    assert main.messages.peek_session("s0", 0, 100) == []
    assert "s0" not in main.messages.list_sessions(skip=0, top=99)


@pytest.fixture
def bench() -> Bench:
    return Bench(MAKERS["queue"])


def under_way(bench: Bench) -> Iterator[int]:
    """Very many that are looked at in steps, of which the first has been taken."""
    steps = bench.entity.ingress.send_in_steps(
        [message(number) for number in range(MANY)], now=START, who="sender"
    )
    next(steps)
    return steps


@pytest.mark.parametrize("way", ["deleted", "disabled", "smaller"])
def test_an_entity_that_changes_meanwhile_takes_all_or_none(bench: Bench, way: str) -> None:
    steps = under_way(bench)
    namespace, queue = bench.namespace, bench.entity
    if way == "deleted":
        namespace.delete(queue, now=START)
    elif way == "disabled":
        namespace.update(queue, QueueDescription(status=EntityStatus.DISABLED), now=START)
    else:
        namespace.shrink(queue, 1, now=START)  # type: ignore[arg-type]
        bench.send([Message("content", size_bytes=1_000_000)])
    with pytest.raises(BrokerError):
        done_at_once(steps, START)  # type: ignore[arg-type]
    there = sum(len(subqueue.messages) for subqueue in queue.subqueues)
    assert there == (way == "smaller")


def test_an_id_that_comes_meanwhile_is_the_first() -> None:
    bench = Bench(MAKERS["duplicates"])
    steps = under_way(bench)
    window = bench.entity.ingress.duplicates
    assert window is not None
    window.remember("m600", 77, START)  # of which nobody has been told, nor of another number
    numbers = done_at_once(steps, START)  # type: ignore[arg-type]
    assert numbers[600] == 77
    assert (numbers[599], numbers[601]) == (600, 601)
    told = [one.kind for one in bench.changes if one.message_id == "m600"]
    assert told == ["duplicate_dropped"]


def test_those_that_come_meanwhile_come_before(bench: Bench) -> None:
    steps = under_way(bench)
    assert bench.send([Message("content", size_bytes=1)]) == [1]
    assert done_at_once(steps, START) == list(range(2, MANY + 2))  # type: ignore[arg-type]


def test_one_that_cannot_be_taken_keeps_all_out(bench: Bench) -> None:
    messages = [message(number) for number in range(MANY)]
    messages[-1].size_bytes = 10**9
    with pytest.raises(BrokerError, match="takes"):
        bench.send_in_steps(messages)
    assert bench.entity.subqueues[0].messages.count(MessageState.ACTIVE) == 0
    assert bench.entity.context.last_sequence_number == 0


def test_dead_letters_of_one_instant_go_on_one_after_the_other() -> None:
    """Each of them runs what is due before it: not within that, as deep as they are many."""
    namespace = Namespace("tutorial")
    target = namespace.create("target", QueueDescription(), now=START)
    description = QueueDescription(
        default_message_time_to_live=timedelta(seconds=10),
        dead_lettering_on_message_expiration=True,
        forward_dead_lettered_messages_to="target",
    )
    queue = namespace.create("orders", description, now=START)
    count = 3000
    for number in range(count):
        queue.ingress.send([Message("content", size_bytes=1, message_id=number)], now=START)
    namespace.run_due(START + 10)
    ids = [one.message_id for one in target.main.messages]
    assert ids == list(range(count))
