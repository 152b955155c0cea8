import pytest

from sbtutorial.server.sniff import Kind, sniff

BEGINNINGS = [
    (b"AMQP\x00\x01\x00\x00", Kind.AMQP, 4),
    (b"AMQP\x03\x01\x00\x00", Kind.AMQP, 4),
    (b"AMQP ", Kind.AMQP, 4),
    (b"\x16\x03\x01\x02\x00\x01", Kind.TLS, 2),
    (b"\x16\x03\x03\x00", Kind.TLS, 2),
    (b"GET / HTTP/1.1\r\n", Kind.HTTP, 4),
    (b"PUT /q HTTP/1.1\r\n", Kind.HTTP, 4),
    (b"DELETE /q HTTP/1.1\r\n", Kind.HTTP, 7),
    (b"A / HTTP/1.1", Kind.HTTP, 2),
    (b"AMQ / HTTP/1.1", Kind.HTTP, 4),
    (b"BASELINE-CONTROL /", Kind.UNKNOWN, 9),
    (b"\x16\x02", Kind.UNKNOWN, 2),
    (b"\x15\x03\x01", Kind.UNKNOWN, 1),
    (b"\x80\x2e\x01", Kind.UNKNOWN, 1),
    (b"get / HTTP/1.1", Kind.UNKNOWN, 1),
    (b"GET\t/", Kind.UNKNOWN, 4),
    (b"GET\r\n", Kind.UNKNOWN, 4),
    (b" GET /", Kind.UNKNOWN, 1),
    (b"\x00" * 50, Kind.UNKNOWN, 1),
    (b"\xff\xfe", Kind.UNKNOWN, 1),
    (b"X" * 50, Kind.UNKNOWN, 21),
    (b"X" * 20 + b" ", Kind.HTTP, 21),
]


@pytest.mark.parametrize(("data", "kind", "needed"), BEGINNINGS)
def test_kind_is_known_from_the_byte_that_decides_and_on(data, kind, needed):
    kinds = [sniff(data[:length]) for length in range(len(data) + 1)]
    assert kinds == [Kind.NEED_MORE] * needed + [kind] * (len(data) + 1 - needed)
