"""What one peer may make the engine keep and work through, whatever it sends."""

import gc
import tracemalloc
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from sbtutorial.amqp.connection import MAX_WAITING_EVENTS
from sbtutorial.amqp.errors import Condition
from sbtutorial.amqp.events import (
    ConnectionClosed,
    ConnectionOpened,
    DispositionReceived,
    LinkAttached,
    LinkFlow,
    MessageReceived,
    SessionBegun,
    SessionEnded,
    UnknownDelivery,
)
from sbtutorial.amqp.frames import MIN_MAX_FRAME_SIZE, frame_header
from sbtutorial.amqp.limits import UNPROVED, ConnectionLimits
from sbtutorial.amqp.messaging import Accepted, Rejected, Source, Target
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
from sbtutorial.amqp.types import Described, Symbol, ULong
from tests.wire import RawClient, Side, connect, frame, make_server, opened

LAST = 0xFFFFFFFF


def attach(handle: int, name: str | None = None, **more: Any) -> Attach:
    return Attach(name or f"l{handle}", handle, False, 0, 0, Source("s"), Target("t"), **more)


def condition(answers: list[Any], kind: type[Any]) -> str:
    (ending,) = (each for each in answers if isinstance(each, kind))
    return str(ending.error.condition)


# --- before the peer has proved anything


def test_server_can_be_used_within_the_limits_of_a_stranger() -> None:
    raw = RawClient(limits=UNPROVED)
    requests, responses = raw.attach_sender(0, "$cbs"), raw.attach_receiver(1, "$cbs")
    raw.send(frame(Transfer(0, 0, b"t", 0), b"x" * 4096, channel=1))
    assert len(raw.server.last(MessageReceived).payload) == 4096
    responses.send(b"answer", delivery_tag=b"t", settled=True)
    assert requests.is_attached
    assert [type(each) for each in raw.answers()] == [Transfer]


@pytest.mark.parametrize("size", [8 * 1024 + 1, 60_000])
def test_frame_before_the_open_is_small(size: int) -> None:
    server = Side(make_server())
    server.connection.receive_data(b"AMQP\0\1\0\0" + frame_header(size), now=0)
    server.events += server.connection.events()
    assert server.last(ConnectionClosed).error.condition == Condition.FRAMING_ERROR
    assert server.connection.finished


def test_frame_before_the_open_may_be_larger_than_the_least_that_all_take() -> None:
    wire = connect(client={"properties": {Symbol("product"): "x" * 4 * MIN_MAX_FRAME_SIZE}})
    wire.client.connection.open()
    wire.pump()
    assert wire.server.of(ConnectionOpened)


@pytest.mark.parametrize(
    "said",
    [
        attach(0, properties={Symbol("p"): "x" * 5000}),
        attach(0, name="n" * 5000),
        attach(0, desired_capabilities=tuple(f"capability-{n}" for n in range(300))),
        attach(0, unsettled={n: None for n in range(5000)}),
        Attach("l", 0, True, 0, 0, Source("a" * 5000), Target("t")),
        Attach("l", 0, True, 0, 0, Source("a", filter={Symbol("f"): "x" * 5000}), Target("t")),
        Flow(0, 1, 0, 1, properties={Symbol("p"): "x" * 5000}),
        Transfer(0, 0, b"t" * 5000),
        Transfer(0, 0, b"t", state=Described(ULong(1), "x" * 5000)),
        Disposition(True, 0, state=Rejected(Error("c", "x" * 5000))),
        Detach(0, error=Error("c", "x" * 5000)),
        End(Error("c", "x" * 5000)),
        Begin(None, 0, 1, 1, properties={Symbol("p"): "x" * 5000}),
        Close(Error("c", "x" * 5000)),
        Described(Symbol("amqp:transfer:list"), ["x" * 5000]),
    ],
    ids=lambda said: f"{type(said).__name__}",
)
def test_performative_of_a_stranger_is_small(said: Any) -> None:
    raw = RawClient(limits=UNPROVED)
    raw.attach_sender(0, "q")
    raw.server.forget()
    (close,) = raw.send(_frame(said))
    assert close.error.condition == Condition.RESOURCE_LIMIT_EXCEEDED
    assert raw.server.events == [ConnectionClosed(close.error)]


def _frame(said: Any) -> bytes:
    if isinstance(said, Described):
        from sbtutorial.amqp.types import encode

        body = encode(said)
        return frame_header(len(body), 1) + body
    return frame(said, channel=1)


def test_payload_is_no_part_of_a_performative() -> None:
    raw = RawClient(limits=UNPROVED)
    link = raw.attach_sender(0, "q")
    assert link.max_message_size == UNPROVED.max_message_size
    raw.send(frame(Transfer(0, 0, b"t"), b"x" * 60_000, channel=1))
    raw.send(frame(Transfer(0, 1, b"t" * 300), b"x" * 60_000, channel=1))
    assert [len(each.payload) for each in raw.server.of(MessageReceived)] == [60_000, 60_000]


def test_limits_can_be_raised_once_the_peer_is_known() -> None:
    raw = RawClient(limits=ConnectionLimits(max_links_per_session=1, max_performative_size=300))
    raw.attach_sender(0)
    assert [type(each) for each in raw.say(attach(1))] == [Attach, Detach]
    raw.say(Detach(1))
    raw.server.connection.limits = ConnectionLimits()
    assert raw.server.connection.limits == ConnectionLimits()
    raw.attach_sender(1, "n" * 1000)


def test_stranger_that_asks_for_all_it_may_have_costs_a_few_megabytes() -> None:
    # One byte each, and a list of 56 here.
    large = {Symbol("p"): [[] for _ in range(1850)]}
    tracemalloc.start()
    try:
        server = make_server(limits=UNPROVED)
        said = [frame(Open("x", properties=large))]
        said += [frame(Begin(None, 0, 1, 1, properties=large), channel=n) for n in range(8)]
        said += [frame(attach(n, properties=large)) for n in range(16)]
        said += [frame(Transfer(n, n, b"t", more=True), b"x" * 60_000) for n in range(16)]
        for data in (b"AMQP\0\1\0\0", *said):
            server.receive_data(data, now=0)
            for event in server.events():
                if isinstance(event, LinkAttached):
                    event.link.accept()
            server.data_to_send()
        assert not server.finished
        assert tracemalloc.get_traced_memory()[0] < 4_000_000
    finally:
        tracemalloc.stop()


# --- storms


def test_links_of_all_sessions_are_counted() -> None:
    raw = RawClient(limits=ConnectionLimits(max_links=2))
    raw.send(frame(Begin(None, 0, 1000, 1000), channel=2))
    raw.say(attach(0), attach(1))
    answers = raw.send(frame(attach(0), channel=2))
    assert condition(answers, Detach) == Condition.RESOURCE_LIMIT_EXCEEDED
    assert len(raw.server.of(LinkAttached)) == 2
    raw.send(frame(Detach(0), channel=2))
    assert raw.session.use.link_count == 2


def test_refused_links_that_are_never_detached_end_the_session() -> None:
    raw = RawClient(limits=ConnectionLimits(max_links_per_session=3))
    answers = [each for n in range(50) for each in raw.say(attach(n))]
    assert condition(answers, End) == Condition.RESOURCE_LIMIT_EXCEEDED
    assert len([each for each in answers if isinstance(each, Detach)]) == 3
    assert raw.session.use.link_count == 0
    assert len(raw.server.of(LinkAttached)) == 3


def test_link_that_is_stolen_again_and_again_ends_the_session() -> None:
    raw = RawClient(limits=ConnectionLimits(max_links_per_session=3))
    answers = [each for n in range(50) for each in raw.say(attach(n, "same"))]
    assert condition(answers, End) == Condition.RESOURCE_LIMIT_EXCEEDED
    assert raw.session.use.link_count == 0


def test_attaches_and_detaches_without_end_keep_nothing() -> None:
    raw = RawClient()
    for n in range(3000):
        raw.say(attach(n), Detach(n))
    assert raw.session.use.link_count == 0
    assert len(raw.session._links._retired_remote_handles) <= 1024
    assert raw.say(Transfer(2999, 0, b"t")) == []


def test_begins_and_ends_without_end_keep_nothing() -> None:
    raw = RawClient(limits=ConnectionLimits(max_sessions=4))
    for n in range(300):
        channel = 2 + n % 100
        answers = raw.send(
            frame(Begin(None, 0, 1, 1), channel=channel) + frame(End(), channel=channel)
        )
        assert [type(each) for each in answers] == [Begin, End]
    assert len(raw.server.connection._sessions._by_channel) == 1


def test_sessions_whose_end_is_never_answered_count() -> None:
    raw = RawClient(limits=ConnectionLimits(max_sessions=3))
    for channel in range(2, 9):
        raw.send(frame(Begin(None, 0, 1, 1), channel=channel))
        raw.send(frame(Flow(0, 1, 0, 1, 77), channel=channel))
    assert raw.server.last(ConnectionClosed).error.condition == Condition.RESOURCE_LIMIT_EXCEEDED


# --- dispositions, flows and windows without measure


@pytest.mark.parametrize(("first", "last"), [(0, LAST), (5, 4), (0, 0x7FFFFFFF), (9, 0x80000008)])
def test_disposition_of_billions_tells_of_what_there_is(first: int, last: int) -> None:
    raw = RawClient()
    link = raw.attach_receiver()
    ids = [link.send(b"x", delivery_tag=b"t", settled=False) for _ in range(10)]
    raw.answers()
    raw.server.forget()
    raw.say(Disposition(True, first, last, False, Accepted()))
    told = [each.delivery_id for each in raw.server.of(DispositionReceived)]
    assert told == ([] if last in (LAST, 4) else [each for each in ids if each >= first])
    assert len(raw.server.of(UnknownDelivery)) <= 2
    assert list(link.unsettled) == ids


def test_unknown_deliveries_in_a_row_are_one_event_and_one_answer() -> None:
    raw = RawClient()
    link = raw.attach_receiver()
    for _ in range(3):
        link.send(b"x", delivery_tag=b"t", settled=False)
    link.settle(1, Accepted())
    raw.answers()
    raw.server.forget()
    raw.say(Disposition(True, 1, 4000, False, Accepted()))
    unknown = raw.server.of(UnknownDelivery)
    assert [(each.delivery_id, each.count) for each in unknown] == [(1, 1), (3, 3998)]
    for each in unknown:
        raw.session.settle(each.delivery_id, Rejected(), each.count)
    assert raw.answers() == [
        Disposition(False, 1, 1, True, Rejected()),
        Disposition(False, 3, 4000, True, Rejected()),
    ]


@pytest.mark.parametrize("count", [0, 5, 0x7FFFFFFF, 0x80000000, LAST])
@pytest.mark.parametrize("credit", [0, 1, 0x7FFFFFFF, LAST])
@pytest.mark.parametrize("drain", [False, True])
def test_flow_without_measure_is_borne_and_echoed(count: int, credit: int, drain: bool) -> None:
    raw = RawClient()
    raw.attach_sender(0)
    link = raw.attach_receiver(1)
    flow = Flow(count, credit, count, credit, 1, count, credit, credit, drain, True)
    answers = raw.say(
        flow, Flow(count, credit, count, credit, 0, count, credit, credit, drain, True)
    )
    assert [type(each) for each in answers] == [Flow, Flow]
    assert 0 <= link.credit <= LAST
    link.drained()
    assert raw.say(Flow(0, 1, 0, 1, echo=True))


def test_sender_has_no_credit_while_the_window_of_its_session_is_shut() -> None:
    raw = RawClient()
    one, two = raw.attach_receiver(0, "a"), raw.attach_receiver(1, "b")
    raw.say(Flow(0, 1, 0, 1000))
    assert (one.credit, two.credit) == (10, 10)
    one.send(b"x", delivery_tag=b"t", settled=True)
    assert (one.credit, two.credit) == (0, 0)
    raw.server.forget()
    raw.say(Flow(1, 0, 0, 1000))
    assert raw.server.events == []
    raw.say(Flow(1, 5, 0, 1000))
    assert raw.server.of(LinkFlow) == [LinkFlow(one), LinkFlow(two)]
    assert (one.credit, two.credit) == (9, 10)


# --- reading in portions


def test_reading_goes_on_where_it_stopped() -> None:
    raw = RawClient()
    raw.attach_sender()
    raw.server.forget()
    connection = raw.server.connection
    data = b"".join(frame(Transfer(0, n, b"t"), b"%d" % n, channel=1) for n in range(10))
    connection.feed(data[:-5], now=0)
    connection.feed(data[-5:], now=0)
    portions = []
    while connection.read_frames(4):
        portions.append([each.payload for each in connection.events()])
    assert [len(portion) for portion in portions] == [4, 4, 2]
    assert b"".join(b"".join(portion) for portion in portions) == b"0123456789"


def test_nothing_is_read_once_the_connection_is_over() -> None:
    raw = RawClient()
    raw.server.connection.feed(frame(Close()) + frame(Close()) * 5, now=0)
    while raw.server.connection.read_frames(1):
        pass
    assert raw.server.connection.finished


# --- memory is free at once


def _close(raw: RawClient) -> None:
    raw.send(frame(Close()))


def _lose(raw: RawClient) -> None:
    raw.server.connection.receive_eof()


def _break(raw: RawClient) -> None:
    raw.send(frame_header(1 << 30))


@pytest.mark.parametrize("end", [_close, _lose, _break])
def test_connection_that_is_over_is_freed_without_a_search_for_cycles(
    end: Callable[[RawClient], None],
) -> None:
    raw = RawClient()
    raw.attach_receiver(1)
    raw.attach_sender(0)
    raw.send(frame(Transfer(0, 0, b"t", more=True), b"x" * 60_000, channel=1))
    kept = [weakref.ref(each) for each in (raw.server.connection, raw.session, *raw.session._links)]
    gc.collect()
    gc.disable()
    try:
        end(raw)
        del raw
        assert [each() for each in kept] == [None] * 4
    finally:
        gc.enable()


def test_session_that_is_over_is_freed_without_a_search_for_cycles() -> None:
    raw = RawClient()
    raw.attach_sender(0)
    kept = [weakref.ref(raw.session), weakref.ref(next(iter(raw.session._links)))]
    gc.collect()
    gc.disable()
    try:
        raw.say(End())
        assert raw.server.of(SessionEnded)
        raw.session = raw.server.last(SessionEnded).session
        raw.server.forget()
        del raw.session
        assert [each() for each in kept] == [None, None]
    finally:
        gc.enable()


def test_opened_sides_know_their_sessions() -> None:
    wire = opened()
    wire.client.connection.begin()
    wire.pump()
    assert len(wire.server.of(SessionBegun)) == 1
    assert Open("x").container_id == "x"


# --- reading a few frames at a time


def test_frames_are_read_a_few_at_a_time() -> None:
    raw = RawClient()
    raw.attach_sender()
    raw.server.forget()
    connection = raw.server.connection
    connection.feed(b"".join(frame(Transfer(0, n, b"t"), channel=1) for n in range(10)), now=0)
    assert [connection.read_frames(4), len(connection.events())] == [4, 4]
    assert [connection.read_frames(4), len(connection.events())] == [4, 4]
    assert [connection.read_frames(4), len(connection.events())] == [2, 2]
    assert connection.read_frames(4) == 0


def test_frames_that_tell_of_thousands_of_deliveries_are_read_a_part_at_a_time() -> None:
    raw = RawClient()
    link = raw.attach_receiver(credit=5000)
    for _ in range(3000):
        link.send(b"x", delivery_tag=b"t", settled=False)
    raw.answers()
    connection = raw.server.connection
    said = Disposition(True, 0, 2999, False, Accepted())
    connection.feed(frame(said, channel=1) * 20, now=0)
    told = []
    while connection.read_frames(32) == 32:
        told.append(len(connection.events()))
    assert sum(told) == 3000 * 20
    assert max(told) == MAX_WAITING_EVENTS
