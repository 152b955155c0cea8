"""The `$management` node of an entity: request/response operations beside its links.

Each operation is one function from the request's body to the response's; a refusal is a
`BrokerError` and becomes its status code and condition.
Source: Azure Service Bus, "AMQP request-response-based operations".
"""

from collections.abc import Generator, Mapping
from typing import Any

from sbtutorial.amqp.types import Symbol
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.subqueues.subqueue import SubQueue
from sbtutorial.gateway.faults import Fault, Occasion
from sbtutorial.gateway.management.call import Call, InSteps, Operation
from sbtutorial.gateway.management.messages import MESSAGE_OPERATIONS
from sbtutorial.gateway.management.rules import RULE_OPERATIONS
from sbtutorial.gateway.management.sessions import SESSION_OPERATIONS
from sbtutorial.gateway.nodes.addresses import management_path
from sbtutorial.gateway.nodes.peer import Peer
from sbtutorial.gateway.nodes.request_response import AmqpRequest, AmqpResponse, Answering, Dialect
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

    def handle(self, request: AmqpRequest) -> AmqpResponse | Answering:
        """Run one operation: 200 with its answer, 204 when there is nothing, or the refusal."""
        if fault := self._refusal(request.operation):
            return AmqpResponse(fault.status_code, fault.text, Symbol(fault.condition))
        try:
            operation = self._operation(request)
            body = request.body if isinstance(request.body, Mapping) else {}
            answer = operation.run(Call(self._target, body, self._peer, request.now))
        except BrokerError as refusal:
            return _refused(refusal)
        if isinstance(answer, Generator):
            return self._answer_in_steps(request.operation, operation, answer)
        return self._answered(request.operation, operation, answer)

    def _operation(self, request: AmqpRequest) -> Operation:
        operation = OPERATIONS.get(request.operation)
        if operation is None:
            raise BrokerError(
                ErrorCode.NOT_IMPLEMENTED,
                f"'{request.operation}' is not an operation of this broker.",
            )
        self._peer.claims.require(operation.right, management_path(self._target.path))
        self._target.context.require_existence(request.now)  # another of its name is not meant
        return operation

    def _answer_in_steps(self, name: str, operation: Operation, answer: InSteps) -> Answering:
        """What takes a while comes to an answer, or to a refusal."""
        try:
            return self._answered(name, operation, (yield from answer))
        except BrokerError as refusal:
            return _refused(refusal)

    def _answered(
        self, name: str, operation: Operation, body: dict[str, Any] | None
    ) -> AmqpResponse:
        if (occasion := _UNTOLD.get(name)) and self._fault(occasion):
            self._peer.output.cut()
        if body is None:
            return AmqpResponse(204, "No content", operation.when_empty)
        return AmqpResponse(200, "OK", body=body)

    def _refusal(self, operation: str) -> Fault | None:
        """The refusal that was ordered for a request of this kind, if any."""
        if not self._peer.core.faults.planned:
            return None
        occasions = (Occasion.REQUEST, _REFUSED.get(operation))
        return next(filter(None, (self._fault(one) for one in occasions if one)), None)

    def _fault(self, occasion: Occasion) -> Fault | None:
        """The fault that was ordered for this entity, if any."""
        return self._peer.core.faults.next(occasion, self._target.path, self._peer.who)


# Which refusals on order an operation may meet, beside that of any request.
_REFUSED = {
    "com.microsoft:schedule-message": Occasion.SEND,
    "com.microsoft:update-disposition": Occasion.SETTLE,
}
# Of operations that were done, when their answer is lost.
_UNTOLD = {
    "com.microsoft:schedule-message": Occasion.SENT,
    "com.microsoft:update-disposition": Occasion.SETTLED,
}


def _refused(refusal: BrokerError) -> AmqpResponse:
    condition = CONDITIONS[refusal.code]
    return AmqpResponse(condition.status_code, refusal.message, condition.symbol)
