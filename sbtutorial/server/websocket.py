"""WebSocket as a layer between bytes: binary messages in, a byte stream on to an inner endpoint.

How a peer cuts the stream into frames and messages means nothing, so nothing is kept until it is
complete: what is there of a frame is handed on, and no size of frame or message costs memory.

Nothing imports this module before the first WebSocket: wsproto costs time that others need not
spend. Source: RFC 6455.
"""

from itertools import islice

from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage
from wsproto.frame_protocol import CloseReason

from sbtutorial.gateway.access.admission import MAX_UNPROVED_BYTES
from sbtutorial.gateway.endpoint import Close, Endpoint, EndpointFactory, Write
from sbtutorial.server.http_answers import Later
from sbtutorial.server.shares import Cancellable

# asyncio clients of the SDK end a connection on which a message has more than 4 MiB.
MAX_MESSAGE_BYTES = 64 * 1024

# A frame takes some 25 microseconds.
_FRAMES_AT_ONCE = 64
# What may wait for its slice.
_MAX_UNREAD_BYTES = 4 * 1024 * 1024

_GOODBYE = CloseConnection(CloseReason.NORMAL_CLOSURE)
_NO_TEXT = CloseConnection(
    CloseReason.UNSUPPORTED_DATA, "AMQP is bytes: send binary messages, not text."
)
_TOO_FAST = CloseConnection(
    CloseReason.POLICY_VIOLATION, "Tiny frames come faster than they can be read."
)
_TOO_MUCH = CloseConnection(
    CloseReason.POLICY_VIOLATION, "Who has proved nothing sends too much that says nothing."
)


class WebSocketEndpoint:
    """The server's side of WebSocket on one connection, after the upgrade.

    A peer that breaks the rules (frames that are not masked, text, garbage) is told which in a
    close frame, and let go.

    Frames are worked off in slices: thousands of tiny ones keep nobody else waiting.

    Args:
        write: Takes frames.
        close: Ends the connection, after what was written.
        make_inner: Called at once, with its own `write` and `close`.
        later: Calls something in so many seconds, as `loop.call_later` does.
    """

    def __init__(
        self, write: Write, close: Close, make_inner: EndpointFactory, *, later: Later
    ) -> None:
        self._write = write
        self._close = close
        self._later = later
        self._pausing: Cancellable | None = None
        self._unread_bytes = 0
        self._empty_bytes = 0  # of frames that hold nothing for who speaks inside, who counts those
        self._frames = Connection(ConnectionType.SERVER)
        self._inner: Endpoint | None = make_inner(self._send, self._say_goodbye)

    def receive_data(self, data: bytes) -> None:
        """Take frames apart, and hand on what was in them."""
        if not self._is_open:
            return
        self._empty_bytes += len(data)
        if self._empty_bytes > MAX_UNPROVED_BYTES and not self.is_proved:
            self._leave(_TOO_MUCH)
            self.connection_lost()
            return
        self._frames.receive_data(data)
        if self._pausing is None:
            self._advance()
            return
        self._unread_bytes += len(data)
        if self._unread_bytes > _MAX_UNREAD_BYTES:
            self._leave(_TOO_FAST)
            self.connection_lost()

    @property
    def is_proved(self) -> bool:
        """Whether the peer has proved to what is spoken inside who it is."""
        return self._inner is not None and self._inner.is_proved

    @property
    def takes_input(self) -> bool:
        """Whether what is spoken inside takes more."""
        return self._inner is None or self._inner.takes_input

    @property
    def is_cut(self) -> bool:
        """Whether what is spoken inside is dropped without a goodbye."""
        return self._inner is not None and self._inner.is_cut

    def pause_writing(self) -> None:
        """Pass it on."""
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on."""
        if self._inner is not None:
            self._inner.resume_writing()

    def input_ended(self) -> bool:
        """Whoever leaves without a close frame is gone."""
        return False

    def connection_lost(self) -> None:
        """Tell the inner endpoint, once."""
        if self._pausing is not None:
            self._pausing.cancel()
            self._pausing = None
        inner, self._inner = self._inner, None
        if inner is not None:
            inner.connection_lost()

    @property
    def _is_open(self) -> bool:
        return self._frames.state is ConnectionState.OPEN

    def _go_on(self) -> None:
        self._pausing = None
        if self._is_open:
            self._advance()

    def _advance(self) -> None:
        self._unread_bytes = 0
        payload: list[bytes] = []
        farewell, is_all = self._read_frames(payload)
        if not is_all:
            self._pausing = self._later(0.0, self._go_on)
        if payload and self._inner is not None:
            # All at once: a client sends many small frames, and each turn of the broker costs.
            content = b"".join(payload)
            self._empty_bytes -= len(content)
            self._inner.receive_data(content)
        if farewell is not None:
            self._leave(farewell)
            self.connection_lost()

    def _read_frames(self, payload: list[bytes]) -> tuple[CloseConnection | None, bool]:
        """Collect what some binary frames hold.

        Returns:
            What to part with, when the peer is done for; and whether all frames were read.
        """
        count = 0
        for event in islice(self._frames.events(), _FRAMES_AT_ONCE):
            count += 1
            match event:
                case BytesMessage(data=data):
                    payload.append(bytes(data))
                case Ping():
                    self._write(self._frames.send(event.response()))
                case TextMessage():
                    return _NO_TEXT, True
                case CloseConnection():  # the peer's own, or what wsproto has to say of garbage
                    return event.response(), True
        return None, count < _FRAMES_AT_ONCE

    def _send(self, data: bytes) -> None:
        """The inner endpoint's `write`: who has said goodbye gets no more."""
        for start in range(0, len(data), MAX_MESSAGE_BYTES):
            if self._is_open:
                message = BytesMessage(data[start : start + MAX_MESSAGE_BYTES])
                self._write(self._frames.send(message))

    def _say_goodbye(self) -> None:
        """The inner endpoint's `close`: send a close frame, and do not wait for the answer."""
        if self.is_cut:
            self._close()
        else:
            self._leave(_GOODBYE)

    def _leave(self, farewell: CloseConnection) -> None:
        if self._frames.state in (ConnectionState.OPEN, ConnectionState.REMOTE_CLOSING):
            self._write(self._frames.send(farewell))
            self._close()
