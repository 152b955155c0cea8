"""Which requests become AMQP over WebSocket, and what the others are told."""

import base64
import subprocess
import sys
from pathlib import Path

import pytest

from sbtutorial.http.request import Request, Response
from sbtutorial.server.http_answers import Switch
from sbtutorial.server.websocket_upgrade import answer, is_for_websocket

PATH = "/$servicebus/websocket"
# The example of RFC 6455, 1.3.
KEY, ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
HEADERS = {
    "host": "h",
    "upgrade": "websocket",
    "connection": "Upgrade",
    "sec-websocket-version": "13",
    "sec-websocket-key": KEY,
    "sec-websocket-protocol": "AMQPWSB10",
}


def no_amqp(write, close):
    raise AssertionError("nobody has been let in yet")


def ask(path=PATH, method="GET", **changes):
    """Ask with good headers, save those that are changed; None leaves one out."""
    names = {name.replace("_", "-"): value for name, value in changes.items()}
    headers = {name: value for name, value in (HEADERS | names).items() if value is not None}
    request = Request(method, path, headers)
    assert is_for_websocket(request)
    return answer(request, no_amqp)


def test_a_good_request_is_agreed_to_as_the_rfc_wants_it():
    switch = ask()
    assert isinstance(switch, Switch)
    assert dict(switch.headers) == {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Accept": ACCEPT,
        "Sec-WebSocket-Protocol": "AMQPWSB10",
    }


@pytest.mark.parametrize(
    "path",
    [
        "/$servicebus/websocket/",
        "/$ServiceBus/WebSocket",
        "/%24servicebus/websocket",
        "/$servicebus/websocket?sb-hc=1",
        "//$servicebus/websocket",  # of a custom address that ends with a slash
        "/a/gateway/$servicebus/websocket",
    ],
)
def test_the_path_may_be_written_as_clients_write_it(path):
    assert isinstance(ask(path), Switch)


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ("AMQPWSB10", "AMQPWSB10"),
        ("amqp", "amqp"),
        ("amqp, AMQPWSB10", "amqp"),
        ("mqtt,AMQPWSB10 , amqp", "AMQPWSB10"),
    ],
)
def test_the_subprotocol_is_the_clients_first_that_is_known(offered, chosen):
    assert dict(ask(sec_websocket_protocol=offered).headers)["Sec-WebSocket-Protocol"] == chosen


@pytest.mark.parametrize(
    "changes", [{"upgrade": "h2c, WebSocket"}, {"connection": "keep-alive, upgrade"}]
)
def test_headers_may_list_more_than_is_needed(changes):
    assert isinstance(ask(**changes), Switch)


WRONG = [
    ({"path": "/$servicebus"}, 404, "/$servicebus/websocket", ()),
    ({"path": "/orders"}, 404, "no WebSocket at /orders", ()),
    ({"path": "/x$servicebus/websocket"}, 404, "it is at", ()),
    ({"method": "POST"}, 405, "GET", ("Allow", "GET")),
    ({"upgrade": None}, 426, "Upgrade: websocket", ("Upgrade", "websocket")),
    ({"upgrade": "h2c"}, 426, "WebSocket only", ("Connection", "Upgrade")),
    ({"connection": None}, 426, "Connection: Upgrade", ("Upgrade", "websocket")),
    ({"sec_websocket_version": None}, 426, "version 13", ("Sec-WebSocket-Version", "13")),
    ({"sec_websocket_version": "8"}, 426, "'8'", ("Sec-WebSocket-Version", "13")),
    ({"sec_websocket_key": None}, 400, "Sec-WebSocket-Key", ()),
    ({"sec_websocket_key": "hello"}, 400, "16 bytes", ()),
    ({"sec_websocket_key": "ü" * 24}, 400, "base64", ()),
    ({"sec_websocket_key": base64.b64encode(b"x" * 15).decode()}, 400, "16 bytes", ()),
    ({"sec_websocket_protocol": None}, 400, "AMQPWSB10 or amqp", ()),
    ({"sec_websocket_protocol": "mqtt, amqpwsb10"}, 400, "AMQPWSB10 or amqp", ()),
]


@pytest.mark.parametrize(("changes", "status", "text", "header"), WRONG)
def test_what_is_wrong_is_said(changes, status, text, header):
    response = ask(**changes)
    assert isinstance(response, Response)
    assert response.status == status
    assert text in response.body.decode()
    assert not header or header in response.headers


def test_other_requests_are_not_for_it():
    assert not is_for_websocket(Request("GET", "/orders", {"host": "h"}))
    assert not is_for_websocket(Request("GET", "/orders", {"host": "h", "upgrade": "websocket"}))
    assert not is_for_websocket(
        Request("GET", "/orders", {"host": "h", "upgrade": "h2c", "connection": "Upgrade"})
    )


def test_who_opens_no_websocket_spends_no_time_on_its_import():
    code = (
        "import sys, sbtutorial.server.router, sbtutorial.server.http_endpoint;"
        "print('h11' in sys.modules, 'wsproto' in sys.modules)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=True,
    )
    assert said.stdout.split() == ["True", "False"]
