"""A queue against a model that is simple enough to be believed by reading it."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sbtutorial.broker.changes import Change
from sbtutorial.broker.descriptions import QueueDescription
from sbtutorial.broker.entities.receivable import MessageCounts
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.namespace import Namespace
from sbtutorial.broker.states import MessageState as State
from sbtutorial.broker.subqueues.subqueue import SubQueue
from sbtutorial.store.restore import restore
from tests.examples import examples
from tests.store.describing import describe, frozen

LOCK, MOST = 60.0, 3
HELD = {State.LOCKED: State.ACTIVE, State.DEFERRED_LOCKED: State.DEFERRED}


@dataclass
class Copy:
    """One message of the model; times in seconds, `ends` of its lock or its wait."""

    number: int
    size: int
    ttl: float | None
    state: State = State.ACTIVE
    dead: bool = False
    count: int = 0
    expires: float | None = None
    ends: float | None = None
    token: UUID | None = None


class Model:
    """A list of messages, searched from the start whenever something is asked of it."""

    def __init__(self, dead_letter_expired: bool) -> None:
        self.copies: list[Copy] = []
        self.last_number = 0
        self.caught_up_to = 0.0
        self.dead_letter_expired = dead_letter_expired

    def add(self, size: int, ttl: float | None, now: float, due: float | None) -> None:
        self.last_number += 1
        copy = Copy(self.last_number, size, ttl)
        self.copies.append(copy)
        if due is None:
            copy.expires = None if ttl is None else now + ttl
        else:
            copy.state, copy.ends = State.SCHEDULED, due

    def ready(self, dead: bool) -> Copy | None:
        line = [c for c in self.copies if c.dead == dead and c.state is State.ACTIVE]
        return min(line, key=lambda c: c.number, default=None)

    def held(self) -> list[Copy]:
        return [c for c in self.copies if c.token is not None]

    def deferred(self) -> list[Copy]:
        return [c for c in self.copies if c.state is State.DEFERRED]

    def hold(self, copy: Copy, token: UUID, now: float) -> None:
        asleep = copy.state is State.DEFERRED
        copy.state = State.DEFERRED_LOCKED if asleep else State.LOCKED
        copy.token, copy.ends = token, now + LOCK

    def give_back(self, copy: Copy, now: float, failed: bool, deferred: bool = False) -> None:
        copy.state = State.DEFERRED if deferred else HELD[copy.state]
        copy.token = copy.ends = None
        copy.count += failed and not copy.dead
        if not copy.dead and copy.count >= MOST:
            self.bury(copy)
        self.expire(copy, now)

    def expire(self, copy: Copy, now: float) -> None:
        if copy.state is State.ACTIVE and self.is_over(copy, now):
            self.end(copy)

    def is_over(self, copy: Copy, now: float) -> bool:
        return copy.expires is not None and copy.expires <= now and not copy.dead

    def end(self, copy: Copy) -> None:
        self.bury(copy) if self.dead_letter_expired else self.copies.remove(copy)

    def bury(self, copy: Copy) -> None:
        copy.dead, copy.state, copy.token, copy.ends = True, State.ACTIVE, None, None

    def catch_up(self, now: float) -> None:
        while at := self.next_instant(now):
            for copy in sorted(self.copies, key=lambda c: c.number):
                if copy.ends == at and copy.state is State.SCHEDULED:
                    self.last_number += 1
                    copy.number, copy.state, copy.ends = self.last_number, State.ACTIVE, None
                    copy.expires = None if copy.ttl is None else at + copy.ttl
                elif copy.ends == at:
                    self.give_back(copy, at, failed=True)
                else:
                    self.expire(copy, at)
            self.caught_up_to = at

    def next_instant(self, now: float) -> float | None:
        instants = (at for c in self.copies for at in (c.ends, c.expires) if at is not None)
        return min((at for at in instants if self.caught_up_to < at <= now), default=None)


SIZES = st.integers(1, 1000)
TTLS = st.none() | st.sampled_from([20, 60, 100])
PICK = st.integers(0, 100)
SETTLEMENTS = ["abandon", "defer", "renew_lock", "release", "dead_letter", "complete"]


def called(subqueue: SubQueue, how: str) -> Callable[..., Any]:
    """What is called to do this with a token."""
    return subqueue.renew_lock if how == "renew_lock" else getattr(subqueue.settling, how)


class QueueAgainstModel(RuleBasedStateMachine):
    @initialize(dead_letter_expired=st.booleans())
    def start(self, dead_letter_expired: bool) -> None:
        tokens = count(1)
        self.now = 1000.0
        self.changes: list[Change] = []
        self.tokens: list[UUID] = [UUID(int=0)]
        self.namespace = Namespace(
            "tutorial",
            journal=lambda change: self.changes.append(frozen(change)),
            new_token=lambda: UUID(int=next(tokens)),
        )
        description = QueueDescription(
            max_delivery_count=MOST, dead_lettering_on_message_expiration=dead_letter_expired
        )
        self.queue = self.namespace.create("orders", description, now=self.now)
        self.model = Model(dead_letter_expired)
        self.send([10, 20, 30], ttl=None)

    def subqueue(self, dead: bool) -> Any:
        return self.queue.dead_letter if dead else self.queue.main

    @rule(sizes=st.lists(SIZES, min_size=1, max_size=4), ttl=TTLS)
    def send(self, sizes: list[int], ttl: float | None) -> None:
        messages = [Message(None, size_bytes=size, time_to_live=ttl) for size in sizes]
        numbers = self.queue.ingress.send(messages, now=self.now)
        for size in sizes:
            self.model.add(size, ttl, self.now, None)
        assert numbers == list(
            range(self.model.last_number - len(sizes) + 1, self.model.last_number + 1)
        )

    @rule(size=SIZES, ttl=TTLS, delay=st.sampled_from([20, 60, 100]))
    def schedule(self, size: int, ttl: float | None, delay: float) -> None:
        due = self.now + delay
        message = Message(None, size_bytes=size, time_to_live=ttl, scheduled_enqueue_at=due)
        self.queue.ingress.send([message], now=self.now)
        self.model.add(size, ttl, self.now, due)

    @rule(pick=PICK)
    def cancel(self, pick: int) -> None:
        number = pick % (self.model.last_number + 1)
        found = [c for c in self.model.copies if c.number == number and c.state is State.SCHEDULED]
        if found:
            self.queue.ingress.schedule.cancel([number], now=self.now)
            self.model.copies.remove(found[0])
        else:
            self.refused(ErrorCode.MESSAGE_NOT_FOUND, self.queue.ingress.schedule.cancel, [number])

    @precondition(lambda self: self.model.copies)
    @rule(dead=st.booleans(), how=st.sampled_from(["lock", "lock", "lock", "take"]))
    def receive(self, dead: bool, how: str) -> None:
        dead = dead and self.model.ready(True) is not None
        subqueue = self.subqueue(dead)
        receive = subqueue.peek_lock_next if how == "lock" else subqueue.receive_and_delete_next
        message = receive(now=self.now, who="receiver")
        copy = self.model.ready(dead)
        assert (message and message.sequence_number) == (copy and copy.number)
        if copy:
            self.received(copy, message, how)

    @precondition(lambda self: self.model.held())
    @rule(pick=PICK, how=st.sampled_from(SETTLEMENTS))
    def settle(self, pick: int, how: str) -> None:
        held = self.model.held()
        copy = held[pick % len(held)]
        call = called(self.subqueue(copy.dead), how)
        if copy.dead and how == "dead_letter":
            self.refused(ErrorCode.NOT_ALLOWED, call, copy.token)
        else:
            call(copy.token, now=self.now)
            self.settled(copy, how)

    @rule(pick=PICK, how=st.sampled_from(SETTLEMENTS))
    def settle_what_is_no_longer_held(self, pick: int, how: str) -> None:
        lost = set(self.tokens) - {copy.token for copy in self.model.held()}
        token = sorted(lost)[pick % len(lost)]
        self.refused(ErrorCode.MESSAGE_LOCK_LOST, called(self.queue.main, how), token)

    def settled(self, copy: Copy, how: str) -> None:
        if how == "complete":
            self.model.copies.remove(copy)
        elif how == "defer":
            self.model.give_back(copy, self.now, failed=True, deferred=True)
        elif how == "dead_letter":
            self.model.bury(copy)
        elif how == "renew_lock":
            copy.ends = self.now + LOCK
        else:
            self.model.give_back(copy, self.now, failed=how == "abandon")

    @precondition(lambda self: self.model.deferred())
    @rule(picks=st.lists(PICK, min_size=1, max_size=2), how=st.sampled_from(["lock", "take"]))
    def receive_deferred(self, picks: list[int], how: str) -> None:
        known = self.model.deferred()
        found = list({id(c): c for c in (known[pick % len(known)] for pick in picks)}.values())
        subqueue = self.subqueue(found[0].dead)
        numbers = [c.number for c in found]
        receive = subqueue.receive_and_delete_deferred
        if how == "lock":
            receive = subqueue.receive_deferred
        if any(c.dead != found[0].dead for c in found):
            self.refused(ErrorCode.MESSAGE_NOT_FOUND, receive, numbers, who="receiver")
            return
        if over := [c for c in found if self.model.is_over(c, self.now)]:
            self.refused(ErrorCode.MESSAGE_NOT_FOUND, receive, numbers, who="receiver")
            for copy in over:
                self.model.end(copy)
            return
        messages = receive(numbers, now=self.now, who="receiver")
        assert [m.sequence_number for m in messages] == numbers
        for copy, message in zip(found, messages, strict=True):
            self.received(copy, message, how)

    @rule(pick=PICK)
    def receive_what_is_not_deferred(self, pick: int) -> None:
        deferred = {c.number for c in self.model.deferred() if not c.dead}
        others = sorted(set(range(self.model.last_number + 2)) - deferred)
        number = others[pick % len(others)]
        receive = self.queue.main.receive_deferred
        wanted = [*sorted(deferred), number]
        self.refused(ErrorCode.MESSAGE_NOT_FOUND, receive, wanted, who="receiver")

    @rule(seconds=st.sampled_from([1, 1, 1, 5, 20, 40, 70]))
    def advance(self, seconds: float) -> None:
        self.now += seconds
        self.namespace.run_due(self.now)
        self.model.catch_up(self.now)

    def received(self, copy: Copy, message: Message, how: str) -> None:
        if how == "take":
            self.model.copies.remove(copy)
            return
        assert message.lock_token is not None
        self.tokens.append(message.lock_token)
        self.model.hold(copy, message.lock_token, self.now)

    def refused(self, code: ErrorCode, call: Any, *args: Any, **named: Any) -> None:
        with pytest.raises(BrokerError) as caught:
            call(*args, now=self.now, **named)
        assert caught.value.code is code

    @invariant()
    def every_message_is_where_the_model_has_it(self) -> None:
        for dead in (False, True):
            there = [
                (m.sequence_number, m.state, m.delivery_count, m.lock_token, m.size_bytes)
                for m in self.subqueue(dead).messages
            ]
            copies = sorted(
                (c for c in self.model.copies if c.dead == dead), key=lambda c: c.number
            )
            assert there == [(c.number, c.state, c.count, c.token, c.size) for c in copies]

    @invariant()
    def counts_and_sizes_are_those_of_a_recount(self) -> None:
        copies = self.model.copies
        main = [c.state for c in copies if not c.dead]
        assert self.queue.receivable.counts() == MessageCounts(
            active=main.count(State.ACTIVE) + main.count(State.LOCKED),
            dead_letter=len(copies) - len(main),
            scheduled=main.count(State.SCHEDULED),
            transfer=0,
            transfer_dead_letter=0,
            deferred=main.count(State.DEFERRED) + main.count(State.DEFERRED_LOCKED),
            locked=sum(c.token is not None for c in copies),
            total=len(copies),
        )
        assert self.queue.size_bytes == sum(c.size for c in copies)

    def teardown(self) -> None:
        """Changes alone tell what is left."""
        self.namespace.report_accesses()
        self.namespace.run_due(self.now)
        again = restore(self.changes, Namespace("tutorial"))
        again.run_due(self.now)
        assert describe(again) == describe(self.namespace)

    @invariant()
    def timers_hold_what_the_model_waits_for(self) -> None:
        waits = [c.ends for c in self.model.copies if c.ends is not None]
        alive = [c.expires for c in self.model.copies if c.expires is not None and not c.dead]
        due = [at for at in waits + alive if at > self.now]
        assert self.namespace.next_deadline() == min(due, default=None)


QueueAgainstModel.TestCase.settings = settings(
    max_examples=examples(200), stateful_step_count=50, deadline=None
)
TestQueueAgainstModel = QueueAgainstModel.TestCase
