"""Message sessions over AMQP, frame by frame, with time in the test's hand."""

from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest

from sbtutorial.amqp.events import DispositionReceived, LinkDetached, LinkRefused
from sbtutorial.amqp.messaging import (
    DATA,
    MESSAGE_ANNOTATIONS,
    Accepted,
    Properties,
    Released,
    Source,
    Target,
    encode_section,
    split_sections,
)
from sbtutorial.amqp.receiver import ReceiverLink
from sbtutorial.amqp.types import Array, Int, Long, Symbol, Timestamp, UInt, decode
from sbtutorial.amqp.types.values import Described
from sbtutorial.broker.descriptions import EntityStatus
from sbtutorial.server.snapshot import snapshot
from tests.gateway.talk import Talk

FILTER = Symbol("com.microsoft:session-filter")
LOCK_SECONDS = 30
DEFAULT_LISTING = Timestamp(253_402_300_800_000)
NEXT: None = None
NUMBERS = count()


@pytest.fixture
async def talk() -> AsyncIterator[Talk]:
    talk = Talk()
    talk.make_queue(requires_session=True)
    yield talk
    talk.broker.reactor.close()


@pytest.fixture
async def other(talk: Talk) -> Talk:
    return Talk(talk.broker, who="relief")


def open_session(
    talk: Talk, session_id: Any, *, address: str = "orders", wait_ms: int | None = None, **opts: Any
) -> ReceiverLink:
    properties = {} if wait_ms is None else {Symbol("com.microsoft:timeout"): UInt(wait_ms)}
    link = talk.session.attach_receiver(
        f"session-{next(NUMBERS)}",
        source=Source(address, filter={FILTER: session_id}),
        target=Target("here"),
        properties=properties,
        **{"snd_settle_mode": 0, "rcv_settle_mode": 1, **opts},
    )
    talk.pump()
    return link


def granted(link: ReceiverLink) -> Any:
    """The session that the broker has granted, once it has answered."""
    if link.remote_attach is None or link.remote_attach.source is None:
        return None
    return link.remote_attach.source.filter[FILTER]


def encoded(**properties: Any) -> bytes:
    return Properties(**properties).encode() + encode_section(DATA, b"x")


def send(talk: Talk, *session_ids: str) -> None:
    sender = talk.attach_sender()
    for session_id in session_ids:
        talk.send(sender, f"of {session_id}".encode(), group_id=session_id)
    sender.detach()
    talk.pump()


def grant(talk: Talk, link: ReceiverLink, credit: int = 10) -> list[bytes]:
    link.grant(credit)
    talk.pump()
    return [bytes(split_sections(event.payload).body[5:]) for event in talk.received(link)]


def why(talk: Talk, kind: type[Any]) -> str:
    return str(talk.of(kind)[-1].error.condition)


def manage(talk: Talk, operation: str, body: dict[str, Any], address: str = "orders") -> Any:
    named = {"type": "entity-mgmt", "operation": f"com.microsoft:{operation}"}
    return talk.ask(f"{address}/$management", named, body)


def refused(answer: Any) -> tuple[int, str]:
    return answer.status["statusCode"], str(answer.status["errorCondition"])


# -- The attach --------------------------------------------------------------------------------


async def test_the_answer_names_the_session_and_the_end_of_its_lock(talk: Talk) -> None:
    address = "amqps://127.0.0.1:5672/Orders"
    link = open_session(talk, "table 7", address=address)
    answer = link.remote_attach
    assert answer.source.address == address
    assert granted(link) == "table 7"
    assert answer.initial_delivery_count == 0
    ticks = answer.properties["com.microsoft:locked-until-utc"]
    seconds = (ticks - 621_355_968_000_000_000) / 10_000_000
    assert seconds == talk.clock.wall() + LOCK_SECONDS


async def test_a_filter_in_a_described_wrapper_is_understood_and_answered_alike(talk: Talk) -> None:
    link = open_session(talk, Described(FILTER, "7"))
    assert granted(link) == Described(FILTER, "7")


async def test_the_next_session_is_named_in_the_answer(talk: Talk) -> None:
    send(talk, "b", "a")
    first, second = open_session(talk, NEXT), open_session(talk, NEXT)
    assert (granted(first), granted(second)) == ("b", "a")


async def test_the_empty_id_is_a_session_like_any_other(talk: Talk) -> None:
    send(talk, "x", "")
    link = open_session(talk, "")
    assert granted(link) == ""
    assert grant(talk, link) == [b"of "]


async def test_an_id_that_is_no_text_is_refused(talk: Talk) -> None:
    open_session(talk, 7)
    assert why(talk, LinkRefused) == "com.microsoft:argument-error"


async def test_a_session_that_another_connection_holds_is_refused(talk: Talk, other: Talk) -> None:
    open_session(talk, "7")
    open_session(other, "7")
    assert why(other, LinkRefused) == "com.microsoft:session-cannot-be-locked"
    assert "cashier" in other.of(LinkRefused)[-1].error.description


async def test_sessions_and_their_absence_do_not_mix(talk: Talk) -> None:
    talk.make_queue("plain")
    open_session(talk, "7", address="plain")
    open_session(talk, "7", address="orders/$DeadLetterQueue")
    talk.attach_receiver("orders")
    refusals = [event.error for event in talk.of(LinkRefused)]
    assert {str(error.condition) for error in refusals} == {"amqp:not-allowed"}
    words = [error.description for error in refusals]
    assert all("sessionful message receiver cannot be created" in text for text in words[:2])
    assert "It is not possible for an entity that requires sessions" in words[2]


async def test_a_message_without_a_session_is_rejected(talk: Talk) -> None:
    sender = talk.attach_sender()
    talk.send(sender)
    verdict = talk.of(DispositionReceived)[-1].state
    assert str(verdict.error.condition) == "amqp:not-allowed"
    assert "SessionId was not set" in verdict.error.description


@pytest.mark.parametrize("session_id", ["7", NEXT])
async def test_a_disabled_queue_gives_out_no_session(talk: Talk, session_id: str | None) -> None:
    talk.make_queue("closed", requires_session=True, status=EntityStatus.RECEIVE_DISABLED)
    open_session(talk, session_id, address="closed")
    assert why(talk, LinkRefused) == "com.microsoft:entity-disabled"


# -- Waiting for the next session --------------------------------------------------------------


async def test_an_attach_is_answered_when_a_message_comes_and_serves_it_at_once(
    talk: Talk, other: Talk
) -> None:
    link = open_session(talk, NEXT)
    talk.session.writer.send_link_flow(
        link.handle, None, 5, 0, False
    )  # some do not wait for the answer
    talk.pump()
    assert link.remote_attach is None
    send(other, "7")
    talk.pump()
    assert granted(link) == "7"
    assert len(talk.received(link)) == 1


@pytest.mark.parametrize(("wait_ms", "seconds"), [(4932, 4.932), (None, 65)])
async def test_waiting_ends_with_a_timeout(talk: Talk, wait_ms: int | None, seconds: float) -> None:
    open_session(talk, NEXT, wait_ms=wait_ms)
    talk.broker.advance(seconds - 0.1)
    talk.pump()
    assert talk.of(LinkRefused) == []
    talk.broker.advance(0.1)
    talk.pump()
    assert why(talk, LinkRefused) == "com.microsoft:timeout"


async def test_waiters_of_several_connections_are_served_in_order(talk: Talk, other: Talk) -> None:
    links = open_session(talk, NEXT), open_session(other, NEXT), open_session(talk, NEXT)
    third = Talk(talk.broker, who="guest")
    for session_id in "ab":
        send(third, session_id)
    talk.pump(), other.pump()
    assert [granted(link) for link in links] == ["a", "b", None]


@pytest.mark.parametrize("leave", ["detach", "end", "close", "vanish"])
async def test_whoever_waits_and_leaves_takes_no_session_along(
    talk: Talk, other: Talk, leave: str
) -> None:
    leaving = open_session(talk, NEXT)
    staying = open_session(other, NEXT)
    {
        "detach": leaving.detach,
        "end": talk.session.end,
        "close": talk.client.close,
        "vanish": talk.wire.break_off,
    }[leave]()
    if leave != "vanish":
        talk.pump()
    send(Talk(talk.broker, who="guest"), "7")
    other.pump()
    assert granted(staying) == "7"


async def test_a_waiter_that_detaches_in_the_same_bytes_as_the_message_comes_frees_the_session(
    talk: Talk, other: Talk
) -> None:
    sender = talk.attach_sender()
    leaving = open_session(talk, NEXT)
    staying = open_session(other, NEXT)
    sender.send(encoded(group_id="7"), delivery_tag=b"t", settled=True)
    leaving.detach()
    talk.pump()
    other.pump()
    assert granted(staying) == "7"


async def test_deleting_the_queue_sends_waiters_and_holders_away(talk: Talk) -> None:
    open_session(talk, "7")
    open_session(talk, NEXT)
    talk.broker.reset()
    talk.pump()
    assert why(talk, LinkRefused) == "amqp:not-found"
    assert why(talk, LinkDetached) == "amqp:not-found"


async def test_a_token_that_expires_ends_the_waiting(talk: Talk) -> None:
    talk.put_token("sb://127.0.0.1", seconds=30)
    open_session(talk, NEXT)
    talk.clock.tick(31)
    talk.endpoint.handle_deadline()
    with talk.broker.reactor.turn():
        talk.broker.reactor.has_output(talk.endpoint)
    talk.pump()
    assert why(talk, LinkRefused) == "amqp:unauthorized-access"


async def test_a_token_that_expires_ends_what_was_waited_for(talk: Talk) -> None:
    talk.put_token("sb://127.0.0.1", seconds=30)
    link = open_session(talk, NEXT)
    send(talk, "7")
    assert granted(link) == "7"
    talk.clock.tick(31)
    talk.endpoint.handle_deadline()
    with talk.broker.reactor.turn():
        talk.broker.reactor.has_output(talk.endpoint)
    talk.pump()
    assert not link.is_attached
    assert talk.broker.namespace.directory.subqueue("orders").is_awaited is False


# -- Delivery ----------------------------------------------------------------------------------


async def test_each_holder_gets_its_own_session_s_messages(talk: Talk, other: Talk) -> None:
    send(talk, "a", "b", "a")
    assert grant(talk, open_session(talk, "a")) == [b"of a", b"of a"]
    assert grant(other, open_session(other, "b")) == [b"of b"]


async def test_a_delivery_carries_the_end_of_the_session_s_lock(talk: Talk) -> None:
    link = open_session(talk, "7")
    talk.broker.advance(10)
    send(talk, "7")
    grant(talk, link)
    payload = talk.received(link)[0].payload
    annotations = decode(split_sections(payload).message_annotations or b"")[0].value
    until = talk.clock.wall() + LOCK_SECONDS - 10
    assert annotations["x-opt-locked-until"] == Timestamp(round(until * 1000))


async def test_receive_and_delete_works_in_a_session(talk: Talk) -> None:
    send(talk, "7", "8")
    link = open_session(talk, "7", snd_settle_mode=1, rcv_settle_mode=0)
    assert grant(talk, link) == [b"of 7"]
    assert talk.received(link)[0].settled is True
    assert talk.broker.namespace.directory.queue("orders").receivable.counts().total == 1


async def test_settling_works_while_the_session_is_held_and_not_after(talk: Talk) -> None:
    send(talk, "7", "7")
    link = open_session(talk, "7")
    grant(talk, link)
    first, second = talk.received(link)
    link.settle(first.delivery_id, Accepted(), settled=False)
    talk.pump()
    assert talk.of(DispositionReceived)[-1].state == Accepted()
    link.settle(second.delivery_id, Accepted(), settled=False)
    talk.broker.advance(LOCK_SECONDS)  # the lock ends while the verdict is on its way
    talk.pump()
    counts = talk.broker.namespace.directory.queue("orders").receivable.counts()
    assert (counts.active, counts.locked) == (1, 0)
    assert why(talk, LinkDetached) == "com.microsoft:session-lock-lost"


async def test_a_verdict_in_the_very_turn_in_which_the_lock_ends_is_refused(talk: Talk) -> None:
    send(talk, "7")
    link = open_session(talk, "7")
    grant(talk, link)
    (event,) = talk.received(link)
    talk.clock.tick(LOCK_SECONDS)  # nobody has looked yet
    link.settle(event.delivery_id, Accepted(), settled=False)
    talk.pump()
    verdict = talk.of(DispositionReceived)[-1].state
    assert str(verdict.error.condition) == "com.microsoft:session-lock-lost"
    assert why(talk, LinkDetached) == "com.microsoft:session-lock-lost"
    (message,) = talk.broker.namespace.directory.subqueue("orders").messages.peek(0, 9)
    assert message.delivery_count == 1


async def test_a_lock_that_runs_out_detaches_the_link_and_serves_who_waits(
    talk: Talk, other: Talk
) -> None:
    send(talk, "7")
    link = open_session(talk, "7")
    grant(talk, link)
    waiting = open_session(other, NEXT)
    talk.broker.advance(LOCK_SECONDS)
    talk.pump(), other.pump()
    assert why(talk, LinkDetached) == "com.microsoft:session-lock-lost"
    assert not link.is_attached
    assert granted(waiting) == "7"
    assert grant(other, waiting) == [b"of 7"]


@pytest.mark.parametrize("leave", ["detach", "end", "close", "vanish"])
async def test_a_holder_that_leaves_frees_its_session_at_once(
    talk: Talk, other: Talk, leave: str
) -> None:
    send(talk, "7", "7")
    link = open_session(talk, "7")
    grant(talk, link)
    {
        "detach": link.detach,
        "end": talk.session.end,
        "close": talk.client.close,
        "vanish": talk.wire.break_off,
    }[leave]()
    if leave != "vanish":
        talk.pump()
    assert grant(other, open_session(other, "7")) == [b"of 7", b"of 7"]
    messages = talk.broker.namespace.directory.subqueue("orders").messages.peek(0, 9)
    assert [message.delivery_count for message in messages] == [0, 0]


async def test_released_messages_come_again_in_their_order(talk: Talk) -> None:
    send(talk, "7", "7")
    link = open_session(talk, "7")
    grant(talk, link, 2)
    for event in talk.received(link):
        link.settle(event.delivery_id, Released(), settled=True)
    talk.pump()
    assert len(grant(talk, link, 2)) == 4
    assert talk.broker.namespace.directory.queue("orders").receivable.counts().locked == 2


async def test_one_connection_may_hold_many_sessions(talk: Talk) -> None:
    ids = [str(number) for number in range(100)]
    send(talk, *ids)
    links = [open_session(talk, NEXT) for _ in ids]
    assert [granted(link) for link in links] == ids
    assert all(len(grant(talk, link)) == 1 for link in links)


# -- Management --------------------------------------------------------------------------------


async def test_renewal_moves_the_end_of_the_lock(talk: Talk) -> None:
    open_session(talk, "7")
    talk.broker.advance(LOCK_SECONDS - 1)
    answer = manage(talk, "renew-session-lock", {"session-id": "7"})
    assert answer.status["statusCode"] == 200
    assert answer.body["expiration"] == round((talk.clock.wall() + LOCK_SECONDS) * 1000)
    talk.broker.advance(LOCK_SECONDS - 1)
    talk.pump()
    assert talk.of(LinkDetached) == []


async def test_state_is_set_read_and_cleared(talk: Talk) -> None:
    open_session(talk, "7")
    read = {"session-id": "7"}
    assert manage(talk, "get-session-state", read).body == {"session-state": None}
    set_it = {"session-id": "7", "session-state": b"two guests"}
    assert manage(talk, "set-session-state", set_it).status["statusCode"] == 200
    assert manage(talk, "get-session-state", read).body == {"session-state": b"two guests"}
    manage(talk, "set-session-state", {"session-id": "7", "session-state": None})
    assert manage(talk, "get-session-state", read).body == {"session-state": None}


async def test_a_state_that_is_too_large_or_no_bytes_is_refused(talk: Talk) -> None:
    open_session(talk, "7")
    large = {"session-id": "7", "session-state": b"x" * 262_145}
    assert refused(manage(talk, "set-session-state", large))[0] == 413
    text = {"session-id": "7", "session-state": "text"}
    assert refused(manage(talk, "set-session-state", text))[0] == 400


SESSION_CALLS = [
    ("renew-session-lock", {}),
    ("get-session-state", {}),
    ("set-session-state", {"session-state": b"x"}),
    (
        "receive-by-sequence-number",
        {"sequence-numbers": Array([Long(1)]), "receiver-settle-mode": UInt(1)},
    ),
    (
        "update-disposition",
        {"disposition-status": "completed", "lock-tokens": Array([UUID(int=1)])},
    ),
]


@pytest.mark.parametrize(("operation", "body"), SESSION_CALLS)
async def test_what_needs_the_lock_is_refused_to_who_does_not_hold_it(
    talk: Talk, other: Talk, operation: str, body: dict[str, Any]
) -> None:
    body = {"session-id": "7", **body}
    lost = (410, "com.microsoft:session-lock-lost")
    assert refused(manage(talk, operation, body)) == lost
    open_session(other, "7")
    assert refused(manage(talk, operation, body)) == lost


@pytest.mark.parametrize(("operation", "body"), SESSION_CALLS)
async def test_what_needs_the_lock_is_refused_once_it_has_run_out(
    talk: Talk, operation: str, body: dict[str, Any]
) -> None:
    open_session(talk, "7")
    talk.broker.advance(LOCK_SECONDS)
    answer = manage(talk, operation, {"session-id": "7", **body})
    assert refused(answer) == (410, "com.microsoft:session-lock-lost")


@pytest.mark.parametrize(
    "operation", ["renew-session-lock", "get-session-state", "set-session-state"]
)
async def test_an_entity_without_sessions_has_no_session_operations(
    talk: Talk, operation: str
) -> None:
    talk.make_queue("plain")
    answer = manage(talk, operation, {"session-id": "7"}, "plain")
    assert refused(answer) == (400, "amqp:not-allowed")
    listing = {"last-updated-time": DEFAULT_LISTING, "skip": Int(0), "top": Int(10)}
    answer = manage(talk, "get-message-sessions", listing, "plain")
    assert refused(answer) == (400, "amqp:not-allowed")


async def test_a_deferred_message_is_received_and_settled_by_the_holder(talk: Talk) -> None:
    send(talk, "7")
    link = open_session(talk, "7")
    grant(talk, link)
    number = (
        talk.broker.namespace.directory.subqueue("orders").messages.peek(0, 1)[0].sequence_number
    )
    token = UUID(bytes_le=talk.received(link)[0].delivery_tag)
    settle = {"session-id": "7", "lock-tokens": Array([token])}
    manage(talk, "update-disposition", {**settle, "disposition-status": "defered"})
    asked = {"sequence-numbers": Array([Long(number)]), "receiver-settle-mode": UInt(1)}
    assert refused(manage(talk, "receive-by-sequence-number", asked)) == (400, "amqp:not-allowed")
    answer = manage(talk, "receive-by-sequence-number", {"session-id": "7", **asked})
    (entry,) = answer.body["messages"]
    settle["lock-tokens"] = Array([entry["lock-token"]])
    done = manage(talk, "update-disposition", {**settle, "disposition-status": "completed"})
    assert done.status["statusCode"] == 200
    assert talk.broker.namespace.directory.queue("orders").receivable.counts().total == 0
    again = manage(talk, "update-disposition", {**settle, "disposition-status": "completed"})
    assert refused(again) == (410, "com.microsoft:message-lock-lost")


async def test_the_lock_of_one_message_is_not_renewed(talk: Talk) -> None:
    send(talk, "7")
    link = open_session(talk, "7")
    grant(talk, link)
    token = UUID(bytes_le=talk.received(link)[0].delivery_tag)
    answer = manage(talk, "renew-lock", {"lock-tokens": Array([token])})
    assert refused(answer) == (400, "amqp:not-allowed")


async def test_peek_looks_into_one_session_or_all(talk: Talk) -> None:
    send(talk, "a", "b", "a")
    asked = {"from-sequence-number": Long(1), "message-count": Int(10)}
    everything = manage(talk, "peek-message", asked)
    one = manage(talk, "peek-message", {**asked, "session-id": "a"})
    assert (len(everything.body["messages"]), len(one.body["messages"])) == (3, 2)
    nothing = manage(talk, "peek-message", {**asked, "session-id": "c"})
    assert nothing.status["statusCode"] == 204


async def test_sessions_are_listed_page_by_page(talk: Talk) -> None:
    send(talk, *(f"{number:03}" for number in range(5)))
    asked = {"last-updated-time": DEFAULT_LISTING, "top": Int(2)}
    pages = [
        manage(talk, "get-message-sessions", {**asked, "skip": Int(skip)}).body
        for skip in (0, 2, 4)
    ]
    assert [list(page["sessions-ids"]) for page in pages] == [
        ["000", "001"],
        ["002", "003"],
        ["004"],
    ]
    end = manage(talk, "get-message-sessions", {**asked, "skip": Int(5)})
    assert refused(end) == (204, "com.microsoft:session-not-found")
    wrong = manage(talk, "get-message-sessions", {**asked, "skip": Int(-1)})
    assert refused(wrong) == (400, "com.microsoft:argument-out-of-range")


async def test_sessions_are_listed_by_the_time_of_their_state_as_clients_have_it(
    talk: Talk,
) -> None:
    talk.broker.advance(1000)  # the client's clock knows nothing of it
    for session_id in ("early", "late"):
        open_session(talk, session_id)
        manage(talk, "set-session-state", {"session-id": session_id, "session-state": b"x"})
        talk.clock.tick(10)
    for ago, expected in ((21, ["early", "late"]), (15, ["late"])):
        at = Timestamp(round((talk.clock.wall() - ago) * 1000))
        asked = {"last-updated-time": at, "skip": Int(0), "top": Int(100)}
        assert list(manage(talk, "get-message-sessions", asked).body["sessions-ids"]) == expected


async def test_scheduled_messages_need_a_session_and_come_into_it(talk: Talk) -> None:
    talk.make_queue("brief", requires_session=True, lock_duration=timedelta(minutes=5))
    sender = talk.attach_sender("brief")
    link = open_session(talk, NEXT, address="brief")
    at = Timestamp(round((talk.clock.wall() + 20) * 1000))
    annotations = {Symbol("x-opt-scheduled-enqueue-time"): at}
    scheduled = encode_section(MESSAGE_ANNOTATIONS, annotations) + encoded(group_id="7")
    sender.send(scheduled, delivery_tag=b"t", settled=True)
    talk.pump()
    assert link.remote_attach is None
    talk.broker.advance(21)
    talk.pump()
    assert granted(link) == "7"


async def test_the_picture_of_a_queue_shows_what_a_session_s_holder_has(talk: Talk) -> None:
    send(talk, "7", "7")
    grant(talk, open_session(talk, "7"), 1)
    talk.broker.advance(10)
    queue = talk.broker.namespace.directory.queue("orders")
    drawn = snapshot(queue, now=talk.clock.now(), is_connected=talk.broker.is_connected)
    locked, ready = drawn.messages
    assert (locked.state, locked.locked_by) == ("locked", "cashier")
    assert (locked.holder_attached, locked.lock_seconds_left) == (True, LOCK_SECONDS - 10)
    assert ready.state == "ready"
