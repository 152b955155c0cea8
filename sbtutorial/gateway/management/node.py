"""The `$management` node of an entity: request/response operations beside its links.

Each operation is one function from the request's body to the response's; a refusal is a
`BrokerError` and becomes its status code and condition.
Source: Azure Service Bus, "AMQP request-response-based operations".
"""

from collections.abc import Mapping

from sbtutorial.amqp.types import Symbol
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.subqueues.subqueue import SubQueue
from sbtutorial.gateway.faults import Occasion
from sbtutorial.gateway.management.call import Call, Operation
from sbtutorial.gateway.management.messages import MESSAGE_OPERATIONS
from sbtutorial.gateway.management.rules import RULE_OPERATIONS
from sbtutorial.gateway.management.sessions import SESSION_OPERATIONS
from sbtutorial.gateway.nodes.addresses import management_path
from sbtutorial.gateway.nodes.peer import Peer
from sbtutorial.gateway.nodes.request_response import Dialect, Request, Response
from sbtutorial.gateway.wire.conditions import CONDITIONS

OPERATIONS: dict[str, Operation] = {
    **MESSAGE_OPERATIONS,
    **SESSION_OPERATIONS,
    **RULE_OPERATIONS,
}


class ManagementHandler:
    """Answers the requests on one entity's `$management` node."""

    dialect = Dialect("statusCode", "statusDescription", "errorCondition")

    def __init__(self, target: SubQueue, peer: Peer) -> None:
        self._target = target
        self._peer = peer

    def handle(self, request: Request) -> Response:
        """Run one operation: 200 with its answer, 204 when there is nothing, or the refusal."""
        if fault := self._peer.core.faults.next(Occasion.REQUEST, self._target.path):
            return Response(fault.status_code, fault.text, Symbol(fault.condition))
        try:
            return self._run(request)
        except BrokerError as refusal:
            condition = CONDITIONS[refusal.code]
            return Response(condition.status_code, refusal.message, condition.symbol)

    def _run(self, request: Request) -> Response:
        operation = OPERATIONS.get(request.operation)
        if operation is None:
            raise BrokerError(
                ErrorCode.NOT_IMPLEMENTED,
                f"'{request.operation}' is not an operation of this broker.",
            )
        self._peer.claims.require(operation.right, management_path(self._target.path))
        body = request.body if isinstance(request.body, Mapping) else {}
        answer = operation.run(Call(self._target, body, self._peer, request.now))
        if answer is None:
            return Response(204, "No content", operation.when_empty)
        return Response(200, "OK", body=answer)
