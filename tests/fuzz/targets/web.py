"""HTTP and what it carries: administration, messages, the lab's calls, WebSocket; and TLS."""

import ssl
import warnings
from collections.abc import Awaitable, Callable
from functools import cache, partial
from typing import Any
from xml.etree.ElementTree import fromstring

from sbtutorial.broker.descriptions import SubscriptionDescription, TopicDescription
from sbtutorial.gateway.access.sas import sign
from sbtutorial.gateway.amqp_endpoint import AmqpEndpoint
from sbtutorial.gateway.core import KEY_NAME
from sbtutorial.gateway.rest.data_plane import Poll, Work
from sbtutorial.http.request import Request, Response
from sbtutorial.server import control, control_call, fault_calls, router
from sbtutorial.server.http_answers import Switch, Vigil
from sbtutorial.server.http_endpoint import HttpEndpoint
from sbtutorial.server.sniff import Kind, sniff
from sbtutorial.server.tls import TlsEndpoint
from sbtutorial.server.websocket import WebSocketEndpoint
from sbtutorial.testing import HOST, SteppedBroker
from tests.fuzz.targets import defects

XML_WORDS = (
    *(b"<entry><content>", b"</content></entry>", b"<QueueDescription>", b"</QueueDescription>"),
    *(b"<TopicDescription/>", b"<SubscriptionDescription/>", b"<RuleDescription>", b"<Filter "),
    *(b'i:type="SqlFilter">', b"<SqlExpression>1=1</SqlExpression>", b"<LockDuration>PT1M"),
    *(b"</LockDuration>", b"<ForwardTo>orders</ForwardTo>", b'xmlns:i="x"', b"<!DOCTYPE a>"),
    *(
        b"<!ENTITY",
        b"&#0;",
        b"&lt;",
        b"<![CDATA[",
        b"]]>",
        b'<?xml version="1.0" encoding="utf-16"?>',
    ),
    *(b"<AuthorizationRules><AuthorizationRule>", b"<MaxSizeInMegabytes>", b"<Parameters>"),
)
HTTP_WORDS = (
    *(b"GET ", b"PUT ", b"POST ", b"DELETE ", b" HTTP/1.1\r\n", b"Host: 127.0.0.1\r\n", b"\r\n"),
    *(b"Content-Length: ", b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n", b"@TOKEN@", b"/orders"),
    *(b"Expect: 100-continue\r\n", b"/$lab/status", b"/messages/head?timeout=0", b"\x00", b"\xff"),
    *(b"Upgrade: websocket\r\nConnection: Upgrade\r\n", b"/$servicebus/websocket", b"Origin: null"),
)
JSON_WORDS = (
    *(
        b'{"Label":"x"}',
        b'"TimeToLive":',
        b'"ScheduledEnqueueTimeUtc":',
        b"1e999",
        b"NaN",
        b"[" * 2000,
    ),
    *(b'"occasion":"send"', b'"times":', b'"seconds":', b"\\ud800", b"null", b"true", b"9" * 4500),
    *(b'"SessionId":', b'"PartitionKey":', b"\n", b"?after=", b"&wait=", b"queues/orders"),
)
_PLACES = ("/new", "/orders", "/news/subscriptions/other", "/news/subscriptions/all/rules/r")
_METHODS = ("GET", "POST", "DELETE", "PUT")
_UPGRADE = (
    b"GET /$servicebus/websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: AMQPWSB10\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def _furnished() -> SteppedBroker:
    broker = SteppedBroker()
    broker.create_queue("orders")
    with broker.reactor.turn() as now:
        broker.namespace.create("news", TopicDescription(), now=now)
        broker.namespace.create("news/Subscriptions/all", SubscriptionDescription(), now=now)
    return broker


def _require(response: Response | None) -> None:
    if response is None:  # it waits for a message
        return
    assert 200 <= response.status < 500 or response.status in (501, 503), response.body
    is_xml = "xml" in dict(response.headers).get("Content-Type", "")
    if is_xml and response.status >= 400:
        fromstring(response.body)
    for name, text in response.headers:
        assert not set(f"{name}{text}") & set("\r\n\0")
        text.encode("latin-1")


def atom(data: bytes) -> None:
    """A description of any kind, for a new entity or one that is there (by the first byte)."""
    if not data:
        return
    with defects.raised():
        broker = _furnished()
        place = _PLACES[data[0] % len(_PLACES)]
        headers = {"If-Match": "*"} if data[0] & 16 else {}
        _require(broker.http("PUT", place, data[1:], headers).response)
        _require(broker.http("GET", place).response)
        _require(broker.http("GET", "/$Resources/queues").response)
        _require(broker.http("GET", "/$lab/config").response)


def rest_message(data: bytes) -> None:
    """A message whose BrokerProperties, own property and body are the three lines of the input."""
    properties, own, body = [*data.split(b"\n", 2), b"", b""][:3]
    headers = {"X-Own": _header(own)}
    if data[:1] == b"[":
        headers["Content-Type"] = "application/vnd.microsoft.servicebus.json"
        body = data
    else:
        headers["BrokerProperties"] = _header(properties)
    with defects.raised():
        broker = _furnished()
        for path in ("orders", "news"):
            _require(broker.http("POST", f"/{path}/messages", body, headers).response)
        for path in ("orders", "news/subscriptions/all"):
            _require(broker.http("DELETE", f"/{path}/messages/head?timeout=0").response)
        _require(broker.http("GET", "/$lab/queues/orders").response)


def _header(data: bytes) -> str:
    """What HTTP can carry of it."""
    return "".join(c for c in data.decode("latin-1") if c not in "\r\n\0").strip()


def lab_call(data: bytes) -> None:
    """One of the lab's calls, with its path and query as first line and its body as the rest."""
    if not data:
        return
    line, _, body = data[1:].partition(b"\n")
    rest = _header(line)
    method = _METHODS[data[0] % len(_METHODS)]
    with defects.raised():
        broker = _furnished()
        token = sign(f"https://{HOST}/", KEY_NAME, broker.key, broker.clock.wall() + 60)
        headers = {"host": HOST, "authorization": token}
        request = Request(method, f"/$lab/{rest}", headers, body, tuple(headers.items()))
        answer = control.handle(request, broker)
        if isinstance(answer, Response):
            _require(answer)
        else:
            _never(answer)  # it needs an event loop
        call = control_call.ControlCall(rest, request)
        for read in (partial(fault_calls.planned, call), call.megabytes, call.seconds_to_advance):
            _read_argument(read)
        _read_argument(lambda: call.number("after", 0, at_most=60))


def _read_argument(read: Callable[[], object]) -> None:
    try:
        read()
    except control_call.CallError as refusal:
        assert str(refusal)


class _Timers:
    """Calls what is to be called at once, when asked to."""

    def __init__(self) -> None:
        self._soon: list[Callable[[], None]] = []

    def later(self, seconds: float, action: Callable[[], None]) -> "_Timers":
        if seconds == 0:
            self._soon.append(action)
        return self

    def cancel(self) -> None: ...

    def run(self) -> None:
        for _ in range(10_000):
            if not self._soon:
                return
            self._soon.pop(0)()
        raise AssertionError("it never ends")


def http(data: bytes) -> None:
    """A connection that sends anything, also in two pieces; `@TOKEN@` stands for one that holds."""
    with defects.raised():
        broker = _furnished()
        token = sign(f"https://{HOST}/", KEY_NAME, broker.key, broker.clock.wall() + 60)
        said = data.replace(b"@TOKEN@", token.encode())
        for pieces in ([said], [said[: len(said) // 2], said[len(said) // 2 :]]):
            _serve_http(broker, pieces)


def _serve_http(broker: SteppedBroker, pieces: list[bytes]) -> None:
    written, closed, timers = bytearray(), list[bool](), _Timers()

    def write(sent: bytes) -> None:
        assert not closed
        written.extend(sent)

    endpoint = HttpEndpoint(
        lambda request: _answered(router.handle(request, broker)),
        write,
        lambda: closed.append(True),
        admit=lambda head: router.admit(head, broker),
        spawn=_never,
        later=timers.later,
    )
    for piece in pieces:
        endpoint.receive_data(piece)
        timers.run()
        broker.run()
    assert b" 500 Internal" not in written
    assert len(closed) <= 1
    endpoint.connection_lost()
    broker.run()


def _answered(answer: router.Answer) -> Response | Switch:
    if isinstance(answer, Response | Switch):
        return answer
    if isinstance(answer, Poll):
        return answer.nothing
    if isinstance(answer, Work):
        return Response(201)
    _never(answer)
    return Response(200)


def _never(waiting: Awaitable[Any]) -> _Timers:
    """Give up what needs an event loop."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        (waiting.answer if isinstance(waiting, Vigil) else waiting).close()  # type: ignore[attr-defined]
    return _Timers()


def websocket(data: bytes) -> None:
    """Frames of any kind after the upgrade: whole or byte by byte, the stream inside is one."""
    whole, parts = _inside([data]), _inside([data[at : at + 1] for at in range(len(data))])
    assert whole == parts
    with defects.raised():
        broker = _furnished()
        timers = _Timers()
        endpoint = WebSocketEndpoint(
            lambda sent: None,
            lambda: None,
            lambda write, close: AmqpEndpoint(broker, write, close),
            later=timers.later,
        )
        endpoint.receive_data(data)
        timers.run()
        broker.run()
        endpoint.connection_lost()
        broker.run()
        _serve_http(broker, [_UPGRADE + data])


class _Inner:
    """Keeps what it is given."""

    is_proved = takes_input = True
    is_cut = False

    def __init__(self, kept: bytearray) -> None:
        self._kept = kept

    def receive_data(self, data: bytes) -> None:
        self._kept += data

    def pause_writing(self) -> None: ...

    def resume_writing(self) -> None: ...

    def input_ended(self) -> bool:
        return False

    def connection_lost(self) -> None: ...


def _inside(pieces: list[bytes]) -> bytes:
    kept, timers = bytearray(), _Timers()
    endpoint = WebSocketEndpoint(
        lambda sent: None, lambda: None, lambda write, close: _Inner(kept), later=timers.later
    )
    for piece in pieces:
        endpoint.receive_data(piece)
        timers.run()
    return bytes(kept)


def sniffing(data: bytes) -> None:
    """What was recognised stays so whatever follows, and little is enough to tell."""
    kinds = [sniff(data[:size]) for size in range(1, min(len(data), 40) + 1)]
    told = [kind for kind in kinds if kind is not Kind.NEED_MORE]
    assert len(kinds) - len(told) <= 20
    assert kinds[len(kinds) - len(told) :] == told
    assert len(set(told)) <= 1


def tls(data: bytes) -> None:
    """A handshake of any bytes ends quietly."""
    closed: list[bool] = []
    endpoint = TlsEndpoint(
        _server_context(),
        lambda sent: None,
        lambda: closed.append(True),
        lambda write, close: _Inner(bytearray()),
    )
    endpoint.receive_data(data)
    assert len(closed) <= 1
    assert not endpoint._inner
    endpoint.connection_lost()


@cache
def _server_context() -> ssl.SSLContext:
    import trustme

    context: Any = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    return context
