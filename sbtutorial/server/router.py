"""What answers an HTTP request: the lab's own calls, AMQP over WebSocket, messages or queues.

Nothing imports this before the first HTTP request.
"""

from collections.abc import Awaitable
from functools import partial

from sbtutorial.admin import routes
from sbtutorial.admin.atom import error_response
from sbtutorial.admin.call import Administered
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.gateway.access.sas import TokenError
from sbtutorial.gateway.amqp_endpoint import AmqpEndpoint
from sbtutorial.gateway.core import Core
from sbtutorial.gateway.faults import Occasion
from sbtutorial.gateway.rest import data_plane
from sbtutorial.gateway.rest.data_paths import parse_data_path
from sbtutorial.http.request import Request, Response
from sbtutorial.server import control, websocket_upgrade
from sbtutorial.server.http_endpoint import Switch

# Where container tools ask Microsoft's core whether it is up.
_HEALTH = "health"


Answer = Response | Switch | data_plane.Poll | Awaitable[Response]


def handle(request: Request, core: Core) -> Answer:
    """Answer a request, once its token has been verified; AMQP verifies its own, later."""
    if request.path == _HEALTH:
        return Response(200, (("Content-Type", "application/json"),), b'{"status":"healthy"}')
    if control.is_control_call(request):
        return control.handle(request, core)
    if websocket_upgrade.is_for_websocket(request):
        return websocket_upgrade.answer(request, partial(AmqpEndpoint, core))
    if path := parse_data_path(request):
        return data_plane.handle(request, path, core)
    if fault := core.faults.next(Occasion.HTTP, request.path):
        return error_response(fault.status_code, fault.text)
    host = request.headers.get("host", "")
    administered = Administered(
        core.namespace,
        core.clock.to_wire,
        core.started_at,
        partial(_authorize, core),
        core.ids.key,
    )
    with core.reactor.turn() as now:
        return routes.handle(request, administered, now=now, host=host)


def _authorize(core: Core, token: str | None, resource: str, right: str) -> None:
    """Ask the keys; see `Authorize`."""
    try:
        core.keyring.authorize(token, resource, now=core.clock.wall(), right=right)
    except TokenError as refusal:
        raise BrokerError(ErrorCode.UNAUTHORIZED, str(refusal)) from None
