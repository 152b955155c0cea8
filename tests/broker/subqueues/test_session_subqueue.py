"""Message sessions, as their holders and those who wait for one see them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from sbtutorial.broker.changes import ChangeKind, SessionChange
from sbtutorial.broker.descriptions import EntityStatus
from sbtutorial.broker.entities.queue import Queue
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.states import MessageState
from sbtutorial.broker.subqueues.message_session import MessageSession
from sbtutorial.broker.subqueues.session_subqueue import TOLD_AFTER_SECONDS, SessionSubQueue
from tests.broker.conftest import World, contents, make

LOCK = 60.0
NOTHING = UUID(int=0)


class Customer:
    """Waits for a session, and remembers what came of it."""

    def __init__(self, who: str = "waiter") -> None:
        self.who = who
        self.holder: object = self
        self.session: MessageSession | None = None
        self.refusal: BrokerError | None = None
        self.at = 0.0

    def accepted(self, session: MessageSession, *, now: float) -> None:
        self.session, self.at = session, now

    def refused(self, refusal: BrokerError) -> None:
        self.refusal = refusal


class Bench:
    """A queue with sessions in a world whose time stands still."""

    def __init__(self, world: World, **properties: Any) -> None:
        self.world = world
        self.queue = world.queue(
            "tables", requires_session=True, lock_duration=timedelta(seconds=LOCK), **properties
        )
        subqueue = self.queue.main
        assert isinstance(subqueue, SessionSubQueue)
        self.subqueue = subqueue

    @property
    def now(self) -> float:
        return self.world.now

    def send(self, session_id: str, *messages: object, **fields: Any) -> list[int]:
        return self.world.send(self.queue, *messages, session_id=session_id, **fields)

    def accept(self, session_id: str, who: str = "receiver") -> MessageSession:
        return self.subqueue.accept(session_id, now=self.now, who=who)

    def accept_next(self, who: str = "receiver") -> MessageSession | None:
        return self.subqueue.accept_next(now=self.now, who=who)

    def lock(self, session: MessageSession) -> Message:
        message = session.peek_lock_next(now=self.now, who=session.who)
        assert message is not None
        return message

    def wait(self, seconds: float = 65, who: str = "waiter") -> Customer:
        customer = Customer(who)
        self.subqueue.wait(customer, seconds, now=self.now)
        return customer

    def settle(self, session: MessageSession, message: Message, how: str, *args: Any) -> None:
        subqueue = session.settling_subqueue(token_of(message), now=self.now)
        getattr(subqueue.settling, how)(token_of(message), *args, now=self.now, who=session.who)

    def defer(self, session: MessageSession) -> int:
        message = self.lock(session)
        self.settle(session, message, "defer")
        return message.sequence_number


def token_of(message: Message) -> UUID:
    assert message.lock_token is not None
    return message.lock_token


def refused(code: ErrorCode, call: Callable[..., object], *args: Any, **named: Any) -> str:
    with pytest.raises(BrokerError) as caught:
        call(*args, **named)
    assert caught.value.code is code, caught.value
    return caught.value.message


@pytest.fixture
def bench(world: World) -> Bench:
    return Bench(world)


# -- What comes in -----------------------------------------------------------------------------


def test_a_message_without_a_session_id_is_refused_with_all_that_come_with_it(
    bench: Bench,
) -> None:
    pair = [make(session_id="1"), make(message_id="lost")]
    text = refused(ErrorCode.NOT_ALLOWED, bench.queue.ingress.send, pair, now=bench.now)
    assert "lost" in text and "tables" in text
    assert bench.queue.receivable.counts().total == 0


def test_a_queue_without_sessions_takes_messages_with_and_without_a_session_id(
    world: World, queue: Queue
) -> None:
    world.send(queue, "with", session_id="1")
    world.send(queue, "without")
    assert contents(queue.main) == ["with", "without"]


# -- Accepting by id ---------------------------------------------------------------------------


@pytest.mark.parametrize("session_id", ["1", "", "ünï ✓", "x" * 128])
def test_any_id_names_a_session_even_if_there_is_no_message_yet(
    bench: Bench, session_id: str
) -> None:
    session = bench.accept(session_id)
    assert session.peek_lock_next(now=bench.now, who="receiver") is None
    bench.send(session_id, "soup")
    assert bench.lock(session).content == "soup"


def test_the_session_without_a_name_is_not_the_next_one(bench: Bench) -> None:
    bench.send("1", "soup")
    bench.send("", "salad")
    assert bench.lock(bench.accept("")).content == "salad"


def test_an_id_that_is_too_long_is_refused(bench: Bench) -> None:
    assert "129" in refused(ErrorCode.ARGUMENT_ERROR, bench.accept, "x" * 129)


def test_of_two_receivers_that_race_for_one_session_one_gets_it(bench: Bench) -> None:
    bench.accept("1", who="first")
    text = refused(ErrorCode.SESSION_CANNOT_BE_LOCKED, bench.accept, "1", who="second")
    assert "'1'" in text and "'first'" in text


def test_no_session_is_accepted_while_the_queue_gives_nothing_out(bench: Bench) -> None:
    bench.world.update(bench.queue, requires_session=True, status=EntityStatus.RECEIVE_DISABLED)
    refused(ErrorCode.ENTITY_DISABLED, bench.accept, "1")
    refused(ErrorCode.ENTITY_DISABLED, bench.accept_next)


# -- Accepting the next one --------------------------------------------------------------------


def test_the_next_session_is_the_one_whose_first_message_is_the_oldest(bench: Bench) -> None:
    for session_id in ("b", "a", "b", "c"):
        bench.send(session_id, session_id)
    assert [bench.accept_next().id for _ in range(3)] == ["b", "a", "c"]  # type: ignore[union-attr]
    assert bench.accept_next() is None


def test_a_session_whose_messages_are_all_set_aside_or_to_come_is_not_next(bench: Bench) -> None:
    bench.send("deferred", "x")
    session = bench.accept("deferred")
    bench.defer(session)
    session.let_go(now=bench.now)
    bench.send("scheduled", "x", scheduled_enqueue_at=bench.now + 10)
    assert bench.accept_next() is None
    bench.world.pass_time(10)
    accepted = bench.accept_next()
    assert accepted is not None and accepted.id == "scheduled"


def test_a_session_whose_oldest_message_expired_stands_further_back(bench: Bench) -> None:
    bench.send("first", "brief", time_to_live=5)
    bench.send("second", "x")
    bench.send("first", "x")
    bench.world.pass_time(5)
    accepted = bench.accept_next()
    assert accepted is not None and accepted.id == "second"


def test_who_waits_gets_the_next_message_s_session_at_once(bench: Bench) -> None:
    waiter = bench.wait()
    bench.send("1", "soup", "salad")
    assert waiter.session is not None and waiter.session.id == "1"
    assert waiter.session.holder is waiter
    assert bench.lock(waiter.session).content == "soup"


def test_waiters_are_served_in_the_order_in_which_they_came(bench: Bench) -> None:
    first, second = bench.wait(), bench.wait()
    bench.send("1", "x")
    assert first.session is not None and second.session is None
    bench.send("2", "x")
    assert second.session is not None


def test_one_send_serves_as_many_waiters_as_it_has_sessions(bench: Bench) -> None:
    waiters = [bench.wait() for _ in range(3)]
    pair = [make(session_id="1"), make(session_id="2"), make(session_id="1")]
    bench.queue.ingress.send(pair, now=bench.now)
    assert [w.session.id if w.session else None for w in waiters] == ["1", "2", None]


def test_who_waits_gets_a_session_that_another_has_let_go(bench: Bench) -> None:
    bench.send("1", "x")
    session = bench.accept("1")
    waiter = bench.wait()
    session.let_go(now=bench.now)
    assert waiter.session is not None and waiter.session.id == "1"


def test_who_waits_gets_a_session_whose_lock_was_lost_with_its_messages_in_order(
    bench: Bench,
) -> None:
    bench.send("1", "first", "second")
    session = bench.accept("1")
    bench.lock(session), bench.lock(session)
    waiter = bench.wait()
    bench.world.pass_time(LOCK)
    assert waiter.session is not None
    again = [bench.lock(waiter.session) for _ in range(2)]
    assert [(m.content, m.delivery_count) for m in again] == [("first", 1), ("second", 1)]


def test_who_waits_gets_a_scheduled_message_when_its_time_comes(bench: Bench) -> None:
    bench.send("1", "x", scheduled_enqueue_at=bench.now + 30)
    waiter = bench.wait()
    bench.world.pass_time(31)
    assert waiter.session is not None
    assert waiter.at == bench.now - 1  # the instant at which the message became active


def test_waiting_ends_when_its_time_is_over(bench: Bench) -> None:
    waiter = bench.wait(65)
    bench.world.pass_time(64.9)
    assert waiter.refusal is None
    bench.world.pass_time(0.1)
    assert waiter.refusal is not None and waiter.refusal.code is ErrorCode.TIMEOUT
    assert "00:01:05" in waiter.refusal.message
    bench.send("1", "x")
    assert waiter.session is None


def test_who_has_gone_away_is_given_nothing(bench: Bench) -> None:
    gone, there = bench.wait(), bench.wait()
    bench.subqueue.stop_waiting(gone)
    bench.send("1", "x")
    assert gone.session is None and there.session is not None
    bench.world.pass_time(100)
    assert gone.refusal is None


def test_a_deleted_queue_sends_waiters_away_and_ends_what_is_held(bench: Bench) -> None:
    bench.send("1", "x")
    session = bench.accept("1")
    told: list[MessageSession] = []
    session.listeners.append(told.append)
    waiter = bench.wait()
    bench.world.namespace.delete(bench.world.namespace.directory.queue("tables"), now=bench.now)
    assert waiter.refusal is not None and waiter.refusal.code is ErrorCode.ENTITY_NOT_FOUND
    assert told == [session]
    assert session.ending is not None and session.ending.code is ErrorCode.ENTITY_NOT_FOUND
    session.let_go(now=bench.now)
    bench.world.pass_time(LOCK)
    assert ChangeKind.SESSION_LOCK_LOST not in bench.world.kinds()


def test_a_reset_sends_waiters_away_and_leaves_no_timer(bench: Bench) -> None:
    bench.accept("1")
    waiter = bench.wait()
    bench.world.namespace.reset(now=bench.now)
    assert waiter.refusal is not None
    bench.subqueue.stop_waiting(waiter)
    assert bench.world.namespace.next_deadline() is None


def test_who_waits_and_who_holds_is_sent_away_when_the_queue_is_disabled(bench: Bench) -> None:
    bench.send("1", "x")
    held = bench.accept("1")
    waiter = bench.wait()
    disabled = {"requires_session": True, "status": EntityStatus.RECEIVE_DISABLED}
    bench.world.update(bench.queue, **disabled)
    for refusal in (waiter.refusal, held.ending):
        assert refusal is not None
        assert refusal.code is ErrorCode.ENTITY_DISABLED
    assert bench.world.namespace.next_deadline() == held.locked_until
    held.let_go(now=bench.now)
    bench.world.update(bench.queue, requires_session=True)
    assert held.ending is not None  # as a lock that was given back
    assert bench.accept("1").ending is None


# -- Delivery ----------------------------------------------------------------------------------


def test_only_the_holder_gets_a_session_s_messages_and_in_their_order(bench: Bench) -> None:
    for number in range(3):
        bench.send("a", f"a{number}")
        bench.send("b", f"b{number}")
    one, other = bench.accept("a"), bench.accept("b")
    assert [bench.lock(one).content for _ in range(3)] == ["a0", "a1", "a2"]
    assert [bench.lock(other).content for _ in range(3)] == ["b0", "b1", "b2"]


def test_a_plain_receiver_gets_nothing(bench: Bench) -> None:
    (number,) = bench.send("1", "x")
    plain = {"now": bench.now, "who": "plain"}
    for refused_call in (bench.subqueue.peek_lock_next, bench.subqueue.receive_and_delete_next):
        assert "requires sessions" in refused(ErrorCode.NOT_ALLOWED, refused_call, **plain)
    refused(ErrorCode.NOT_ALLOWED, bench.subqueue.receive_deferred, [number], **plain)
    refused(ErrorCode.NOT_ALLOWED, bench.subqueue.receive_and_delete_deferred, [number], **plain)


def test_a_listener_is_told_of_its_own_session_only(bench: Bench) -> None:
    session = bench.accept("mine")
    told: list[MessageSession] = []
    session.listeners.append(told.append)
    bench.send("other", "x")
    assert told == []
    bench.send("mine", "x")
    assert told == [session]
    assert session.has_ready


def test_receive_and_delete_takes_from_the_session(bench: Bench) -> None:
    bench.send("1", "soup")
    bench.send("2", "salad")
    session = bench.accept("2")
    message = session.receive_and_delete_next(now=bench.now, who="receiver")
    assert message is not None and message.content == "salad"
    assert session.receive_and_delete_next(now=bench.now, who="receiver") is None
    assert contents(bench.subqueue) == ["soup"]


def test_an_abandoned_message_returns_ahead_and_counts(bench: Bench) -> None:
    bench.send("1", "soup", "salad")
    session = bench.accept("1")
    bench.settle(session, bench.lock(session), "abandon")
    again = bench.lock(session)
    assert (again.content, again.delivery_count) == ("soup", 1)


def test_the_message_that_failed_too_often_goes_to_a_plain_dead_letter_queue(world: World) -> None:
    bench = Bench(world, max_delivery_count=2)
    bench.send("1", "soup")
    session = bench.accept("1")
    for _ in range(2):
        bench.settle(session, bench.lock(session), "abandon")
    dead = world.lock(bench.queue.dead_letter)
    assert (dead.content, dead.session_id, dead.delivery_count) == ("soup", "1", 2)
    bench.queue.dead_letter.settling.complete(token_of(dead), now=bench.now)


def test_a_message_is_settled_in_its_own_session_only(bench: Bench) -> None:
    bench.send("1", "soup")
    one, other = bench.accept("1"), bench.accept("2")
    message = bench.lock(one)
    refused(ErrorCode.MESSAGE_LOCK_LOST, bench.settle, other, message, "complete")
    bench.settle(one, message, "complete")
    assert bench.queue.receivable.counts().total == 0


@pytest.mark.parametrize("how", ["complete", "release", "defer", "dead_letter"])
def test_a_message_is_settled_once(bench: Bench, how: str) -> None:
    bench.send("1", "soup")
    session = bench.accept("1")
    token = token_of(bench.lock(session))
    getattr(session.settling_subqueue(token, now=bench.now).settling, how)(token, now=bench.now)
    refused(ErrorCode.MESSAGE_LOCK_LOST, session.settling_subqueue, token, now=bench.now)


def test_a_locked_message_shows_the_end_of_the_session_s_lock(bench: Bench) -> None:
    bench.send("1", "soup")
    session = bench.accept("1")
    bench.world.pass_time(10)
    message = bench.lock(session)
    assert message.locked_until == session.locked_until == bench.now + LOCK - 10
    assert message.lock_timer is None


# -- The session's lock ------------------------------------------------------------------------


def test_the_lock_of_a_message_cannot_be_renewed_by_itself(bench: Bench) -> None:
    bench.send("1", "soup")
    token = token_of(bench.lock(bench.accept("1")))
    assert "session" in refused(
        ErrorCode.NOT_ALLOWED, bench.subqueue.renew_lock, token, now=bench.now
    )
    refused(ErrorCode.MESSAGE_LOCK_LOST, bench.subqueue.renew_lock, NOTHING, now=bench.now)


def test_renewal_moves_the_end_for_all_that_is_unsettled(bench: Bench) -> None:
    bench.send("1", "soup")
    session = bench.accept("1")
    message = bench.lock(session)
    bench.world.pass_time(LOCK - 1)
    until = session.renew(now=bench.now)
    assert until == session.locked_until == message.locked_until == bench.now + LOCK
    bench.world.pass_time(LOCK - 1)
    bench.settle(session, message, "complete")
    bench.world.pass_time(1)
    refused(ErrorCode.SESSION_LOCK_LOST, session.renew, now=bench.now)


def test_a_lock_that_runs_out_counts_as_a_failure_of_what_is_unsettled(bench: Bench) -> None:
    bench.send("1", "soup", "salad", "cake")
    session = bench.accept("1")
    done = bench.lock(session)
    bench.settle(session, done, "complete")
    bench.lock(session)
    bench.world.pass_time(LOCK)
    again = bench.accept("1", who="other")
    pair = [bench.lock(again), bench.lock(again)]
    assert [(m.content, m.delivery_count) for m in pair] == [("salad", 1), ("cake", 0)]


def test_a_lock_that_runs_out_dead_letters_what_failed_too_often(world: World) -> None:
    bench = Bench(world, max_delivery_count=1)
    bench.send("1", "soup", "salad")
    session = bench.accept("1")
    bench.lock(session)
    world.pass_time(LOCK)
    assert contents(bench.queue.dead_letter) == ["soup"]
    assert contents(bench.subqueue) == ["salad"]


def test_the_holder_is_told_that_its_lock_was_lost_and_why(bench: Bench) -> None:
    session = bench.accept("1")
    told: list[MessageSession] = []
    session.listeners.append(told.append)
    assert session.ending is None
    bench.world.pass_time(LOCK)
    assert not session.is_held
    assert bench.accept("1").is_held
    assert told == []  # who waits as long as the lock lasts has gone by itself
    bench.world.pass_time(TOLD_AFTER_SECONDS)
    assert told == [session]
    assert session.ending is not None
    assert session.ending.code is ErrorCode.SESSION_LOCK_LOST
    assert "'1'" in session.ending.message and "tables" in session.ending.message


def test_a_holder_with_an_unsettled_message_is_told_at_once(bench: Bench) -> None:
    bench.send("1", "soup")
    session = bench.accept("1")
    bench.lock(session)
    told: list[MessageSession] = []
    session.listeners.append(told.append)
    bench.world.pass_time(LOCK)
    assert told == [session]


def test_a_holder_that_broke_off_is_on_record_and_its_session_is_free(bench: Bench) -> None:
    bench.send("1", "soup", "steak")
    session = bench.accept("1", who="waiter")
    tokens = [token_of(bench.lock(session))]
    bench.world.changes.clear()
    session.receiver_gone(tokens, now=bench.now, who="waiter")
    changes = [(change.kind, change.sequence_number) for change in bench.world.changes]
    assert changes[0] == (ChangeKind.RECEIVER_GONE, 1)
    assert (ChangeKind.RELEASED, 1) in changes
    assert bench.accept("1").is_held


def test_a_holder_who_leaves_after_the_lock_is_not_told(bench: Bench) -> None:
    session = bench.accept("1")
    session.listeners.append(lambda _: pytest.fail("it has gone"))
    bench.world.pass_time(LOCK)
    session.let_go(now=bench.now)
    bench.world.pass_time(TOLD_AFTER_SECONDS)


@pytest.mark.parametrize("what", ["delete", "reset"])
def test_a_holder_is_told_of_the_queue_s_end_though_its_lock_is_over(
    bench: Bench, what: str
) -> None:
    session = bench.accept("1")
    told: list[MessageSession] = []
    session.listeners.append(told.append)
    bench.world.pass_time(LOCK)
    namespace = bench.world.namespace
    if what == "delete":
        namespace.delete(bench.queue, now=bench.now)
    else:
        namespace.reset(now=bench.now)
    assert told == [session]
    assert session.ending is not None
    assert session.ending.code is ErrorCode.ENTITY_NOT_FOUND
    bench.world.pass_time(TOLD_AFTER_SECONDS)
    assert told == [session]


def test_who_completes_at_the_very_end_of_the_lock_is_too_late(bench: Bench) -> None:
    bench.send("1", "soup")
    session = bench.accept("1")
    message = bench.lock(session)
    token = token_of(message)
    bench.world.now += LOCK  # and nothing has run yet
    refused(ErrorCode.SESSION_LOCK_LOST, session.settling_subqueue, token, now=bench.now)
    assert (message.state, message.delivery_count) == (MessageState.ACTIVE, 1)


def test_a_lost_session_gives_out_nothing_and_keeps_nothing(bench: Bench) -> None:
    bench.send("1", "soup")
    session = bench.accept("1")
    number = bench.defer(session)
    bench.send("1", "salad")
    bench.world.now += LOCK
    named = {"now": bench.now, "who": "late"}
    assert session.peek_lock_next(**named) is session.receive_and_delete_next(**named) is None
    refused(ErrorCode.SESSION_LOCK_LOST, session.receive_deferred, [number], **named)
    refused(ErrorCode.SESSION_LOCK_LOST, session.state, now=bench.now)
    refused(ErrorCode.SESSION_LOCK_LOST, session.set_state, b"x", now=bench.now)
    assert not session.has_ready


def test_letting_go_returns_what_is_unsettled_untried(bench: Bench) -> None:
    bench.send("1", "soup", "salad")
    session = bench.accept("1")
    token = token_of(bench.lock(session))
    session.let_go(now=bench.now)
    session.let_go(now=bench.now)  # a second goodbye changes nothing
    refused(ErrorCode.SESSION_LOCK_LOST, session.settling_subqueue, token, now=bench.now)
    again = bench.accept("1", who="other")
    assert [bench.lock(again).delivery_count for _ in range(2)] == [0, 0]
    assert bench.world.kinds().count(ChangeKind.RELEASED) == 1


def test_a_message_that_comes_while_its_holder_leaves_goes_to_the_next_one(bench: Bench) -> None:
    session = bench.accept("1", who="leaving")
    waiter = bench.wait()
    session.listeners.append(lambda held: held.let_go(now=bench.now))  # closes on delivery
    bench.send("1", "soup")
    assert waiter.session is not None
    assert bench.lock(waiter.session).content == "soup"


def test_the_end_of_an_old_lock_does_not_touch_the_next_holder(bench: Bench) -> None:
    bench.accept("1").let_go(now=bench.now)
    bench.world.pass_time(LOCK - 1)
    second = bench.accept("1")
    bench.world.pass_time(1)
    assert second.is_held


# -- Deferral ----------------------------------------------------------------------------------


def test_a_deferred_message_is_received_by_the_session_s_holder(bench: Bench) -> None:
    bench.send("1", "soup", "salad")
    session = bench.accept("1")
    numbers = [bench.defer(session), bench.defer(session)]
    pair = session.receive_deferred(reversed(numbers), now=bench.now, who="receiver")
    assert [message.content for message in pair] == ["salad", "soup"]
    bench.settle(session, pair[0], "complete")
    bench.settle(session, pair[1], "abandon")
    assert (pair[1].state, pair[1].delivery_count) == (MessageState.DEFERRED, 2)
    (taken,) = session.receive_and_delete_deferred([numbers[0]], now=bench.now, who="receiver")
    assert taken.content == "soup"
    assert bench.queue.receivable.counts().total == 0


def test_a_deferred_message_stays_with_its_session(bench: Bench) -> None:
    bench.send("1", "soup")
    bench.send("2", "salad")
    one, other = bench.accept("1"), bench.accept("2")
    numbers = [bench.defer(one), bench.defer(other)]
    named = {"now": bench.now, "who": "receiver"}
    text = refused(ErrorCode.MESSAGE_NOT_FOUND, one.receive_deferred, numbers, **named)
    assert "'2'" in text
    assert bench.subqueue.messages.count(MessageState.DEFERRED) == 2


@pytest.mark.parametrize(("is_lost", "count"), [(True, 2), (False, 1)])
def test_a_deferred_message_returns_deferred_when_the_session_ends(
    bench: Bench, is_lost: bool, count: int
) -> None:
    bench.send("1", "soup")
    session = bench.accept("1")
    (message,) = session.receive_deferred([bench.defer(session)], now=bench.now, who="receiver")
    if is_lost:
        bench.world.pass_time(LOCK)
    else:
        session.let_go(now=bench.now)
    assert (message.state, message.delivery_count) == (MessageState.DEFERRED, count)
    assert bench.accept_next() is None


# -- State -------------------------------------------------------------------------------------


def test_a_state_outlives_locks_and_messages_until_it_is_cleared(bench: Bench) -> None:
    session = bench.accept("1")
    assert session.state(now=bench.now) is None
    session.set_state(b"two guests", now=bench.now)
    session.let_go(now=bench.now)
    again = bench.accept("1")
    assert again.state(now=bench.now) == b"two guests"
    again.set_state(b"", now=bench.now)
    assert again.state(now=bench.now) == b""
    again.set_state(None, now=bench.now)
    assert again.state(now=bench.now) is None


def test_a_state_counts_towards_the_size_of_the_queue(bench: Bench) -> None:
    session = bench.accept("1")
    sizes = []
    for state in (b"x" * 100, b"x" * 30, None):
        session.set_state(state, now=bench.now)
        sizes.append(bench.queue.size_bytes)
    assert sizes == [100, 30, 0]


def test_a_state_may_be_as_large_as_a_message(bench: Bench) -> None:
    session = bench.accept("1")
    most = bench.queue.limits.max_message_bytes
    session.set_state(b"x" * most, now=bench.now)
    text = refused(
        ErrorCode.MESSAGE_SIZE_EXCEEDED, session.set_state, b"x" * (most + 1), now=bench.now
    )
    assert str(most + 1) in text
    assert session.state(now=bench.now) == b"x" * most


# -- Looking -----------------------------------------------------------------------------------


def test_peek_shows_one_session_or_all_in_any_state(bench: Bench) -> None:
    bench.send("a", "deferred", "locked", "ready")
    bench.send("b", "other")
    bench.send("a", "later", scheduled_enqueue_at=bench.now + 10)
    session = bench.accept("a")
    bench.defer(session)
    bench.lock(session)
    messages = bench.subqueue.messages
    seen = messages.peek_session("a", 1, 10)
    assert [message.content for message in seen] == ["deferred", "locked", "ready", "later"]
    assert [m.content for m in messages.peek_session("a", 2, 2)] == [
        "locked",
        "ready",
    ]
    assert bench.subqueue.messages.peek_session("c", 1, 10) == []
    assert [m.content for m in bench.subqueue.messages.peek(4, 10)] == ["other", "later"]
    bench.world.pass_time(10)
    assert [m.sequence_number for m in bench.subqueue.messages.peek_session("a", 4, 10)] == [6]


def test_sessions_are_listed_that_have_active_messages_or_a_state(bench: Bench) -> None:
    bench.send("ready", "x")
    bench.send("locked", "x")
    bench.lock(bench.accept("locked"))
    bench.send("deferred", "x")
    bench.defer(bench.accept("deferred"))
    bench.send("scheduled", "x", scheduled_enqueue_at=bench.now + 10)
    bench.accept("stateful").set_state(b"x", now=bench.now)
    bench.accept("empty")
    assert bench.subqueue.messages.list_sessions(skip=0, top=100) == ["locked", "ready", "stateful"]
    assert bench.subqueue.messages.list_sessions(skip=1, top=1) == ["ready"]
    assert bench.subqueue.messages.list_sessions(skip=3, top=100) == []


def test_a_session_is_listed_no_more_when_its_last_message_and_its_state_are_gone(
    bench: Bench,
) -> None:
    bench.send("1", "x")
    session = bench.accept("1")
    session.set_state(b"x", now=bench.now)
    bench.settle(session, bench.lock(session), "complete")
    session.let_go(now=bench.now)
    assert bench.subqueue.messages.list_sessions(skip=0, top=100) == ["1"]
    bench.accept("1").set_state(None, now=bench.now)
    assert bench.subqueue.messages.list_sessions(skip=0, top=100) == []


def test_sessions_are_listed_by_when_their_state_was_set_strictly_later(bench: Bench) -> None:
    sessions = [bench.accept(session_id) for session_id in "cba"]
    for session in sessions:
        bench.world.pass_time(10)
        session.set_state(b"x", now=bench.now)
    start = bench.now
    assert bench.subqueue.messages.list_updated_after(0, skip=0, top=100) == ["c", "b", "a"]
    assert bench.subqueue.messages.list_updated_after(start - 10, skip=0, top=100) == ["a"]
    assert bench.subqueue.messages.list_updated_after(start - 10.1, skip=1, top=1) == ["a"]
    assert bench.subqueue.messages.list_updated_after(start, skip=0, top=100) == []
    sessions[0].set_state(None, now=bench.now)
    assert bench.subqueue.messages.list_updated_after(0, skip=0, top=100) == ["b", "a"]


# -- What else there is to know -----------------------------------------------------------------


def test_what_happens_to_sessions_is_reported(bench: Bench) -> None:
    bench.send("1", "x")
    session = bench.accept("1", who="cook")
    session.renew(now=bench.now)
    session.set_state(b"hot", now=bench.now)
    bench.lock(session)
    session.let_go(now=bench.now)
    bench.accept("1", who="cook")
    bench.world.pass_time(LOCK)
    told = [change for change in bench.world.changes if change.kind.startswith("session")]
    assert [change.kind for change in told] == [
        ChangeKind.SESSION_LOCKED,
        ChangeKind.SESSION_LOCK_RENEWED,
        ChangeKind.SESSION_STATE_SET,
        ChangeKind.SESSION_UNLOCKED,
        ChangeKind.SESSION_LOCKED,
        ChangeKind.SESSION_LOCK_LOST,
    ]
    assert {(change.who, change.detail, change.entity) for change in told} == {
        ("cook", "1", "tables")
    }
    assert isinstance(told[2], SessionChange)
    assert told[2].state == b"hot"


def test_time_to_live_ends_in_a_held_session_too(bench: Bench) -> None:
    bench.send("1", "locked", "ready", time_to_live=10)
    session = bench.accept("1")
    message = bench.lock(session)
    bench.world.pass_time(10)
    assert contents(bench.subqueue) == ["locked"]
    bench.settle(session, message, "abandon")
    assert bench.queue.receivable.counts().total == 0


def test_a_queue_with_a_holder_or_a_waiter_is_not_idle(world: World) -> None:
    bench = Bench(world, auto_delete_on_idle=timedelta(minutes=5))
    session = bench.accept("1")
    for _ in range(10):
        world.pass_time(50)
        session.renew(now=bench.now)
    waiter = bench.wait(400)
    session.let_go(now=bench.now)
    world.pass_time(399)
    assert not bench.queue.context.deleted
    bench.subqueue.stop_waiting(waiter)
    world.pass_time(600)
    assert bench.queue.context.deleted


def test_sessions_that_are_done_leave_nothing_behind(bench: Bench) -> None:
    for number in range(200):
        bench.send(str(number), "x")
    while session := bench.accept_next():
        bench.settle(session, bench.lock(session), "complete")
        session.let_go(now=bench.now)
    assert len(bench.subqueue.messages._entries) == 0
    assert len(bench.subqueue.messages._by_session) == 0
    assert bench.subqueue.messages.list_sessions(skip=0, top=1000) == []
    assert bench.world.namespace.next_deadline() is None


# -- A holder with very many messages ------------------------------------------------------------


def held_by_one(bench: Bench, count: int = 350) -> MessageSession:
    """A session with very many messages at its holder; somebody has to step its end."""
    bench.send("1", *range(count))
    session = bench.accept("1", who="cook")
    for _ in range(count):
        bench.lock(session)
    bench.world.namespace.background.on_added = lambda: None
    bench.world.changes.clear()
    return session


def kinds(bench: Bench) -> list[ChangeKind]:
    return [change.kind for change in bench.world.changes]


@pytest.mark.parametrize(
    ("seconds", "message_change", "session_change", "counted"),
    [
        (0, ChangeKind.RELEASED, ChangeKind.SESSION_UNLOCKED, 0),
        (LOCK, ChangeKind.LOCK_EXPIRED, ChangeKind.SESSION_LOCK_LOST, 1),
    ],
    ids=["let go", "run out"],
)
def test_very_many_messages_are_put_back_some_at_a_time_before_the_session_is_free(
    bench: Bench,
    seconds: float,
    message_change: ChangeKind,
    session_change: ChangeKind,
    counted: int,
) -> None:
    session = held_by_one(bench)
    waiter = bench.wait(900)
    bench.world.pass_time(seconds)
    session.let_go(now=bench.now)
    background = bench.world.namespace.background
    refused(ErrorCode.SESSION_LOCK_LOST, session.renew, now=bench.now)
    while background:
        before = len(kinds(bench))
        background.step()
        assert len(kinds(bench)) - before <= 102
        if background:
            refused(ErrorCode.SESSION_CANNOT_BE_LOCKED, bench.accept, "1")
            assert waiter.session is None
    locked_again = ChangeKind.SESSION_LOCKED
    assert kinds(bench) == [message_change] * 350 + [session_change, locked_again]
    assert waiter.session is not None
    messages = [bench.lock(waiter.session) for _ in range(350)]
    assert [message.content for message in messages] == list(range(350))
    assert {message.delivery_count for message in messages} == {counted}


def test_a_session_whose_messages_are_being_put_back_goes_with_its_queue(bench: Bench) -> None:
    session = held_by_one(bench)
    session.let_go(now=bench.now)
    bench.world.namespace.background.step()
    bench.world.namespace.delete(bench.queue, now=bench.now)
    while bench.world.namespace.background:
        bench.world.namespace.background.step()
    assert kinds(bench) == [ChangeKind.RELEASED] * 100 + [ChangeKind.QUEUE_DELETED]
    assert bench.world.namespace.next_deadline() is None


def test_a_renewed_session_moves_the_end_of_all_that_is_under_it(bench: Bench) -> None:
    session = held_by_one(bench)
    bench.world.pass_time(10)
    until = session.renew(now=bench.now)
    assert {message.locked_until for message in bench.subqueue.messages} == {until}


def test_a_holder_that_broke_off_is_on_record_with_each_of_very_many(bench: Bench) -> None:
    session = held_by_one(bench)
    session.receiver_gone([], now=bench.now, who="cook")
    while bench.world.namespace.background:
        bench.world.namespace.background.step()
    for number in range(1, 351):
        of_one = [one for one in bench.world.changes if one.sequence_number == number]
        assert [one.kind for one in of_one] == [ChangeKind.RECEIVER_GONE, ChangeKind.RELEASED]
        assert of_one[0].who == "cook"
