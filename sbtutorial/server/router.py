"""What answers an HTTP request: the lab's own calls, AMQP over WebSocket, messages or queues.

A request is admitted by its head, before its body is read: only who has proved what the request
needs may send one. The resource is what the request asks for, its path on this broker; what it says
of itself (Host, an absolute target, X-Forwarded-For) opens nothing.

Nothing imports this before the first HTTP request.
"""

from collections.abc import Awaitable
from functools import partial

from sbtutorial.admin import routes
from sbtutorial.admin.call import Administered
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.gateway.access.resource import Resource
from sbtutorial.gateway.access.sas import TokenError
from sbtutorial.gateway.amqp_endpoint import AmqpEndpoint
from sbtutorial.gateway.core import Core
from sbtutorial.gateway.faults import OUTAGE_REFUSED, Fault, Occasion
from sbtutorial.gateway.rest import data_plane
from sbtutorial.gateway.rest.data_paths import DataPath, parse_data_path
from sbtutorial.http.authority import is_ours, is_own_origin
from sbtutorial.http.refusals import HttpRefusal, error_response, refused
from sbtutorial.http.request import NO_ANSWER, Request, Response
from sbtutorial.server import control, websocket_upgrade
from sbtutorial.server.http_answers import Switch

# Where container tools ask Microsoft's core whether it is up.
_HEALTH = "health"


def admit(head: Request, core: Core) -> bool | Response:
    """Whether a request may be made, by its head alone.

    Returns:
        True when its token allows it; False when it needs no token, and takes no body; or else the
        refusal.
    """
    if stranger := _stranger(head, core):
        return stranger
    if control.is_hello(head):
        return False
    if control.is_control_call(head):
        return control.refusal(head, core) or True
    if core.faults.is_out:
        return _outage(core)
    if head.path == _HEALTH:
        return False
    if websocket_upgrade.is_for_websocket(head):
        return False
    path = parse_data_path(head)
    try:
        if path:
            data_plane.authorize(head, path, core)
        else:
            routes.authorize(head, _administered(head, core))
    except HttpRefusal as refusal:
        return refusal.response
    except BrokerError as refusal:
        return refused(refusal)
    return True


Answer = Response | Switch | data_plane.Poll | data_plane.Work | Awaitable[Response]


def is_for_the_lab(request: Request) -> bool:
    """Whether a request is one of the lab's own, which no fault touches."""
    return control.is_control_call(request)


def handle(request: Request, core: Core) -> Answer:
    """Answer a request, once its token has been verified; AMQP verifies its own, later."""
    if stranger := _stranger(request, core):
        return stranger
    if is_for_the_lab(request):
        return control.handle(request, core)
    if core.faults.is_out:  # since its head came
        return _outage(core)
    if request.path == _HEALTH:
        return Response(200, (("Content-Type", "application/json"),), b'{"status":"healthy"}')
    if websocket_upgrade.is_for_websocket(request):
        return websocket_upgrade.answer(request, partial(AmqpEndpoint, core))
    try:
        core.require_store()
    except BrokerError as refusal:
        return error_response(503, refusal.message)
    path = parse_data_path(request)
    if fault := _fault(request, path, core):
        return error_response(fault.status_code, fault.text)
    return data_plane.handle(request, path, core) if path else _administration(request, core)


def _outage(core: Core) -> Response:
    core.faults.tell(OUTAGE_REFUSED)
    return NO_ANSWER


def _fault(request: Request, path: DataPath | None, core: Core) -> Fault | None:
    """The refusal that was ordered for a path, if any; only who may ask at all gets it."""
    if not core.faults.planned or admit(request, core) is not True:
        return None
    if path is None:
        return core.faults.next(Occasion.HTTP, request.path)
    occasions = (Occasion.HTTP, data_plane.REFUSED.get((path.kind, request.method)))
    who = data_plane.client_of(request)
    faults = (core.faults.next(one, path.entity, who) for one in occasions if one)
    return next(filter(None, faults), None)


def _administration(request: Request, core: Core) -> Response:
    administered = _administered(request, core)
    host = request.headers.get("host", "localhost")
    with core.reactor.turn() as now:
        return routes.handle(request, administered, now=now, host=host)


def _administered(request: Request, core: Core) -> Administered:
    return Administered(
        core.namespace,
        core.clock.to_wire,
        core.started_at,
        partial(_authorize, core, request.host),
        core.ids.key,
    )


def _authorize(
    core: Core, host: str, token: str | None, path: str, entity: str, right: str
) -> None:
    """Ask the keys; see `Authorize`."""
    try:
        core.keyring.authorize(
            token,
            Resource(host, path.lower()),
            entity=entity,
            now=core.clock.wall(),
            right=right,
        )
    except TokenError as refusal:
        raise BrokerError(ErrorCode.UNAUTHORIZED, str(refusal)) from None


def _is_program_behind_proxy(request: Request) -> bool:
    """Whether a WebSocket is asked for by a program, under the name that its proxy knows.

    Clients may give a WebSocket an address of their own and a proxy that leads here. A page cannot
    pretend to be one: browsers let no page choose the User-Agent of a WebSocket.
    """
    is_browser = request.headers.get("user-agent", "").startswith("Mozilla/")
    return websocket_upgrade.is_for_websocket(request) and not is_browser


def _stranger(request: Request, core: Core) -> Response | None:
    """Refuse what a page in a browser asks, and who calls the broker by somebody else's name."""
    authority = request.authority
    if authority is None:
        return error_response(400, "The Host header names no host: call 127.0.0.1 and the port.")
    if not is_ours(authority, core.host, core.known_as) and not _is_program_behind_proxy(request):
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
