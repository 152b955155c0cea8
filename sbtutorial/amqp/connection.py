"""Connections: bytes in, events out, bytes to send, the next deadline, without a socket.

    connection.receive_data(data, now=now)
    for event in connection.events(): ...
    write(connection.data_to_send())
    if connection.finished: close the socket
    wake up at connection.next_deadline() and call connection.handle_deadline(now)

Nothing here reads a clock: `now` is in seconds, on any clock that only goes forward.

The broker is a server. The client's half (`ConnectionRole.CLIENT`, `open`, `begin`, and of a
session `attach_sender` and `attach_receiver`) is for tests and for simulation, which talk to the
broker through a second engine and need no socket either.
Source: AMQP 1.0, 2.4, and 5.3 for SASL.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from enum import Enum
from itertools import chain
from math import inf
from typing import Any

from sbtutorial.amqp.connection_state import ConnectionStateMachine
from sbtutorial.amqp.definitions import Error
from sbtutorial.amqp.errors import (
    Condition,
    FramingError,
    Level,
    LocalProtocolError,
    RemoteProtocolError,
)
from sbtutorial.amqp.events import ConnectionClosed, ConnectionOpened, Event
from sbtutorial.amqp.frame_writer import FrameWriter
from sbtutorial.amqp.frames import (
    AMQP_FRAME,
    HEARTBEAT,
    MIN_MAX_FRAME_SIZE,
    SASL_FRAME,
    Frame,
    FrameReader,
)
from sbtutorial.amqp.idle_timeout import IdleTimeout
from sbtutorial.amqp.limits import ConnectionLimits as ConnectionLimits
from sbtutorial.amqp.limits import ResourceUse
from sbtutorial.amqp.opening import ClientOpening, Opening, ServerOpening
from sbtutorial.amqp.performatives import Begin, Close, Open
from sbtutorial.amqp.quick_reading import read_performative
from sbtutorial.amqp.sasl import (
    SERVICE_BUS_MECHANISMS,
    Authenticate,
    SaslClient,
    SaslServer,
    allow_without_password,
)
from sbtutorial.amqp.session import Session
from sbtutorial.amqp.session_table import SessionTable
from sbtutorial.amqp.session_writer import SessionWriter
from sbtutorial.amqp.states import ConnectionInput, ConnectionState
from sbtutorial.amqp.transfer_writer import TransferWriter
from sbtutorial.amqp.types.composites import Composite, decode_composite

_State, _Input = ConnectionState, ConnectionInput
_ALL = 1 << 30
_IS_OVER = object()
MAX_WAITING_EVENTS = 1000


class ConnectionRole(Enum):
    """Which side of the byte stream this is. Once open, both are equal."""

    CLIENT = "client"
    SERVER = "server"


class Connection:
    """One AMQP connection, of either role, without its socket.

    What the peer sends never raises: its errors become a close, end or detach with the right
    condition, and an event. The engine answers open, begin, detach, end and close by itself.

    Args:
        role: The client sends the first protocol header (2.2).
        container_id: What this side is called.
        hostname: The host that a client wants to reach.
        max_frame_size: In bytes: the largest frame taken, and the largest ever sent.
        channel_max: The highest channel number that the peer may use.
        idle_time_out_ms: The idle-time-out (2.4.5) that the peer is told; after twice that without
            a frame the connection is closed. None for no limit.
        properties: Of the open frame; keys are symbols.
        sasl_mechanisms: Server: offered, and a client may still come without SASL. Client: those
            it can use, the best first; none to go without SASL.
        authenticate: Server: whether a mechanism's initial response lets a client in.
        sasl_response: Client: its initial response.
        limits: What the peer may make this side keep; to be replaced through the property.

    Attributes:
        remote_open: What the peer said of itself; None until it has.
        max_send_frame_size: The largest frame that may be sent now, its header included.
        outgoing: What `data_to_send` would give, but for a disposition that waits.
        write_frame: For its sessions: queue one frame.
        room_bytes: So much may be written before `data_to_send`; of a delivery that is larger than
            that the rest follows with the next calls.
        has_rest: There is a delivery of which `data_to_send` gives more when called again.
        finished: The byte stream can be closed, once `data_to_send` is on its way.
        idle_timeout: Has the deadlines.
        waiting_events: What has happened and nobody has taken yet, the oldest first.
        leftovers: What is left to forget of links with very many deliveries, as steps. Nobody
            waits for it; who takes it sees to it, now and then a step.
        emit: For its sessions: report an event to the caller.
        has_disposition: For its sessions: have a disposition flushed before anything is given to
            the network.
    """

    def __init__(
        self,
        role: ConnectionRole,
        *,
        container_id: str,
        hostname: str | None = None,
        max_frame_size: int = 65_536,
        channel_max: int = 8191,
        idle_time_out_ms: int | None = 240_000,
        properties: dict[Any, Any] | None = None,
        sasl_mechanisms: Sequence[str] = SERVICE_BUS_MECHANISMS,
        authenticate: Authenticate = allow_without_password,
        sasl_response: bytes = b"",
        limits: ConnectionLimits | None = None,
    ) -> None:
        self.role = role
        self.remote_open: Open | None = None
        self.max_send_frame_size = MIN_MAX_FRAME_SIZE
        self._open = Open(
            container_id,
            hostname,
            max_frame_size,
            channel_max,
            idle_time_out_ms,
            properties=properties,
        )
        self._machine = ConnectionStateMachine()
        self._use = ResourceUse(limits or ConnectionLimits())
        self.leftovers = self._use.leftovers
        self._reader = FrameReader(min(max_frame_size, self._use.limits.max_opening_frame_size))
        self.outgoing = FrameWriter()
        self.write_frame = self.outgoing.write_frame
        self.room_bytes = inf
        self.has_rest = self.finished = False
        self._waiting_for_room: dict[TransferWriter, None] = {}
        self._opening: Opening
        if role is ConnectionRole.SERVER:
            server = SaslServer(sasl_mechanisms, authenticate)
            self._opening = ServerOpening(self._machine, self.outgoing, server)
        else:
            client = SaslClient(sasl_mechanisms, sasl_response, hostname)
            self._opening = ClientOpening(self._machine, self.outgoing, client)
        self._open_is_wanted = False
        self._sessions = SessionTable(channel_max, self._use)
        self._with_disposition: list[SessionWriter] = []
        self.has_disposition = self._with_disposition.append
        self.waiting_events: deque[Event] = deque()
        self.emit = self.waiting_events.append
        self._reports: Iterator[None] | None = None  # of the frame that was read last
        self._closed_event_is_out = False
        self._now = 0.0
        self.idle_timeout = IdleTimeout(idle_time_out_ms)

    # --- what the caller asks for

    def open(self) -> None:
        """Open as soon as the layers below allow it. Clients only: a server answers an open.

        Raises:
            LocalProtocolError: This is a server, or it was done before.
        """
        if self.role is ConnectionRole.SERVER or self._open_is_wanted:
            raise LocalProtocolError("only a client opens, and only once")
        self._open_is_wanted = True
        self._send_open_if_due()

    def begin(self) -> Session:
        """Begin a session; `SessionBegun` follows. There is no need to wait for anything.

        Raises:
            LocalProtocolError: The connection is closing, or has no channel left.
        """
        if self._machine.is_closing:
            raise LocalProtocolError("the connection is closing; nothing can begin on it")
        if self.finished:
            raise LocalProtocolError("the connection is over; make another one")
        return self._sessions.begin(self)

    def close(self, error: Error | None = None) -> None:
        """Close; `ConnectionClosed` follows when the peer has answered. Later calls do nothing."""
        if self.state in (_State.OPENED, _State.OPEN_SENT, _State.OPEN_PIPE):
            self._send_close(_Input.SEND_CLOSE, error)
        elif not self._machine.is_closing:
            self._finish(error)

    @property
    def limits(self) -> ConnectionLimits:
        """What the peer may make this side keep; what it has keeps what it was given."""
        return self._use.limits

    @limits.setter
    def limits(self, limits: ConnectionLimits) -> None:
        self._use.limits = limits

    # --- the four calls of the pump

    def receive_data(self, data: bytes, *, now: float) -> None:
        """Take in bytes from the peer, in pieces of any size; never raises for what they say."""
        self.feed(data, now=now)
        while self.read_frames(_ALL, _ALL) == _ALL:
            pass

    def feed(self, data: bytes, *, now: float) -> None:
        """Take in bytes from the peer, to be acted on by `read_frames`, a few frames at a time."""
        self._now = now
        self.idle_timeout.received_at = now
        if not self.finished:
            self._reader.feed(data)

    def read_frames(self, at_most: int, max_events: int = MAX_WAITING_EVENTS) -> int:
        """Act on frames that are here whole; never raises for what they say. Hot.

        Args:
            at_most: So many frames.
            max_events: It stops early, too, once so many events wait to be taken: one frame may
                tell of thousands of deliveries.

        Returns:
            How many there were, or `at_most` if it stopped early; fewer when all are read.
        """
        machine, next_frame, count = self._machine, self._reader.next_frame, 0
        try:
            while count < at_most and not self.finished:
                if len(self.waiting_events) >= max_events:
                    return at_most
                if self._reports is not None:
                    if next(self._reports, _IS_OVER) is _IS_OVER:
                        self._reports = None
                    continue
                if machine.header_is_due:
                    header = self._reader.next_protocol_header()
                    if header is None:
                        break
                    self._opening.on_header(header)
                else:
                    frame = next_frame()
                    if frame is None:
                        break
                    self._on_frame(frame)
                count += 1
        except RemoteProtocolError as error:
            self._fail(error)
            return at_most  # what follows is to be read, or to be thrown away
        return count

    def receive_eof(self) -> None:
        """The byte stream has ended: so has everything on it."""
        self._finish(None)

    def events(self) -> list[Event]:
        """What has happened since the last call, in order."""
        events = list(self.waiting_events)
        self.waiting_events.clear()
        return events

    def data_to_send(self) -> bytes:
        """What to send now; it is the caller's from here on."""
        if self.has_rest:
            self.has_rest = False
            waiting, self._waiting_for_room = self._waiting_for_room, {}
            for writer in waiting:
                writer.resume()
        if self._with_disposition:
            self._flush_dispositions()
        data = self.outgoing.take()
        if data:
            self.idle_timeout.sent_at = self._now
        return data

    @property
    def state(self) -> ConnectionState:
        """Where the connection is; see `states`."""
        return self._machine.state

    # --- time

    def next_deadline(self) -> float | None:
        """When to call `handle_deadline`, on the clock of `now`; None for never.

        Who has asked need not do so again before `idle_timeout.has_come_nearer`: until then it
        moves away only, and to be called too early does no harm.
        """
        deadline = self.idle_timeout.next_deadline
        self.idle_timeout.has_come_nearer = deadline == inf
        return None if deadline == inf or self.finished else deadline

    def handle_deadline(self, now: float) -> None:
        """Send the heartbeat that is due, or end a connection past its idle-time-out (2.4.5)."""
        self._now = now
        if self.finished:
            return
        if now >= self.idle_timeout.give_up_at:
            self._give_up()
        elif now >= self.idle_timeout.heartbeat_at:
            self.outgoing.write(HEARTBEAT)
            self.idle_timeout.sent_at = now

    def _give_up(self) -> None:
        if self.state is not _State.OPENED:
            self._finish(None)
            return
        error = Error(
            Condition.RESOURCE_LIMIT_EXCEEDED,
            f"nothing was received for {self.idle_timeout.allowed_seconds:g} seconds",
        )
        self._send_close(_Input.SEND_CLOSE_FAILURE, error)
        self._emit_closed(error)

    # --- for its sessions

    @property
    def has_room(self) -> bool:
        """Whether another frame of a large delivery may be written now."""
        return self.outgoing.size_bytes < self.room_bytes

    def wait_for_room(self, writer: TransferWriter) -> None:
        """Have a writer resume when what was written has been taken."""
        self.has_rest = True
        self._waiting_for_room[writer] = None

    def session_over(self, session: Session) -> None:
        """Free the channels of a session that both sides have ended."""
        self._sessions.remove(session)

    def forget(self) -> None:
        """Forget all sessions, without a word: who carried the bytes is gone."""
        for session in self._sessions.clear():
            session.on_connection_over()

    def report(self, reports: Iterator[None]) -> None:
        """Have steps taken before the next frame is read, a few at a time: see `read_frames`."""
        self._reports = reports if self._reports is None else chain(self._reports, reports)

    # --- reading

    def _on_frame(self, frame: Frame) -> None:
        """Hot: runs for each frame that arrives."""
        frame_type, channel, body = frame
        if frame_type == AMQP_FRAME:
            if not body:
                return
            if len(body) > self._use.limits.max_performative_size:
                _check_performative_size(body, self._use.limits.max_performative_size)
            performative, end = read_performative(body)
            if self._machine.state is _State.OPENED:
                session = self._sessions.find(channel)
                if session is not None and type(performative) not in _CONNECTION_FRAMES:
                    try:
                        session.on_frame(performative, body[end:])
                    except RemoteProtocolError as error:
                        if error.level is Level.CONNECTION:
                            raise
                        session.fail(_to_error(error))
                    return
            self._on_connection_frame(channel, performative)
        elif frame_type == SASL_FRAME and self._machine.takes_sasl:
            self._opening.on_sasl_frame(decode_composite(body)[0])
            self._send_open_if_due()
        else:
            raise FramingError(f"a frame of type {frame_type} is out of place")

    def _on_connection_frame(self, channel: int, performative: Composite) -> None:
        if isinstance(performative, Open):
            self._on_open(performative)
        elif isinstance(performative, Close) and self.state is not _State.OPEN_SENT:
            self._on_close(performative)
        elif self.state is _State.OPENED:
            if isinstance(performative, Begin):
                self._sessions.on_begin(self, channel, performative)
            elif not self._sessions.has_ended(channel):
                raise RemoteProtocolError(f"there is no session on channel {channel}")
        elif not self._machine.is_closing:
            raise RemoteProtocolError("the first frame must be an open", Condition.ILLEGAL_STATE)

    def _on_open(self, remote_open: Open) -> None:
        if remote_open.max_frame_size < MIN_MAX_FRAME_SIZE:
            raise RemoteProtocolError(
                f"max-frame-size must be {MIN_MAX_FRAME_SIZE} or more", Condition.INVALID_FIELD
            )
        self._machine.step(_Input.RECV_OPEN)
        self.remote_open = remote_open
        self.max_send_frame_size = min(self._open.max_frame_size, remote_open.max_frame_size)
        self._sessions.limit_channels(remote_open.channel_max)
        self._reader.max_frame_size = self._open.max_frame_size
        self.idle_timeout.on_remote_open(remote_open.idle_time_out, self._now)
        if self.state is _State.OPEN_RCVD:
            self._send_open()
        if self.state is _State.OPENED:
            self.emit(ConnectionOpened(remote_open))

    def _on_close(self, close: Close) -> None:
        self._machine.step(_Input.RECV_CLOSE)
        if self.state is _State.CLOSE_RCVD:
            self._end_sessions()
            self._machine.step(_Input.SEND_CLOSE)
            self.write_frame(0, Close().encode())
        self._finish(close.error)

    # --- sending

    def _send_open_if_due(self) -> None:
        if self._open_is_wanted and self.state in (_State.HDR_SENT, _State.HDR_EXCH):
            self._send_open()

    def _send_open(self) -> None:
        self._machine.step(_Input.SEND_OPEN)
        self.outgoing.open(self._open.encode())

    def _send_close(self, on: ConnectionInput, error: Error | None) -> None:
        self._end_sessions()
        self._machine.step(on)
        self.write_frame(0, Close(error).encode())
        self.idle_timeout.on_close_sent(self._now)

    def _flush_dispositions(self) -> None:
        for writer in self._with_disposition:
            writer.flush_disposition()
        self._with_disposition.clear()

    # --- the end

    def _fail(self, failure: RemoteProtocolError) -> None:
        """Close because of what the peer sent; what it sends after that means nothing."""
        error = _to_error(failure)
        if self.state is _State.OPENED:
            self._send_close(_Input.SEND_CLOSE_FAILURE, error)
            self._emit_closed(error)
            if not isinstance(failure, FramingError):
                return
        elif self.state in (_State.HDR_EXCH, _State.OPEN_SENT):
            if self.state is _State.HDR_EXCH:
                self._send_open()
            self._send_close(_Input.SEND_CLOSE, error)
        self._finish(error)

    def _finish(self, error: Error | None) -> None:
        self._machine.end()
        self.finished = True
        self._reader.clear()
        self._emit_closed(error)

    def _emit_closed(self, error: Error | None) -> None:
        if self._closed_event_is_out:
            return
        self._closed_event_is_out = True
        self._end_sessions()
        self.emit(ConnectionClosed(error))

    def _end_sessions(self) -> None:
        """Say what is left to say on the sessions; from here on they say no more."""
        self._flush_dispositions()
        for session in self._sessions.clear():
            session.on_connection_over()


_CONNECTION_FRAMES = frozenset({Open, Begin, Close})


_TRANSFER_IN_LIST8, _TRANSFER_IN_LIST32 = b"\x00\x53\x14\xc0", b"\x00\x53\x14\xd0"


def _check_performative_size(body: bytes, most: int) -> None:
    """Look at a body that is longer than a performative may be: of a transfer, most is payload."""
    head = body[:4]
    size = int.from_bytes(body[4:8], "big") if head == _TRANSFER_IN_LIST32 else len(body)
    if head != _TRANSFER_IN_LIST8 and size > most:
        raise RemoteProtocolError(
            f"a performative of {size} bytes; at most {most} are taken",
            Condition.RESOURCE_LIMIT_EXCEEDED,
        )


def _to_error(failure: RemoteProtocolError) -> Error:
    return Error(failure.condition, str(failure))
