"""Field tables: what is enforced when reading, what is kept when writing."""

import inspect
from typing import Any

import pytest

from sbtutorial.amqp import messaging, performatives
from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.messaging import (
    Accepted,
    Header,
    Modified,
    Properties,
    Rejected,
    Released,
    Source,
    Target,
    TransactionalState,
)
from sbtutorial.amqp.performatives import (
    Attach,
    Begin,
    Close,
    Detach,
    Disposition,
    Error,
    Flow,
    Open,
    SaslInit,
    SaslMechanisms,
    SaslOutcome,
    Transfer,
)
from sbtutorial.amqp.types import Described, Symbol, ULong, encode
from sbtutorial.amqp.types.composites import Composite, decode_composite

EXAMPLES: list[tuple[Composite, str]] = [
    (Accepted(), "005324 45"),
    (Released(), "005326 45"),
    (Rejected(), "005325 c0 02 01 40"),
    (Modified(None, False, None), "005327 c0 04 03 40 42 40"),
    (Modified(None, True, None), "005327 c0 04 03 40 41 40"),
    (Error("amqp:not-found"), "00531d c0 13 03 a30e 616d71703a6e6f742d666f756e64 40 40"),
    (Header(ttl=1_209_600_000, delivery_count=1), "005370 c0 0b 05 40 40 70 48190800 40 52 01"),
    (Source("q"), "005328 c0 04 01 a10171"),
    (
        Flow(0, 65_536, 0, 65_536, 1, 0, 100),
        "005313 c0 16 0b 43 70 00010000 43 70 00010000 5201 43 5264 40 42 42 40",
    ),
    (
        Transfer(1, 5, b"abcd", 0, False),
        "005314 c0 13 0b 5201 5205 a004 61626364 43 42 42 40 40 42 42 42",
    ),
    (Disposition(True, 5, 5, True, Accepted()), "005315 c0 0c 06 41 5205 5205 41 00532445 42"),
    (Detach(0, True), "005316 c0 04 03 43 41 40"),
    (Close(), "005318 c0 02 01 40"),
    (
        SaslMechanisms(("PLAIN", "ANONYMOUS")),
        "005340 c0 1b 01 e0 18 02 b3 00000005 504c41494e 00000009 414e4f4e594d4f5553",
    ),
    (SaslInit("ANONYMOUS", b"", None), "005341 c0 0f 03 a309 414e4f4e594d4f5553 a000 40"),
]
every_example = pytest.mark.parametrize(
    ("composite", "wire"), EXAMPLES, ids=[each[0].NAME for each in EXAMPLES]
)


@every_example
def test_composite_is_written_byte_for_byte(composite: Composite, wire: str) -> None:
    assert composite.encode().hex() == wire.replace(" ", "")


@every_example
def test_composite_is_read_back(composite: Composite, wire: str) -> None:
    raw = bytes.fromhex(wire)
    assert decode_composite(b"\xee" + raw + b"\xee", 1) == (composite, 1 + len(raw))
    assert type(composite).decode_section(raw) == composite


@every_example
def test_composite_cut_short_is_a_decode_error(composite: Composite, wire: str) -> None:
    raw = bytes.fromhex(wire)
    for size in range(len(raw)):
        with pytest.raises(DecodeError):
            decode_composite(raw[:size])


def all_composites() -> list[type[Composite]]:
    modules = vars(performatives) | vars(messaging)
    return sorted(
        {
            each
            for each in modules.values()
            if inspect.isclass(each) and issubclass(each, Composite) and each is not Composite
        },
        key=lambda each: each.CODE,
    )


@pytest.mark.parametrize("kind", all_composites(), ids=lambda kind: kind.NAME)
def test_symbolic_and_long_descriptors_are_understood(kind: type[Composite]) -> None:
    names = [name for name in kind.FIELD_NAMES]
    values = {"condition": "a:b", "name": "n", "container_id": "c", "mechanism": "m"}
    mandatory = [
        parameter.name
        for parameter in inspect.signature(kind).parameters.values()
        if parameter.default is inspect.Parameter.empty
    ]
    samples: dict[str, Any] = {
        name: values.get(name, b"x" if name in ("txn_id", "challenge", "response") else 1)
        for name in mandatory
    }
    if "sasl_server_mechanisms" in samples:
        samples["sasl_server_mechanisms"] = ("m",)
    sample = kind(**samples)
    raw = sample.encode()
    assert raw[:3] == bytes((0, 0x53, kind.CODE))
    for descriptor in (
        b"\x80" + kind.CODE.to_bytes(8, "big"),
        encode(Symbol(f"amqp:{kind.NAME}:list")),
    ):
        again, _ = decode_composite(b"\x00" + descriptor + raw[3:])
        assert again == sample
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("composite", "count"),
    [
        (Attach("l", 0, True), 14),
        (Open("c"), 10),
        (Begin(None, 0, 1, 1), 8),
        (Flow(None, 1, 0, 1), 11),
        (Transfer(0), 11),
        (Disposition(True, 0), 6),
        (SaslOutcome(0), 2),
        (Source(), 1),
        (Target(), 1),
        (Error("a"), 3),
        (Modified(), 3),
        (Accepted(), 0),
    ],
)
def test_fields_that_clients_index_are_always_written(composite: Composite, count: int) -> None:
    raw = composite.encode()
    assert (0 if raw[3] == 0x45 else raw[5]) == count


def test_null_and_omitted_fields_take_their_default() -> None:
    attach = Attach.decode_section(bytes.fromhex("005312 c0 08 05 a1016c 43 41 40 40"))
    assert (attach.snd_settle_mode, attach.rcv_settle_mode) == (2, 0)
    assert attach.incomplete_unsettled is False
    assert attach.properties is None


def test_missing_mandatory_field_is_named() -> None:
    for wire in ("00531645", "005316c0020140"):
        with pytest.raises(DecodeError, match=r"detach\.handle is mandatory"):
            decode_composite(bytes.fromhex(wire))


def test_field_of_the_wrong_type_is_named() -> None:
    with pytest.raises(DecodeError, match=r"detach\.handle must be uint, not format 0xa1"):
        decode_composite(bytes.fromhex("005316 c0 04 01 a1016c"))


def test_more_fields_than_there_are_is_an_error() -> None:
    with pytest.raises(DecodeError, match="close has 1 fields, not 2"):
        decode_composite(bytes.fromhex("005318 c0 03 02 40 40"))


def test_composite_that_is_no_list_is_an_error() -> None:
    with pytest.raises(DecodeError, match="must be a list"):
        decode_composite(bytes.fromhex("005318 c1 01 00"))


def test_fields_must_fill_the_list() -> None:
    with pytest.raises(DecodeError, match="does not end"):
        decode_composite(bytes.fromhex("005318 c0 03 01 40 40"))


def test_wrong_composite_in_a_field_is_an_error() -> None:
    with pytest.raises(DecodeError, match="accepted cannot stand where error is due"):
        decode_composite(bytes.fromhex("005318 c0 05 01") + Accepted().encode())


def test_described_value_that_nobody_declared_is_kept() -> None:
    raw = Disposition(True, 0, 0, True, Described(Symbol("x:state"), [1])).encode()
    state = Disposition.decode_section(raw).state
    assert state == Described(Symbol("x:state"), [1])


def test_one_symbol_alone_stands_for_an_array_of_one() -> None:
    raw = bytes.fromhex("005340 c0 04 01 a3016d")
    assert SaslMechanisms.decode_section(raw).sasl_server_mechanisms == ("m",)


def test_array_of_something_else_is_no_array_of_symbols() -> None:
    with pytest.raises(DecodeError, match="symbols"):
        decode_composite(bytes.fromhex("005340 c0 06 01 e0 03 01 50 01"))


def test_message_ids_keep_their_type() -> None:
    for message_id in (ULong(7), "7", b"7"):
        again = Properties.decode_section(Properties(message_id=message_id).encode())
        assert again.message_id == message_id
        assert type(again.message_id) is type(message_id)


def test_nested_composites_come_back() -> None:
    state = TransactionalState(b"t", Rejected(Error("a:b", "why", {Symbol("k"): "v"})))
    attach = Attach(
        "l",
        3,
        True,
        0,
        1,
        Source("q", filter={Symbol("f"): Described(Symbol("f"), "x")}),
        Target("t"),
    )
    assert TransactionalState.decode_section(state.encode()) == state
    assert Attach.decode_section(attach.encode()) == attach


def test_section_of_another_kind_is_refused() -> None:
    with pytest.raises(DecodeError, match="one header"):
        Header.decode_section(Properties().encode())


def test_composites_cannot_nest_without_end() -> None:
    state = b"\x40"
    for _ in range(200):
        body = b"\xa0\x01t" + state
        state = (
            b"\x00\x53\x34\xd0" + (len(body) + 4).to_bytes(4, "big") + b"\x00\x00\x00\x02" + body
        )
    with pytest.raises(DecodeError):
        decode_composite(state)


@pytest.mark.parametrize("state", [None, Accepted()])
@pytest.mark.parametrize("batchable", [False, True])
def test_what_is_seldom_filled_is_written_like_the_rest(
    state: Accepted | None, batchable: bool
) -> None:
    transfer = Transfer(1, 5, b"abcd", 0, False, False, None, state, batchable=batchable)
    disposition = Disposition(True, 5, 6, True, state, batchable)
    for composite in (transfer, disposition):
        assert type(composite).decode_section(composite.encode()) == composite
