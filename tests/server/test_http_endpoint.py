import asyncio

import h11
import pytest

from sbtutorial.gateway.access.admission import MAX_UNPROVED_BYTES, PROOF_SECONDS
from sbtutorial.http.request import NO_ANSWER, Request, Response
from sbtutorial.server.http_endpoint import (
    IDLE_SECONDS,
    MAX_BODY_BYTES,
    MAX_HEAD_BYTES,
    MAX_HEADERS,
    REQUEST_SECONDS,
    HttpEndpoint,
    Switch,
    Vigil,
)

TEXT = (("Content-Type", "text/plain"),)


class Timer:
    def __init__(self, seconds, action):
        self.seconds = seconds
        self._action = action
        self.is_cancelled = False

    def cancel(self):
        self.is_cancelled = True

    def ring(self):
        if not self.is_cancelled:
            self._action()


class Peer:
    """A client's view of one `HttpEndpoint`, in memory."""

    def __init__(self, handler=None, piece_bytes=1 << 30, admit=None):
        self.requests: list[Request] = []
        self.sent = b""
        self.closed_count = 0
        self.tasks = []
        self.piece_bytes = piece_bytes
        self._handler = handler or (lambda request: Response(200, TEXT, request.target.encode()))
        self.timers: list[Timer] = []
        self.endpoint = HttpEndpoint(
            self._handle,
            self._write,
            self._close,
            admit=admit or (lambda head: True),
            spawn=self._spawn,
            later=self._set_timer,
        )

    def _handle(self, request):
        self.requests.append(request)
        return self._handler(request)

    def _write(self, data):
        assert self.closed_count == 0
        self.sent += data

    def _close(self):
        self.closed_count += 1

    def _spawn(self, coroutine):
        self.tasks.append(asyncio.ensure_future(coroutine))
        return self.tasks[-1]

    def _set_timer(self, seconds, action):
        self.timers.append(Timer(seconds, action))
        return self.timers[-1]

    def send(self, data: bytes):
        for start in range(0, len(data), self.piece_bytes):
            self.endpoint.receive_data(data[start : start + self.piece_bytes])
            self.pass_time(0.0)

    def pass_time(self, seconds: float) -> None:
        """Ring every timer that is set for so soon, and those that these set for at once."""
        while due := [timer for timer in self.timers if timer.seconds <= seconds]:
            self.timers = [timer for timer in self.timers if timer not in due]
            for timer in due:
                timer.ring()

    @property
    def timeouts(self) -> list[float]:
        """What the endpoint waits for, in seconds from when it began to wait."""
        return [timer.seconds for timer in self.timers if not timer.is_cancelled]

    def responses(self, *methods: str) -> list[tuple[int, dict[str, str], bytes]]:
        """What was sent, read by another HTTP implementation's rules: one answer per method."""
        return list(_read(self.sent, methods or ("GET",)))


def _read(data, methods):
    client = h11.Connection(h11.CLIENT)
    client.receive_data(data)
    for method in methods:
        if client.our_state is h11.DONE:
            client.start_next_cycle()
        client.send(h11.Request(method=method, target="/", headers=[("Host", "h")]))
        client.send(h11.EndOfMessage())
        head, body = client.next_event(), b""
        while type(event := client.next_event()) is h11.Data:
            body += event.data
        assert type(event) is h11.EndOfMessage
        yield head.status_code, {k.decode(): v.decode("latin-1") for k, v in head.headers}, body


def get(target="/q", *lines: str, method="GET") -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: h", *lines, "", ""]).encode()


@pytest.fixture(params=[1 << 30, 1, 5])
def peer(request):
    return Peer(piece_bytes=request.param)


def test_request_arrives_whole_with_its_parts(peer):
    peer.send(
        b"PUT /a%2Fb?x=%20&y HTTP/1.1\r\nHost: h:1\r\nX-Twice: 1\r\nx-twice: 2\r\n"
        b"Content-Length: 5\r\n\r\nhello"
    )
    assert peer.requests == [
        Request(
            "PUT",
            "/a%2Fb?x=%20&y",
            {"host": "h:1", "x-twice": "1, 2", "content-length": "5"},
            b"hello",
            (("Host", "h:1"), ("X-Twice", "1"), ("x-twice", "2"), ("Content-Length", "5")),
        )
    ]


def test_answer_has_status_headers_length_and_body(peer):
    peer.send(get("/hello"))
    assert peer.sent == (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\n/hello"
    )
    assert peer.closed_count == 0


def test_answer_without_content_has_no_length():
    peer = Peer(lambda _request: Response(204))
    peer.send(get())
    assert peer.sent == b"HTTP/1.1 204 No Content\r\n\r\n"


def test_answer_may_be_sent_in_chunks_and_keeps_its_names_and_latin_letters():
    headers = (("Transfer-Encoding", "chunked"), ("Who", '"Zoë"'))
    peer = Peer(lambda _request: Response(201, headers, b"coffee"))
    peer.send(get())
    assert b'Who: "Zo\xeb"\r\n' in peer.sent
    assert b"content-length" not in peer.sent.lower()
    ((status, headers, body),) = peer.responses()
    assert (status, headers["who"], body) == (201, '"Zoë"', b"coffee")


def test_connection_is_kept_for_the_next_request(peer):
    peer.send(get("/1"))
    peer.send(get("/2"))
    assert [body for _, _, body in peer.responses("GET", "GET")] == [b"/1", b"/2"]


def test_pipelined_requests_are_answered_in_order(peer):
    peer.send(b"".join(get(f"/{number}") for number in range(5)))
    assert [body for _, _, body in peer.responses(*["GET"] * 5)] == [
        b"/0",
        b"/1",
        b"/2",
        b"/3",
        b"/4",
    ]


def test_chunked_body_is_put_together(peer):
    peer.send(
        get("/q", "Transfer-Encoding: chunked", method="POST") + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )
    assert peer.requests[0].body == b"abcde"


def test_head_is_get_without_the_body(peer):
    peer.send(get("/hello", method="HEAD") + get("/2"))
    assert [request.method for request in peer.requests] == ["GET", "GET"]
    first, second = peer.responses("HEAD", "GET")
    assert (first[1]["content-length"], first[2]) == ("6", b"")
    assert second[2] == b"/2"


def test_connection_close_is_honoured(peer):
    peer.send(get("/1", "Connection: close"))
    assert peer.responses()[0][2] == b"/1"
    assert peer.closed_count == 1
    peer.send(get("/2"))
    assert len(peer.requests) == 1


def test_http_1_0_gets_its_answer_and_the_end(peer):
    peer.send(b"GET /old HTTP/1.0\r\n\r\n")
    assert peer.sent.endswith(b"/old")
    assert peer.closed_count == 1


def test_absolute_targets_of_proxies_lose_their_host(peer):
    peer.send(get("http://h:1/a/b?x=1"))
    assert peer.requests[0].target == "/a/b?x=1"


def test_client_that_asks_first_is_told_to_go_on(peer):
    peer.send(get("/q", "Content-Length: 2", "Expect: 100-continue", method="PUT"))
    assert peer.sent.startswith(b"HTTP/1.1 100 ")
    assert not peer.requests
    peer.send(b"ab")
    assert peer.requests[0].body == b"ab"
    assert peer.sent.count(b"HTTP/1.1 100 ") == 1


def test_client_that_asks_first_is_told_at_once_when_its_body_is_too_large(peer):
    length = f"Content-Length: {MAX_BODY_BYTES + 1}"
    peer.send(get("/q", length, "Expect: 100-continue", method="PUT"))
    assert peer.responses("PUT")[0][0] == 413
    assert peer.closed_count == 1
    assert not peer.requests


def test_body_of_the_largest_size_is_taken():
    peer = Peer()
    peer.send(get("/q", f"Content-Length: {MAX_BODY_BYTES}", method="PUT"))
    peer.send(b"x" * MAX_BODY_BYTES)
    assert len(peer.requests[0].body) == MAX_BODY_BYTES
    assert peer.responses("PUT")[0][0] == 200


def test_too_large_body_is_refused_at_once_and_heard_to_its_end():
    peer = Peer()
    peer.send(get("/q", f"Content-Length: {MAX_BODY_BYTES + 1}", method="PUT"))
    status, headers, body = peer.responses("PUT")[0]
    assert (status, headers["connection"]) == (413, "close")
    assert str(MAX_BODY_BYTES).encode() in body
    assert peer.closed_count == 0  # else the answer would be lost on its way
    peer.send(b"x" * (MAX_BODY_BYTES + 1))
    assert peer.closed_count == 1
    assert not peer.requests


def test_too_large_chunked_body_is_refused_when_it_is():
    peer = Peer()
    peer.send(get("/q", "Transfer-Encoding: chunked", method="PUT"))
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    for _ in range(17):
        peer.send(chunk)
    assert peer.responses("PUT")[0][0] == 413
    peer.send(b"0\r\n\r\n")
    assert peer.closed_count == 1
    assert not peer.requests


def test_endless_body_is_cut_off():
    peer = Peer()
    peer.send(get("/q", "Content-Length: 99999999999", method="PUT"))
    for _ in range(17):
        peer.send(b"x" * MAX_BODY_BYTES)
    assert peer.closed_count == 1


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/1.1\r\nX: " + b"x" * MAX_HEAD_BYTES * 2, 431),
        (b"GET /" + b"x" * MAX_HEAD_BYTES * 2, 431),
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: zip\r\n\r\n", 501),
        (b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        (b"\x00\x01\x02\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\n: nothing\r\n\r\n", 400),
    ],
)
@pytest.mark.parametrize("piece_bytes", [1 << 30, 101, 1])
def test_what_is_not_http_is_answered_and_let_go(data, status, piece_bytes):
    peer = Peer(piece_bytes=piece_bytes)
    peer.send(data)
    assert peer.responses()[0][0] == status
    assert peer.closed_count == 1
    assert not peer.requests


def test_garbage_after_a_good_request_does_not_undo_its_answer(peer):
    peer.send(get("/1", method="HEAD") + b"\x00\x00\x00\x00\r\n\r\n")
    answers = peer.responses("HEAD", "GET")
    assert [status for status, _, _ in answers] == [200, 400]
    assert b"not HTTP/1.1" in answers[1][2]
    assert peer.closed_count == 1


def test_bug_in_a_handler_is_500_and_logged_and_the_connection_lives(caplog):
    answers = iter([ValueError("secret detail"), Response(204)])

    def handler(request):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    peer = Peer(handler)
    peer.send(get("/1") + get("/2"))
    (status, _, body), (second, _, _) = peer.responses("GET", "GET")
    assert (status, second) == (500, 204)
    assert b"secret" not in body
    assert "secret detail" in caplog.text


# -- Answers that come later ---------------------------------------------------------------------


class LatePeer(Peer):
    """Every answer waits until the test gives it, or for as long as its client may send."""

    def __init__(self, piece_bytes=1 << 30, otherwise=None):
        self.otherwise = otherwise
        self.answers: list[asyncio.Future[Response]] = []
        super().__init__(self._later, piece_bytes)

    def _later(self, request):
        self.answers.append(asyncio.get_running_loop().create_future())
        answer = self.answers[-1]
        return answer if self.otherwise is None else Vigil(answer, self.otherwise)

    async def give(self, number: int, answer: Response | Exception):
        if isinstance(answer, Exception):
            self.answers[number].set_exception(answer)
        else:
            self.answers[number].set_result(answer)
        await self.tasks[number]


async def test_late_answers_come_in_the_order_of_the_requests():
    peer = LatePeer()
    peer.send(get("/1") + get("/2"))
    assert [request.target for request in peer.requests] == ["/1"]
    assert peer.sent == b""
    await peer.give(0, Response(200, TEXT, b"first"))
    assert [request.target for request in peer.requests] == ["/1", "/2"]
    await peer.give(1, Response(200, TEXT, b"second"))
    assert [body for _, _, body in peer.responses("GET", "GET")] == [b"first", b"second"]


async def test_lost_connection_stops_the_wait_for_an_answer():
    peer = LatePeer()
    peer.send(get())
    await asyncio.sleep(0)  # the wait has begun
    peer.endpoint.connection_lost()
    with pytest.raises(asyncio.CancelledError):
        await peer.tasks[0]
    assert peer.sent == b""
    assert peer.answers[0].cancelled()


async def test_who_sends_no_more_still_gets_every_answer():
    peer = LatePeer()
    peer.send(get("/1") + get("/2"))
    assert peer.endpoint.input_ended()
    assert peer.closed_count == 0
    await peer.give(0, Response(200, TEXT, b"first"))
    await peer.give(1, Response(200, TEXT, b"second"))
    assert [body for _, _, body in peer.responses("GET", "GET")] == [b"first", b"second"]
    assert peer.closed_count == 1


async def test_who_sends_no_more_is_not_waited_for_until_something_happens():
    peer = LatePeer(otherwise=Response(204))
    peer.send(get())
    await asyncio.sleep(0)  # the wait has begun
    assert peer.endpoint.input_ended()
    peer.pass_time(0.0)
    assert [status for status, _, _ in peer.responses()] == [204]
    assert peer.closed_count == 1
    with pytest.raises(asyncio.CancelledError):
        await peer.tasks[0]


async def test_what_has_happened_meanwhile_is_answered_to_who_sends_no_more():
    peer = LatePeer(otherwise=Response(204))
    peer.send(get())
    peer.endpoint.input_ended()
    await peer.give(0, Response(200, TEXT, b"here"))
    peer.pass_time(0.0)
    assert [body for _, _, body in peer.responses()] == [b"here"]
    assert peer.closed_count == 1


def test_who_sends_no_more_and_has_asked_nothing_is_let_go(peer):
    peer.send(get())
    assert peer.endpoint.input_ended()
    assert peer.endpoint.input_ended()
    assert peer.closed_count == 1
    assert peer.responses()[0][0] == 200


def test_request_that_is_broken_off_is_told_so(peer):
    peer.send(get(method="POST")[:-2] + b"Content-Length: 5\r\n\r\nab")
    assert peer.endpoint.input_ended()
    assert peer.closed_count == 1
    assert peer.responses()[0][0] == 400
    assert peer.requests == []


def test_many_requests_of_who_sends_no_more_are_all_answered():
    peer = Peer()
    peer.endpoint.receive_data(get() * 100)
    assert peer.endpoint.input_ended()
    assert peer.closed_count == 0
    peer.pass_time(0.0)
    assert len(peer.responses(*100 * ["GET"])) == 100
    assert peer.closed_count == 1


@pytest.mark.parametrize("is_at_once", [True, False])
async def test_what_is_not_to_be_answered_ends_the_connection(is_at_once):
    peer = Peer(lambda request: NO_ANSWER) if is_at_once else LatePeer()
    peer.send(get("/1") + get("/2"))
    if not is_at_once:
        await peer.give(0, NO_ANSWER)
    assert len(peer.requests) == 1
    assert (peer.sent, peer.closed_count, peer.endpoint.is_cut) == (b"", 1, True)


def test_a_head_that_is_not_to_be_answered_ends_the_connection():
    peer = Peer(admit=lambda head: NO_ANSWER)
    peer.send(get(method="POST")[:-2] + b"Content-Length: 5\r\n\r\nab")
    assert peer.requests == []
    assert (peer.sent, peer.closed_count, peer.endpoint.is_cut) == (b"", 1, True)


async def test_bug_in_a_late_answer_is_500(caplog):
    peer = LatePeer()
    peer.send(get())
    await peer.give(0, ValueError("secret detail"))
    assert peer.responses()[0][0] == 500
    assert "secret detail" in caplog.text


async def test_client_that_sends_on_and_on_while_it_waits_is_let_go():
    peer = LatePeer()
    peer.send(get())
    for _ in range(3):
        peer.send(b"x" * MAX_BODY_BYTES)
    assert peer.closed_count == 1
    with pytest.raises(asyncio.CancelledError):
        await peer.tasks[0]


async def test_many_waits_in_turn_do_not_count_as_sending_ahead():
    peer = LatePeer()
    body = b"x" * (MAX_BODY_BYTES // 2)
    for number in range(6):
        peer.send(get("/q", f"Content-Length: {len(body)}", method="PUT") + body)
        await peer.give(number, Response(200))
    assert len(peer.requests) == 6
    assert peer.closed_count == 0


# -- Another protocol on the same connection -----------------------------------------------------


class Successor:
    """Serves the connection after HTTP."""

    def __init__(self, write, close):
        self.write, self.close = write, close
        self.received = b""
        self.lost_count = 0

    def receive_data(self, data):
        self.received += data

    is_cut = False

    def input_ended(self):
        return False

    def connection_lost(self):
        self.lost_count += 1


class SwitchingPeer(Peer):
    """Everything that is asked for below /other is agreed to, and the rest is answered."""

    def __init__(self, piece_bytes=1 << 30):
        self.successor = None
        super().__init__(self._answer, piece_bytes)

    def _answer(self, request):
        if "upgrade" not in request.headers or request.target != "/other":
            return Response(200, TEXT, request.target.encode())
        return Switch((("Upgrade", "other"), ("Connection", "Upgrade")), self._make)

    def _make(self, write, close, later):
        self.successor = Successor(write, close)
        return self.successor


UPGRADE = ("Upgrade: other", "Connection: Upgrade")


@pytest.mark.parametrize("piece_bytes", [1 << 30, 1, 5])
def test_agreed_protocol_has_the_connection_from_the_first_byte_on(piece_bytes):
    peer = SwitchingPeer(piece_bytes)
    peer.send(get("/1") + get("/other", *UPGRADE) + b"\x00first")
    peer.send(b"GET / HTTP/1.1\r\n\r\n")
    assert peer.successor.received == b"\x00firstGET / HTTP/1.1\r\n\r\n"
    assert peer.sent.endswith(
        b"\r\n\r\n/1HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\n"
        b"Connection: Upgrade\r\n\r\n"
    )
    peer.successor.write(b" and on")
    assert peer.sent.endswith(b"\r\n\r\n and on")
    peer.successor.close()
    assert peer.closed_count == 1


def test_agreed_protocol_hears_that_the_connection_is_lost():
    peer = SwitchingPeer()
    peer.send(get("/other", *UPGRADE))
    peer.endpoint.connection_lost()
    assert peer.successor.lost_count == 1


def test_protocol_that_is_not_agreed_to_leaves_http_as_it_was(peer):
    peer = SwitchingPeer(peer.piece_bytes)
    peer.send(get("/1", *UPGRADE) + get("/2"))
    assert [body for _, _, body in peer.responses("GET", "GET")] == [b"/1", b"/2"]
    assert peer.successor is None


def test_http_1_0_knows_no_other_protocol():
    peer = SwitchingPeer()
    peer.send(b"GET /other HTTP/1.0\r\nUpgrade: other\r\nConnection: Upgrade\r\n\r\n")
    assert peer.sent.endswith(b"/other")
    assert (peer.successor, peer.closed_count) == (None, 1)


# -- Before a peer has proved who it is -----------------------------------------------------------


def refuse(request: Request) -> Response:
    return Response(401, TEXT, b"who are you?")


def let_everybody(request: Request) -> bool:
    return False


def test_body_is_not_read_from_who_may_not_send_it(peer_refused):
    peer_refused.send(get("/q", "Content-Length: 100000", method="PUT"))
    ((status, headers, body),) = peer_refused.responses("PUT")
    assert (status, headers["connection"], body) == (401, "close", b"who are you?")
    assert peer_refused.closed_count == 0  # else the answer would be lost on its way
    peer_refused.send(b"x" * 100_000)
    assert peer_refused.closed_count == 1
    assert not peer_refused.requests


@pytest.fixture(params=[1 << 30, 7])
def peer_refused(request):
    return Peer(piece_bytes=request.param, admit=refuse)


def test_who_asks_first_is_refused_before_any_body(peer_refused):
    peer_refused.send(get("/q", "Content-Length: 5", "Expect: 100-continue", method="PUT"))
    assert peer_refused.responses("PUT")[0][0] == 401
    assert peer_refused.closed_count == 1


def test_chunked_body_is_not_read_either(peer_refused):
    peer_refused.send(get("/q", "Transfer-Encoding: chunked", method="PUT") + b"5\r\nhello\r\n")
    assert peer_refused.responses("PUT")[0][0] == 401
    peer_refused.send(b"0\r\n\r\n")
    assert peer_refused.closed_count == 1


def test_refused_request_without_a_body_leaves_the_connection_open(peer_refused):
    peer_refused.send(get("/1") + get("/2", "Content-Length: 0"))
    assert [status for status, _, _ in peer_refused.responses("GET", "GET")] == [401, 401]
    assert peer_refused.closed_count == 0


def test_who_is_refused_and_sends_on_is_heard_for_a_while_only(peer_refused):
    peer_refused.send(get("/q", "Content-Length: 99999999", method="PUT"))
    assert min(peer_refused.timeouts) <= 10
    peer_refused.pass_time(10)
    assert peer_refused.closed_count == 1


def test_what_is_open_to_everybody_takes_no_body():
    peer = Peer(admit=let_everybody)
    peer.send(get("/health") + get("/health", "Content-Length: 1", method="POST"))
    assert [status for status, _, _ in peer.responses("GET", "POST")] == [200, 413]
    assert not peer.endpoint.is_proved


@pytest.mark.parametrize("admit", [refuse, let_everybody])
def test_strangers_have_their_bytes_and_no_more(admit):
    peer = Peer(admit=admit)
    sent = 0
    while not peer.closed_count:
        peer.send(get("/health"))
        sent += len(get("/health"))
        assert sent < MAX_UNPROVED_BYTES + 1000
    assert sent > MAX_UNPROVED_BYTES


@pytest.mark.parametrize(
    "data",
    [b"G", b"GET / HTTP/1.1\r\nX:", get("/health"), get("/", "Content-Length: 5", method="PUT")],
)
@pytest.mark.parametrize("admit", [refuse, let_everybody])
def test_strangers_have_their_seconds_and_no_more(data, admit):
    peer = Peer(admit=admit)
    peer.send(data)
    assert max(peer.timeouts) <= PROOF_SECONDS
    peer.pass_time(PROOF_SECONDS)
    assert peer.closed_count == 1


def test_who_dawdles_over_a_head_is_told_so():
    peer = Peer(admit=refuse)
    peer.send(b"GET / HTTP/1.1\r\nX:")
    peer.pass_time(PROOF_SECONDS)
    assert peer.responses()[0][0] == 408


def test_connection_that_is_lost_leaves_no_timer():
    peer = Peer()
    peer.send(get() + b"GET /")
    peer.endpoint.connection_lost()
    assert peer.timeouts == []


# -- After it -------------------------------------------------------------------------------------


def test_who_has_proved_itself_may_be_silent_for_a_while():
    peer = Peer()
    peer.send(get())
    assert peer.endpoint.is_proved
    assert peer.timeouts == [IDLE_SECONDS]
    peer.pass_time(IDLE_SECONDS)
    assert peer.closed_count == 1


def test_body_that_does_not_come_is_not_waited_for():
    peer = Peer()
    peer.send(get("/q", "Content-Length: 5", method="PUT") + b"he")
    assert peer.timeouts == [REQUEST_SECONDS]
    peer.pass_time(REQUEST_SECONDS)
    assert peer.responses("PUT")[0][0] == 408
    assert peer.closed_count == 1


async def test_answer_may_take_as_long_as_it_takes():
    peer = LatePeer()
    peer.send(get())
    assert peer.timeouts == []
    await peer.give(0, Response(200))
    assert peer.timeouts == [IDLE_SECONDS]


def test_many_requests_at_once_are_worked_off_in_slices():
    peer = Peer()
    peer.endpoint.receive_data(get() * 500)
    assert 0 < len(peer.requests) < 20
    peer.pass_time(0.0)
    assert len(peer.requests) == 500
    assert peer.closed_count == 0


def test_body_in_tiny_chunks_is_worked_off_in_slices_and_arrives():
    peer = Peer()
    peer.endpoint.receive_data(get("/q", "Transfer-Encoding: chunked", method="PUT"))
    peer.endpoint.receive_data(b"1\r\nx\r\n" * 5000 + b"0\r\n\r\n")
    assert not peer.requests
    peer.pass_time(0.0)
    assert peer.requests[0].body == b"x" * 5000


def test_frame_of_a_body_that_outweighs_it_is_refused():
    peer = Peer()
    peer.send(get("/q", "Transfer-Encoding: chunked", method="PUT"))
    for _ in range(4000):
        peer.send(b"1;" + b"a" * 1000 + b"\r\nx\r\n")
        if peer.sent:
            break
    assert peer.responses("PUT")[0][0] == 413


def test_endless_extension_of_a_chunk_is_refused():
    peer = Peer()
    peer.send(get("/q", "Transfer-Encoding: chunked", method="PUT") + b"1;")
    for _ in range(MAX_HEAD_BYTES // 1000 + 1):
        peer.send(b"a" * 1000)
    assert peer.responses("PUT")[0][0] in (400, 431)
    assert peer.closed_count == 1


def test_more_header_lines_than_anybody_needs_are_refused():
    peer = Peer()
    peer.send(get("/q", *(f"X{number}: 1" for number in range(MAX_HEADERS))))
    assert peer.responses()[0][0] == 431
    peer = Peer()
    peer.send(get("/q", *(f"X{number}: 1" for number in range(MAX_HEADERS - 1))))
    assert peer.responses()[0][0] == 200


def test_connect_is_a_request_like_any_other():
    peer = Peer(lambda request: Response(405, TEXT, request.method.encode()))
    peer.send(b"CONNECT evil.example:443 HTTP/1.1\r\nHost: h\r\n\r\n")
    assert b"HTTP/1.1 405 " in peer.sent
    assert peer.requests[0].target == "/"
    peer.send(get("/2"))
    assert peer.requests[1].target == "/2"


def test_path_may_hold_what_looks_like_an_absolute_target(peer):
    peer.send(get("/a://h/b?c"))
    assert peer.requests[0].target == "/a://h/b?c"
