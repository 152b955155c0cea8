"""What is written is read back, for all values; no bytes make the engine raise."""

from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.frames import ProtocolId, protocol_header
from sbtutorial.amqp.messaging import Accepted, Properties, split_sections
from sbtutorial.amqp.performatives import Disposition, Open, Transfer
from sbtutorial.amqp.types import (
    Array,
    Byte,
    Char,
    Decimal32,
    Decimal64,
    Decimal128,
    Described,
    Float,
    Int,
    Long,
    Short,
    Symbol,
    Timestamp,
    UByte,
    UInt,
    ULong,
    UShort,
    decode,
    encode,
    skip,
)
from sbtutorial.amqp.types.composites import decode_composite
from tests.amqp.types.test_types import types_of
from tests.examples import examples
from tests.wire import RawClient, client_sends, frame, make_client, make_server


def whole_numbers(kind: type[int], bits: int, *, signed: bool) -> st.SearchStrategy[Any]:
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    return st.integers(low, high).map(kind)


SIMPLE: list[st.SearchStrategy[Any]] = [
    st.booleans(),
    whole_numbers(UByte, 8, signed=False),
    whole_numbers(UShort, 16, signed=False),
    whole_numbers(UInt, 32, signed=False),
    whole_numbers(ULong, 64, signed=False),
    whole_numbers(Byte, 8, signed=True),
    whole_numbers(Short, 16, signed=True),
    whole_numbers(Int, 32, signed=True),
    whole_numbers(Long, 64, signed=True),
    whole_numbers(Timestamp, 64, signed=True),
    st.floats(allow_nan=False, width=32).map(Float),
    st.floats(allow_nan=False),
    st.uuids(),
    st.binary(max_size=300),
    st.text(max_size=300),
    st.text(st.characters(max_codepoint=127), max_size=20).map(Symbol),
    st.characters(exclude_categories=["Cs"]).map(Char),
    *(
        st.binary(min_size=size, max_size=size).map(kind)
        for kind, size in ((Decimal32, 4), (Decimal64, 8), (Decimal128, 16))
    ),
]
scalars = st.one_of(st.none(), *SIMPLE)
arrays = st.one_of(*(st.lists(each, min_size=1, max_size=5).map(Array) for each in SIMPLE))
keys = st.one_of(st.text(max_size=9), st.text("abc", max_size=5).map(Symbol))
values = st.recursive(
    scalars | arrays,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(keys, inner, max_size=5)
        | st.builds(Described, whole_numbers(ULong, 64, signed=False), inner)
    ),
    max_leaves=12,
)


@given(values)
def test_every_value_comes_back_with_its_types(value: Any) -> None:
    raw = encode(value)
    again, end = decode(raw)
    assert again == value
    assert types_of(again) == types_of(value)
    assert end == len(raw) == skip(raw, 0)
    assert encode(again) == raw


@given(values, st.binary(min_size=1, max_size=9))
def test_value_ends_where_it_ends_whatever_follows(value: Any, rest: bytes) -> None:
    raw = encode(value)
    assert decode(raw + rest)[1] == skip(raw + rest, 0) == len(raw)


@given(values, st.data())
def test_value_cut_short_is_a_decode_error(value: Any, data: st.DataObject) -> None:
    raw = encode(value)
    size = data.draw(st.integers(0, len(raw) - 1))
    for walk in (lambda cut: decode(cut), lambda cut: skip(cut, 0)):
        try:
            walk(raw[:size])
        except DecodeError:
            continue
        raise AssertionError("a value that is not all there was read")


@given(st.binary(max_size=200))
def test_any_bytes_decode_or_are_a_decode_error(raw: bytes) -> None:
    for read in (decode, decode_composite, split_sections, lambda data: skip(data, 0)):
        with suppress(DecodeError):
            read(raw)


@given(
    st.builds(
        Transfer,
        handle=st.integers(0, 2**32 - 1),
        delivery_id=st.none() | st.integers(0, 2**32 - 1),
        delivery_tag=st.none() | st.binary(max_size=32),
        message_format=st.none() | st.integers(0, 2**32 - 1),
        settled=st.none() | st.booleans(),
        more=st.booleans(),
        state=st.none() | st.just(Accepted()),
        aborted=st.booleans(),
    )
    | st.builds(
        Disposition,
        role=st.booleans(),
        first=st.integers(0, 2**32 - 1),
        last=st.none() | st.integers(0, 2**32 - 1),
        settled=st.booleans(),
    )
    | st.builds(
        Properties,
        message_id=st.none() | st.text(max_size=300) | st.uuids() | st.binary(max_size=9),
        absolute_expiry_time=st.none() | st.integers(-(2**63), 2**63 - 1),
        content_type=st.none() | st.text("abc/", max_size=9),
    )
)
def test_every_composite_comes_back(composite: Transfer | Disposition | Properties) -> None:
    raw = composite.encode()
    assert decode_composite(raw) == (composite, len(raw))


@settings(max_examples=examples(200))
@given(st.lists(st.binary(max_size=60), max_size=5))
def test_server_survives_any_bytes_from_the_start(pieces: list[bytes]) -> None:
    server = make_server()
    for piece in pieces:
        server.receive_data(piece, now=0)
        server.events()
        server.data_to_send()


@settings(max_examples=examples(200))
@given(st.binary(max_size=100), st.sampled_from([b"", protocol_header(ProtocolId.AMQP)]))
def test_client_survives_any_bytes(data: bytes, header: bytes) -> None:
    client = make_client(sasl_mechanisms=())
    client.open()
    client.receive_data(header + data, now=0)
    client.data_to_send()


@settings(max_examples=examples(300))
@given(st.integers(0x10, 0x18), st.lists(scalars, max_size=14), st.integers(0, 2))
def test_open_connection_survives_any_performative(
    code: int, fields: list[Any], channel: int
) -> None:
    raw = RawClient()
    raw.attach_sender(0)
    raw.attach_receiver(1)
    body = b"\x00\x53" + bytes((code,)) + encode(fields)
    size = (8 + len(body)).to_bytes(4, "big")
    raw.send(size + b"\x02\x00" + channel.to_bytes(2, "big") + body)
    raw.send(frame(Open("again")))
    assert raw.server.connection.next_deadline() is not None or raw.server.connection.finished


@settings(max_examples=examples(50))
@given(st.binary(max_size=3000), st.integers(512, 1200))
def test_payload_survives_fragments_of_any_size(payload: bytes, max_frame_size: int) -> None:
    wire, sender, _ = client_sends(server={"max_frame_size": max_frame_size})
    sender.send(payload, delivery_tag=b"t", settled=True)
    wire.pump()
    assert [each.payload for each in wire.server.events if hasattr(each, "payload")] == [payload]
