"""The request with which HTTP becomes AMQP over WebSocket, and why another one is refused.

Nothing of WebSocket itself is imported before a request has been found good.

Source: RFC 6455, 4.2; Azure Service Bus, "AMQP over WebSockets"; OASIS, "AMQP WebSocket Binding".
"""

import base64
import binascii
from functools import partial

from sbtutorial.gateway.endpoint import Close, Endpoint, EndpointFactory, Write
from sbtutorial.http.request import Request, Response
from sbtutorial.server.http_answers import Later, Switch

PATH = "$servicebus/websocket"
# Azure's own name, which its SDKs offer, and the one that OASIS registered.
SUBPROTOCOLS = ("AMQPWSB10", "amqp")
VERSION = "13"
_KEY_BYTES = 16


def is_for_websocket(request: Request) -> bool:
    """Whether `answer` is to answer: the address is WebSocket's, or WebSocket is asked for."""
    return _is_at_path(request) or _asks_for_websocket(request)


def answer(request: Request, make_amqp: EndpointFactory) -> Response | Switch:
    """Begin to speak AMQP over WebSocket, or say in plain words why not."""
    if refusal := _refusal(request):
        return refusal
    headers = (
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Accept", _accept(request)),
        ("Sec-WebSocket-Protocol", _subprotocols(request)[0]),
    )
    return Switch(headers, partial(_serve, make_amqp))


def _serve(make_amqp: EndpointFactory, write: Write, close: Close, later: Later) -> Endpoint:
    from sbtutorial.server.websocket import WebSocketEndpoint

    return WebSocketEndpoint(write, close, make_amqp, later=later)


def _accept(request: Request) -> str:
    from wsproto.utilities import generate_accept_token

    key = request.headers["sec-websocket-key"].strip().encode("ascii")
    return generate_accept_token(key).decode("ascii")


def _refusal(request: Request) -> Response | None:
    """What is wrong with the request, the gravest first."""
    if not _is_at_path(request):
        return _refuse(404, f"There is no WebSocket at /{request.path[:200]}: it is at /{PATH}.")
    if request.method != "GET":
        return _refuse(405, "A WebSocket is opened with GET.", ("Allow", "GET"))
    if not _asks_for_websocket(request):
        return _refuse(
            426,
            f"/{PATH} speaks WebSocket only: ask for it with 'Upgrade: websocket' and "
            "'Connection: Upgrade'.",
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
        )
    if (version := request.headers.get("sec-websocket-version", "")) != VERSION:
        return _refuse(
            426,
            f"WebSocket is spoken in version {VERSION}; '{version[:40]}' is asked for in "
            "Sec-WebSocket-Version.",
            ("Sec-WebSocket-Version", VERSION),
        )
    if not _has_key(request):
        return _refuse(400, f"Sec-WebSocket-Key is {_KEY_BYTES} bytes in base64.")
    if not _subprotocols(request):
        return _refuse(
            400,
            f"Inside WebSocket AMQP is spoken here: offer {' or '.join(SUBPROTOCOLS)} in "
            "Sec-WebSocket-Protocol.",
        )
    return None


def _refuse(status: int, text: str, *headers: tuple[str, str]) -> Response:
    kind = ("Content-Type", "text/plain; charset=utf-8")
    return Response(status, (kind, *headers), f"{text}\n".encode())


def _is_at_path(request: Request) -> bool:
    """The SDK appends the path to whatever custom address it is given, so it may have a prefix."""
    return f"/{request.path}".lower().endswith(f"/{PATH}")


def _asks_for_websocket(request: Request) -> bool:
    upgrades, connection = (_listed(request, name) for name in ("upgrade", "connection"))
    return "websocket" in map(str.lower, upgrades) and "upgrade" in map(str.lower, connection)


def _has_key(request: Request) -> bool:
    try:
        key = base64.b64decode(request.headers.get("sec-websocket-key", "").strip(), validate=True)
    except (binascii.Error, ValueError):
        return False
    return len(key) == _KEY_BYTES


def _subprotocols(request: Request) -> list[str]:
    """The offers that are spoken here; a client names first what it likes best."""
    offers = _listed(request, "sec-websocket-protocol")
    return [offer for offer in offers if offer in SUBPROTOCOLS]


def _listed(request: Request, name: str) -> list[str]:
    return [item.strip() for item in request.headers.get(name, "").split(",")]
