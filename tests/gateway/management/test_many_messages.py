"""Requests about very many messages: all or none as ever, and a little of them in each turn."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest

from sbtutorial.amqp.events import DispositionReceived, MessageReceived
from sbtutorial.amqp.messaging import (
    AMQP_VALUE,
    APPLICATION_PROPERTIES,
    DATA,
    MESSAGE_ANNOTATIONS,
    Properties,
    Source,
    Target,
    encode_section,
    split_sections,
)
from sbtutorial.amqp.types import Array, Int, Long, Symbol, Timestamp, UInt, decode
from sbtutorial.broker.changes import Change
from sbtutorial.broker.entities.queue import Queue
from sbtutorial.broker.errors import BrokerError
from sbtutorial.broker.limits import PREMIUM
from sbtutorial.broker.namespace import Namespace
from sbtutorial.store.restore import restore
from sbtutorial.store.stepped import ListKeeper, SteppedStore
from sbtutorial.store.store import OnSafe
from sbtutorial.testing import SteppedBroker
from tests.gateway.counting_store import CountingStore
from tests.gateway.talk import Talk

MANY = 1500
# In one turn: what jobs may do, and a few more.
MOST_CHANGES_A_TURN = 350


class Bench:
    """A queue with very many messages, and a client that asks about all of them."""

    def __init__(self, store: SteppedStore | None = None, **properties: Any) -> None:
        self.changes: list[int] = []
        self.broker = SteppedBroker(limits=PREMIUM, store=store or CountingStore(self.changes))
        self.talk = Talk(self.broker)
        self.queue: Queue = self.talk.make_queue(**properties)
        self.talk.make_queue("others")
        self.other = Talk(self.broker, who="other")
        self.others = self.other.attach_sender("others")
        self.answers = self._attach("attach_receiver", "orders/$management", "here")
        self.requests = self._attach("attach_sender", "here", "orders/$management")
        self.talk.pump()
        self.answers.grant(10)
        self.talk.pump()
        self.changes.clear()

    def _attach(self, kind: str, source: str, target: str) -> Any:
        return getattr(self.talk.session, kind)(
            f"{source} to {target}", source=Source(source), target=Target(target)
        )

    def fill(self, count: int = MANY, **properties: Any) -> None:
        sender = self.talk.attach_sender()
        payload = Properties(**properties).encode() + encode_section(DATA, b"x")
        for number in range(count):
            sender.send(payload, delivery_tag=b"%d" % number, settled=True)
            if number % 500 == 499:
                self.talk.pump()
        self.talk.pump()

    def lock_all(self) -> list[UUID]:
        tokens = []
        with self.broker.reactor.turn() as now:
            while message := self.queue.main.peek_lock_next(now=now, who="locks"):
                tokens.append(message.lock_token)
        return tokens

    def defer_all(self) -> list[int]:
        with self.broker.reactor.turn() as now:
            while message := self.queue.main.peek_lock_next(now=now, who="locks"):
                assert message.lock_token is not None
                self.queue.main.settling.defer(message.lock_token, now=now)
        return [message.sequence_number for message in self.queue.main.messages]

    def ask(self, operation: str, body: dict[str, Any]) -> None:
        """Have a request wait at the broker, without a turn."""
        named = {"operation": f"com.microsoft:{operation}"}
        payload = (
            Properties(message_id="1").encode()
            + encode_section(APPLICATION_PROPERTIES, named)
            + encode_section(AMQP_VALUE, body)
        )
        self.requests.send(payload, delivery_tag=b"r", settled=True)
        self.talk.endpoint.receive_data(self.talk.client.data_to_send())
        self.changes.clear()

    def step(self, turns: int) -> None:
        for _ in range(turns):
            assert self.broker.step()

    def answer(self) -> tuple[dict[str, Any], Any]:
        """What came of it, when it is done."""
        self.talk.pump()
        found = [one for one in self.talk.of(MessageReceived) if one.link is self.answers]
        sections = split_sections(found[-1].payload)
        assert sections.application_properties is not None
        status = decode(sections.application_properties)[0].value
        return status, decode(sections.body)[0].value

    def answered(self, most_changes: int = MOST_CHANGES_A_TURN) -> Any:
        """The body of an answer for which nobody else had to wait, whatever it was about."""
        self.step(3)
        assert not self.has_answer()
        sent = self.others.send(encode_section(DATA, b"x"), delivery_tag=b"o", settled=False)
        self.other.endpoint.receive_data(self.other.client.data_to_send())
        self.step(2)
        self.other.wire.read()
        verdicts = self.other.of(DispositionReceived)
        assert [one.delivery_id for one in verdicts] == [sent]
        assert not self.has_answer()
        status, body = self.answer()
        assert status["statusCode"] == 200
        assert max(self.changes) <= most_changes
        return body

    def has_answer(self) -> bool:
        self.talk.wire.read()
        return any(one.link is self.answers for one in self.talk.of(MessageReceived))


def entries(bench: Bench, count: int) -> list[dict[str, Any]]:
    at = Timestamp(round((bench.broker.clock.wall() + 60) * 1000))
    later = encode_section(MESSAGE_ANNOTATIONS, {Symbol("x-opt-scheduled-enqueue-time"): at})
    return [
        {
            "message-id": f"m{number}",
            "message": later + Properties(message_id=f"m{number}").encode(),
        }
        for number in range(count)
    ]


# -- Nobody waits -----------------------------------------------------------------------------


def test_scheduling_very_many_keeps_nobody_waiting_and_keeps_their_order() -> None:
    bench = Bench()
    bench.ask("schedule-message", {"messages": entries(bench, MANY)})
    # All are in one turn: what ends the broker leaves all or none.
    answered = bench.answered(MANY + MOST_CHANGES_A_TURN)
    assert answered == {"sequence-numbers": list(range(1, MANY + 1))}
    assert max(bench.changes) >= MANY
    there = bench.queue.main.messages.peek(1, MANY)
    assert [one.message_id for one in there] == [f"m{number}" for number in range(MANY)]


@pytest.mark.parametrize("mode", [0, 1], ids=["receive-and-delete", "peek-lock"])
def test_receiving_very_many_by_number_keeps_nobody_waiting(mode: int) -> None:
    bench = Bench()
    bench.fill()
    numbers = bench.defer_all()
    bench.ask("receive-by-sequence-number", by_number(reversed(numbers), mode))
    messages = bench.answered()["messages"]
    assert [sequence_number(one["message"]) for one in messages] == numbers[::-1]
    tokens = {one.get("lock-token") for one in messages}
    assert len(tokens) == (MANY if mode else 1)
    assert bench.queue.receivable.counts().locked == (MANY if mode else 0)
    assert bench.queue.receivable.counts().total == (MANY if mode else 0)


@pytest.mark.parametrize(
    ("status", "active", "total"), [("completed", 0, 0), ("abandoned", MANY, MANY)]
)
def test_settling_very_many_keeps_nobody_waiting(status: str, active: int, total: int) -> None:
    bench = Bench()
    bench.fill()
    tokens = Array(bench.lock_all())
    bench.ask("update-disposition", {"disposition-status": status, "lock-tokens": tokens})
    bench.answered(MANY + MOST_CHANGES_A_TURN)
    counts = bench.queue.receivable.counts()
    assert (counts.active, counts.locked, counts.total) == (active, 0, total)


def test_the_more_is_laid_over_messages_the_fewer_of_them_are_settled_in_one_turn() -> None:
    bench = Bench()
    bench.fill()
    asked = {
        "disposition-status": "abandoned",
        "lock-tokens": Array(bench.lock_all()),
        "properties-to-modify": {"note": "v" * 30_000},
    }
    bench.ask("update-disposition", asked)
    bench.answered()
    assert sum(bench.changes) >= MANY
    counts = bench.queue.receivable.counts()
    assert (counts.active, counts.locked) == (MANY, 0)


def test_renewing_very_many_keeps_nobody_waiting() -> None:
    bench = Bench()
    bench.fill()
    tokens = bench.lock_all()
    bench.broker.tick(20)
    bench.ask("renew-lock", {"lock-tokens": Array(tokens)})
    ends = bench.answered(MANY + MOST_CHANGES_A_TURN)["expirations"]
    assert len(ends) == MANY
    bench.broker.tick(29)
    assert bench.queue.receivable.counts().locked == MANY
    bench.broker.tick(2)
    assert bench.queue.receivable.counts().locked == 0


def test_cancelling_very_many_keeps_nobody_waiting() -> None:
    bench = Bench()
    bench.ask("schedule-message", {"messages": entries(bench, MANY)})
    bench.talk.pump()
    bench.talk.wire.events.clear()
    bench.ask("cancel-scheduled-message", {"sequence-numbers": longs(range(1, MANY + 1))})
    # All are in one turn: what ends the broker leaves all or none.
    bench.answered(MANY + MOST_CHANGES_A_TURN)
    assert max(bench.changes) >= MANY
    assert bench.queue.receivable.counts().total == 0
    assert bench.broker.namespace.next_deadline() is None


def test_purging_very_many_keeps_nobody_waiting() -> None:
    bench = Bench()
    bench.fill()
    bench.ask("batch-delete-messages", purge(bench, MANY - 100))
    assert bench.answered() == {"message-count": MANY - 100}
    left = [one.sequence_number for one in bench.queue.main.messages]
    assert left == list(range(MANY - 99, MANY + 1))


def test_a_purge_leaves_what_comes_while_it_is_under_way() -> None:
    bench = Bench()
    bench.fill()
    bench.ask("batch-delete-messages", purge(bench, 4000))
    bench.step(2)
    with bench.broker.reactor.turn() as now:
        (message,) = bench.queue.main.messages.peek(MANY, 1)
        bench.queue.ingress.send([message.copy()], now=now)
    assert bench.answer()[1] == {"message-count": MANY}
    assert [one.sequence_number for one in bench.queue.main.messages] == [MANY + 1]


# -- All or none ------------------------------------------------------------------------------


def test_one_bad_message_keeps_all_from_being_scheduled() -> None:
    bench = Bench()
    messages = entries(bench, MANY)
    messages[-1] = {"message": b"\x00\x53"}
    bench.ask("schedule-message", {"messages": messages})
    assert bench.answer()[0]["statusCode"] == 400
    assert bench.queue.receivable.counts().total == 0


def test_one_number_that_is_not_there_keeps_all_deferred() -> None:
    bench = Bench()
    bench.fill()
    numbers = bench.defer_all()
    for mode in (0, 1):
        bench.ask("receive-by-sequence-number", by_number([*numbers, 99_999], mode))
        assert bench.answer()[0]["statusCode"] == 404
        counts = bench.queue.receivable.counts()
        assert (counts.deferred, counts.locked) == (MANY, 0)
    bench.ask("receive-by-sequence-number", by_number(numbers[-1:], 1))
    assert bench.answer()[0]["statusCode"] == 200


def test_nobody_else_gets_what_is_about_to_be_received_by_number() -> None:
    bench = Bench()
    bench.fill()
    numbers = bench.defer_all()
    bench.ask("receive-by-sequence-number", by_number(numbers, 1))
    while bench.queue.receivable.counts().locked == 0:
        bench.step(1)
    with (
        bench.broker.reactor.turn() as now,
        pytest.raises(BrokerError, match="is about to have it"),
    ):
        bench.queue.main.receive_and_delete_deferred(numbers[-1:], now=now, who="other")
    assert len(bench.answer()[1]["messages"]) == MANY


def test_one_lock_that_is_lost_keeps_all_from_being_settled() -> None:
    bench = Bench()
    bench.fill()
    tokens = [*bench.lock_all(), uuid4()]
    for operation, more in (
        ("update-disposition", {"disposition-status": "completed"}),
        ("renew-lock", {}),
    ):
        bench.ask(operation, {"lock-tokens": Array(tokens), **more})
        assert bench.answer()[0]["statusCode"] == 410
        assert bench.queue.receivable.counts().locked == MANY
    bench.broker.tick(31)  # and no lock was made to stay by that
    assert bench.queue.receivable.counts().locked == 0


def test_a_lock_that_is_about_to_be_settled_with_others_does_not_run_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sbtutorial.gateway.management.parts.AS_ONE", 500)
    bench = Bench()
    bench.fill()
    tokens = Array(bench.lock_all())
    bench.ask("update-disposition", {"disposition-status": "completed", "lock-tokens": tokens})
    while bench.queue.receivable.counts().total == MANY:
        bench.step(1)
    assert bench.queue.receivable.counts().locked == MANY - 500
    bench.broker.clock.tick(31)
    assert bench.answer()[0]["statusCode"] == 200
    assert bench.queue.receivable.counts().total == 0


def test_one_number_that_is_not_scheduled_keeps_all_from_being_cancelled() -> None:
    bench = Bench()
    bench.ask("schedule-message", {"messages": entries(bench, MANY)})
    bench.talk.pump()
    bench.ask("cancel-scheduled-message", {"sequence-numbers": longs(range(1, MANY + 2))})
    assert bench.answer()[0]["statusCode"] == 404
    assert bench.queue.receivable.counts().scheduled == MANY
    bench.broker.tick(61)
    assert bench.queue.receivable.counts().active == MANY


class MortalStore(SteppedStore):
    """Keeps all at once, until nothing more is to be kept."""

    def __init__(self) -> None:
        self.keeper = ListKeeper()
        self.commits_left: int | None = None
        super().__init__(self.keeper)

    def commit(self, changes: Sequence[Change], on_safe: OnSafe) -> None:
        super().commit(changes, on_safe)
        if self.commits_left is None:
            self.step()
        elif self.commits_left > 0:
            self.commits_left -= 1
            self.step()


@pytest.mark.parametrize("commits", [0, 1])
def test_what_ends_the_broker_leaves_all_cancelled_or_none(commits: int) -> None:
    store = MortalStore()
    bench = Bench(store)
    bench.ask("schedule-message", {"messages": entries(bench, MANY)})
    bench.talk.pump()
    bench.ask("cancel-scheduled-message", {"sequence-numbers": longs(range(1, MANY + 1))})
    store.commits_left = commits
    bench.talk.pump()
    assert bench.queue.receivable.counts().total == 0
    kept = restore(store.keeper.changes, Namespace("tutorial")).directory.queue("orders")
    assert kept.receivable.counts().scheduled == (0 if commits else MANY)


@pytest.mark.parametrize("commits", [0, 1])
def test_what_ends_the_broker_leaves_all_settled_or_none(commits: int) -> None:
    store = MortalStore()
    bench = Bench(store)
    bench.fill()
    tokens = Array(bench.lock_all())
    bench.ask("update-disposition", {"disposition-status": "completed", "lock-tokens": tokens})
    store.commits_left = commits
    bench.talk.pump()
    assert bench.queue.receivable.counts().total == 0
    kept = restore(store.keeper.changes, Namespace("tutorial")).directory.queue("orders")
    assert kept.receivable.counts().locked == (0 if commits else MANY)


def test_a_lock_that_somebody_else_ends_meanwhile_keeps_all_from_being_settled() -> None:
    bench = Bench()
    bench.fill()
    tokens = bench.lock_all()
    asked = {"disposition-status": "completed", "lock-tokens": Array(tokens)}
    bench.ask("update-disposition", asked)
    bench.step(5)
    with bench.broker.reactor.turn() as now:
        bench.queue.main.settling.abandon(tokens[-1], now=now)
    assert bench.answer()[0]["statusCode"] == 410
    assert bench.queue.receivable.counts().locked == MANY - 1


# -- What goes meanwhile ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "asking",
    [
        lambda bench: ("schedule-message", {"messages": entries(bench, MANY)}),
        lambda bench: ("receive-by-sequence-number", by_number(bench.defer_all(), 0)),
        lambda bench: ("receive-by-sequence-number", by_number(bench.defer_all(), 1)),
        lambda bench: ("renew-lock", {"lock-tokens": Array(bench.lock_all())}),
        lambda bench: ("batch-delete-messages", purge(bench, 4000)),
    ],
    ids=["schedule", "receive and delete", "peek-lock", "renew", "purge"],
)
def test_a_queue_that_is_deleted_under_a_request_refuses_the_rest(
    asking: Callable[[Bench], tuple[str, dict[str, Any]]],
) -> None:
    bench = Bench()
    bench.fill()
    bench.ask(*asking(bench))
    bench.step(3)
    with bench.broker.reactor.turn() as now:
        bench.broker.namespace.delete(bench.queue, now=now)
    assert bench.answer()[0]["statusCode"] in (404, 410)


def test_a_session_that_is_lost_under_a_request_refuses_the_rest() -> None:
    bench = Bench(requires_session=True)
    bench.fill(group_id="a")
    with bench.broker.reactor.turn() as now:
        session = bench.queue.main.accept("a", now=now, who="", holder=bench.talk.endpoint.peer)  # type: ignore[attr-defined]
        while message := session.peek_lock_next(now=now, who=""):
            bench.queue.main.settling.defer(message.lock_token, now=now)
        session.renew(now=now)
    numbers = [one.sequence_number for one in bench.queue.main.messages]
    asked = {**by_number(numbers, 1), "session-id": "a"}
    bench.ask("receive-by-sequence-number", asked)
    while bench.queue.receivable.counts().locked == 0:
        bench.step(1)
    bench.broker.tick(31)
    status, _ = bench.answer()
    assert status["errorCondition"] == "com.microsoft:session-lock-lost"
    counts = bench.queue.receivable.counts()
    assert (counts.deferred, counts.locked) == (MANY, 0)


def test_requests_behind_a_long_one_are_answered_after_it() -> None:
    bench = Bench()
    bench.ask("schedule-message", {"messages": entries(bench, MANY)})
    peek = {"from-sequence-number": Long(1), "message-count": Int(1)}
    bench.ask("peek-message", peek)
    bench.talk.pump()
    found = [one for one in bench.talk.of(MessageReceived) if one.link is bench.answers]
    bodies = [decode(split_sections(one.payload).body)[0].value for one in found]
    assert [list(body) for body in bodies] == [["sequence-numbers"], ["messages"]]


def test_a_client_that_breaks_off_leaves_its_long_request_to_be_finished() -> None:
    bench = Bench()
    bench.ask("schedule-message", {"messages": entries(bench, MANY)})
    bench.step(3)
    bench.talk.wire.break_off()
    bench.broker.run()
    assert bench.queue.receivable.counts().scheduled == MANY
    assert not bench.broker.is_connected("cashier")


def longs(numbers: Any) -> Array:
    return Array([Long(number) for number in numbers])


def by_number(numbers: Any, mode: int) -> dict[str, Any]:
    return {"sequence-numbers": longs(numbers), "receiver-settle-mode": UInt(mode)}


def purge(bench: Bench, count: int) -> dict[str, Any]:
    at = Timestamp(round((bench.broker.clock.wall() + 1) * 1000))
    return {"message-count": Int(count), "enqueued-time-utc": at}


def sequence_number(payload: bytes) -> int:
    annotations = split_sections(payload).message_annotations
    assert annotations is not None
    number: int = decode(annotations)[0].value[Symbol("x-opt-sequence-number")]
    return number
