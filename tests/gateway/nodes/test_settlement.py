"""Settlements as no SDK writes them: each is refused in words, and costs nobody a message."""

from typing import Any
from uuid import UUID

import pytest

from sbtutorial.amqp.definitions import Error
from sbtutorial.amqp.events import DispositionReceived, MessageReceived
from sbtutorial.amqp.messaging import (
    AMQP_VALUE,
    APPLICATION_PROPERTIES,
    DATA,
    Coordinator,
    Declare,
    Declared,
    Modified,
    Properties,
    Rejected,
    Source,
    TransactionalState,
    encode_section,
    split_sections,
)
from sbtutorial.amqp.receiver import ReceiverLink
from sbtutorial.amqp.types import Array, Described, Int, Symbol, ULong, decode
from sbtutorial.broker.entities.queue import Queue
from tests.gateway.talk import Talk

LOCK_SECONDS = 30


class Held:
    """A message under a lock, on a link."""

    def __init__(self, talk: Talk, queue: Queue, link: ReceiverLink, event: MessageReceived):
        self.talk, self.queue, self.link, self.event = talk, queue, link, event
        self.token = UUID(bytes_le=event.delivery_tag)

    def settle(self, state: Any) -> Any:
        """The broker's answer; None for none."""
        before = len(self.talk.of(DispositionReceived))
        self.link.settle(self.event.delivery_id, state, settled=False)
        self.talk.pump()
        answers = self.talk.of(DispositionReceived)[before:]
        return answers[0].state if answers else None

    def update(self, status: str, *, tokens: Any = None, **fields: Any) -> dict[str, Any]:
        """The status of the answer of update-disposition."""
        body = {
            "disposition-status": status,
            "lock-tokens": Array([self.token]) if tokens is None else tokens,
            **{name.replace("_", "-"): value for name, value in fields.items()},
        }
        named = {"operation": "com.microsoft:update-disposition"}
        return self.talk.ask("orders/$management", named, body).status

    def require_untouched(self) -> None:
        """It is locked as before, and comes back when its lock has run out."""
        (message,) = self.queue.main.messages
        assert message.lock_token == self.token
        assert message.properties is None
        assert self.queue.size_bytes == message.size_bytes
        self.talk.broker.tick(LOCK_SECONDS)
        assert message.lock_token is None
        assert (message.delivery_count, len(self.queue.main.messages)) == (1, 1)


@pytest.fixture
def held() -> Held:
    talk = Talk()
    queue = talk.make_queue()
    sender = talk.attach_sender()
    talk.send(sender, b"coffee", message_id="7")
    link = talk.attach_receiver()
    link.grant(1)
    talk.pump()
    return Held(talk, queue, link, talk.received(link)[0])


NO_PROPERTIES = [
    ({5: 1}, "name of a property to modify is 5"),
    ({b"raw": 1}, "name of a property to modify is b'raw'"),
    ({None: 1}, "name of a property to modify is None"),
    ({"a": [1]}, "'a' is a list"),
    ({"a": {"b": 1}}, "'a' is a list or a map"),
    ({"a": Described(Symbol("x"), 1)}, "described type"),
    ({"a": "x" * 40_000}, "allowed. Put long values into the body"),
]
TOO_MUCH = ({f"p{number}": "x" * 30_000 for number in range(3)}, "65536 are allowed")


@pytest.mark.parametrize(("changes", "problem"), NO_PROPERTIES)
@pytest.mark.parametrize("defer", [False, True])
def test_modified_with_properties_that_no_message_can_have_is_refused(
    held: Held, changes: dict[Any, Any], problem: str, defer: bool
) -> None:
    answer = held.settle(Modified(None, defer, changes))
    assert isinstance(answer, Rejected)
    assert answer.error is not None
    assert problem in (answer.error.description or "")
    held.require_untouched()


@pytest.mark.parametrize(("changes", "problem"), NO_PROPERTIES)
def test_rejected_with_properties_that_no_message_can_have_is_refused(
    held: Held, changes: dict[Any, Any], problem: str
) -> None:
    answer = held.settle(Rejected(Error(Symbol("com.microsoft:dead-letter"), None, changes)))
    assert isinstance(answer, Rejected)
    assert answer.error is not None
    assert problem in (answer.error.description or "")
    held.require_untouched()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        *NO_PROPERTIES,
        TOO_MUCH,
        (Int(5), "must be a map"),
        ("text", "must be a map"),
        ([1, 2], "must be a map"),
        (Array([Int(1)]), "must be a map"),
        (UUID(int=1), "must be a map"),
        (Described(Symbol("x"), {"a": 1}), "must be a map"),
    ],
)
@pytest.mark.parametrize("status", ["abandoned", "defered", "suspended", "completed"])
def test_update_disposition_with_such_properties_is_refused(
    held: Held, status: str, changes: Any, problem: str
) -> None:
    answer = held.update(status, properties_to_modify=changes)
    if status == "completed" and "65536" in problem:
        assert answer["statusCode"] in (200, 413)
        return
    assert answer["statusCode"] in (400, 413)
    assert problem in answer["statusDescription"]
    held.require_untouched()


@pytest.mark.parametrize("tokens", [Int(5), "token", Array([Int(1)]), ["x"], None])
def test_update_disposition_takes_lock_tokens_and_nothing_else(held: Held, tokens: Any) -> None:
    if tokens is None:
        answer = held.talk.ask(
            "orders/$management",
            {"operation": "com.microsoft:update-disposition"},
            {"disposition-status": "completed"},
        ).status
    else:
        answer = held.update("completed", tokens=tokens)
    assert answer["statusCode"] == 400
    held.require_untouched()


@pytest.mark.parametrize("status", ["renewed", "", 5, None, ["completed"]])
def test_status_that_is_none_is_refused(held: Held, status: Any) -> None:
    assert held.update(status)["statusCode"] == 400
    held.require_untouched()


@pytest.mark.parametrize(
    ("reason", "text"),
    [(b"bytes", "bytes"), (5, "5"), (True, "True"), ("why", "why"), (Symbol("s"), "s")],
)
@pytest.mark.parametrize("by_management", [False, True])
def test_reason_becomes_a_text(held: Held, reason: Any, text: str, by_management: bool) -> None:
    if by_management:
        answer = held.update("suspended", deadletter_reason=reason, deadletter_description=reason)
        assert answer["statusCode"] == 200
    else:
        info = {
            Symbol("DeadLetterReason"): reason,
            "DeadLetterErrorDescription": reason,
            "own": 1,
        }
        answer = held.settle(Rejected(Error(Symbol("com.microsoft:dead-letter"), None, info)))
        assert answer == Rejected(None)
    (dead,) = held.queue.dead_letter.messages
    assert dead.properties is not None
    assert dead.properties["DeadLetterReason"] == text
    assert dead.properties["DeadLetterErrorDescription"] == text
    assert dead.properties.get("own") == (None if by_management else 1)


@pytest.mark.parametrize("reason", [[1], {"a": 1}, Described(Symbol("x"), "y"), "x" * 40_000])
@pytest.mark.parametrize("by_management", [False, True])
def test_reason_that_cannot_become_one_is_refused(
    held: Held, reason: Any, by_management: bool
) -> None:
    if by_management:
        assert held.update("suspended", deadletter_reason=reason)["statusCode"] in (400, 413)
    else:
        info = {"DeadLetterReason": reason}
        answer = held.settle(Rejected(Error(Symbol("com.microsoft:dead-letter"), None, info)))
        assert answer.error is not None
    held.require_untouched()


@pytest.mark.parametrize(
    "state", [Declared(b"t"), Described(ULong(0x99), [1]), Described(Symbol("x:y:list"), [])]
)
def test_state_that_is_no_outcome_is_refused(held: Held, state: Any) -> None:
    answer = held.settle(state)
    assert isinstance(answer, Rejected)
    assert answer.error is not None
    assert "settle it as accepted, released, rejected or modified" in str(answer.error)
    held.require_untouched()


def test_all_of_several_tokens_are_settled_or_none(held: Held) -> None:
    other = UUID(int=99)
    answer = held.update("completed", tokens=Array([held.token, other]))
    assert answer["statusCode"] == 410
    held.require_untouched()


def test_token_that_is_given_twice_is_settled_once(held: Held) -> None:
    answer = held.update("completed", tokens=Array([held.token, held.token]))
    assert answer["statusCode"] == 200
    assert len(held.queue.main.messages) == 0


def test_size_follows_the_properties_that_settlements_set(held: Held) -> None:
    (message,) = held.queue.main.messages
    size = message.size_bytes
    for note in ("short", "x" * 1000, "short"):
        if message.lock_token is None:
            held.link.grant(1)
            held.talk.pump()
        token = held.talk.received(held.link)[-1]
        again = Held(held.talk, held.queue, held.link, token)
        again.settle(Modified(None, False, {"note": note}))
        payload = encode_section(APPLICATION_PROPERTIES, {"note": note})
        assert message.size_bytes == size + len(payload)
        assert held.queue.size_bytes == message.size_bytes


def test_properties_that_grow_with_each_settlement_end_at_the_limit_of_a_header(
    held: Held,
) -> None:
    for number in range(2):
        held.settle(Modified(None, False, {f"p{number}": "x" * 30_000}))
        held.link.grant(1)
        held.talk.pump()
        event = held.talk.received(held.link)[-1]
        held = Held(held.talk, held.queue, held.link, event)
    answer = held.settle(Modified(None, False, {"p2": "x" * 30_000}))
    assert isinstance(answer, Rejected)
    assert "65536 are allowed" in str(answer.error)
    assert isinstance(held.settle(Modified(None, False, {"p0": "short"})), Modified | None)


def test_dead_letter_counts_with_its_reasons_and_an_empty_queue_counts_nothing(held: Held) -> None:
    (message,) = held.queue.main.messages
    size = message.size_bytes
    assert held.update("suspended", deadletter_reason="why")["statusCode"] == 200
    section = encode_section(APPLICATION_PROPERTIES, {"DeadLetterReason": "why"})
    assert held.queue.size_bytes == message.size_bytes == size + len(section)
    with held.talk.broker.reactor.turn() as now:
        held.queue.dead_letter.receive_and_delete_next(now=now, who="")
    assert held.queue.size_bytes == 0


def test_header_that_is_full_already_can_still_expire_and_be_dead_lettered() -> None:
    talk = Talk()
    queue = talk.make_queue(dead_lettering_on_message_expiration=True)
    link = talk.attach_sender()
    full = (
        Properties(message_id="7").encode()
        + encode_section(APPLICATION_PROPERTIES, {"a": "x" * 32_700, "b": "x" * 32_700})
        + encode_section(DATA, b"")
    )
    link.send(bytes.fromhex("005370c0080340407000000064") + full, delivery_tag=b"1", settled=False)
    talk.pump()
    assert len(queue.main.messages) == 1
    talk.broker.tick(1)
    (dead,) = queue.dead_letter.messages
    assert dead.header_bytes > 64 * 1024
    receiver = talk.attach_receiver("orders/$DeadLetterQueue")
    receiver.grant(1)
    talk.pump()
    (event,) = talk.received(receiver)
    section = split_sections(event.payload).application_properties
    assert decode(section or b"")[0].value["DeadLetterReason"] == "TTLExpiredException"


@pytest.mark.parametrize("outcome", [Modified(None, False, {5: 1}), Declared(b"x")])
def test_transaction_takes_no_settlement_that_it_could_not_do(held: Held, outcome: Any) -> None:
    talk = held.talk
    control = talk.session.attach_sender("control", source=Source("here"), target=Coordinator())
    talk.pump()
    request = bytes((0x00, 0x53, AMQP_VALUE)) + Declare().encode()
    control.send(request, delivery_tag=b"c", settled=False)
    talk.pump()
    declared = talk.of(DispositionReceived)[-1].state
    answer = held.settle(TransactionalState(declared.txn_id, outcome))
    assert isinstance(answer, Rejected)
    held.require_untouched()
