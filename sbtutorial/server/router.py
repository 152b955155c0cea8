"""What answers an HTTP request: the lab's own calls, AMQP over WebSocket, messages or queues.

A request is admitted by its head, before its body is read: only who has proved what the request
needs may send one. The resource is what the request asks for, its path on this broker; what it says
of itself (Host, an absolute target, X-Forwarded-For) opens nothing.

Nothing imports this before the first HTTP request.
"""

from collections.abc import Awaitable
from functools import partial
from typing import TYPE_CHECKING

from sbtutorial.admin import routes
from sbtutorial.admin.call import Administered
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.gateway.access.resource import Resource
from sbtutorial.gateway.access.sas import TokenError
from sbtutorial.gateway.faults import Occasion
from sbtutorial.gateway.rest.data_paths import DataPath, parse_data_path
from sbtutorial.http.authority import is_ours, is_own_origin
from sbtutorial.http.refusals import HttpRefusal, error_response, refused
from sbtutorial.http.request import Request, Response
from sbtutorial.server import control, websocket_upgrade
from sbtutorial.server.http_endpoint import Switch

if TYPE_CHECKING:
    from sbtutorial.server.local_broker import LocalBroker

# Where container tools ask Microsoft's emulator whether it is up.
_HEALTH = "health"


def admit(head: Request, emulator: "LocalBroker") -> bool | Response:
    """Whether a request may be made, by its head alone.

    Returns:
        True when its token allows it; False when it needs no token, and takes no body; or else the
        refusal.
    """
    if stranger := _stranger(head, emulator):
        return stranger
    if head.path == _HEALTH:
        return False
    if control.is_control_call(head):
        return control.refusal(head, emulator) or True
    if websocket_upgrade.is_for_websocket(head):
        return False
    path = parse_data_path(head)
    try:
        if path:
            from sbtutorial.gateway.rest import data_plane

            data_plane.authorize(head, path, emulator)
        else:
            routes.authorize(head, _administered(head, emulator))
    except HttpRefusal as refusal:
        return refusal.response
    except BrokerError as refusal:
        return refused(refusal)
    return True


def handle(request: Request, emulator: "LocalBroker") -> Response | Switch | Awaitable[Response]:
    """Answer a request, once its token has been verified; AMQP verifies its own, later."""
    if stranger := _stranger(request, emulator):
        return stranger
    if request.path == _HEALTH:
        return Response(200, (("Content-Type", "application/json"),), b'{"status":"healthy"}')
    if control.is_control_call(request):
        return control.handle(request, emulator)
    if websocket_upgrade.is_for_websocket(request):
        return websocket_upgrade.answer(request, emulator.amqp)
    path = parse_data_path(request)
    if fault := _fault(request, path.entity if path else request.path, emulator):
        return fault
    return _messages(request, path, emulator) if path else _administration(request, emulator)


def _fault(request: Request, path: str, emulator: "LocalBroker") -> Response | None:
    """The refusal that was ordered for a path, if any; only who may ask at all gets it."""
    if not emulator.faults.planned or admit(request, emulator) is not True:
        return None
    fault = emulator.faults.next(Occasion.HTTP, path)
    return error_response(fault.status_code, fault.text) if fault else None


def _messages(
    request: Request, path: DataPath, emulator: "LocalBroker"
) -> Response | Awaitable[Response]:
    from sbtutorial.gateway.rest import data_plane
    from sbtutorial.server import long_poll

    answer = data_plane.handle(request, path, emulator)
    return answer if isinstance(answer, Response) else long_poll.answer(answer, emulator.turns)


def _administration(request: Request, emulator: "LocalBroker") -> Response:
    administered = _administered(request, emulator)
    host = request.headers.get("host", "localhost")
    with emulator.turns.turn() as now:
        return routes.handle(request, administered, now=now, host=host)


def _administered(request: Request, emulator: "LocalBroker") -> Administered:
    return Administered(
        emulator.namespace,
        emulator.clock.to_wire,
        emulator.started_at,
        partial(_authorize, emulator, request.host),
    )


def _authorize(
    emulator: "LocalBroker", host: str, token: str | None, path: str, entity: str, right: str
) -> None:
    """Ask the keys; see `Authorize`."""
    try:
        emulator.keyring.authorize(
            token,
            Resource(host, path.lower()),
            entity=entity,
            now=emulator.clock.wall(),
            right=right,
        )
    except TokenError as refusal:
        raise BrokerError(ErrorCode.UNAUTHORIZED, str(refusal)) from None


def _stranger(request: Request, emulator: "LocalBroker") -> Response | None:
    """Refuse what a page in a browser asks, and who calls the broker by somebody else's name."""
    authority = request.authority
    if authority is None:
        return error_response(400, "The Host header names no host: call 127.0.0.1 and the port.")
    if not is_ours(authority, emulator.host):
        return error_response(
            421,
            f"This broker is not '{authority.host[:80]}', and answers by its own names only: call "
            "127.0.0.1 or localhost.",
        )
    origin = request.headers.get("origin")
    if origin is not None and not is_own_origin(origin, authority):
        return error_response(
            403,
            f"A page of '{origin[:80]}' may not call this broker: pages in browsers have no "
            "business here. Call it from a program.",
        )
    return None
