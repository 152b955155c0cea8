"""Sessions against what can be worked out from the messages alone, after every step."""

from itertools import count
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sbtutorial.broker.changes import Change
from sbtutorial.broker.descriptions import QueueDescription
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.namespace import Namespace
from sbtutorial.broker.states import MessageState as State
from sbtutorial.broker.subqueues.message_session import MessageSession
from sbtutorial.broker.subqueues.session_subqueue import SessionSubQueue
from sbtutorial.store.restore import restore
from tests.examples import examples
from tests.store.describing import describe, frozen

LOCK, MOST = 60.0, 3
IDS = st.sampled_from(["", "a", "b", "c"])
SETTLEMENTS = st.sampled_from(["complete", "abandon", "release", "defer", "dead_letter"])
PICK = st.integers(0, 100)


class Waiter:
    def __init__(self, machine: "SessionsAgainstMessages") -> None:
        self.who = "waiter"
        self.holder: object = None
        self.is_waiting = True
        self._machine = machine

    def accepted(self, session: MessageSession, *, now: float) -> None:
        assert self.is_waiting
        self.is_waiting = False
        self._machine.held.append(session)

    def refused(self, refusal: BrokerError) -> None:
        assert refusal.code is ErrorCode.TIMEOUT
        assert self.is_waiting
        self.is_waiting = False


class SessionsAgainstMessages(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        tokens = count(1)
        self.now = 1000.0
        self.changes: list[Change] = []
        self.namespace = Namespace(
            "tutorial",
            journal=lambda change: self.changes.append(frozen(change)),
            new_token=lambda: UUID(int=next(tokens)),
        )
        description = QueueDescription(requires_session=True, max_delivery_count=MOST)
        self.queue = self.namespace.create("tables", description, now=self.now)
        assert isinstance(self.queue.main, SessionSubQueue)
        self.subqueue = self.queue.main
        self.messages = self.subqueue.messages
        self.held: list[MessageSession] = []
        self.waiters: list[Waiter] = []
        self.states: set[str] = set()

    # -- What can be worked out --------------------------------------------------------------

    def ready(self, session_id: str) -> list[Message]:
        return [m for m in self.messages if m.session_id == session_id and m.state is State.ACTIVE]

    def free(self) -> list[Message]:
        """The ready messages that nobody's lock covers."""
        taken = {session.id for session in self.held if session.is_held}
        return [m for m in self.messages if m.state is State.ACTIVE and m.session_id not in taken]

    def pick(self, pick: int) -> MessageSession | None:
        self.held = [session for session in self.held if session.is_held]
        return self.held[pick % len(self.held)] if self.held else None

    # -- What happens ------------------------------------------------------------------------

    @rule(
        ids=st.lists(IDS, min_size=1, max_size=4),
        ttl=st.none() | st.sampled_from([20, 100]),
        delay=st.sampled_from([0, 0, 30]),
    )
    def send(self, ids: list[str], ttl: float | None, delay: float) -> None:
        at = self.now + delay if delay else None
        messages = [
            Message(None, size_bytes=1, session_id=i, time_to_live=ttl, scheduled_enqueue_at=at)
            for i in ids
        ]
        self.queue.ingress.send(messages, now=self.now)

    @rule(session_id=IDS)
    def accept(self, session_id: str) -> None:
        is_taken = session_id in {session.id for session in self.held if session.is_held}
        try:
            self.held.append(self.subqueue.accept(session_id, now=self.now, who="r"))
            assert not is_taken
        except BrokerError as refusal:
            assert is_taken
            assert refusal.code is ErrorCode.SESSION_CANNOT_BE_LOCKED

    @rule()
    def accept_next(self) -> None:
        free = self.free()
        session = self.subqueue.accept_next(now=self.now, who="r")
        assert (session.id if session else None) == (free[0].session_id if free else None)
        if session:
            self.held.append(session)

    @rule(seconds=st.sampled_from([10.0, 65.0]))
    def wait(self, seconds: float) -> None:
        if not self.free():
            self.waiters.append(Waiter(self))
            self.subqueue.wait(self.waiters[-1], seconds, now=self.now)

    @rule(pick=PICK)
    def stop_waiting(self, pick: int) -> None:
        if self.waiters:
            waiter = self.waiters.pop(pick % len(self.waiters))
            waiter.is_waiting = False
            self.subqueue.stop_waiting(waiter)

    @rule(pick=PICK)
    def receive(self, pick: int) -> None:
        if session := self.pick(pick):
            ready = self.ready(session.id)
            assert session.has_ready is bool(ready)
            message = session.peek_lock_next(now=self.now, who="r")
            assert message is (ready[0] if ready else None)

    @rule(pick=PICK, which=PICK, how=SETTLEMENTS)
    def settle(self, pick: int, which: int, how: str) -> None:
        session = self.pick(pick)
        if session and session.locked:
            token = list(session.locked)[which % len(session.locked)]
            settling = session.settling_subqueue(token, now=self.now).settling
            getattr(settling, how)(token, now=self.now)
            assert token not in session.locked

    @rule(pick=PICK)
    def receive_deferred(self, pick: int) -> None:
        if session := self.pick(pick):
            ours = [m for m in self.messages if m.session_id == session.id]
            numbers = [m.sequence_number for m in ours if m.state is State.DEFERRED]
            session.receive_deferred(numbers, now=self.now, who="r")

    @rule(pick=PICK, content=st.none() | st.binary(max_size=9))
    def set_state(self, pick: int, content: bytes | None) -> None:
        if session := self.pick(pick):
            session.set_state(content, now=self.now)
            self.states.discard(session.id)
            if content is not None:
                self.states.add(session.id)

    @rule(pick=PICK)
    def renew(self, pick: int) -> None:
        if session := self.pick(pick):
            assert session.renew(now=self.now) == self.now + LOCK

    @rule(pick=PICK)
    def let_go(self, pick: int) -> None:
        if session := self.pick(pick):
            before = {m: m.delivery_count for m in session.locked.values()}
            session.let_go(now=self.now)
            assert all(m.delivery_count == counted for m, counted in before.items())

    @rule(seconds=st.sampled_from([5.0, 30.0, 60.0]))
    def pass_time(self, seconds: float) -> None:
        at_risk = [
            (message, message.delivery_count)
            for session in self.held
            if session.is_held and session.locked_until <= self.now + seconds
            for message in session.locked.values()
        ]
        self.now += seconds
        self.namespace.run_due(self.now)
        assert all(m.delivery_count == counted + 1 for m, counted in at_risk)

    # -- What always holds -------------------------------------------------------------------

    @invariant()
    def nobody_waits_for_what_is_there(self) -> None:
        if any(waiter.is_waiting for waiter in self.waiters):
            assert self.free() == []

    @invariant()
    def messages_are_locked_with_their_session_only(self) -> None:
        locked = {m for m in self.messages if m.state in (State.LOCKED, State.DEFERRED_LOCKED)}
        held = [session for session in self.held if session.is_held]
        assert len({session.id for session in held}) == len(held)
        assert locked == {m for session in held for m in session.locked.values()}
        for session in held:
            for token, message in session.locked.items():
                assert (message.lock_token, message.session_id) == (token, session.id)
                assert message.locked_until == session.locked_until > self.now

    @invariant()
    def sessions_are_listed_that_have_messages_or_a_state(self) -> None:
        active = {m.session_id for m in self.messages if m.state in (State.ACTIVE, State.LOCKED)}
        assert self.messages.list_sessions(skip=0, top=9) == sorted(active | self.states)
        assert sorted(self.messages.list_updated_after(0, skip=0, top=9)) == sorted(self.states)

    def teardown(self) -> None:
        """Changes alone tell what is left."""
        self.namespace.report_accesses()
        self.namespace.run_due(self.now)
        again = restore(self.changes, Namespace("tutorial"))
        again.run_due(self.now)
        for waiter in self.waiters:
            self.subqueue.stop_waiting(waiter)
        assert describe(again) == describe(self.namespace)

    @invariant()
    def peeking_at_every_session_shows_every_message_once(self) -> None:
        seen = [m for i in ("", "a", "b", "c") for m in self.messages.peek_session(i, 0, 1000)]
        assert sorted(seen, key=lambda m: m.sequence_number) == list(self.messages)


TestSessionsAgainstMessages = SessionsAgainstMessages.TestCase
TestSessionsAgainstMessages.settings = settings(
    max_examples=examples(150), stateful_step_count=50, deadline=None
)
