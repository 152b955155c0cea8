import os
import re
from uuid import UUID

import pytest

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.messaging import (
    AMQP_VALUE,
    APPLICATION_PROPERTIES,
    BATCH_MESSAGE_FORMAT,
    DATA,
    DELIVERY_ANNOTATIONS,
    FOOTER,
    MESSAGE_ANNOTATIONS,
    Header,
    Properties,
    encode_section,
    split_sections,
)
from sbtutorial.amqp.pieces import Pieces
from sbtutorial.amqp.types import Byte, Long, Symbol, Timestamp, ULong, decode
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.states import MessageState
from sbtutorial.gateway.ids import Ids
from sbtutorial.gateway.wire.message import encode_delivery, encode_message, read_messages

BODY = encode_section(DATA, b"coffee")
TOKEN = UUID(int=3)
new_id = Ids(os.urandom).message_id


def same(at: float) -> float:
    return at


def read(payload: bytes) -> Message:
    (message,) = read_messages(payload, 0, from_wire=same, new_id=new_id)
    message.sequence_number, message.enqueued_at, message.state = 7, 100.0, MessageState.ACTIVE
    return message


def value_of(section: bytes | None) -> dict[object, object]:
    assert section is not None
    value: dict[object, object] = decode(section)[0].value
    return value


def written(message: Message, to_wire=same):
    return split_sections(encode_message(message, to_wire=to_wire))


def test_what_the_broker_does_not_own_leaves_byte_for_byte() -> None:
    properties = Properties(message_id=ULong(5), content_type="text/plain").encode()
    application = encode_section(APPLICATION_PROPERTIES, {"small": Byte(1), "long": Long(1)})
    body = encode_section(AMQP_VALUE, [None, {Symbol("k"): Byte(2)}])
    footer = encode_section(FOOTER, {Symbol("f"): 1})
    payload = properties + application + body + footer
    out = written(read(payload))
    assert (out.properties, out.application_properties) == (properties, application)
    assert (out.body, out.footer) == (body, footer)


def test_sections_are_read_in_any_order() -> None:
    road = encode_section(DELIVERY_ANNOTATIONS, {Symbol("road"): "long"})
    out = written(read(BODY + road))
    assert value_of(out.delivery_annotations) == {"road": "long"}


def test_the_broker_stamps_what_it_owns_and_ignores_what_a_client_says_of_it() -> None:
    said = {
        Symbol("x-opt-sequence-number"): Long(99),
        Symbol("x-opt-locked-until"): Timestamp(1),
        Symbol("mine"): Byte(4),
    }
    message = read(
        Header(durable=True, priority=3, delivery_count=9).encode()
        + encode_section(MESSAGE_ANNOTATIONS, said)
        + BODY
    )
    message.lock_token, message.locked_until, message.state = TOKEN, 130.0, MessageState.LOCKED
    out = written(message)
    assert Header.decode_section(out.header or b"") == Header(True, 3, None, None, 0)
    assert value_of(out.delivery_annotations) == {"x-opt-lock-token": TOKEN}
    assert value_of(out.message_annotations) == {
        "x-opt-enqueued-time": 100_000,
        "x-opt-sequence-number": 7,
        "x-opt-locked-until": 130_000,
        "mine": 4,
    }


def test_instants_leave_as_the_clients_clock_has_them() -> None:
    out = written(read(BODY), to_wire=lambda at: at - 60)
    assert value_of(out.message_annotations)["x-opt-enqueued-time"] == 40_000


def test_a_message_without_a_life_of_its_own_keeps_none() -> None:
    sent = Properties(message_id="m", creation_time=5)
    out = written(read(sent.encode() + BODY))
    assert Header.decode_section(out.header or b"").ttl is None
    assert Properties.decode_section(out.properties or b"") == sent


@pytest.mark.parametrize("properties", [b"", Properties(subject="tea").encode()])
def test_a_message_without_an_id_gets_one_that_stays(properties: bytes) -> None:
    message = read(properties + BODY)
    assert re.fullmatch("[0-9a-f]{32}", str(message.message_id))
    assert message.message_id != read(properties + BODY).message_id
    out = Properties.decode_section(written(message).properties or b"")
    assert out.message_id == message.message_id
    assert out.subject == ("tea" if properties else None)


def test_a_message_that_can_expire_carries_the_brokers_times() -> None:
    message = read(Header(ttl=60_000).encode() + Properties(message_id="m").encode() + BODY)
    assert message.time_to_live == 60.0
    message.expires_at = 120.0
    out = written(message)
    assert Header.decode_section(out.header or b"").ttl == 20_000
    assert Properties.decode_section(out.properties or b"") == Properties(
        message_id="m", creation_time=100_000, absolute_expiry_time=120_000
    )


def test_a_life_too_long_for_the_header_is_read_from_the_properties() -> None:
    times = Properties(creation_time=0, absolute_expiry_time=100 * 86_400_000)
    assert read(times.encode() + BODY).time_to_live == 100 * 86_400


@pytest.mark.parametrize(
    ("state", "expected"),
    [(MessageState.DEFERRED, 1), (MessageState.DEFERRED_LOCKED, 1), (MessageState.SCHEDULED, 2)],
)
def test_the_state_is_written_unless_active(state: MessageState, expected: int) -> None:
    message = read(BODY)
    assert "x-opt-message-state" not in value_of(written(message).message_annotations)
    message.state = state
    assert value_of(written(message).message_annotations)["x-opt-message-state"] == expected


def test_set_properties_lie_over_the_senders_and_leave_the_others_alone() -> None:
    sent = {"sugar": Byte(1), "milk": "no"}
    message = read(encode_section(APPLICATION_PROPERTIES, sent) + BODY)
    message.merge_properties({"milk": "yes", "DeadLetterReason": "cold"})
    section = written(message).application_properties
    assert value_of(section) == {"sugar": 1, "milk": "yes", "DeadLetterReason": "cold"}
    assert type(value_of(section)["sugar"]) is Byte


def test_schedule_and_partition_key_are_read_and_kept() -> None:
    said = {
        Symbol("x-opt-scheduled-enqueue-time"): Timestamp(5_000),
        Symbol("x-opt-partition-key"): "p",
    }
    payload = encode_section(MESSAGE_ANNOTATIONS, said) + BODY
    (message,) = read_messages(payload, 0, from_wire=lambda at: at + 60, new_id=str)
    assert (message.scheduled_enqueue_at, message.partition_key) == (65.0, "p")
    assert value_of(written(message).message_annotations)["x-opt-partition-key"] == "p"


def test_a_batch_is_its_messages_and_its_envelope_says_nothing() -> None:
    inner = [Properties(message_id=name).encode() + BODY for name in ("a", "b")]
    envelope = Properties(message_id="envelope").encode()
    payload = envelope + b"".join(encode_section(DATA, each) for each in inner)
    messages = read_messages(payload, BATCH_MESSAGE_FORMAT, from_wire=same, new_id=new_id)
    assert [message.message_id for message in messages] == ["a", "b"]
    assert [message.size_bytes for message in messages] == [len(each) for each in inner]


def test_sizes_tell_the_body_from_the_rest() -> None:
    properties = Properties(message_id="m").encode()
    message = read(properties + BODY)
    assert (message.size_bytes, message.header_bytes) == (
        len(properties) + len(BODY),
        len(properties),
    )


def test_bytes_that_are_no_message_are_refused() -> None:
    for payload in (b"nonsense", BODY[:-1], BODY + b"\x00"):
        with pytest.raises(DecodeError):
            read(payload)


@pytest.mark.parametrize(("length", "is_accepted"), [(32_700, True), (32_800, False)])
def test_property_of_more_than_32_kilobytes_is_refused_by_name(
    length: int, is_accepted: bool
) -> None:
    payload = encode_section(
        APPLICATION_PROPERTIES, {"note": "x" * length, "other": "x" * 1000}
    ) + encode_section(DATA, b"")
    if is_accepted:
        read_messages(payload, 0, from_wire=same, new_id=new_id)
        return
    with pytest.raises(BrokerError, match="property 'note' has 32811 bytes") as caught:
        read_messages(payload, 0, from_wire=same, new_id=new_id)
    assert caught.value.code is ErrorCode.MESSAGE_SIZE_EXCEEDED


def test_a_large_delivery_is_not_joined() -> None:
    body = encode_section(DATA, b"x" * 300_000)
    message = read(Properties(message_id="m").encode() + body)
    payload = encode_delivery(message, to_wire=same)
    assert isinstance(payload, Pieces)
    sections = split_sections(payload[:])
    assert sections.body == body
    assert sections.delivery_annotations is not None


def test_delivery_has_delivery_annotations_even_if_they_say_nothing() -> None:
    message = read(BODY)
    payload = encode_delivery(message, to_wire=same)
    assert value_of(split_sections(payload).delivery_annotations) == {}
    assert split_sections(encode_message(message, to_wire=same)).delivery_annotations is None
    message.lock_token = TOKEN
    payload = encode_delivery(message, to_wire=same)
    assert value_of(split_sections(payload).delivery_annotations) == {"x-opt-lock-token": TOKEN}
