"""What answers an HTTP request: the lab's own calls, AMQP over WebSocket, messages or queues.

Nothing imports this before the first HTTP request.
"""

from collections.abc import Awaitable
from functools import partial
from typing import TYPE_CHECKING

from sbtutorial.admin import routes
from sbtutorial.admin.atom import error_response
from sbtutorial.admin.call import Administered
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.gateway.access.sas import TokenError
from sbtutorial.gateway.faults import Occasion
from sbtutorial.gateway.rest.data_paths import parse_data_path
from sbtutorial.http.request import Request, Response
from sbtutorial.server import control, websocket_upgrade
from sbtutorial.server.http_endpoint import Switch

if TYPE_CHECKING:
    from sbtutorial.server.local_broker import LocalBroker

# Where container tools ask Microsoft's emulator whether it is up.
_HEALTH = "health"


def handle(request: Request, emulator: "LocalBroker") -> Response | Switch | Awaitable[Response]:
    """Answer a request, once its token has been verified; AMQP verifies its own, later."""
    if request.path == _HEALTH:
        return Response(200, (("Content-Type", "application/json"),), b'{"status":"healthy"}')
    if control.is_control_call(request):
        return control.handle(request, emulator)
    if websocket_upgrade.is_for_websocket(request):
        return websocket_upgrade.answer(request, emulator.amqp)
    if path := parse_data_path(request):
        from sbtutorial.gateway.rest import data_plane

        return data_plane.handle(request, path, emulator)
    if fault := emulator.faults.next(Occasion.HTTP, request.path):
        return error_response(fault.status_code, fault.text)
    host = request.headers.get("host", "")
    administered = Administered(
        emulator.namespace,
        emulator.clock.to_wire,
        emulator.started_at,
        partial(_authorize, emulator),
    )
    with emulator.turns.turn() as now:
        return routes.handle(request, administered, now=now, host=host)


def _authorize(emulator: "LocalBroker", token: str | None, resource: str, right: str) -> None:
    """Ask the keys; see `Authorize`."""
    try:
        emulator.keyring.authorize(token, resource, now=emulator.clock.wall(), right=right)
    except TokenError as refusal:
        raise BrokerError(ErrorCode.UNAUTHORIZED, str(refusal)) from None
