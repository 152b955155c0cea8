"""The `$cbs` node: a client puts a token here before it attaches to an entity.

Refusals carry a status and a description, and no condition: the Python SDK takes a condition for
all there is to know and drops the description.
Source: Azure Service Bus, "AMQP 1.0 protocol guide", claims-based authorization.
"""

from collections.abc import Callable

from sbtutorial.broker.errors import BrokerError
from sbtutorial.broker.namespace import Namespace
from sbtutorial.broker.paths import split_subqueue
from sbtutorial.gateway.access.claims import Claims
from sbtutorial.gateway.access.keyring import Keyring
from sbtutorial.gateway.access.resource import Resource
from sbtutorial.gateway.access.sas import TokenError
from sbtutorial.gateway.nodes.request_response import AmqpRequest, AmqpResponse, Dialect
from sbtutorial.gateway.wire.conditions import CONDITIONS


class CbsHandler:
    """Verifies the tokens of one connection and notes in its claims what they allow."""

    dialect = Dialect("status-code", "status-description", "error-condition")

    def __init__(
        self,
        claims: Claims,
        keyring: Keyring,
        namespace: Namespace,
        wall_clock: Callable[[], float],
    ) -> None:
        self._claims = claims
        self._keyring = keyring
        self._namespace = namespace
        self._wall_clock = wall_clock

    def handle(self, request: AmqpRequest) -> AmqpResponse:
        """Verify one token: 202 when it holds, 401 when not, 404 when its entity is unknown."""
        audience = request.properties.get("name")
        if request.operation != "put-token":
            return AmqpResponse(501, f"$cbs offers put-token, not '{request.operation}'.")
        if not isinstance(request.body, str) or not isinstance(audience, str):
            return AmqpResponse(
                400, "put-token takes the token as body and its audience as 'name'."
            )
        return self._put_token(request.body, audience)

    def _put_token(self, token: str, audience: str) -> AmqpResponse:
        try:
            verified = self._keyring.verify(token, audience, now=self._wall_clock())
        except TokenError as error:
            return AmqpResponse(401, str(error))
        path = Resource.of(audience).path
        try:
            if path:
                self._namespace.directory.entity(split_subqueue(path).entity)
            self._claims.grant(path, verified.rights, verified.expires_at)
        except BrokerError as refusal:
            return AmqpResponse(CONDITIONS[refusal.code].status_code, refusal.message)
        return AmqpResponse(202, "Accepted")
