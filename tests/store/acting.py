"""Somebody who does anything to a namespace: the same to two that are equal, with equal outcome."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

from sbtutorial.broker.changes import Change
from sbtutorial.broker.descriptions import (
    AuthorizationRule,
    EntityStatus,
    QueueDescription,
    SubscriptionDescription,
    TopicDescription,
)
from sbtutorial.broker.entities.subscription import Subscription
from sbtutorial.broker.entities.topic import Topic
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.namespace import Namespace
from sbtutorial.broker.paths import SUBSCRIPTIONS
from sbtutorial.broker.rules.filters.actions import parse_action
from sbtutorial.broker.rules.filters.boolean import TrueFilter
from sbtutorial.broker.rules.filters.correlation import CorrelationFilter
from sbtutorial.broker.rules.filters.sql import parse_filter
from sbtutorial.broker.rules.property_access import NoPropertyAccess, PropertyAccess
from sbtutorial.broker.rules.rule import Rule
from sbtutorial.broker.states import MessageState
from sbtutorial.broker.subqueues.disposition import Disposition, Settlement
from sbtutorial.broker.subqueues.session_subqueue import SessionSubQueue
from sbtutorial.broker.subqueues.subqueue import SubQueue
from sbtutorial.broker.transaction import Transaction
from sbtutorial.store.restore import restore
from tests.store.describing import frozen

START = 1000.0
SECONDS = timedelta(seconds=1)
LIVELY: dict[str, Any] = {
    "lock_duration": 30 * SECONDS,
    "max_delivery_count": 2,
    "dead_lettering_on_message_expiration": True,
}
REMEMBERING: dict[str, Any] = {
    "requires_duplicate_detection": True,
    "duplicate_detection_history_time_window": 60 * SECONDS,
}
# Every kind of entity; those that forward come after their targets.
ENTITIES: dict[str, Any] = {
    "morgue": QueueDescription(),
    "plain": QueueDescription(**LIVELY, **REMEMBERING),
    "parts": QueueDescription(**REMEMBERING, enable_partitioning=True),
    "tables": QueueDescription(**LIVELY, requires_session=True),
    "bar": QueueDescription(
        lock_duration=30 * SECONDS, forward_to="plain", forward_dead_lettered_messages_to="morgue"
    ),
    "brief": QueueDescription(auto_delete_on_idle=300 * SECONDS),
    "news": TopicDescription(
        **REMEMBERING,
        default_message_time_to_live=90 * SECONDS,
        authorization_rules=(AuthorizationRule("reader", ("Listen",), "first", "second"),),
    ),
    "news/Subscriptions/all": SubscriptionDescription(**LIVELY),
    "news/Subscriptions/ordered": SubscriptionDescription(
        **LIVELY, requires_session=True, auto_delete_on_idle=300 * SECONDS
    ),
    "news/Subscriptions/on": SubscriptionDescription(
        lock_duration=30 * SECONDS, forward_to="plain"
    ),
}
PATHS = list(ENTITIES)
SUBQUEUES = [
    *(path for path in PATHS if path != "news"),
    *(path + "/$DeadLetterQueue" for path in PATHS if path != "news"),
    "bar/$Transfer/$DeadLetterQueue",
]
RULES = [
    Rule("$Default", TrueFilter()),
    Rule("texts", parse_filter("color = @c OR 1 = 0", {"c": "red"})),
    Rule("numbers", CorrelationFilter(label="x", properties={"n": 1})),
    Rule("acts", parse_filter("1 = 1"), parse_action("SET sys.Label = 'new'")),
    Rule("fails", parse_filter("1 / 0 = 1")),
]
SETTLEMENTS = list(Settlement)


class Edited(NoPropertyAccess):
    """Marks the copies that an action has made."""

    def edited(
        self, message: Message, application: Mapping[str, object], system: Mapping[str, object]
    ) -> Message:
        copy = message.copy()
        copy.content = f"{message.content} for {application.get('RuleName')}"
        return copy


class Actor:
    """A namespace, all that it has reported, and whoever acts on it."""

    def __init__(self) -> None:
        self.now = START
        self.changes: list[Change] = []
        self.token_count = 0
        self.sent_count = 0
        self.namespace = self._new_namespace()

    property_access: PropertyAccess = Edited()

    def _new_namespace(self) -> Namespace:
        return Namespace(
            "tutorial",
            journal=lambda change: self.changes.append(self.kept(change)),
            new_token=self._new_token,
            property_access=self.property_access,
        )

    def kept(self, change: Change) -> Change:
        """A change as a store has it."""
        return frozen(change)

    def _new_token(self) -> UUID:
        self.token_count += 1
        return UUID(int=self.token_count)

    def restored(self, changes: list[Change] | None = None) -> "Actor":
        """Somebody at the same instant, in front of what the changes make."""
        twin = type(self)()
        twin.now, twin.token_count, twin.sent_count = self.now, self.token_count, self.sent_count
        restore(self.changes if changes is None else changes, twin.namespace)
        twin.namespace.run_due(twin.now)
        return twin

    def settle_down(self) -> None:
        """What happens before a commit."""
        self.namespace.run_due(self.now)
        self.namespace.report_accesses()

    def do(self, name: str, *args: Any) -> str:
        """What came of it, in words."""
        try:
            return f"{name}: {getattr(self, name)(*args)!r}"
        except BrokerError as refusal:
            return f"{name}: {refusal.code.name}"

    # -- Time and entities ----------------------------------------------------------------------

    def make_everything(self) -> None:
        for path in PATHS:
            self.do("create", path)

    def fill(self) -> None:
        """A few messages everywhere."""
        for path in ("plain", "tables", "parts", "bar", "brief", "news"):
            self.do("send", path, [1, 2, 3, 5, 7])

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.namespace.run_due(self.now)

    def advance(self, seconds: float) -> None:
        self.namespace.advance(seconds, now=self.now)
        self.wait(seconds)

    def create(self, path: str) -> object:
        return self.namespace.create(path, ENTITIES[path], now=self.now).path

    def update(self, path: str, which: int) -> None:
        entity = self.namespace.directory.entity(path)
        description = entity.description
        some: list[Any] = [
            replace(description, user_metadata="changed"),
            replace(description, status=EntityStatus.DISABLED),
            ENTITIES[path],
            replace(description, auto_delete_on_idle=600 * SECONDS),
        ]
        if not isinstance(entity, Subscription):
            window = 20 * SECONDS
            some.append(replace(description, duplicate_detection_history_time_window=window))
        if not isinstance(entity, Topic):
            some.append(replace(description, forward_to=None))
            some.append(replace(description, forward_dead_lettered_messages_to="morgue"))
            some.append(replace(description, lock_duration=10 * SECONDS, max_delivery_count=1))
        self.namespace.update(entity, some[which % len(some)], now=self.now, who="admin")

    def delete(self, path: str) -> None:
        self.namespace.delete(self.namespace.directory.entity(path), now=self.now)

    def shrink(self, path: str) -> None:
        self.namespace.shrink(self.namespace.directory.queue(path), 1, now=self.now)

    def reset(self) -> None:
        self.namespace.reset(now=self.now)

    def add_rule(self, path: str, which: int) -> object:
        rule = RULES[which % len(RULES)]
        return self.namespace.create_rule(self._subscription(path), rule, now=self.now)

    def update_rule(self, path: str, which: int) -> object:
        subscription = self._subscription(path)
        first = next(iter(subscription.rules), RULES[0])
        rule = replace(RULES[which % len(RULES)], name=first.name)
        return self.namespace.update_rule(subscription, rule, now=self.now)

    def remove_rule(self, path: str, which: int) -> None:
        name = RULES[which % len(RULES)].name
        self.namespace.delete_rule(self._subscription(path), name, now=self.now)

    def _subscription(self, path: str) -> Subscription:
        entity = self.namespace.directory.entity(path)
        return (
            entity
            if isinstance(entity, Subscription)
            else self.namespace.directory.subscription("news", "all")
        )

    # -- Sending --------------------------------------------------------------------------------

    def message(self, pick: int) -> Message:
        self.sent_count += 1
        return Message(
            f"content {self.sent_count}",
            size_bytes=100 + pick,
            header_bytes=[10, 60_000][pick % 11 == 0],  # long to look into: handed out in steps
            message_id=[None, "a", "b", 7, UUID(int=5), b"id"][pick % 6],
            session_id=[None, "1", "2", ""][pick % 4],
            partition_key=None,
            time_to_live=[None, 20.0, 100.0][pick % 3],
            scheduled_enqueue_at=[None, None, self.now + 25, self.now - 1][pick // 3 % 4],
        )

    def send(self, path: str, picks: list[int]) -> object:
        messages = [self.message(pick) for pick in picks]
        ingress = self.namespace.directory.sendable(path).ingress
        return ingress.send(messages, now=self.now, who="sender")

    def transfer(self, target: str, pick: int) -> object:
        via = self.namespace.directory.queue("bar")
        return via.transfer_to(target).send([self.message(pick)], now=self.now, who="sender")

    def cancel(self, path: str, pick: int) -> None:
        subqueue = self.namespace.directory.managed(path)
        numbers = [one.sequence_number for one in subqueue.messages if is_scheduled(one)]
        ingress = self.namespace.directory.sendable(path).ingress
        ingress.schedule.cancel(picked(numbers, pick, [99]), now=self.now)

    # -- Receiving and settling: where there is something to receive or to settle ------------------

    def receive(self, pick: int, is_peek_lock: bool) -> object:
        source = self._source(self._busy(pick, MessageState.ACTIVE))
        receive = source.peek_lock_next if is_peek_lock else source.receive_and_delete_next
        return number_of(receive(now=self.now, who="receiver"))

    def receive_deferred(self, pick: int, is_peek_lock: bool) -> object:
        subqueue = self._busy(pick, MessageState.DEFERRED)
        messages = [one for one in subqueue.messages if one.state is MessageState.DEFERRED]
        source = self._source(subqueue)
        receive = source.receive_deferred if is_peek_lock else source.receive_and_delete_deferred
        numbers = [one.sequence_number for one in messages]
        found = receive(picked(numbers, pick, [99]), now=self.now, who="receiver")
        return [number_of(message) for message in found]

    def settle(self, pick: int, which: int) -> object:
        subqueue, token = self._locked(pick)
        return subqueue.settling.settle(token, dispositions(which), now=self.now, who="receiver")

    def renew(self, pick: int) -> object:
        subqueue, token = self._locked(pick)
        return subqueue.renew_lock(token, now=self.now, who="renewer")

    def leave(self, pick: int) -> object:
        subqueue, token = self._locked(pick)
        return self._source(subqueue).receiver_gone([token], now=self.now, who="receiver")

    def delete_ready(self, pick: int) -> object:
        subqueue = self._busy(pick, MessageState.ACTIVE)
        return subqueue.delete_ready(enqueued_before=self.now, at_most=pick % 3, now=self.now)

    def transact(self, pick: int, picks: list[int], commits: bool) -> object:
        transaction = Transaction(self.now)
        subqueue, token = self._locked(pick)
        transaction.settle(subqueue, token, dispositions(pick), now=self.now)
        messages = [self.message(pick) for pick in picks]
        transaction.send(self.namespace.directory.queue("plain").ingress, messages, now=self.now)
        return commits and transaction.commit(now=self.now, who="worker")

    def _busy(self, pick: int, *states: MessageState) -> SubQueue:
        """One of the subqueues with messages in one of these states; any if there are none."""
        every = [subqueue for path in SUBQUEUES if (subqueue := self._there(path)) is not None]
        busy = [one for one in every if any(map(one.messages.count, states))]
        if not every:
            raise BrokerError(ErrorCode.ENTITY_NOT_FOUND, "nothing is there")
        return (busy or every)[pick % len(busy or every)]

    def _there(self, path: str) -> SubQueue | None:
        try:
            return self.namespace.directory.subqueue(path)
        except BrokerError:
            return None

    def _source(self, subqueue: SubQueue) -> Any:
        """What is received from: the first session that somebody holds, where there are any."""
        held = self._held(subqueue)
        return held[0] if held else subqueue

    def _held(self, subqueue: SubQueue) -> list[Any]:
        if not isinstance(subqueue, SessionSubQueue):
            return []
        every = map(subqueue.held, ["", "1", "2"])
        return [session for session in every if session is not None]

    def _locked(self, pick: int) -> tuple[SubQueue, UUID]:
        subqueue = self._busy(pick, MessageState.LOCKED, MessageState.DEFERRED_LOCKED)
        tokens = [one.lock_token for one in subqueue.messages if one.lock_token is not None]
        (token,) = picked(tokens, pick, [UUID(int=0)])
        return subqueue, token

    # -- Sessions -------------------------------------------------------------------------------

    def accept(self, path: str, pick: int) -> object:
        subqueue = self._sessions(path)
        if pick % 2:
            session = subqueue.accept_next(now=self.now, who="holder")
        else:
            session = subqueue.accept(["", "1", "2"][pick % 3], now=self.now, who="holder")
        return session and session.id

    def with_session(self, path: str, pick: int, what: str) -> object:
        held = self._held(self._sessions(path))
        if not held:
            return None
        session = held[pick % len(held)]
        acts: dict[str, Callable[[], object]] = {
            "renew": lambda: session.renew(now=self.now),
            "let go": lambda: session.let_go(now=self.now),
            "set": lambda: session.set_state(b"state %d" % pick, now=self.now),
            "clear": lambda: session.set_state(None, now=self.now),
        }
        return acts[what]()

    def _sessions(self, path: str) -> SessionSubQueue:
        subqueue = self.namespace.directory.subqueue(path)
        assert isinstance(subqueue, SessionSubQueue)
        return subqueue


def dispositions(which: int) -> Disposition:
    settlement = SETTLEMENTS[which % len(SETTLEMENTS)]
    properties = [None, {"noted": which}][which % 2]
    reason = "why" if settlement is Settlement.DEAD_LETTER else None
    return Disposition(settlement, properties, reason, None)


def is_scheduled(message: Message) -> bool:
    return message.state is MessageState.SCHEDULED


def number_of(message: Message | None) -> int | None:
    return None if message is None else message.sequence_number


def picked(values: list[Any], pick: int, otherwise: list[Any]) -> list[Any]:
    return [values[pick % len(values)]] if values else otherwise


def one_act(random: Random) -> tuple[Any, ...]:
    """A name and arguments for `do`; seldom something that ends much at once."""
    pick, path = random.randrange(100), random.choice(PATHS)
    subscription = random.choice([one for one in PATHS if SUBSCRIPTIONS in one])
    sessions = random.choice(["tables", "news/Subscriptions/ordered"])
    acts: list[tuple[Any, ...]] = [
        *[("receive", pick, pick % 5 > 0)] * 5,
        *[("settle", pick, random.randrange(100))] * 5,
        *[("wait", random.choice([1.0, 10.0, 30.0]))] * 3,
        *[("accept", sessions, pick)] * 3,
        *[("with_session", sessions, pick, random.choice(["renew", "let go", "set", "clear"]))] * 3,
        *[("send", random.choice(["plain", "tables", "news"]), [pick])] * 3,
        *[("renew", pick), ("receive_deferred", pick, pick % 2 > 0), ("cancel", "plain", pick)],
        *[("transfer", "nowhere", pick), ("transact", pick, [pick], True)],
        *[("update", path, pick), ("add_rule", subscription, pick)],
        *[("update_rule", subscription, pick), ("remove_rule", subscription, pick)],
    ]
    if random.random() < 0.05:
        acts = [("delete", path), ("create", path), ("advance", 61.0), ("reset",), ("wait", 300.0)]
    return random.choice(acts)
