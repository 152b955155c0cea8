"""Messages over HTTP: requests and responses on a broker without a port."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from sbtutorial.amqp.messaging import (
    AMQP_VALUE,
    APPLICATION_PROPERTIES,
    DATA,
    Header,
    Properties,
    encode_section,
    split_sections,
)
from sbtutorial.amqp.types import Decimal64, Described, Symbol, Timestamp, decode
from sbtutorial.broker.descriptions import AuthorizationRule, EntityStatus
from sbtutorial.gateway.access.sas import ALL_RIGHTS
from sbtutorial.gateway.rest import data_plane
from sbtutorial.gateway.rest.property_headers import format_date
from tests.server.webtalk import WebTalk, reply

TIMESPAN = Symbol("com.microsoft:timespan")
NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
async def talk() -> WebTalk:
    talk = WebTalk()
    talk.make_queue()
    return talk


# -- Sending --------------------------------------------------------------------------------


async def test_message_sent_over_http_is_received_over_amqp(talk: WebTalk) -> None:
    await talk.send(
        b"coffee \xff",
        Content_Type="text/plain",
        BrokerProperties='{"Label": "order", "MessageId": "17", "CorrelationId": "c"}',
        Table="4",
        Who='"Anna"',
    )
    amqp = talk.amqp()
    link = amqp.attach_receiver()
    link.grant(1)
    amqp.pump()
    sections = split_sections(amqp.received(link)[0].payload)
    properties = Properties.decode_section(sections.properties)
    assert sections.body == encode_section(DATA, b"coffee \xff")
    assert (properties.subject, properties.message_id) == ("order", "17")
    assert (properties.correlation_id, properties.content_type) == ("c", "text/plain")
    assert decode(sections.application_properties)[0].value == {"Table": 4, "Who": "Anna"}


async def test_message_without_id_gets_one(talk: WebTalk) -> None:
    await talk.send()
    await talk.send()
    ids = [(await talk.take()).broker_properties["MessageId"] for _ in range(2)]
    assert len(set(ids)) == 2
    assert [len(message_id) for message_id in ids] == [32, 32]


async def test_sent_message_is_answered_with_nothing_but_201(talk: WebTalk) -> None:
    answer = await talk.ask("POST", "/orders/messages?timeout=60&api-version=2013-10", b"coffee")
    assert (answer.status, answer.body) == (201, b"")


async def test_message_to_a_topic_reaches_its_subscriptions(talk: WebTalk) -> None:
    talk.make_subscription()
    await talk.send(b"rain", "/news")
    answer = await talk.take("/news/subscriptions/all")
    assert answer.body == b"rain"
    assert answer.broker_properties["EnqueuedSequenceNumber"] == 1


async def test_batch_is_sent_whole(talk: WebTalk) -> None:
    batch = [
        {"Body": "one", "BrokerProperties": {"Label": "M1", "TimeToLiveTimeSpan": "0.00:00:40"}},
        {"Body": "zwölf", "UserProperties": {"Priority": "Low", "Table": 4, "Hot": True}},
        {"BrokerProperties": {"ContentType": "text/plain"}},
    ]
    await talk.send(json.dumps(batch).encode(), Content_Type=f"{BATCH};charset=utf-8")
    one, two, three = [await talk.take() for _ in range(3)]
    assert (one.body, two.body, three.body) == (b"one", "zwölf".encode(), b"")
    assert one.broker_properties["Label"] == "M1"
    assert one.broker_properties["TimeToLive"] == 40
    assert (two.headers["Priority"], two.headers["Table"]) == ('"Low"', "4")
    assert two.headers["Hot"] == "true"
    assert three.headers["Content-Type"] == "text/plain"


BATCH = "application/vnd.microsoft.servicebus.json"


@pytest.mark.parametrize(
    "body",
    [
        b"coffee",
        b"{}",
        b"[1]",
        b'[{"Body": 1}]',
        b'[{"BrokerProperties": "x"}]',
        b'[{"Body": "\\ud800"}]',
        b'[{"BrokerProperties": {"Label": "\\ud800"}}]',
        b'[{"UserProperties": {"a": "\\ud800"}}]',
        b'[{"UserProperties": {"a": []}}]',
        b'[{"UserProperties": {"a": 100000000000000000000}}]',
        b"[" * 100_000,
        b"\xff",
    ],
)
async def test_batch_that_is_none_is_refused_in_a_sentence(talk: WebTalk, body: bytes) -> None:
    answer = await talk.ask("POST", "/orders/messages", body, Content_Type=BATCH)
    assert answer.status == 400
    assert b".</Detail>" in answer.body
    assert talk.counts().total == 0


async def test_batch_with_one_message_too_large_sends_none(talk: WebTalk) -> None:
    batch = [{"Body": "small"}, {"Body": "x" * 262_144}]
    answer = await talk.ask(
        "POST", "/orders/messages", json.dumps(batch).encode(), Content_Type=BATCH
    )
    assert (answer.status, talk.counts().total) == (413, 0)


async def test_batch_has_the_limit_of_one_message(talk: WebTalk) -> None:
    batch = [{"Body": "x" * 200_000}] * 2
    answer = await talk.ask(
        "POST", "/orders/messages", json.dumps(batch).encode(), Content_Type=BATCH
    )
    assert (answer.status, talk.counts().total) == (413, 0)
    assert b"in 2 messages" in answer.body


async def test_scheduled_message_comes_in_its_time(talk: WebTalk) -> None:
    in_a_minute = format_date(datetime.fromtimestamp(talk.clock.wall() + 60, UTC))
    await talk.send(BrokerProperties=json.dumps({"ScheduledEnqueueTimeUtc": in_a_minute}))
    assert (await talk.take()).status == 204
    talk.broker.advance(60)
    assert (await talk.take()).body == b"coffee"


async def test_message_lives_as_long_as_its_sender_says(talk: WebTalk) -> None:
    await talk.send(BrokerProperties='{"TimeToLive": "40"}')
    talk.broker.advance(41)
    assert (await talk.take()).status == 204


# -- Receiving ------------------------------------------------------------------------------


async def receive_over_amqp_sent(talk: WebTalk, payload: bytes) -> Any:
    amqp = talk.amqp()
    amqp.attach_sender().send(payload, delivery_tag=b"t", settled=False)
    amqp.pump()
    return await talk.peek_lock()


async def test_message_sent_over_amqp_is_received_over_http(talk: WebTalk) -> None:
    answer = await receive_over_amqp_sent(
        talk,
        Properties(
            message_id="17",
            subject="order",
            to="bar",
            reply_to="desk",
            correlation_id="c",
            content_type=Symbol("text/plain"),
        ).encode()
        + encode_section(APPLICATION_PROPERTIES, {"Table": 4, "Who": 'An"na', "not a name": 1})
        + encode_section(DATA, b"cof")
        + encode_section(DATA, b"fee"),
    )
    assert (answer.status, answer.body) == (201, b"coffee")
    assert answer.headers["Content-Type"] == "text/plain"
    assert (answer.headers["Table"], answer.headers["Who"]) == ("4", r'"An\"na"')
    assert "not a name" not in answer.headers
    token = answer.lock.rpartition("/")[2]
    assert answer.lock == f"/orders/messages/1/{token}"
    assert answer.broker_properties == {
        "CorrelationId": "c",
        "DeliveryCount": 1,
        "EnqueuedSequenceNumber": 0,
        "EnqueuedTimeUtc": answer.broker_properties["EnqueuedTimeUtc"],
        "ForcePersistence": False,
        "Label": "order",
        "LockToken": token,
        "LockedUntilUtc": answer.broker_properties["LockedUntilUtc"],
        "MessageId": "17",
        "ReplyTo": "desk",
        "SequenceNumber": 1,
        "State": "Active",
        "TimeToLive": 922337203685.4775,
        "To": "bar",
    }


@pytest.mark.parametrize(
    ("value", "body"),
    [
        ("zwölf", "zwölf".encode()),
        (b"\x00\xff", b"\x00\xff"),
        ({"a": [1, None]}, b'{"a": [1, null]}'),
        ({UUID(int=7): 1}, b"{UUID('00000000-0000-0000-0000-000000000007'): 1}"),
    ],
)
async def test_value_of_amqp_is_received_as_bytes(talk: WebTalk, value: Any, body: bytes) -> None:
    answer = await receive_over_amqp_sent(talk, encode_section(AMQP_VALUE, value))
    assert answer.body == body
    assert answer.headers["Content-Type"] == "application/atom+xml;type=entry;charset=utf-8"


async def test_decimals_of_amqp_are_received_as_numbers_in_text(talk: WebTalk) -> None:
    price = Decimal64.fromhex("b1a0000000000019")
    answer = await receive_over_amqp_sent(
        talk,
        encode_section(APPLICATION_PROPERTIES, {"Price": price})
        + encode_section(AMQP_VALUE, price),
    )
    assert (answer.body, answer.headers["Price"]) == (b"-2.5", "-2.5")
    nested = encode_section(AMQP_VALUE, {"price": [price]})
    assert (await receive_over_amqp_sent(talk, nested)).body == b'{"price": ["-2.5"]}'


async def test_message_with_odd_properties_is_not_lost(talk: WebTalk) -> None:
    odd = {"End": Timestamp(2**62), "": 1, "B": b"x", "T": Described(TIMESPAN, "soon")}
    answer = await receive_over_amqp_sent(
        talk,
        Properties(message_id=b"\xff", content_type=Symbol(" \r\n")).encode()
        + encode_section(APPLICATION_PROPERTIES, odd)
        + encode_section(DATA, b"coffee"),
    )
    assert (answer.status, answer.body) == (201, b"coffee")
    assert answer.headers["End"] == '"Fri, 31 Dec 9999 23:59:59 GMT"'
    assert answer.headers["Content-Type"] == "\\r\\n"
    assert answer.broker_properties["MessageId"] == "ff"


async def test_message_that_is_received_and_deleted_has_no_lock_and_is_gone(talk: WebTalk) -> None:
    await talk.send()
    answer = await talk.take()
    assert (answer.status, answer.body) == (200, b"coffee")
    assert "Location" not in answer.headers
    assert "LockToken" not in answer.broker_properties
    assert talk.counts().total == 0


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_empty_queue_answers_no_content(talk: WebTalk, method: str) -> None:
    answer = await talk.ask(method, "/orders/messages/head?timeout=0")
    assert answer == (204, {}, b"")


async def test_receiver_waits_for_a_message(talk: WebTalk) -> None:
    waiting = talk.begin("POST", "/orders/messages/head")  # a minute unless it says otherwise
    await asyncio.sleep(0)
    assert not waiting.done()
    await talk.send()
    assert (await waiting).body == b"coffee"


async def test_who_waits_longest_is_served_first(talk: WebTalk) -> None:
    first, second = [talk.begin("DELETE", "/orders/messages/head?timeout=60") for _ in range(2)]
    await asyncio.sleep(0)
    await talk.send(b"one")
    assert (await first).body == b"one"
    assert not second.done()
    await talk.send(b"two")
    assert (await second).body == b"two"


async def test_receivers_of_both_kinds_get_each_message_once(talk: WebTalk) -> None:
    waiting = talk.begin("DELETE", "/orders/messages/head?timeout=60")
    await asyncio.sleep(0)
    amqp = talk.amqp()
    link = amqp.attach_receiver()
    link.grant(1)
    amqp.pump()
    await talk.send(b"one")
    await talk.send(b"two")
    amqp.pump()
    assert [event.payload[-3:] for event in amqp.received(link)] == [b"one"]
    assert (await waiting).body == b"two"


async def test_receiver_is_told_of_a_message_whose_lock_runs_out(talk: WebTalk) -> None:
    await talk.send()
    await talk.peek_lock()
    waiting = talk.begin("POST", "/orders/messages/head?timeout=60")
    await asyncio.sleep(0)
    talk.broker.advance(31)
    assert reply(await waiting).broker_properties["DeliveryCount"] == 2


async def test_nobody_listens_any_more_when_the_wait_is_over(talk: WebTalk) -> None:
    await talk.peek_lock()
    assert talk.broker.namespace.directory.subqueue("orders").listeners == []


def waiting_client(talk: WebTalk) -> tuple[Any, list[bytes]]:
    """A connection on which a client waits for a message, and what is written to it."""
    written: list[bytes] = []
    endpoint = talk.broker.http(written.append, lambda: None)
    head = f"Host: 127.0.0.1:5672\r\nAuthorization: {talk.token}\r\nContent-Length: 0"
    endpoint.receive_data(f"DELETE /orders/messages/head HTTP/1.1\r\n{head}\r\n\r\n".encode())
    return endpoint, written


async def test_client_that_goes_away_while_it_waits_loses_no_message(talk: WebTalk) -> None:
    endpoint, _ = waiting_client(talk)
    await asyncio.sleep(0)
    assert talk.broker.namespace.directory.subqueue("orders").listeners != []
    endpoint.connection_lost()
    await asyncio.sleep(0)
    assert talk.broker.namespace.directory.subqueue("orders").listeners == []
    await talk.send()
    assert (talk.counts().active, "taken" in talk.events()) == (1, False)


async def test_client_that_goes_away_at_the_moment_a_message_comes_loses_none(
    talk: WebTalk,
) -> None:
    endpoint, written = waiting_client(talk)
    await asyncio.sleep(0)
    await talk.send()  # the client's answer is on its way, in the next turn of the event loop
    endpoint.connection_lost()
    await asyncio.sleep(0)
    assert written == []
    assert (talk.counts().active, "taken" in talk.events()) == (1, False)


async def test_waiting_client_has_its_message_over_the_connection(talk: WebTalk) -> None:
    _, written = waiting_client(talk)
    await asyncio.sleep(0)
    await talk.send()
    await asyncio.sleep(0)
    assert written[0].startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"coffee" in b"".join(written)


async def test_deleted_queue_is_gone_for_who_waits_there(talk: WebTalk) -> None:
    waiting = talk.begin("POST", "/orders/messages/head?timeout=60")
    await asyncio.sleep(0)
    with talk.broker.reactor.turn() as now:
        talk.broker.namespace.delete(talk.broker.namespace.directory.queue("orders"), now=now)
    assert (await waiting).status == 410


async def test_dead_letters_are_received_and_settled_by_their_path(talk: WebTalk) -> None:
    talk.make_queue("failing", max_delivery_count=1)
    await talk.send(target="/failing")
    await talk.ask("PUT", (await talk.peek_lock("/failing")).lock)
    dead = await talk.peek_lock("/failing/$DeadLetterQueue")
    assert dead.headers["DeadLetterReason"] == '"MaxDeliveryCountExceeded"'
    assert dead.broker_properties["DeadLetterSource"] == "failing"
    assert (await talk.ask("DELETE", dead.lock)).status == 200
    assert talk.counts("failing").total == 0


async def test_dead_letter_that_is_unlocked_keeps_its_delivery_count(talk: WebTalk) -> None:
    talk.make_queue("failing", max_delivery_count=1)
    await talk.send(target="/failing")
    await talk.ask("PUT", (await talk.peek_lock("/failing")).lock)
    counts = []
    for _ in range(3):
        dead = await talk.peek_lock("/failing/$DeadLetterQueue")
        counts.append(dead.broker_properties["DeliveryCount"])
        assert (await talk.ask("PUT", dead.lock)).status == 200
    assert len(set(counts)) == 1


async def test_partitioned_queue_that_detects_duplicates_wants_an_id_over_http(
    talk: WebTalk,
) -> None:
    talk.make_queue("wide", enable_partitioning=True, requires_duplicate_detection=True)
    assert (await talk.ask("POST", "/wide/messages", b"coffee")).status == 405
    await talk.send(target="/wide", BrokerProperties='{"MessageId": "17"}')
    await talk.send(target="/wide", BrokerProperties='{"PartitionKey": "north"}')
    assert talk.counts("wide").active == 2


# -- What HTTP cannot carry -----------------------------------------------------------------


async def send_over_amqp(talk: WebTalk, payload: bytes) -> None:
    amqp = talk.amqp()
    amqp.attach_sender().send(payload, delivery_tag=b"t", settled=False)
    amqp.pump()
    assert talk.counts().active == 1


UNCARRIED = {
    "more headers than clients read": {f"p{number}": number for number in range(100)},
    "a header longer than clients read": {"p": "\N{CJK UNIFIED IDEOGRAPH-4E00}" * 10_900},
}


@pytest.mark.parametrize("properties", UNCARRIED.values(), ids=list(UNCARRIED))
async def test_message_that_http_cannot_carry_is_refused_and_stays(
    talk: WebTalk, properties: dict[str, object]
) -> None:
    payload = encode_section(APPLICATION_PROPERTIES, properties) + encode_section(DATA, b"coffee")
    await send_over_amqp(talk, payload)
    for answer in (await talk.take(), await talk.peek_lock(), await talk.take()):
        assert (answer.status, b"receive it over AMQP" in answer.body) == (413, True)
    assert (talk.counts().active, "taken" in talk.events()) == (1, False)
    amqp = talk.amqp()
    link = amqp.attach_receiver()
    link.grant(1)
    amqp.pump()
    sections = split_sections(amqp.received(link)[0].payload)
    assert decode(sections.application_properties)[0].value == properties
    assert sections.header is not None
    assert not Header.decode_section(sections.header).delivery_count  # no attempt was counted


async def test_defect_while_a_message_is_written_loses_none(
    talk: WebTalk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise ZeroDivisionError

    await talk.send()
    with monkeypatch.context() as patch:
        patch.setattr(data_plane, "write_received", fail)
        for method in ("DELETE", "POST"):
            with pytest.raises(ZeroDivisionError):
                await talk.ask(method, "/orders/messages/head?timeout=0")
    answer = await talk.peek_lock()
    assert (answer.status, answer.broker_properties["DeliveryCount"]) == (201, 1)


async def test_properties_that_no_header_can_carry_are_left_out(talk: WebTalk) -> None:
    odd = {
        "two\nlines": 1,
        "Transfer-Encoding": "gzip",
        "content-length": "7",
        "Location": "there",
        "é": 1,
        "bytes": b"x",
        "nothing": None,
        "lines": "one\r\nX: two",
        "euro": "5 \N{EURO SIGN}",
        "control": "\x7f\x00",
        "endless": float("inf"),
        "id": UUID(int=7),
        "before": Timestamp(-(2**62)),
    }
    payload = encode_section(APPLICATION_PROPERTIES, odd) + encode_section(DATA, b"coffee")
    await send_over_amqp(talk, payload)
    answer = await talk.take()
    assert (answer.status, answer.body) == (200, b"coffee")
    own = {name: text for name, text in answer.headers.items() if name in odd}
    assert own == {
        "Transfer-Encoding": "chunked",  # HTTP's own
        "lines": r'"one\r\nX: two"',
        "euro": r'"5 \u20ac"',
        "control": r'"\u007f\u0000"',
        "endless": "inf",
        "id": f'"{UUID(int=7)}"',
        "before": '"Mon, 01 Jan 0001 00:00:00 GMT"',
    }


async def test_batch_of_more_messages_than_azure_takes_is_refused(talk: WebTalk) -> None:
    batch = json.dumps([{}] * 4501).encode()
    answer = await talk.ask("POST", "/orders/messages", batch, Content_Type=BATCH)
    assert (answer.status, talk.counts().total) == (413, 0)
    assert b"4500 are allowed" in answer.body


async def test_batch_of_many_messages_is_sent_between_others_turns(talk: WebTalk) -> None:
    batch = json.dumps([{"Body": str(number)} for number in range(1000)]).encode()
    request = talk.request("POST", "/orders/messages", batch, Content_Type=BATCH)
    sending = asyncio.ensure_future(talk.answer(request))
    await talk.send(b"first")
    assert not sending.done()
    assert (await sending).status == 201
    assert talk.counts().active == 1001
    assert [(await talk.take()).body for _ in range(3)] == [b"first", b"0", b"1"]


async def test_batch_of_many_messages_is_sent_whole_or_not_at_all(talk: WebTalk) -> None:
    for last in ({"Body": 1}, {"BrokerProperties": {"TimeToLive": -1}}, {"Body": "x" * 260_000}, 7):
        batch = json.dumps([*([{}] * 999), last]).encode()
        answer = await talk.ask("POST", "/orders/messages", batch, Content_Type=BATCH)
        assert answer.status in (400, 413)
        assert talk.counts().total == 0


@pytest.mark.parametrize("seconds", [250e9, 1e12, 1e308])
async def test_message_that_outlives_the_calendar_lives_for_ever(
    talk: WebTalk, seconds: float
) -> None:
    await talk.send(BrokerProperties=json.dumps({"TimeToLive": seconds}))
    assert (await talk.take()).broker_properties["TimeToLive"] == 922337203685.4775


async def test_name_of_a_program_is_told_up_to_a_length(talk: WebTalk) -> None:
    await talk.send(User_Agent="x" * 5000)
    assert talk.last_event().who == "x" * 100


# -- Settling -------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["/orders", "/a/b", "/news/subscriptions/all"])
async def test_locked_message_is_completed_at_its_location(talk: WebTalk, target: str) -> None:
    talk.make_queue("A/b")
    talk.make_subscription()
    await talk.send(target=target.partition("/subscriptions")[0])
    locked = await talk.peek_lock(target)
    assert locked.lock.startswith(f"{target}/messages/")
    assert (await talk.ask("DELETE", locked.lock)).status == 200
    assert talk.events()[-1] == "completed"


async def test_message_is_named_by_its_id_as_well(talk: WebTalk) -> None:
    await talk.send(BrokerProperties='{"MessageId": "a/b 1"}')
    token = (await talk.peek_lock()).broker_properties["LockToken"]
    assert (await talk.ask("DELETE", f"/orders/messages/a%2Fb%201/{token}")).status == 200


async def test_unlocked_message_is_delivered_again_and_counted(talk: WebTalk) -> None:
    await talk.send()
    assert (await talk.ask("PUT", (await talk.peek_lock()).lock)).status == 200
    assert (await talk.peek_lock()).broker_properties["DeliveryCount"] == 2


async def test_renewed_lock_holds_longer(talk: WebTalk) -> None:
    await talk.send()
    lock = (await talk.peek_lock()).lock
    talk.broker.advance(20)
    assert (await talk.ask("POST", f"{lock}?timeout=60")).status == 200
    talk.broker.advance(20)
    assert (await talk.ask("DELETE", lock)).status == 200


@pytest.mark.parametrize("method", ["DELETE", "PUT", "POST"])
async def test_lost_lock_is_not_found(talk: WebTalk, method: str) -> None:
    await talk.send()
    lock = (await talk.peek_lock()).lock
    talk.broker.advance(31)
    answer = await talk.ask(method, lock)
    assert answer.status == 404
    assert b"has run out" in answer.body


async def test_lock_of_another_message_is_not_found(talk: WebTalk) -> None:
    await talk.send()
    token = (await talk.peek_lock()).broker_properties["LockToken"]
    answer = await talk.ask("DELETE", f"/orders/messages/2/{token}")
    assert (answer.status, talk.counts().total) == (404, 1)
    assert b"it holds message 1" in answer.body


async def test_token_that_is_none_is_refused(talk: WebTalk) -> None:
    answer = await talk.ask("DELETE", "/orders/messages/1/secret")
    assert (answer.status, b"is no lock token" in answer.body) == (400, True)


# -- Refusals -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "/nowhere/messages"),
        ("POST", "/nowhere/messages/head"),
        ("DELETE", "/nowhere/messages/head"),
        ("DELETE", f"/nowhere/messages/1/{NOBODY}"),
        ("POST", "/orders/$Nothing/messages/head"),
    ],
)
async def test_unknown_entity_is_not_found(talk: WebTalk, method: str, target: str) -> None:
    answer = await talk.ask(method, target)
    assert (answer.status, b"could not be found" in answer.body) == (404, True)


@pytest.mark.parametrize(
    ("method", "target", "sentence"),
    [
        ("POST", "/sessions/messages/head", b"non-sessionful message receiver"),
        ("DELETE", f"/sessions/messages/1/{NOBODY}", b"non-sessionful message receiver"),
        ("POST", "/sessions/messages", b"The SessionId was not set"),
        ("POST", "/news/messages/head", b"nobody receives from a topic"),
        ("POST", "/news/subscriptions/all/messages", b"takes no messages from senders"),
        ("POST", "/onward/messages/head?timeout=0", b"forwards its messages to 'orders'"),
    ],
)
async def test_what_an_entity_does_not_offer_is_refused(
    talk: WebTalk, method: str, target: str, sentence: bytes
) -> None:
    talk.make_queue("sessions", requires_session=True)
    talk.make_queue("onward", forward_to="orders")
    talk.make_subscription()
    answer = await talk.ask(method, target)
    assert (answer.status, sentence in answer.body) == (405, True), answer.body


@pytest.mark.parametrize(
    ("method", "target", "allowed"),
    [
        ("GET", "/orders/messages/head", "POST, DELETE"),
        ("PUT", "/orders/messages/head", "POST, DELETE"),
        ("GET", f"/orders/messages/1/{NOBODY}", "DELETE, PUT, POST"),
    ],
)
async def test_other_methods_are_refused_with_those_that_are_offered(
    talk: WebTalk, method: str, target: str, allowed: str
) -> None:
    answer = await talk.ask(method, target)
    assert (answer.status, answer.headers["Allow"]) == (405, allowed)


@pytest.mark.parametrize(
    ("status", "method", "target"),
    [
        (EntityStatus.SEND_DISABLED, "POST", "/orders/messages"),
        (EntityStatus.RECEIVE_DISABLED, "POST", "/orders/messages/head"),
        (EntityStatus.RECEIVE_DISABLED, "DELETE", "/orders/messages/head"),
    ],
)
async def test_disabled_queue_is_forbidden(
    talk: WebTalk, status: EntityStatus, method: str, target: str
) -> None:
    talk.make_queue("closed", status=status)
    answer = await talk.ask(method, target.replace("orders", "closed"))
    assert (answer.status, b"is disabled for" in answer.body) == (403, True)


async def test_message_too_large_is_refused(talk: WebTalk) -> None:
    answer = await talk.ask("POST", "/orders/messages", b"x" * 262_144)
    assert (answer.status, b"256 KB" in answer.body) == (413, True)


@pytest.mark.parametrize("timeout", ["-1", "soon", "nan", "inf"])
async def test_timeout_that_is_no_time_is_refused(talk: WebTalk, timeout: str) -> None:
    answer = await talk.ask("POST", f"/orders/messages/head?timeout={timeout}")
    assert (answer.status, f"timeout is '{timeout}'".encode() in answer.body) == (400, True)


async def test_broker_properties_that_cannot_be_read_are_refused(talk: WebTalk) -> None:
    answer = await talk.ask("POST", "/orders/messages", b"x", BrokerProperties="{“Label”: 1}")
    assert (answer.status, b"is no JSON" in answer.body) == (400, True)


# -- Rights ---------------------------------------------------------------------------------

CALLS = {
    ("POST", "/messages"): ("Send", 201),
    ("POST", "/messages/head?timeout=0"): ("Listen", 204),
    ("DELETE", "/messages/head?timeout=0"): ("Listen", 204),
    ("DELETE", f"/messages/1/{NOBODY}"): ("Listen", 404),
    ("PUT", f"/messages/1/{NOBODY}"): ("Listen", 404),
    ("POST", f"/messages/1/{NOBODY}"): ("Listen", 404),
}


@pytest.mark.parametrize("right", sorted(ALL_RIGHTS - {"Manage"}))
@pytest.mark.parametrize("call", CALLS)
async def test_key_of_a_queue_opens_what_its_rights_are_for(
    talk: WebTalk, call: tuple[str, str], right: str
) -> None:
    talk.make_queue("kitchen", authorization_rules=(AuthorizationRule("cook", (right,), "k", "l"),))
    method, below = call
    wanted, status = CALLS[call]
    # Version 0.21 signs the whole of each URL, query and all.
    token = talk.sign(f"kitchen{below}", "cook", "k")
    answer = await talk.ask(method, f"/kitchen{below}", token=token)
    assert answer.status == (status if right == wanted else 401), answer.body


@pytest.mark.parametrize("token", ["Bearer x", "SharedAccessSignature sr=x", "WRAP x"])
async def test_request_without_a_good_token_is_unauthorized(talk: WebTalk, token: str) -> None:
    answer = await talk.ask("POST", "/orders/messages", b"x", token=token)
    assert (answer.status, talk.counts().total) == (401, 0)


async def test_token_for_another_queue_is_unauthorized(talk: WebTalk) -> None:
    answer = await talk.ask("POST", "/orders/messages", b"x", token=talk.sign("letters"))
    assert (answer.status, b"InvalidAudience" in answer.body) == (401, True)


# -- Beside administration ------------------------------------------------------------------


async def test_queue_may_be_called_messages(talk: WebTalk) -> None:
    talk.make_queue("my/messages")
    shown = await talk.ask("GET", "/my/messages")
    assert (shown.status, b"QueueDescription" in shown.body) == (200, True)
    await talk.send(target="/my/messages")
    assert (await talk.take("/my/messages")).body == b"coffee"
    assert (await talk.ask("DELETE", "/my/messages")).status == 200


async def test_log_names_the_client_by_its_program(talk: WebTalk) -> None:
    await talk.send(User_Agent="pyazure/0.21.1 (Linux)")
    await talk.send()
    assert [event.who for event in talk.broker.trace.after(0)][-2:] == ["pyazure/0.21.1", "HTTP"]
