"""What answers an HTTP request: the lab's own calls, or the administration API.

Nothing imports this before the first HTTP request.
"""

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from sbtutorial.admin import routes
from sbtutorial.admin.http import Request, Response
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.server import control
from sbtutorial.server.security import TokenError, authorize

if TYPE_CHECKING:
    from sbtutorial.server.emulator import Emulator


def handle(request: Request, emulator: "Emulator") -> Response | Awaitable[Response]:
    """Answer a request, once its token has been verified."""
    if control.is_control_call(request):
        return control.handle(request, emulator)
    host = request.headers.get("host", "")
    try:
        authorize(
            request.headers.get("authorization"),
            keys=emulator.keys,
            resource=f"https://{host}{request.target}",
            now=emulator.clock.wall(),
        )
    except TokenError as refusal:
        return routes.refused(BrokerError(ErrorCode.UNAUTHORIZED, str(refusal)))
    with emulator.turns.turn() as now:
        return routes.handle(
            request, emulator.namespace, now=now, to_wire=emulator.clock.to_wire, host=host
        )
