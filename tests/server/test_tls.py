import ssl

import pytest

from sbtutorial.server import certificates as certificates_module
from sbtutorial.server.tls import TlsEndpoint


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return certificates_module.ensure(tmp_path_factory.mktemp("certificates"))


class Echo:
    """Sends back what it gets; "bye" makes it close."""

    def __init__(self, write, close):
        self.write, self.close = write, close
        self.received = b""
        self.lost_count = 0

    def receive_data(self, data):
        self.received += data
        if data == b"bye":
            self.close()
        else:
            self.write(data)

    is_cut = goes_on = False

    def input_ended(self):
        return self.goes_on

    def connection_lost(self):
        self.lost_count += 1


class Exchange:
    """A client and a `TlsEndpoint` joined in memory, in pieces of a chosen size."""

    def __init__(self, certificates, piece_bytes=1 << 30):
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(certificates.server_pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(certificates.ca_pem)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        self.echo = None
        self.closed_count = 0
        self.piece_bytes = piece_bytes
        self.endpoint = TlsEndpoint(server, self.incoming.write, self._close, self._make_inner)

    def _close(self):
        self.closed_count += 1

    def _make_inner(self, write, close):
        self.echo = Echo(write, close)
        return self.echo

    def pump(self):
        data = self.outgoing.read()
        for start in range(0, len(data), self.piece_bytes):
            self.endpoint.receive_data(data[start : start + self.piece_bytes])

    def shake_hands(self):
        for _ in range(4):
            try:
                self.client.do_handshake()
            except ssl.SSLWantReadError:
                self.pump()
        self.pump()

    def read_all(self):
        data = b""
        while True:
            try:
                piece = self.client.read(1 << 20)
            except ssl.SSLWantReadError:
                return data
            if not piece:
                return data
            data += piece


@pytest.fixture(params=[1 << 30, 1, 7])
def exchange(request, certificates):
    exchange = Exchange(certificates, request.param)
    exchange.shake_hands()
    return exchange


def test_what_is_sent_comes_out_inside_and_the_answer_comes_back(exchange):
    exchange.client.write(b"hello")
    exchange.pump()
    assert exchange.echo.received == b"hello"
    assert exchange.read_all() == b"hello"
    assert exchange.endpoint.failure is None


def test_large_writes_pass_both_ways(exchange):
    data = bytes(range(256)) * 1000
    sent = 0
    while sent < len(data):
        sent += exchange.client.write(data[sent:])
    exchange.pump()
    assert exchange.read_all() == data


def test_several_megabytes_in_one_write_arrive_whole(certificates):
    exchange = Exchange(certificates)
    exchange.shake_hands()
    data = bytes(range(256)) * 20_000
    exchange.echo.write(data)
    assert exchange.read_all() == data


def test_peers_goodbye_is_answered_and_passed_on_once(exchange):
    with pytest.raises(ssl.SSLWantReadError):
        exchange.client.unwrap()
    exchange.pump()
    exchange.client.unwrap()  # the answering close_notify is here
    exchange.endpoint.connection_lost()
    assert (exchange.closed_count, exchange.echo.lost_count) == (1, 1)
    assert exchange.endpoint.failure is None


def test_close_from_inside_says_goodbye_and_closes(exchange):
    exchange.client.write(b"bye")
    exchange.pump()
    assert exchange.closed_count == 1
    assert exchange.client.read(10) == b""  # close_notify, and not a cut connection
    exchange.client.write(b"too late")
    exchange.pump()
    assert exchange.echo.received == b"bye"
    exchange.echo.write(b"nobody hears this")
    exchange.endpoint.connection_lost()
    assert exchange.echo.lost_count == 1


def test_what_is_cut_inside_ends_without_a_goodbye(exchange):
    exchange.echo.is_cut = True
    exchange.client.write(b"bye")
    exchange.pump()
    assert exchange.closed_count == 1
    with pytest.raises(ssl.SSLWantReadError):
        exchange.client.read(10)


def test_who_is_still_answered_has_its_end_of_input_and_then_a_goodbye(exchange):
    exchange.echo.goes_on = True
    with pytest.raises(ssl.SSLWantReadError):
        exchange.client.unwrap()
    exchange.pump()
    assert exchange.endpoint.input_ended()
    assert (exchange.closed_count, exchange.echo.lost_count) == (0, 0)
    exchange.echo.write(b"answer")
    exchange.echo.close()
    exchange.pump()
    assert exchange.client.read(10) == b"answer"
    assert exchange.closed_count == 1


def test_an_end_that_nobody_signed_is_none(exchange):
    exchange.echo.goes_on = True
    assert not exchange.endpoint.input_ended()


def test_lost_connection_is_passed_on_once(exchange):
    exchange.endpoint.connection_lost()
    exchange.endpoint.connection_lost()
    exchange.endpoint.receive_data(b"x")
    assert exchange.echo.lost_count == 1
    assert exchange.closed_count == 0


def test_garbage_in_place_of_a_handshake_closes_with_an_alert_and_a_reason(certificates):
    for garbage in (b"\x16\x03\x01\x00\x05hello", b"\x16\x03" + b"\xff" * 100, b"GET / HTTP/1.1"):
        exchange = Exchange(certificates)
        exchange.endpoint.receive_data(garbage)
        exchange.endpoint.receive_data(garbage)
        assert exchange.closed_count == 1
        assert exchange.endpoint.failure
        assert exchange.echo is None


def test_damaged_record_after_the_handshake_closes_with_a_reason(exchange):
    exchange.endpoint.receive_data(b"\x17\x03\x03\x00\x20" + b"\x00" * 32)
    assert exchange.closed_count == 1
    assert exchange.echo.lost_count == 1
    assert exchange.endpoint.failure


def test_client_that_does_not_trust_us_leaves_a_reason(certificates, tmp_path):
    other = certificates_module.ensure(tmp_path / "other")
    exchange = Exchange(certificates._replace(ca_pem=other.ca_pem))
    with pytest.raises(ssl.SSLCertVerificationError):
        exchange.shake_hands()
    exchange.pump()
    assert "unknown ca" in exchange.endpoint.failure.lower()
    assert exchange.closed_count == 1


def test_peer_that_leaves_in_the_handshake_leaves_a_reason(certificates):
    exchange = Exchange(certificates)
    exchange.endpoint.receive_data(b"\x16")
    exchange.endpoint.connection_lost()
    assert "left before" in exchange.endpoint.failure
