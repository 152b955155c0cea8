"""What queues, topics and subscriptions have in common when they are administered."""

from collections.abc import Mapping
from typing import Any

from sbtutorial.admin import keys
from sbtutorial.admin.atom import Entry, entry_response
from sbtutorial.admin.call import SEND, Call, etag
from sbtutorial.admin.description_xml import Layout, applied, write
from sbtutorial.broker.entities.entity import Entity
from sbtutorial.broker.errors import BrokerError
from sbtutorial.broker.paths import entity_path
from sbtutorial.http.request import Response

# Whoever lets messages be forwarded must be allowed to send where they go: these tokens show it.
_TOKENS = {
    "forward_to": "ServiceBusSupplementaryAuthorization",
    "forward_dead_lettered_messages_to": "ServiceBusDlqSupplementaryAuthorization",
}


def etag_of(entity: Entity) -> str:
    """Its state, for If-Match."""
    return etag(entity.created_at, entity.description)


def entry_of(call: Call, layout: Layout, entity: Entity) -> Entry:
    """An entity as an entry: its description and its counters."""
    return Entry(
        call.url(entity.path),
        entity.name,
        call.instant(entity.created_at),
        call.instant(entity.updated_at),
        call.namespace.name,
        write(layout, entity, call.administered.to_wire, call.api_version),
        etag_of(entity),
    )


def answer(call: Call, status: int, layout: Layout, entity: Entity) -> Response:
    """An entity as the answer."""
    return entry_response(status, entry_of(call, layout, entity))


def wanted(
    call: Call, layout: Layout, settings: Mapping[str, Any], entity: Entity | None = None
) -> Any:
    """The description that a request asks for, of a new entity or of one that is there.

    Raises:
        BrokerError: PRECONDITION_FAILED: it is not there any more as the request has it;
            UNAUTHORIZED: a token for a forwarding target does not open it.
    """
    if entity is not None:
        call.require_match(etag_of(entity))
    if "authorization_rules" in settings:
        before = entity.description.authorization_rules if entity else ()
        rules = keys.completed(
            settings["authorization_rules"],
            before,
            call.instant(call.now),
            call.administered.new_key,
        )
        settings = {**settings, "authorization_rules": rules}
    description = applied(layout, settings, entity)
    _require_open_targets(call, description)
    return description


def _require_open_targets(call: Call, description: Any) -> None:
    """Verify the tokens that came for forwarding targets; without one the main token counts."""
    for setting, header in _TOKENS.items():
        token = call.request.headers.get(header.lower())
        target = getattr(description, setting, None)
        if not (token and target):
            continue
        try:
            resource = f"sb://{call.host}/{entity_path(target)}"
            call.administered.authorize(token, resource, SEND)
        except BrokerError as problem:
            raise BrokerError(
                problem.code, f"{setting} is '{target}', and of {header}: {problem.message}"
            ) from None
