"""A peer that says anything at any time: the engine never raises, and keeps little for it."""

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.events import (
    DispositionReceived,
    Event,
    LinkAttached,
    LinkFlow,
    MessageReceived,
    UnknownDelivery,
)
from sbtutorial.amqp.limits import UNPROVED, ConnectionLimits
from sbtutorial.amqp.messaging import (
    Accepted,
    Coordinator,
    Declared,
    Modified,
    Received,
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
    End,
    Error,
    Flow,
    Open,
    Transfer,
)
from sbtutorial.amqp.receiver import ReceiverLink
from sbtutorial.amqp.sender import SenderLink
from sbtutorial.amqp.types import Described, Symbol, UInt, ULong, decode, encode, skip
from sbtutorial.amqp.types.composites import Composite, decode_composite
from tests.examples import examples
from tests.properties.test_codec import values
from tests.wire import RawClient, frame, frames

EDGES = [0, 1, 2, 0x7FFFFFFE, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFE, 0xFFFFFFFF]
uints = st.integers(0, 5) | st.sampled_from(EDGES)
optional = st.none() | uints
handles = st.integers(0, 3) | st.sampled_from(EDGES)
names = st.sampled_from(["a", "b", "", "é" * 20])
errors = st.none() | st.builds(Error, st.just("amqp:x"), st.none() | st.text(max_size=5))
described = st.builds(Described, st.just(Symbol("own")), values)
outcomes: st.SearchStrategy[Any] = st.sampled_from(
    [Accepted(), Rejected(), Released(), Modified(True, False), Declared(b"1")]
)
states = st.none() | st.one_of(
    outcomes,
    st.just(Received(1, 2)),
    st.builds(TransactionalState, st.binary(max_size=4), st.none() | outcomes),
    described,
)
sources = st.none() | described | st.builds(Source, st.none() | names | values)
targets = st.none() | described | st.builds(Target, names) | st.just(Coordinator(("x",)))

SAID: st.SearchStrategy[Composite] = st.one_of(
    st.builds(Begin, st.none() | st.integers(0, 3), uints, uints, uints),
    st.builds(
        Attach,
        names,
        handles,
        st.booleans(),
        st.integers(0, 3),
        st.integers(0, 2),
        sources,
        targets,
        initial_delivery_count=optional,
        max_message_size=st.none() | st.integers(0, 2**64 - 1),
    ),
    st.builds(
        Flow,
        optional,
        uints,
        uints,
        uints,
        st.none() | handles,
        *([optional] * 3),
        *([st.booleans()] * 2),
    ),
    st.builds(
        Transfer,
        handles,
        optional,
        st.none() | st.binary(max_size=3),
        optional,
        st.none() | st.booleans(),
        st.booleans(),
        st.none() | st.integers(0, 2),
        states,
        *([st.booleans()] * 3),
    ),
    st.builds(Disposition, st.booleans(), uints, optional, st.booleans(), states),
    st.builds(Detach, handles, st.booleans(), errors),
    st.builds(End, errors),
    st.builds(Close, errors),
    st.builds(Open, names),
)
payloads = st.binary(max_size=40)
steps = st.lists(st.tuples(st.integers(0, 2), SAID, payloads), max_size=25)


class Application:
    """Does with what it is told of whatever it may, by its number."""

    def __init__(self, choices: Callable[[], int]) -> None:
        self._choose = choices

    def act(self, event: Event) -> None:
        choice = self._choose() % 4
        match event:
            case LinkAttached(link):
                if choice == 0:
                    link.refuse(Error("amqp:not-found", "no"))
                elif choice < 3:
                    link.accept(max_message_size=50 if choice == 1 else None)
                    if isinstance(link, ReceiverLink):
                        link.keep_credit(10)
            case LinkFlow(SenderLink() as link):
                if link.credit > 0 and link.is_attached:
                    link.send(b"x" * 700, delivery_tag=b"t", settled=choice == 1)
                if link.drain:
                    link.drained()
            case MessageReceived(link, delivery_id):
                link.settle(delivery_id, Accepted(), settled=choice != 0)
                link.keep_credit(10)
                if choice == 3:
                    link.detach()
            case DispositionReceived(link, delivery_id) if not event.settled:
                link.settle(delivery_id, Accepted())
            case UnknownDelivery(session, delivery_id) if not event.settled:
                session.settle(delivery_id, Rejected(), event.count)


@settings(max_examples=examples(300), deadline=None)
@given(
    steps,
    st.lists(st.integers(0, 3), min_size=1, max_size=20),
    st.sampled_from([UNPROVED, ConnectionLimits(max_sessions=3, max_links_per_session=2)]),
)
def test_engine_bears_any_frames_in_any_order_and_keeps_count(
    said: list[tuple[int, Composite, bytes]], choices: list[int], limits: ConnectionLimits
) -> None:
    raw = RawClient(limits=limits)
    turn = iter(range(10**6))
    application = Application(lambda: choices[next(turn) % len(choices)])
    connection = raw.server.connection
    use = raw.session.use
    for channel, performative, payload in said:
        connection.receive_data(frame(performative, payload, channel=channel), now=0)
        events = connection.events()
        assert len(events) <= 40
        for event in events:
            application.act(event)
        out = connection.data_to_send()
        assert len(frames(out)) <= 60
        kept = [
            link for session in connection._sessions._by_channel.values() for link in session._links
        ]
        assert use.link_count == len(kept) <= 2 * limits.max_links_per_session * limits.max_sessions
        assert 0 <= use.partial_bytes <= limits.max_partial_bytes
    connection.receive_eof()
    assert (use.link_count, use.partial_bytes) == (0, 0)


PERFORMATIVES = {
    cls.CODE: len(cls.FIELD_NAMES)
    for cls in (Open, Begin, Attach, Flow, Transfer, Disposition, Detach, End, Close)
}


@settings(max_examples=examples(300), deadline=None)
@given(st.sampled_from(sorted(PERFORMATIVES)), st.data())
def test_any_field_may_hold_any_value(code: int, data: st.DataObject) -> None:
    """Types that a field does not have, and composites where none is due, are refused in AMQP."""
    most = PERFORMATIVES[code]
    fields = data.draw(st.lists(values | uints.map(UInt), max_size=most + 1))
    body = encode(Described(ULong(code), fields))
    raw = RawClient()
    raw.attach_sender(0)
    raw.attach_receiver(1)
    raw.server.connection.receive_data(
        (8 + len(body)).to_bytes(4, "big") + b"\x02\x00\x00\x01" + body, now=0
    )
    raw.server.connection.data_to_send()


def _nested(around: bytes, inner: bytes, depth: int) -> bytes:
    raw = inner
    for _ in range(depth):
        size = (len(raw) + 4).to_bytes(4, "big")
        raw = around + size + b"\x00\x00\x00\x01" + raw
    return raw


# Each may stand in itself, as far as its first bytes go.
NESTS = {
    "lists": (b"\xd0", b"\x45"),
    "transactional-states": (b"\x00\x53\x34\xd0", b"\x45"),
    "sources": (b"\x00\x53\x28\xd0", b"\x45"),
    "errors": (b"\x00\x53\x1d\xd0", b"\x45"),
    "described lists": (b"\x00\x40\xd0", b"\x45"),
}


def test_nothing_is_nested_deeper_than_its_limit_wherever_it_stands() -> None:
    for around, inner in NESTS.values():
        deep = _nested(around, inner, 5000)
        for read in (decode, decode_composite, lambda raw: skip(raw, 0)):
            _refused(read, deep)
        for code in PERFORMATIVES:
            for position in range(PERFORMATIVES[code]):
                fields = b"\x40" * position + deep
                size = (len(fields) + 4).to_bytes(4, "big")
                count = (position + 1).to_bytes(4, "big")
                _refused(
                    decode_composite, b"\x00\x53" + bytes((code,)) + b"\xd0" + size + count + fields
                )


def test_descriptors_are_not_nested_deeper_either() -> None:
    deep = b"\x00" * 5000 + b"\x40" * 5001
    for read in (decode, decode_composite, lambda raw: skip(raw, 0)):
        _refused(read, deep)


def _refused(read: Callable[[bytes], object], raw: bytes) -> None:
    try:
        read(raw)
    except DecodeError:
        return
    raise AssertionError("this can be read, and nothing would end it")


@settings(max_examples=examples(300), deadline=None)
@given(st.binary(max_size=300))
def test_what_can_be_decoded_can_be_echoed(raw: bytes) -> None:
    for read in (decode, decode_composite):
        try:
            value, _ = read(raw)
        except DecodeError:
            continue
        again = value.encode() if isinstance(value, Composite) else encode(value)
        assert read(again)[0] == value or value != value
