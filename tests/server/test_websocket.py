"""WebSocket without a socket: wsproto's client at the other end, and peers that know no rules."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage
from wsproto.frame_protocol import XorMaskerSimple

from sbtutorial.server.websocket import MAX_MESSAGE_BYTES, WebSocketEndpoint

MASK = bytes.fromhex("37fa213d")
BINARY, TEXT, CLOSE, PING = 0x2, 0x1, 0x8, 0x9


class Inner:
    """Keeps what it is given, each piece for itself."""

    def __init__(self, write, close):
        self.write, self.close = write, close
        self.received = []
        self.lost_count = 0
        self.on_data = lambda data: None

    def receive_data(self, data):
        assert self.lost_count == 0
        self.received.append(data)
        self.on_data(data)

    is_cut = False
    is_proved = True

    def input_ended(self):
        return False

    def connection_lost(self):
        self.lost_count += 1


class Timer:
    def __init__(self, actions):
        self._actions = actions

    def cancel(self):
        self._actions.clear()


class Exchange:
    """A client and a `WebSocketEndpoint`, joined in memory."""

    def __init__(self, piece_bytes=1 << 30):
        self.client = Connection(ConnectionType.CLIENT)
        self.sent = b""
        self.closed_count = 0
        self.piece_bytes = piece_bytes
        self.later = []
        self.endpoint = WebSocketEndpoint(
            self._write, self._close, self._make_inner, later=self._call_later
        )

    def _make_inner(self, write, close):
        self.inner = Inner(write, close)
        return self.inner

    def _write(self, data):
        assert self.closed_count == 0
        assert type(data) is bytes
        self.sent += data

    def _close(self):
        self.closed_count += 1

    def _call_later(self, seconds, action):
        assert seconds == 0
        self.later.append(action)
        return Timer(self.later)

    def go_on(self):
        """Have done what was put off."""
        while self.later:
            self.later.pop(0)()

    def send(self, *events):
        self.send_bytes(b"".join(self.client.send(event) for event in events))

    def send_bytes(self, data):
        for start in range(0, len(data), self.piece_bytes):
            self.endpoint.receive_data(data[start : start + self.piece_bytes])
            self.go_on()

    def heard(self):
        """What the client makes of all that was sent to it since the last time."""
        data, self.sent = self.sent, b""
        self.client.receive_data(data)
        return list(self.client.events())

    def goodbye(self):
        """The code and reason of the close frame, which is the last thing that was sent."""
        *_, last = self.heard()
        assert isinstance(last, CloseConnection)
        return last.code, last.reason


@pytest.fixture(params=[1 << 30, 1, 5])
def exchange(request):
    return Exchange(request.param)


def frame(opcode, payload=b"", *, fin=True, is_masked=True, length=None, rsv=0):
    """A frame as somebody might write it who has not read the rules."""
    size = len(payload) if length is None else length
    mark = 0x80 if is_masked else 0
    head = bytes([(0x80 if fin else 0) | rsv | opcode])
    if size < 126:
        head += bytes([mark | size])
    elif size < 1 << 16:
        head += struct.pack("!BH", mark | 126, size)
    else:
        head += struct.pack("!BQ", mark | 127, size)
    if not is_masked:
        return head + payload
    return head + MASK + bytes(XorMaskerSimple(MASK).process(bytearray(payload)))


def test_bytes_pass_both_ways(exchange):
    exchange.send(BytesMessage(b"hello"))
    assert b"".join(exchange.inner.received) == b"hello"
    exchange.inner.write(b"and back")
    assert exchange.heard() == [BytesMessage(b"and back")]


def test_fragments_and_messages_are_one_stream(exchange):
    exchange.send(
        BytesMessage(b"AM", message_finished=False),
        Ping(b"between"),
        BytesMessage(b"QP", message_finished=False),
        BytesMessage(b"", message_finished=True),
        BytesMessage(b"\x00\x01\x00\x00"),
        BytesMessage(b""),
    )
    assert b"".join(exchange.inner.received) == b"AMQP\x00\x01\x00\x00"
    assert exchange.heard() == [Pong(b"between")]
    assert exchange.closed_count == 0


def test_many_small_messages_are_handed_on_at_once():
    exchange = Exchange()
    exchange.send(*[BytesMessage(b"%d," % number) for number in range(5)])
    assert exchange.inner.received == [b"0,1,2,3,4,"]


def test_a_part_of_a_frame_is_handed_on_before_the_rest_is_there():
    """So a frame costs no memory, whatever size it claims."""
    exchange = Exchange()
    exchange.send_bytes(frame(BINARY, b"AMQP", length=1 << 62))
    assert exchange.inner.received == [b"AMQP"]
    assert exchange.closed_count == 0


def test_a_large_write_is_cut_into_messages_that_every_client_takes():
    exchange = Exchange()
    data = bytes(range(256)) * 20_000
    exchange.inner.write(data)
    messages = exchange.heard()
    assert b"".join(message.data for message in messages) == data
    assert all(message.message_finished for message in messages if message.frame_finished)
    assert max(len(message.data) for message in messages) <= MAX_MESSAGE_BYTES


def test_a_ping_is_answered_with_what_it_holds(exchange):
    exchange.send(Ping(b"x" * 125), Ping(b""))
    assert exchange.heard() == [Pong(b"x" * 125), Pong(b"")]
    assert exchange.inner.received == []


def test_a_pong_that_nobody_asked_for_means_nothing(exchange):
    exchange.send(Pong(b"heartbeat"))
    assert (exchange.sent, exchange.inner.received, exchange.closed_count) == (b"", [], 0)


@pytest.mark.parametrize(("code", "answer"), [(1000, 1000), (1001, 1001), (None, 1005)])
def test_the_peers_goodbye_is_answered_and_passed_on_once(exchange, code, answer):
    exchange.send_bytes(frame(CLOSE, b"" if code is None else struct.pack("!H", code) + b"bye"))
    assert exchange.goodbye()[0] == answer
    exchange.send_bytes(frame(BINARY, b"too late"))
    exchange.endpoint.connection_lost()
    assert (exchange.closed_count, exchange.inner.lost_count) == (1, 1)
    assert exchange.inner.received == []


def test_what_came_before_a_goodbye_is_handed_on_and_may_be_answered_to_nobody():
    exchange = Exchange()
    exchange.inner.on_data = exchange.inner.write
    exchange.send(BytesMessage(b"last words"), CloseConnection(1000))
    assert exchange.inner.received == [b"last words"]
    assert [type(event) for event in exchange.heard()] == [CloseConnection]
    assert (exchange.closed_count, exchange.inner.lost_count) == (1, 1)


def test_close_from_inside_says_goodbye_after_what_was_written(exchange):
    exchange.inner.write(b"last words")
    exchange.inner.close()
    assert exchange.heard() == [BytesMessage(b"last words"), CloseConnection(1000, "")]
    exchange.inner.write(b"nobody hears this")
    exchange.inner.close()
    exchange.send(CloseConnection(1000))
    assert (exchange.sent, exchange.closed_count) == (b"", 1)
    exchange.endpoint.connection_lost()
    exchange.endpoint.connection_lost()
    assert exchange.inner.lost_count == 1


def test_what_is_cut_inside_ends_without_a_goodbye(exchange):
    exchange.inner.is_cut = True
    exchange.inner.write(b"last words")
    exchange.inner.close()
    assert exchange.heard() == [BytesMessage(b"last words")]
    assert exchange.closed_count == 1


def test_who_leaves_without_a_close_frame_is_gone(exchange):
    assert not exchange.endpoint.input_ended()


def test_close_from_inside_ends_the_reading():
    exchange = Exchange()
    exchange.inner.on_data = lambda data: exchange.inner.close()
    exchange.send_bytes(frame(BINARY, b"first") + frame(CLOSE) + frame(BINARY, b"second"))
    assert exchange.inner.received == [b"first"]
    assert exchange.goodbye()[0] in (1000, 1005)
    assert exchange.closed_count == 1


def test_a_connection_that_is_lost_is_lost_inside():
    exchange = Exchange()
    exchange.endpoint.connection_lost()
    assert (exchange.inner.lost_count, exchange.closed_count, exchange.sent) == (1, 0, b"")
    exchange.send(BytesMessage(b"drained"))  # must not raise
    assert exchange.inner.received == []


def test_text_is_refused_after_what_came_before_it(exchange):
    exchange.send(BytesMessage(b"good"), TextMessage("hello"))
    code, reason = exchange.goodbye()
    assert (code, "binary" in reason) == (1003, True)
    assert b"".join(exchange.inner.received) == b"good"
    assert (exchange.closed_count, exchange.inner.lost_count) == (1, 1)


RULES = [
    (frame(BINARY, b"naked", is_masked=False), 1002, "unmasked"),
    (frame(0x0, b"of nothing"), 1002, "CONTINUATION"),
    (frame(BINARY, b"a", fin=False) + frame(BINARY, b"b"), 1002, "CONTINUATION"),
    (frame(0x3, b""), 1002, "opcode"),
    (frame(0xB, b""), 1002, "opcode"),
    (frame(BINARY, b"zipped", rsv=0x40), 1002, "Reserved"),
    (frame(PING, b"x" * 126), 1002, "125"),
    (frame(PING, b"x", fin=False), 1002, "fragment"),
    (frame(CLOSE, b"x"), 1002, "1 byte"),
    (frame(CLOSE, struct.pack("!H", 1005)), 1002, "local-only"),
    (frame(CLOSE, struct.pack("!H", 9)), 1002, "code"),
    (frame(CLOSE, struct.pack("!H", 1000) + b"\xff"), 1007, "reason"),
    (frame(TEXT, b"\xff\xff"), 1007, "utf-8"),
    (b"\x82\xfe\x00\x01" + b"k" * 4 + b"x", 1002, "sufficed"),
    (b"\x82\xff" + b"\xff" * 8, 1002, "MSB"),
    (b"GET / HTTP/1.1\r\n\r\n", 1002, ""),
    (b"AMQP\x03\x01\x00\x00", 1002, ""),
]


@pytest.mark.parametrize(("data", "code", "word"), RULES)
def test_who_breaks_a_rule_is_told_which_and_let_go(exchange, data, code, word):
    exchange.send_bytes(data)
    found_code, reason = exchange.goodbye()
    assert found_code == code
    assert word in reason
    assert (exchange.closed_count, exchange.inner.lost_count) == (1, 1)
    assert exchange.client.state is ConnectionState.REMOTE_CLOSING


PAYLOADS = st.binary(max_size=200)
HOSTILE = st.one_of(
    st.binary(max_size=300),
    st.builds(
        frame,
        st.sampled_from([0x0, BINARY, TEXT, CLOSE, PING, 0x3, 0xA, 0xF]),
        PAYLOADS,
        fin=st.booleans(),
        is_masked=st.sampled_from([True, True, True, False]),
        rsv=st.sampled_from([0, 0, 0, 0x40, 0x10]),
        length=st.one_of(st.none(), st.none(), st.integers(0, (1 << 63) - 1)),
    ),
)


@given(st.lists(HOSTILE, max_size=6), st.integers(1, 400), st.booleans())
def test_nothing_that_a_peer_sends_raises(pieces, piece_bytes, is_talkative):
    exchange = Exchange(piece_bytes)
    if is_talkative:
        exchange.inner.on_data = lambda data: exchange.inner.write(data * 2)
    exchange.send_bytes(b"".join(pieces))
    exchange.endpoint.connection_lost()
    assert exchange.inner.lost_count == 1
    assert exchange.closed_count <= 1
    if exchange.closed_count:
        assert isinstance(exchange.heard()[-1], CloseConnection)


@given(st.lists(PAYLOADS, max_size=8), st.integers(1, 400), st.data())
def test_a_stream_arrives_as_it_was_sent_however_it_is_cut(pieces, piece_bytes, data):
    exchange = Exchange(piece_bytes)
    exchange.inner.on_data = exchange.inner.write
    for piece in pieces:
        finished = data.draw(st.booleans())
        exchange.send(BytesMessage(piece, message_finished=finished))
    stream = b"".join(pieces)
    assert b"".join(exchange.inner.received) == stream
    assert b"".join(event.data for event in exchange.heard()) == stream


# -- Many frames at once --------------------------------------------------------------------------


@pytest.mark.parametrize("opcode", [BINARY, PING])
def test_thousands_of_tiny_frames_are_read_in_slices(opcode):
    exchange = Exchange()
    exchange.endpoint.receive_data(frame(opcode, b"x") * 5000)
    first = len(b"".join(exchange.inner.received)) if opcode == BINARY else len(exchange.heard())
    assert 0 < first < 5000
    exchange.go_on()
    rest = len(b"".join(exchange.inner.received)) if opcode == BINARY else len(exchange.heard())
    assert (rest if opcode == BINARY else first + rest) == 5000


def test_who_leaves_between_two_slices_is_forgotten():
    exchange = Exchange()
    exchange.endpoint.receive_data(frame(BINARY, b"x") * 5000)
    exchange.endpoint.connection_lost()
    assert exchange.later == []
    assert exchange.inner.lost_count == 1


def test_who_sends_tiny_frames_without_end_is_told_so_and_let_go():
    exchange = Exchange()
    for _ in range(90):
        exchange.endpoint.receive_data(frame(BINARY, b"x") * 10_000)
    (*_, farewell) = exchange.heard()
    assert farewell.code == 1008
    assert exchange.closed_count == 1
    assert exchange.inner.lost_count == 1


@pytest.mark.parametrize("opcode", [PING, BINARY])
def test_a_stranger_that_says_nothing_in_very_many_frames_is_let_go(opcode):
    exchange = Exchange()
    exchange.inner.is_proved = False
    frames = frame(opcode) * 5000
    for _ in range(5):
        if not exchange.closed_count:
            exchange.endpoint.receive_data(frames)
    assert (exchange.closed_count, exchange.inner.lost_count) == (1, 1)
    assert b"proved nothing" in exchange.sent
