import pytest

from sbtutorial.http.authority import Authority, is_ours, is_own_origin


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:5672", "127.0.0.1", 5672),
        ("LocalHost", "localhost", None),
        ("localhost.", "localhost", None),
        ("localhost:", "localhost", None),
        ("[::1]:5672", "::1", 5672),
        ("my_host.example", "my_host.example", None),
    ],
)
def test_host_header_is_a_host_and_a_port(text: str, host: str, port: int | None) -> None:
    assert Authority.parse(text) == (host, port)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "127.0.0.1/orders",
        "h:1:2",
        "h:x",
        "a b",
        "h?x",
        "u@h",
        "::1",
        "[::1",
        "h\x00",
        "h,h",
        "é",
    ],
)
def test_what_is_no_host_is_not_read(text: str) -> None:
    assert Authority.parse(text) is None


@pytest.mark.parametrize(
    "name", ["localhost", "localhost.", "q.localhost", "127.0.0.1", "127.9.9.9"]
)
def test_broker_on_loopback_has_the_names_of_loopback(name: str) -> None:
    authority = Authority.parse(name)
    assert authority is not None
    assert is_ours(authority, "127.0.0.1")
    assert is_ours(authority, "::1")


@pytest.mark.parametrize(
    "name", ["evil.example", "localhost.evil.example", "10.0.0.1", "notlocalhost"]
)
def test_broker_on_loopback_has_no_other_names(name: str) -> None:
    authority = Authority.parse(name)
    assert authority is not None
    assert not is_ours(authority, "127.0.0.1")
    assert not is_ours(authority, "localhost")


@pytest.mark.parametrize("bound", ["0.0.0.0", "::", "10.0.0.1", "broker.example"])
def test_broker_on_the_network_is_called_as_the_network_has_it(bound: str) -> None:
    authority = Authority.parse("broker.example")
    assert authority is not None
    assert is_ours(authority, bound)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://127.0.0.1:5672", "127.0.0.1:5672"),
        ("https://localhost:5672", "LOCALHOST:5672"),
        ("http://localhost", "localhost"),
        ("http://localhost:80", "localhost"),
        ("https://localhost", "localhost:443"),
        ("http://[::1]:5672", "[::1]:5672"),
    ],
)
def test_origin_of_the_broker_is_its_own(origin: str, host: str) -> None:
    authority = Authority.parse(host)
    assert authority is not None
    assert is_own_origin(origin, authority)


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "http://127.0.0.1:8888",
        "http://127.0.0.1",
        "http://localhost:5672",
        "https://evil.example",
        "http://127.0.0.1:5672.evil.example",
        "http://127.0.0.1:5672@evil.example",
        "http://127.0.0.1:5672/x",
        "file://127.0.0.1:5672",
        "http://127.0.0.1:5672, http://evil.example",
    ],
)
def test_origin_of_a_page_is_not(origin: str) -> None:
    authority = Authority.parse("127.0.0.1:5672")
    assert authority is not None
    assert not is_own_origin(origin, authority)
