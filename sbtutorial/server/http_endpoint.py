"""HTTP/1.1 on one connection: bytes to `Request`, `Response` to bytes; h11 does the grammar.

Nothing imports this module before the first HTTP connection: h11 costs time that AMQP need not
spend.
"""

import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from http import HTTPStatus
from typing import Any, NamedTuple, Protocol

import h11

from sbtutorial.gateway.endpoint import Close, Endpoint, EndpointFactory, Write
from sbtutorial.http.request import Headers, Request, Response

MAX_HEAD_BYTES = 32 * 1024
MAX_BODY_BYTES = 1024 * 1024
# A client that sends too much reads our answer only when it has sent all: so much we let it.
_MAX_SWALLOWED_BYTES = 16 * MAX_BODY_BYTES
# What a client may send ahead while an answer is being waited for.
_MAX_PIPELINED_BYTES = MAX_HEAD_BYTES + MAX_BODY_BYTES

_LOG = logging.getLogger(__name__)


class Switch(NamedTuple):
    """An answer after which the connection speaks another protocol: RFC 9110, 7.8.

    Attributes:
        headers: They name the protocol that the client has asked for.
        make_endpoint: Makes what serves the connection from then on.
    """

    headers: Headers
    make_endpoint: EndpointFactory


Handler = Callable[[Request], Response | Switch | Awaitable[Response]]


class Cancellable(Protocol):
    """A running coroutine that can be stopped, as an `asyncio.Task`."""

    def cancel(self) -> object:
        """Stop it."""


class HttpEndpoint:
    """Serves the requests of one connection, in their order, one at a time.

    Args:
        handler: Answers a request at once, or later with an awaitable (a long poll), or with
            another protocol, as which the connection goes on.
        write: Takes the bytes of responses.
        close: Ends the connection, after what was written.
        spawn: Runs a coroutine beside everything else, as `asyncio.ensure_future` does.
    """

    def __init__(
        self,
        handler: Handler,
        write: Write,
        close: Close,
        *,
        spawn: Callable[[Coroutine[Any, Any, None]], Cancellable],
    ) -> None:
        self._handler = handler
        self._write = write
        self._close = close
        self._spawn = spawn
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
        self._head: h11.Request | None = None
        self._body = bytearray()
        self._swallowed_bytes: int | None = None  # None until a request is refused half-way
        self._pipelined_bytes = 0
        self._waiting: Cancellable | None = None
        self._successor: Endpoint | None = None
        self._is_answering = False
        self._is_closed = False

    def receive_data(self, data: bytes) -> None:
        """Take in what the peer sent, and answer every request that is complete."""
        if self._successor is not None:
            self._successor.receive_data(data)
            return
        if self._is_closed or not data:  # to h11, nothing means the end
            return
        if self._is_answering:
            self._pipelined_bytes += len(data)
            if self._pipelined_bytes > _MAX_PIPELINED_BYTES:
                self._end()
                return
        self._http.receive_data(data)
        self._advance()

    @property
    def takes_input(self) -> bool:
        """Whether what is spoken inside takes more."""
        return self._successor is None or self._successor.takes_input

    def pause_writing(self) -> None:
        """Pass it on."""
        if self._successor is not None:
            self._successor.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on."""
        if self._successor is not None:
            self._successor.resume_writing()

    def connection_lost(self) -> None:
        """Stop the answer that is being waited for."""
        if self._successor is not None:
            self._successor.connection_lost()
        self._is_closed = True
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.cancel()

    def _advance(self) -> None:
        while not (self._is_closed or self._is_answering):
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                self._refuse_garbage(error)
                return
            if event is h11.NEED_DATA or event is h11.PAUSED:
                self._invite_body()
                return
            self._handle(event)

    def _handle(self, event: object) -> None:
        match event:
            case h11.Request():
                self._head = event
                self._body.clear()
                if _declared_bytes(event) > MAX_BODY_BYTES:
                    self._refuse_body()
            case h11.Data(data=data):
                self._take(data)
            case h11.EndOfMessage():
                self._answer()
            case h11.ConnectionClosed():
                self._end()

    def _invite_body(self) -> None:
        """RFC 9110, 10.1.1: a client that expects 100 (Continue) sends no body before it."""
        if self._http.they_are_waiting_for_100_continue and self._swallowed_bytes is None:
            self._send(h11.InformationalResponse(status_code=100, headers=[]))

    def _take(self, data: bytes | bytearray) -> None:
        if self._swallowed_bytes is not None:
            self._swallowed_bytes += len(data)
            if self._swallowed_bytes > _MAX_SWALLOWED_BYTES:
                self._end()
        elif len(self._body) + len(data) > MAX_BODY_BYTES:
            self._refuse_body()
        else:
            self._body += data

    def _answer(self) -> None:
        if self._swallowed_bytes is not None:  # refused, and now heard to the end
            self._end()
            return
        assert self._head is not None
        request = _request(self._head, bytes(self._body))
        self._is_answering = True
        self._pipelined_bytes = len(self._http.trailing_data[0])
        try:
            answer = self._handler(request)
        except Exception:
            answer = _broken(request)
        if isinstance(answer, Response):
            self._finish(answer)
        elif isinstance(answer, Switch):
            self._switch(answer)
        else:
            self._waiting = self._spawn(self._answer_later(request, answer))

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
        self._respond(response)
        self._is_answering = False
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._head = None
            self._http.start_next_cycle()
        else:
            self._end()

    def _switch(self, switch: Switch) -> None:
        """Agree, and leave the connection to another with what has come for it."""
        headers, reason = list(switch.headers), HTTPStatus.SWITCHING_PROTOCOLS.phrase
        self._send(h11.InformationalResponse(status_code=101, headers=headers, reason=reason))
        self._successor = switch.make_endpoint(self._write, self._close)
        if first_bytes := self._http.trailing_data[0]:
            self._successor.receive_data(first_bytes)

    def _refuse_body(self) -> None:
        """Say 413 at once, and hear the rest of the body, without which it may not be read."""
        is_waiting = self._http.they_are_waiting_for_100_continue
        self._body.clear()
        self._respond_and_close(413, f"a request's body has {MAX_BODY_BYTES} bytes at most")
        if is_waiting:
            self._end()
        self._swallowed_bytes = 0

    def _refuse_garbage(self, error: h11.RemoteProtocolError) -> None:
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._respond_and_close(error.error_status_hint, f"this is not HTTP/1.1: {error}")
        self._end()

    def _respond_and_close(self, status: int, text: str) -> None:
        headers = (("Content-Type", "text/plain; charset=utf-8"), ("Connection", "close"))
        self._respond(Response(status, headers, f"{text}\n".encode()))

    def _respond(self, response: Response) -> None:
        body = response.body
        headers = [(name.encode(), text.encode("latin-1")) for name, text in _framed(response)]
        reason = _reason(response.status)
        self._send(h11.Response(status_code=response.status, headers=headers, reason=reason))
        is_head = self._head is not None and self._head.method == b"HEAD"
        if body and not is_head:
            self._send(h11.Data(data=body))
        self._send(h11.EndOfMessage())

    def _send(self, event: Any) -> None:
        data = self._http.send(event)
        if data:
            self._write(data)

    def _end(self) -> None:
        if not self._is_closed:
            self.connection_lost()
            self._close()


def _request(head: h11.Request, body: bytes) -> Request:
    """The request without HTTP's own concerns: HEAD is GET whose body is not sent."""
    method = head.method.decode("ascii")
    target = head.target.decode("ascii", "replace")
    if "://" in target.partition("?")[0]:  # the absolute form, which proxies use
        target = "/" + target.partition("://")[2].partition("/")[2]
    headers = _headers(head.headers)
    if head.http_version < b"1.1":
        headers.pop("upgrade", None)  # RFC 9110, 7.8: it means nothing there
    raw_headers = tuple(
        (name.decode("ascii"), value.decode("latin-1")) for name, value in head.headers.raw_items()
    )
    return Request("GET" if method == "HEAD" else method, target, headers, body, raw_headers)


def _headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("ascii"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _framed(response: Response) -> Headers:
    """The headers, and where the body ends: RFC 9112, 6.2; there is none to end with 204."""
    names = {name.lower() for name, _ in response.headers}
    if response.status == HTTPStatus.NO_CONTENT or "transfer-encoding" in names:
        return response.headers
    return (*response.headers, ("Content-Length", str(len(response.body))))


def _declared_bytes(head: h11.Request) -> int:
    return next((int(value) for name, value in head.headers if name == b"content-length"), 0)


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _broken(request: Request) -> Response:
    """Our own bug: the client learns that it was not its fault, the log learns the rest."""
    _LOG.exception("%s %s failed", request.method, request.target)
    text = "The broker has a bug: it failed on this request. Its log says more.\n"
    return Response(500, (("Content-Type", "text/plain; charset=utf-8"),), text.encode())
