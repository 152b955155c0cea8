"""The link that begins and ends transactions, and the transactions of one connection.

Source: AMQP 1.0, part 4; Azure Service Bus, "AMQP 1.0 protocol guide", transactions.
"""

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.events import MessageReceived
from sbtutorial.amqp.messaging import (
    AMQP_VALUE,
    Accepted,
    Declare,
    Declared,
    DeliveryState,
    Discharge,
    Rejected,
    TransactionalState,
    split_sections,
)
from sbtutorial.amqp.performatives import Error
from sbtutorial.amqp.receiver import ReceiverLink
from sbtutorial.amqp.types import Symbol
from sbtutorial.amqp.types.composites import decode_composite
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.transaction import Transaction
from sbtutorial.gateway.budget import MESSAGES_A_UNIT, Budget
from sbtutorial.gateway.ids import Ids
from sbtutorial.gateway.nodes.node import Node

CAPABILITIES = (Symbol("amqp:local-transactions"), Symbol("amqp:multi-txns-per-ssn"))
UNKNOWN_ID = Symbol("amqp:transaction:unknown-id")
ROLLBACK = Symbol("amqp:transaction:rollback")
TOO_MANY = Symbol("amqp:resource-limit-exceeded")
# So many may be open on one connection: those that nobody ends cost memory as long as it lives.
MAX_OPEN = 1000
_VALUE = bytes((0x00, 0x53, AMQP_VALUE))


class Transactions:
    """The open transactions of one connection; they end with it, rolled back."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._by_id: dict[bytes, Transaction] = {}

    def declare(self, now: float) -> bytes:
        """Begin one; returns its id.

        Raises:
            BrokerError: QUOTA_EXCEEDED: too many are open whose time is not over.
        """
        if len(self._by_id) >= MAX_OPEN:
            self._forget_those_over(now)
        if len(self._by_id) >= MAX_OPEN:
            raise BrokerError(
                ErrorCode.QUOTA_EXCEEDED,
                f"A connection may have {MAX_OPEN} open transactions: discharge some before you "
                "declare another one.",
            )
        txn_id = self._ids.transaction_id()
        self._by_id[txn_id] = Transaction(now)
        return txn_id

    def _forget_those_over(self, now: float) -> None:
        """Forget whose time is over: nothing can come of them."""
        self._by_id = {id_: one for id_, one in self._by_id.items() if not one.is_over(now)}

    def find(self, state: TransactionalState) -> Transaction:
        """The transaction that a delivery's state names.

        Raises:
            BrokerError: NOT_ALLOWED: there is none.
        """
        transaction = self._by_id.get(state.txn_id)
        if transaction is None:
            raise BrokerError(
                ErrorCode.NOT_ALLOWED,
                "There is no such transaction on this connection: declare one first.",
            )
        return transaction

    def take(self, txn_id: bytes) -> Transaction | None:
        """End one; None if there is none of this id."""
        return self._by_id.pop(txn_id, None)


class CoordinatorNode(Node):
    """Answers `declare` with an id, and `discharge` with what came of it."""

    CREDIT = 100

    def __init__(
        self, link: ReceiverLink, transactions: Transactions, who: str, budget: Budget
    ) -> None:
        self._link = link
        self._budget = budget
        self._transactions = transactions
        self._who = who
        link.grant(self.CREDIT)

    def message_received(self, event: MessageReceived, *, now: float) -> None:
        """Do what the client asks, and say what came of it."""
        self._link.settle(event.delivery_id, self._answer(event.payload, now))
        self._link.keep_credit(self.CREDIT)

    def _answer(self, payload: bytes, now: float) -> DeliveryState:
        try:
            request = _read(payload)
        except DecodeError as error:
            return _rejected(Symbol("amqp:decode-error"), f"The request cannot be read: {error}")
        if isinstance(request, Declare):
            return self._declare(now)
        return self._discharge(request, now)

    def _declare(self, now: float) -> DeliveryState:
        try:
            return Declared(self._transactions.declare(now))
        except BrokerError as refusal:
            return _rejected(TOO_MANY, refusal.message)

    def _discharge(self, request: Discharge, now: float) -> DeliveryState:
        transaction = self._transactions.take(request.txn_id)
        if transaction is None:
            return _rejected(UNKNOWN_ID, "There is no such transaction on this connection.")
        if request.fail:
            return Accepted()
        self._budget.spend(transaction.message_count // MESSAGES_A_UNIT)
        try:
            transaction.commit(now=now, who=self._who)
        except BrokerError as refusal:
            return _rejected(ROLLBACK, f"Nothing was done. {refusal.message}")
        return Accepted()


def _read(payload: bytes) -> Declare | Discharge:
    """The described value in the body.

    Raises:
        DecodeError: It is neither of the two.
    """
    body = split_sections(payload).body
    if not body.startswith(_VALUE):
        raise DecodeError("the body is not one amqp-value")
    request, _ = decode_composite(body, len(_VALUE))
    if not isinstance(request, Declare | Discharge):
        raise DecodeError("the body is neither declare nor discharge")
    return request


def _rejected(condition: Symbol, why: str) -> Rejected:
    return Rejected(Error(condition, why, None))
