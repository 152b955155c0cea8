"""The broker over AMQP, frame by frame, with time in the test's hand. The SDK's turn is in sdk/."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from sbtutorial.amqp.connection import Connection, ConnectionRole
from sbtutorial.amqp.events import (
    ConnectionClosed,
    ConnectionOpened,
    DispositionReceived,
    LinkDetached,
    LinkRefused,
)
from sbtutorial.amqp.frames import HEARTBEAT, frame_header
from sbtutorial.amqp.limits import UNPROVED, ConnectionLimits
from sbtutorial.amqp.messaging import (
    DATA,
    MESSAGE_ANNOTATIONS,
    Accepted,
    Modified,
    Rejected,
    Released,
    Source,
    Target,
    encode_section,
    split_sections,
)
from sbtutorial.amqp.performatives import Disposition, Error
from sbtutorial.amqp.types import Array, Long, Symbol, Timestamp, UInt, decode
from sbtutorial.broker.descriptions import EntityStatus
from sbtutorial.broker.limits import PREMIUM
from sbtutorial.broker.states import MessageState
from sbtutorial.clock import ManualClock
from sbtutorial.gateway.access.admission import PROOF_SECONDS
from sbtutorial.gateway.amqp_endpoint import AmqpEndpoint
from sbtutorial.testing import SteppedBroker
from tests.gateway.talk import HOST, Talk
from tests.wire import performatives

MANAGEMENT = {"type": "entity-mgmt"}


@pytest.fixture
async def talk() -> AsyncIterator[Talk]:
    talk = Talk()
    talk.make_queue()
    yield talk
    talk.broker.reactor.close()


def verdicts(talk: Talk) -> list[Any]:
    return [event.state for event in talk.of(DispositionReceived)]


def why(talk: Talk, kind: type[Any]) -> tuple[str, str]:
    error = talk.of(kind)[-1].error
    return str(error.condition), error.description


def manage(talk: Talk, operation: str, body: dict[str, Any], address: str = "orders") -> Any:
    named = {**MANAGEMENT, "operation": f"com.microsoft:{operation}"}
    return talk.ask(f"{address}/$management", named, body)


async def test_a_message_is_accepted_when_it_is_stored(talk: Talk) -> None:
    link = talk.attach_sender("sb://127.0.0.1/orders")
    talk.send(link)
    assert verdicts(talk) == [Accepted()]
    assert talk.broker.namespace.directory.queue("orders").receivable.counts().active == 1


async def test_what_is_no_message_is_rejected_and_the_link_lives(talk: Talk) -> None:
    link = talk.attach_sender()
    link.send(b"nonsense", delivery_tag=b"t", settled=False)
    talk.pump()
    assert verdicts(talk)[0].error.condition == "amqp:decode-error"
    talk.send(link)
    assert verdicts(talk)[1] == Accepted()


async def test_a_batch_with_one_bad_message_stores_none(talk: Talk) -> None:
    link = talk.attach_sender()
    good, bad = encode_section(DATA, b"good"), encode_section(DATA, b"x" * 300_000)
    payload = encode_section(DATA, good) + encode_section(DATA, bad)
    link.send(payload, delivery_tag=b"t", settled=False, message_format=0x80013700)
    talk.pump()
    assert verdicts(talk)[0].error.condition == "amqp:link:message-size-exceeded"
    assert talk.broker.namespace.directory.queue("orders").receivable.counts().total == 0


@pytest.mark.parametrize(
    ("address", "status", "condition"),
    [
        ("nowhere", EntityStatus.ACTIVE, "amqp:not-found"),
        ("orders/$DeadLetterQueue", EntityStatus.ACTIVE, "amqp:not-allowed"),
        ("closed", EntityStatus.DISABLED, "com.microsoft:entity-disabled"),
        ("closed", EntityStatus.SEND_DISABLED, "com.microsoft:entity-disabled"),
    ],
)
async def test_a_sender_is_refused_where_nothing_can_be_sent(
    talk: Talk, address: str, status: EntityStatus, condition: str
) -> None:
    talk.make_queue("closed", status=status)
    talk.attach_sender(address)
    assert why(talk, LinkRefused)[0] == condition


@pytest.mark.parametrize("status", [EntityStatus.DISABLED, EntityStatus.RECEIVE_DISABLED])
async def test_a_receiver_is_refused_where_nothing_can_be_received(
    talk: Talk, status: EntityStatus
) -> None:
    talk.make_queue("closed", status=status)
    talk.attach_receiver("closed")
    assert why(talk, LinkRefused)[0] == "com.microsoft:entity-disabled"


async def test_nothing_attaches_before_a_token() -> None:
    talk = Talk(put_token=False)
    talk.make_queue()
    talk.attach_sender()
    condition, text = why(talk, LinkRefused)
    assert condition == "amqp:unauthorized-access"
    assert "orders" in text


async def test_a_token_for_one_queue_opens_that_queue_only() -> None:
    talk = Talk(put_token=False)
    talk.make_queue()
    talk.make_queue("other")
    assert talk.put_token(f"{HOST}/orders").status["status-code"] == 202
    assert talk.is_attached(talk.attach_sender("orders"))
    assert not talk.is_attached(talk.attach_sender("other"))


async def test_links_end_with_their_token_unless_it_was_renewed() -> None:
    talk = Talk(put_token=False)
    talk.make_queue()
    talk.make_queue("other")
    talk.put_token(f"{HOST}/orders", seconds=60)
    talk.put_token(f"{HOST}/other", seconds=60)
    ends, stays = talk.attach_sender("orders"), talk.attach_receiver("other")
    talk.put_token(f"{HOST}/other", seconds=600)
    talk.clock.tick(60)
    assert talk.endpoint.next_deadline() <= talk.clock.wall()
    talk.endpoint.handle_deadline()
    talk.endpoint.flush()
    talk.pump()
    assert not ends.is_attached
    assert stays.is_attached
    assert why(talk, LinkDetached)[0] == "amqp:unauthorized-access"


def test_a_token_that_runs_out_before_the_others_is_seen_to_in_time() -> None:
    talk = Talk(put_token=False)
    talk.make_queue()
    talk.make_queue("other")
    talk.put_token(f"{HOST}/other", seconds=600)
    stays = talk.attach_receiver("other")
    talk.broker.tick(20)  # the alarm for who proves nothing has rung
    talk.put_token(f"{HOST}/orders", seconds=60)
    ends = talk.attach_sender("orders")
    talk.broker.tick(60)
    talk.pump()
    assert (ends.is_attached, stays.is_attached) == (False, True)


def test_a_client_that_waits_gets_one_heartbeat_after_another() -> None:
    broker = SteppedBroker()
    proof = broker.plain_response
    client = broker.connect(
        sasl_mechanisms=("PLAIN",), sasl_response=proof, idle_time_out_ms=60_000
    )
    for _ in range(3):
        client.received.clear()
        broker.tick(30)
        client.read()
        assert client.received == HEARTBEAT


@pytest.mark.parametrize(
    ("body", "named", "status"),
    [
        ("SharedAccessSignature sr=x", {}, 401),
        ("eyJhbGciOi", {}, 401),
        (b"bytes", {}, 400),
        ("SharedAccessSignature sr=x", {"operation": "delete-token"}, 501),
    ],
)
async def test_cbs_answers_what_it_cannot_take(
    talk: Talk, body: Any, named: dict[str, Any], status: int
) -> None:
    asked = {"operation": "put-token", "name": f"{HOST}/orders", **named}
    answer = talk.ask("$cbs", asked, body)
    assert answer.status["status-code"] == status
    assert answer.status["status-description"]


async def test_a_password_opens_what_its_key_opens() -> None:
    broker = SteppedBroker(key="secret")
    for password, is_let_in in ((b"secret", True), (b"wrong", False)):
        written: list[bytes] = []
        client = Connection(
            ConnectionRole.CLIENT,
            container_id="qpid",
            sasl_mechanisms=("PLAIN",),
            sasl_response=b"\0RootManageSharedAccessKey\0" + password,
        )
        endpoint = AmqpEndpoint(broker, written.append, lambda: None)
        client.open()
        opened = False
        while data := client.data_to_send():
            endpoint.receive_data(data)
            broker.run()
            client.receive_data(b"".join(written), now=0.0)
            written.clear()
            opened = opened or any(type(event) is ConnectionOpened for event in client.events())
        assert opened is is_let_in
        if is_let_in:
            endpoint.peer.claims.require("Manage", "anything")
    broker.reactor.close()


async def test_a_receiver_gets_messages_as_far_as_its_credit_goes(talk: Talk) -> None:
    sender, receiver = talk.attach_sender(), talk.attach_receiver()
    for _ in range(3):
        talk.send(sender)
    receiver.grant(2)
    talk.pump()
    assert len(talk.received(receiver)) == 2
    receiver.grant(5)
    talk.pump()
    assert len(talk.received(receiver)) == 3


async def test_the_delivery_tag_is_the_lock_token_in_the_byte_order_of_dotnet(talk: Talk) -> None:
    talk.send(talk.attach_sender())
    receiver = talk.attach_receiver()
    receiver.grant(1)
    talk.pump()
    (event,) = talk.received(receiver)
    annotations = decode(split_sections(event.payload).delivery_annotations or b"")[0].value
    assert annotations["x-opt-lock-token"] == UUID(bytes_le=event.delivery_tag)
    assert event.settled is False


async def test_receive_and_delete_comes_settled_and_is_gone(talk: Talk) -> None:
    talk.send(talk.attach_sender())
    receiver = talk.attach_receiver(snd_settle_mode=1, rcv_settle_mode=0)
    receiver.grant(1)
    talk.pump()
    assert talk.received(receiver)[0].settled is True
    assert talk.broker.namespace.directory.queue("orders").receivable.counts().total == 0


@pytest.mark.parametrize(
    ("verdict", "echo", "count"),
    [
        (Accepted(), Accepted(), (0, 0, 0)),
        (Released(), Released(), (1, 0, 0)),
        (Modified(True, False), Modified(None, False, None), (1, 0, 0)),
        (Modified(True, True), Modified(None, True, None), (0, 1, 0)),
        (
            Rejected(Error(Symbol("com.microsoft:dead-letter"), None, {"DeadLetterReason": "r"})),
            Rejected(None),
            (0, 0, 1),
        ),
        (Rejected(None), Rejected(None), (0, 0, 1)),
    ],
)
async def test_each_verdict_does_its_work_and_is_echoed(
    talk: Talk, verdict: Any, echo: Any, count: tuple[int, int, int]
) -> None:
    talk.send(talk.attach_sender())
    receiver = talk.attach_receiver()
    receiver.grant(1)
    talk.pump()
    talk.events = [talk.received(receiver)[0]]
    receiver.settle(talk.received(receiver)[0].delivery_id, verdict, settled=False)
    talk.pump()
    (answer,) = talk.of(DispositionReceived)
    assert (answer.state, answer.settled) == (echo, True)
    counts = talk.broker.namespace.directory.queue("orders").receivable.counts()
    assert (counts.active, counts.deferred, counts.dead_letter) == count


async def test_a_verdict_after_the_lock_has_run_out_is_refused(talk: Talk) -> None:
    talk.send(talk.attach_sender())
    receiver = talk.attach_receiver()
    receiver.grant(1)
    talk.pump()
    talk.broker.advance(31)
    receiver.settle(talk.received(receiver)[0].delivery_id, Accepted(), settled=False)
    talk.pump()
    answer = verdicts(talk)[-1]
    assert answer.error.condition == "com.microsoft:message-lock-lost"
    assert talk.broker.namespace.directory.queue("orders").receivable.counts().active == 1


async def test_a_lock_that_runs_out_gives_the_message_to_the_one_who_waits(talk: Talk) -> None:
    talk.send(talk.attach_sender())
    first = talk.attach_receiver()
    first.grant(1)
    talk.pump()
    other = Talk(talk.broker, who="relief")
    second = other.attach_receiver()
    second.grant(1)
    other.pump()
    assert other.received(second) == []
    talk.broker.advance(31)
    other.pump()
    assert len(other.received(second)) == 1


async def test_receivers_take_turns(talk: Talk) -> None:
    other = Talk(talk.broker, who="relief")
    links = talk.attach_receiver(), other.attach_receiver()
    for side, link in zip((talk, other), links, strict=True):
        link.grant(10)
        side.pump()
    sender = talk.attach_sender()
    for _ in range(4):
        talk.send(sender)
        other.pump()
    assert len(talk.received(links[0])) == len(other.received(links[1])) == 2


async def test_a_drain_is_answered_at_once(talk: Talk) -> None:
    receiver = talk.attach_receiver()
    receiver.grant(5, drain=True)
    talk.pump()
    assert receiver.available_credit == 0
    talk.send(talk.attach_sender())
    assert talk.received(receiver) == []


async def test_locks_outlive_the_connection_and_its_holder_is_known_to_be_gone(talk: Talk) -> None:
    talk.send(talk.attach_sender())
    receiver = talk.attach_receiver()
    receiver.grant(1)
    talk.pump()
    assert talk.broker.is_connected("cashier")
    talk.wire.break_off()
    assert not talk.broker.is_connected("cashier")
    counts = talk.broker.namespace.directory.queue("orders").receivable.counts()
    assert (counts.locked, counts.active) == (1, 1)
    assert talk.broker.namespace.directory.queue("orders").is_awaited is False


async def test_receivers_of_a_deleted_queue_are_detached(talk: Talk) -> None:
    receiver = talk.attach_receiver()
    talk.broker.reset()
    talk.pump()
    assert why(talk, LinkDetached)[0] == "amqp:not-found"
    assert not receiver.is_attached


async def test_a_session_receiver_is_refused(talk: Talk) -> None:
    talk.session.attach_receiver("s", source=_with_session_filter("orders"))
    talk.pump()
    assert why(talk, LinkRefused)[0] == "amqp:not-allowed"


async def test_a_link_to_nowhere_in_particular_is_refused(talk: Talk) -> None:
    talk.session.attach_sender("nameless")
    talk.pump()
    assert talk.of(LinkRefused)


async def test_management_refuses_what_it_does_not_know(talk: Talk) -> None:
    answer = manage(talk, "dance", {})
    assert answer.status["statusCode"] == 501
    assert answer.status["errorCondition"] == "amqp:not-implemented"
    assert "dance" in answer.status["statusDescription"]


@pytest.mark.parametrize(
    ("operation", "body", "named"),
    [
        ("renew-lock", {}, "lock-tokens"),
        ("renew-lock", {"lock-tokens": ["x"]}, "lock-tokens"),
        ("peek-message", {"from-sequence-number": Long(1)}, "message-count"),
        ("peek-message", {"from-sequence-number": "one", "message-count": 1}, "from-sequence"),
        ("schedule-message", {"messages": [{"message": "text"}]}, "message"),
        ("schedule-message", {"messages": [{"message": b"junk"}]}, "cannot be read"),
        ("cancel-scheduled-message", {"sequence-numbers": "x"}, "sequence-numbers"),
        (
            "receive-by-sequence-number",
            {"sequence-numbers": [Long(1)], "receiver-settle-mode": UInt(7)},
            "receiver-settle-mode",
        ),
        ("update-disposition", {"disposition-status": "eaten", "lock-tokens": []}, "eaten"),
    ],
)
async def test_management_names_the_argument_that_is_wrong(
    talk: Talk, operation: str, body: dict[str, Any], named: str
) -> None:
    answer = manage(talk, operation, body)
    assert answer.status["statusCode"] == 400
    assert answer.status["errorCondition"] == "com.microsoft:argument-error"
    assert named in answer.status["statusDescription"]


async def test_management_settles_by_token_from_any_link(talk: Talk) -> None:
    talk.send(talk.attach_sender())
    receiver = talk.attach_receiver()
    receiver.grant(1)
    talk.pump()
    token = UUID(bytes_le=talk.received(receiver)[0].delivery_tag)
    other = Talk(talk.broker)
    body = {"disposition-status": "Completed", "lock-tokens": Array([token])}
    assert manage(other, "update-disposition", body).status["statusCode"] == 200
    again = manage(other, "update-disposition", body)
    assert again.status["statusCode"] == 410
    assert again.status["errorCondition"] == "com.microsoft:message-lock-lost"


@pytest.mark.parametrize("operation", ["renew-lock", "update-disposition"])
async def test_management_settles_and_renews_all_or_none(talk: Talk, operation: str) -> None:
    talk.send(talk.attach_sender())
    receiver = talk.attach_receiver()
    receiver.grant(1)
    talk.pump()
    (message,) = talk.broker.namespace.directory.queue("orders").main.messages
    until = message.locked_until
    talk.broker.advance(10)
    body = {
        "disposition-status": "completed",
        "lock-tokens": Array([message.lock_token, UUID(int=9)]),
    }
    assert manage(talk, operation, body).status["statusCode"] == 410
    assert message.state is MessageState.LOCKED
    assert until is not None and message.locked_until == until
    body["lock-tokens"] = Array([message.lock_token, message.lock_token])
    assert manage(talk, operation, body).status["statusCode"] == 200


async def test_peeking_an_empty_queue_finds_no_content(talk: Talk) -> None:
    body = {"from-sequence-number": Long(0), "message-count": 5}
    assert manage(talk, "peek-message", body).status["statusCode"] == 204


async def test_peek_answers_no_more_than_fits_and_always_one(talk: Talk) -> None:
    sender = talk.attach_sender()
    for _ in range(3):
        talk.send(sender, b"x" * 200_000)
    body = {"from-sequence-number": Long(1), "message-count": 3}
    assert len(manage(talk, "peek-message", body).body["messages"]) == 1


async def test_renewing_counts_from_now(talk: Talk) -> None:
    talk.send(talk.attach_sender())
    receiver = talk.attach_receiver()
    receiver.grant(1)
    talk.pump()
    token = UUID(bytes_le=talk.received(receiver)[0].delivery_tag)
    talk.broker.advance(20)
    (end,) = manage(talk, "renew-lock", {"lock-tokens": Array([token])}).body["expirations"]
    assert end == (talk.clock.wall() + 30) * 1000


async def test_dead_letter_properties_of_a_client_are_kept(talk: Talk) -> None:
    talk.send(talk.attach_sender())
    receiver = talk.attach_receiver()
    receiver.grant(1)
    talk.pump()
    info = {Symbol("DeadLetterReason"): "cold", Symbol("cup"): 3}
    verdict = Rejected(Error(Symbol("com.microsoft:dead-letter"), None, info))
    receiver.settle(talk.received(receiver)[0].delivery_id, verdict, settled=False)
    talk.pump()
    dead = talk.attach_receiver("orders/$deadletterqueue")
    dead.grant(1)
    talk.pump()
    section = split_sections(talk.received(dead)[0].payload).application_properties
    assert decode(section or b"")[0].value == {"DeadLetterReason": "cold", "cup": 3}


async def test_premium_takes_a_megabyte() -> None:
    talk = Talk(SteppedBroker(clock=ManualClock(), key="secret", limits=PREMIUM))
    talk.make_queue()
    link = talk.attach_sender()
    talk.send(link, b"x" * 1_000_000)
    talk.send(link, b"x" * 1_100_000)
    assert [type(verdict) for verdict in verdicts(talk)] == [Accepted, Rejected]


async def test_a_message_far_beyond_the_limit_is_rejected_and_the_link_lives(talk: Talk) -> None:
    link = talk.attach_sender()
    talk.send(link, b"x" * 2_000_000)
    talk.send(link)
    refused, taken = verdicts(talk)
    assert refused.error.condition == "amqp:link:message-size-exceeded"
    assert "256 KB" in refused.error.description
    assert taken == Accepted()
    assert link.is_attached


async def test_scheduled_messages_are_set_free_when_their_time_comes(talk: Talk) -> None:
    receiver = talk.attach_receiver()
    receiver.grant(1)
    talk.pump()
    at = int((talk.clock.wall() + 60) * 1000)
    payload = encode_section(
        MESSAGE_ANNOTATIONS, {Symbol("x-opt-scheduled-enqueue-time"): Timestamp(at)}
    ) + encode_section(DATA, b"breakfast")
    answer = manage(talk, "schedule-message", {"messages": [{"message": payload}]})
    assert list(answer.body["sequence-numbers"]) == [1]
    assert talk.received(receiver) == []
    talk.broker.advance(60)
    talk.pump()
    assert len(talk.received(receiver)) == 1


async def test_time_to_live_ends_messages_that_wait(talk: Talk) -> None:
    talk.make_queue("brief", default_message_time_to_live=timedelta(seconds=10))
    talk.send(talk.attach_sender("brief"))
    talk.broker.advance(10)
    assert talk.broker.namespace.directory.queue("brief").receivable.counts().total == 0


async def test_what_happened_is_in_the_log_with_who_did_it(talk: Talk) -> None:
    talk.send(talk.attach_sender())
    receiver = talk.attach_receiver()
    receiver.grant(1)
    talk.pump()
    receiver.settle(talk.received(receiver)[0].delivery_id, Accepted(), settled=False)
    talk.pump()
    story = [(event.what, event.who) for event in talk.broker.trace.after(0, "orders")]
    assert story == [
        ("queue_created", ""),
        ("sent", "cashier"),
        ("locked", "cashier"),
        ("completed", "cashier"),
    ]


def _with_session_filter(address: str) -> Any:
    return Source(address, filter={Symbol("com.microsoft:session-filter"): "s"})


async def test_a_defect_ends_one_connection_with_a_condition_and_spares_the_others(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Talk(talk.broker, who="relief")
    link = talk.attach_sender()

    def fail(*_args: object, **_options: object) -> None:
        raise RuntimeError("a defect")

    with monkeypatch.context() as broken:
        broken.setattr(talk.broker.namespace.directory.queue("orders").ingress, "send", fail)
        talk.send(link)
    condition, text = why(talk, ConnectionClosed)
    assert condition == "amqp:internal-error"
    assert "log" in text
    assert other.is_attached(other.attach_sender())


# -- Before the client has proved who it is -------------------------------------------------------


async def test_a_connection_without_a_token_ends_after_twenty_seconds() -> None:
    talk = Talk(put_token=False)
    assert talk.endpoint.next_deadline() == talk.clock.elapsed() + PROOF_SECONDS
    talk.clock.tick(PROOF_SECONDS)
    talk.endpoint.handle_deadline()
    talk.pump()
    assert talk.is_closed
    condition, why_not = why(talk, ConnectionClosed)
    assert condition == "amqp:unauthorized-access"
    assert "proved nothing within 20 seconds" in why_not


def test_a_connection_that_never_says_a_word_ends_too() -> None:
    """As a WebSocket does that is opened and left alone."""
    broker = SteppedBroker()
    closed: list[bool] = []
    AmqpEndpoint(broker, lambda data: None, lambda: closed.append(True))
    broker.tick(PROOF_SECONDS - 1)
    assert not closed
    broker.tick(1)
    assert closed


async def test_a_connection_with_a_token_stays(talk: Talk) -> None:
    assert talk.endpoint.is_proved
    talk.clock.tick(PROOF_SECONDS)
    talk.endpoint.handle_deadline()
    talk.pump()
    assert not talk.is_closed


async def test_a_stranger_that_sends_much_is_heard_no_further() -> None:
    talk = Talk(put_token=False)
    link = talk.session.attach_sender("x", source=Source("me"), target=Target("$cbs"))
    talk.pump()
    for _ in range(3):
        link.send(b"x" * 60_000, delivery_tag=b"t", settled=True)
        talk.pump()
    assert "131072 bytes" in why(talk, ConnectionClosed)[1]
    talk.endpoint.receive_data(b"x" * 1_000_000)
    talk.pump()
    assert not talk.is_closed
    talk.clock.tick(5)
    talk.endpoint.handle_deadline()
    talk.pump()
    assert talk.is_closed


async def test_a_stranger_has_few_links_and_a_known_client_many() -> None:
    talk = Talk(put_token=False)
    assert talk.endpoint.connection.limits == UNPROVED
    for number in range(17):
        talk.session.attach_receiver(f"r{number}", source=Source("$cbs"), target=Target("me"))
    talk.pump()
    assert why(talk, LinkRefused)[0] == "amqp:resource-limit-exceeded"
    talk = Talk()
    assert talk.endpoint.connection.limits == ConnectionLimits()


async def test_a_request_of_a_stranger_that_is_too_large_is_refused() -> None:
    talk = Talk(put_token=False)
    link = talk.session.attach_sender("x", source=Source("me"), target=Target("$cbs"))
    talk.pump()
    link.send(b"x" * 70_000, delivery_tag=b"t", settled=False)
    talk.pump()
    (refused,) = verdicts(talk)
    assert refused.error.condition == "amqp:link:message-size-exceeded"


async def test_a_disposition_of_thousands_that_nobody_holds_is_answered_once(talk: Talk) -> None:
    receiver = talk.attach_receiver()
    for last in (3, 4000, 0x7FFFFFFE):
        said = Disposition(True, 0, last, False, Accepted()).encode()
        before = len(talk.wire.received)
        talk.endpoint.receive_data(frame_header(len(said), talk.session.channel) + said)
        talk.pump()
        (answer,) = performatives(bytes(talk.wire.received[before:]))
        assert (answer.first, answer.last, answer.settled) == (0, last, True)
    assert receiver.is_attached
