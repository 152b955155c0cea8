"""What answers an HTTP request: the lab's own calls, AMQP over WebSocket, messages or queues.

Nothing imports this before the first HTTP request.
"""

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from sbtutorial.admin import routes
from sbtutorial.admin.http import Request, Response
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.server import control, websocket_upgrade
from sbtutorial.server.data_paths import parse_data_path
from sbtutorial.server.http_endpoint import Switch
from sbtutorial.server.security import TokenError

if TYPE_CHECKING:
    from sbtutorial.server.emulator import Emulator

# Where container tools ask Microsoft's emulator whether it is up.
_HEALTH = "health"


def handle(request: Request, emulator: "Emulator") -> Response | Switch | Awaitable[Response]:
    """Answer a request, once its token has been verified; AMQP verifies its own, later."""
    if request.path == _HEALTH:
        return Response(200, (("Content-Type", "application/json"),), b'{"status":"healthy"}')
    if control.is_control_call(request):
        return control.handle(request, emulator)
    if websocket_upgrade.is_for_websocket(request):
        return websocket_upgrade.answer(request, emulator.amqp)
    if path := parse_data_path(request):
        from sbtutorial.server import data_plane

        return data_plane.handle(request, path, emulator)
    host = request.headers.get("host", "")
    resource = f"https://{host}{request.target}"
    try:
        emulator.keyring.authorize(
            request.headers.get("authorization"), resource, now=emulator.clock.wall()
        )
    except TokenError as refusal:
        return routes.refused(BrokerError(ErrorCode.UNAUTHORIZED, str(refusal)))
    with emulator.turns.turn() as now:
        return routes.handle(
            request, emulator.namespace, now=now, to_wire=emulator.clock.to_wire, host=host
        )
