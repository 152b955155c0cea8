"""HTTP/1.1 on one connection: bytes to `Request`, `Response` to bytes; h11 does the grammar.

A request is admitted by its head: only who has proved what the request needs may send a body, and
who has proved nothing has `admission`'s few bytes and seconds. No client keeps the broker busy for
long: what it has sent at once is worked off in slices.

Nothing imports this module before the first HTTP connection: h11 costs time that AMQP need not
spend.
"""

import logging
from collections.abc import Awaitable, Callable, Coroutine
from http import HTTPStatus
from typing import Any

import h11

from sbtutorial.gateway.access.admission import PROOF_SECONDS, Probation
from sbtutorial.gateway.endpoint import Close, Endpoint, Write
from sbtutorial.http.request import NO_ANSWER, Request, Response
from sbtutorial.server.http_answers import Handler, Later, Switch, Vigil
from sbtutorial.server.http_messages import (
    closing,
    declared_bytes,
    framed,
    has_body,
    plain_text,
    reason_of,
    request_of,
    too_large,
)
from sbtutorial.server.shares import Cancellable

MAX_HEAD_BYTES = 32 * 1024
# Application properties are headers, too.
MAX_HEADERS = 1000
MAX_BODY_BYTES = 1024 * 1024
# How long a peer that has proved itself may take for one request, and may be silent between two.
REQUEST_SECONDS = 60.0
IDLE_SECONDS = 240.0
# A client that sends too much reads our answer only when it has sent all: so much we let it.
_MAX_SWALLOWED_BYTES = 16 * MAX_BODY_BYTES
_SWALLOWING_SECONDS = 10.0
# Of a body in chunks: what frames it may not be more than what is in it.
_MAX_REQUEST_BYTES = MAX_HEAD_BYTES + 2 * MAX_BODY_BYTES
# What a client may send ahead while an answer is being waited for.
_MAX_PIPELINED_BYTES = MAX_HEAD_BYTES + MAX_BODY_BYTES
# How much is done at once before others have their turn: a request counts as much as 32 chunks.
_EVENTS_AT_ONCE = 64
_EVENTS_OF_A_REQUEST = 32

_LOG = logging.getLogger(__name__)


# Says of a request's head whether its peer has proved who it is, or refuses it.
Admit = Callable[[Request], bool | Response]


class HttpEndpoint:
    """Serves the requests of one connection, in their order, one at a time.

    Args:
        handler: Answers a request at once, or later with an awaitable (a long poll), or with
            another protocol, as which the connection goes on.
        write: Takes the bytes of responses.
        close: Ends the connection, after what was written.
        admit: Asked about each head before its body is read: the peer has proved itself, or what
            it asks is open to everybody and takes no body; or else the refusal.
        spawn: Runs a coroutine beside everything else, as `asyncio.ensure_future` does.
        later: Calls something in so many seconds, as `loop.call_later` does.
    """

    def __init__(
        self,
        handler: Handler,
        write: Write,
        close: Close,
        *,
        admit: Admit,
        spawn: Callable[[Coroutine[Any, Any, None]], Cancellable],
        later: Later,
    ) -> None:
        self._is_proved = False
        self._handler = handler
        self._write = write
        self._close = close
        self._admit = admit
        self._spawn = spawn
        self._later = later
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
        self._probation = Probation()
        self._head: h11.Request | None = None
        self._refusal: Response | None = None
        self._body = bytearray()
        self._request_bytes = 0
        self._swallowed_bytes: int | None = None  # None until a request is refused half-way
        self._waiting: Cancellable | None = None
        self._otherwise: Response | None = None  # what to answer if what is waited for is given up
        self._has_all_input = False
        self._pausing: Cancellable | None = None
        self._is_behind = False
        self._successor: Endpoint | None = None
        self._is_answering = False
        self._is_closed = self._is_cut = False
        self._deadline: Cancellable | None = later(PROOF_SECONDS, self._on_deadline)

    def receive_data(self, data: bytes) -> None:
        """Take in what the peer sent, and answer every request that is complete."""
        if self._successor is not None:
            self._successor.receive_data(data)
            return
        if self._is_closed or not data:  # to h11, nothing means the end
            return
        self._request_bytes += len(data)
        self._http.receive_data(data)
        if not (self._is_answering or self._pausing):
            self._advance()
        elif len(self._http.trailing_data[0]) > _MAX_PIPELINED_BYTES:
            self._end()
        if self._exceeds(len(data)):
            self._end()

    @property
    def is_proved(self) -> bool:
        """Whether the peer has ever proved who it is on this connection."""
        return self._is_proved if self._successor is None else self._successor.is_proved

    @property
    def takes_input(self) -> bool:
        """Whether more may come: the peer reads its answers, or what is spoken inside says so."""
        if self._successor is not None:
            return self._successor.takes_input
        return not self._is_behind

    @property
    def is_cut(self) -> bool:
        """Whether a fault has ended the connection, in an answer or in what is spoken inside."""
        return self._is_cut if self._successor is None else self._successor.is_cut

    def pause_writing(self) -> None:
        """Answer nothing more: the peer does not read what it was answered."""
        self._is_behind = True
        if self._successor is not None:
            self._successor.pause_writing()

    def resume_writing(self) -> None:
        """Go on."""
        self._is_behind = False
        if self._successor is not None:
            self._successor.resume_writing()
        elif not self._pausing:
            self._go_on()

    def input_ended(self) -> bool:
        """Answer all that was asked, and end; wait for nothing more to happen."""
        if self._successor is not None:
            return self._successor.input_ended()
        if not (self._is_closed or self._has_all_input):
            self._has_all_input = True
            self._http.receive_data(b"")
            if self._is_answering:
                self._wait_no_more()
            elif not self._pausing:
                self._advance()
        return True

    def connection_lost(self) -> None:
        """Stop the answer that is being waited for."""
        if self._successor is not None:
            self._successor.connection_lost()
        self._is_closed = True
        for running in (self._waiting, self._pausing, self._deadline):
            if running is not None:
                running.cancel()
        self._waiting = self._pausing = self._deadline = None

    def _exceeds(self, size: int) -> bool:
        """Whether a peer has sent more than it may before it has proved itself."""
        if self._is_proved or self._successor is not None or self._swallowed_bytes is not None:
            return False
        return bool(self._probation.received(size))

    # -- Time -------------------------------------------------------------------------------

    def _allow(self, seconds: float | None) -> None:
        """Give a peer that has proved itself so long from now on; None for as long as it takes."""
        if self._is_proved or self._swallowed_bytes is not None:
            if self._deadline is not None:
                self._deadline.cancel()
            self._deadline = None if seconds is None else self._later(seconds, self._on_deadline)

    def _on_deadline(self) -> None:
        self._deadline = None
        if self._http.their_state is h11.SEND_BODY or self._http.trailing_data[0]:
            self._respond_and_close(408, "the request did not come in time")
        self._end()

    # -- Requests ---------------------------------------------------------------------------

    def _go_on(self) -> None:
        self._pausing = None
        if not self._is_closed:
            self._advance()

    def _advance(self) -> None:
        left = _EVENTS_AT_ONCE
        while not (self._is_closed or self._is_answering or self._is_behind or self._successor):
            if left <= 0:
                self._pausing = self._later(0.0, self._go_on)
                return
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                self._refuse_garbage(error)
                return
            if event is h11.NEED_DATA or event is h11.PAUSED:
                self._invite_body()
                return
            self._handle(event)
            left -= _EVENTS_OF_A_REQUEST if isinstance(event, h11.Request) else 1

    def _handle(self, event: object) -> None:
        match event:
            case h11.Request():
                self._begin(event)
            case h11.Data(data=data):
                self._take(data)
            case h11.EndOfMessage():
                self._answer()
            case h11.ConnectionClosed():
                self._end()

    def _begin(self, head: h11.Request) -> None:
        """Ask whether this request may be made, before its body is read."""
        self._head = head
        self._body.clear()
        self._request_bytes = len(self._http.trailing_data[0])
        self._refusal = self._refusal_of(head)
        if self._refusal is None:
            self._allow(REQUEST_SECONDS)
        elif self._refusal is NO_ANSWER:
            self._break_off()
        elif has_body(head):
            self._refuse_half_way(self._refusal)

    def _refusal_of(self, head: h11.Request) -> Response | None:
        if len(head.headers) > MAX_HEADERS:
            return plain_text(431, f"a request has {MAX_HEADERS} header lines at most")
        admitted = self._guarded(self._admit, request_of(head, b""))
        if isinstance(admitted, Response):
            return admitted
        self._is_proved |= admitted
        if not admitted and has_body(head):
            return plain_text(413, "this request takes no body")
        return too_large(MAX_BODY_BYTES) if declared_bytes(head) > MAX_BODY_BYTES else None

    def _invite_body(self) -> None:
        """RFC 9110, 10.1.1: a client that expects 100 (Continue) sends no body before it."""
        if self._http.they_are_waiting_for_100_continue and self._swallowed_bytes is None:
            self._send(h11.InformationalResponse(status_code=100, headers=[]))

    def _take(self, data: bytes | bytearray) -> None:
        if self._swallowed_bytes is not None:
            self._swallowed_bytes += len(data)
            if self._swallowed_bytes > _MAX_SWALLOWED_BYTES:
                self._end()
            return
        self._body += data
        if len(self._body) > MAX_BODY_BYTES or self._request_bytes > _MAX_REQUEST_BYTES:
            self._refuse_half_way(too_large(MAX_BODY_BYTES))

    def _answer(self) -> None:
        if self._swallowed_bytes is not None:  # refused, and now heard to the end
            self._end()
            return
        assert self._head is not None
        if self._refusal is not None:
            self._finish(self._refusal)
            return
        request = request_of(self._head, bytes(self._body))
        self._body.clear()
        self._is_answering = True
        self._allow(None)
        answer = self._guarded(self._handler, request)
        if isinstance(answer, Response):
            self._finish(answer)
        elif isinstance(answer, Switch):
            self._switch(answer)
        else:
            self._otherwise = answer.otherwise if isinstance(answer, Vigil) else None
            self._waiting = self._spawn(self._answer_later(request, answer))
            if self._has_all_input:
                self._wait_no_more()

    def _guarded(self, act: Callable[[Request], Any], request: Request) -> Any:
        """What answers a request; a bug of ours is an answer, too."""
        try:
            return act(request)
        except Exception:
            return _broken(request)

    def _wait_no_more(self) -> None:
        """Give up a wait as soon as it has been seen that nothing has happened yet."""
        if self._otherwise is not None:
            self._later(0.0, self._give_up_waiting)

    def _give_up_waiting(self) -> None:
        if self._waiting is None or self._otherwise is None:
            return
        self._waiting.cancel()
        self._waiting = None
        self._finish(self._otherwise)
        self._advance()

    async def _answer_later(self, request: Request, answer: Awaitable[Response]) -> None:
        try:
            response = await answer
        except Exception:
            response = _broken(request)
        self._waiting = None
        if not self._is_closed:
            self._finish(response)
            self._advance()

    def _finish(self, response: Response) -> None:
        if response is NO_ANSWER:
            self._break_off()
            return
        self._respond(response)
        self._is_answering = False
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._head = None
            self._http.start_next_cycle()
            self._allow(IDLE_SECONDS)
        else:
            self._end()

    def _switch(self, switch: Switch) -> None:
        """Agree, and leave the connection to another with what has come for it."""
        headers, reason = list(switch.headers), HTTPStatus.SWITCHING_PROTOCOLS.phrase
        self._send(h11.InformationalResponse(status_code=101, headers=headers, reason=reason))
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None
        self._successor = switch.make_endpoint(self._write, self._close, self._later)
        if first_bytes := self._http.trailing_data[0]:
            self._successor.receive_data(first_bytes)

    # -- Refusals ---------------------------------------------------------------------------

    def _refuse_half_way(self, refusal: Response) -> None:
        """Answer at once, and hear what is left for a while: who still sends does not read."""
        is_waiting = self._http.they_are_waiting_for_100_continue
        self._body.clear()
        self._respond(closing(refusal))
        if is_waiting or self._http.their_state is not h11.SEND_BODY:
            self._end()
            return
        self._swallowed_bytes = 0
        self._allow(_SWALLOWING_SECONDS)

    def _refuse_garbage(self, error: h11.RemoteProtocolError) -> None:
        self._respond_and_close(error.error_status_hint, f"this is not HTTP/1.1: {error}")
        self._end()

    def _respond_and_close(self, status: int, text: str) -> None:
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._respond(closing(plain_text(status, text)))

    def _respond(self, response: Response) -> None:
        body = response.body
        headers = [(name.encode(), text.encode("latin-1")) for name, text in framed(response)]
        reason = reason_of(response.status)
        self._send(h11.Response(status_code=response.status, headers=headers, reason=reason))
        is_head = self._head is not None and self._head.method == b"HEAD"
        if body and not is_head:
            self._send(h11.Data(data=body))
        self._send(h11.EndOfMessage())

    def _send(self, event: Any) -> None:
        data = self._http.send(event)
        if data:
            self._write(data)

    def _break_off(self) -> None:
        self._is_cut = True
        self._end()

    def _end(self) -> None:
        if not self._is_closed:
            self.connection_lost()
            self._close()


def _broken(request: Request) -> Response:
    """Our own bug: the client learns that it was not its fault, the log learns the rest."""
    _LOG.exception("%s %s failed", request.method, request.target)
    return plain_text(500, "The broker has a bug: it failed on this request. Its log says more.")
