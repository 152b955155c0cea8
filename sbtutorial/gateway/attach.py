"""Which node answers an attach: from a link's address to what stands behind it.

Source: Azure Service Bus, "AMQP 1.0 protocol guide"; "request-response operations".
"""

from collections.abc import Callable
from typing import Any

from sbtutorial.amqp.link import Link
from sbtutorial.amqp.messaging import Coordinator
from sbtutorial.amqp.receiver import ReceiverLink
from sbtutorial.amqp.sender import SenderLink
from sbtutorial.amqp.types import Int, Symbol, ULong
from sbtutorial.broker.context import Sink
from sbtutorial.broker.entities.queue import Queue
from sbtutorial.broker.entities.topic import Topic
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.paths import entity_path
from sbtutorial.broker.subqueues.session_subqueue import SessionSubQueue
from sbtutorial.gateway.management.node import ManagementHandler
from sbtutorial.gateway.nodes.addresses import Address, NodeKind, management_path, parse_address
from sbtutorial.gateway.nodes.node import Node
from sbtutorial.gateway.nodes.peer import Peer
from sbtutorial.gateway.nodes.receiving import receiver_for
from sbtutorial.gateway.nodes.request_response import RequestHandler, RequestNode, ResponseNode
from sbtutorial.gateway.nodes.sending import SenderNode
from sbtutorial.gateway.nodes.session_receiving import attach_session, wants_session
from sbtutorial.gateway.nodes.transactions import CAPABILITIES, CoordinatorNode

_TRANSFER_DESTINATION = Symbol("com.microsoft:transfer-destination-address")
_BATCH_SIZE = Symbol("com.microsoft:max-message-batch-size")
# Tokens of Microsoft Entra ID have a few thousand bytes.
_SMALL_REQUEST = ULong(64 * 1024)


def attach(link: Link, peer: Peer) -> None:
    """Accept a link that the client asks for and put its node behind it.

    Raises:
        BrokerError: There is no such entity, it is disabled, or the client may not do that there.
    """
    if isinstance(link, ReceiverLink) and isinstance(link.target, Coordinator):
        peer.claims.require_proof()
        peer.core.require_store()
        link.accept(target=Coordinator(CAPABILITIES), max_message_size=_SMALL_REQUEST)
        link.context = CoordinatorNode(link, peer.transactions, peer.who, peer.core.budget)
        return
    address = parse_address(_address(link))
    sends_to_client = isinstance(link, SenderLink)
    right = _RIGHTS[sends_to_client] if address.kind is NodeKind.ENTITY else ""
    if right:
        peer.claims.require(right, address.path)
    elif address.kind is NodeKind.MANAGEMENT:
        peer.claims.require_any(management_path(address.path))
    if address.kind is not NodeKind.CBS:
        peer.core.require_store()
    node = _NODES[address.kind, sends_to_client](link, address, peer)
    node.right, node.path = right, address.path
    link.context = node


def _address(link: Link) -> str:
    terminus = link.source if isinstance(link, SenderLink) else link.target
    address = getattr(terminus, "address", None)
    if not isinstance(address, str):
        raise BrokerError(
            ErrorCode.NOT_IMPLEMENTED,
            "A link must name its entity: this broker offers no links without an address.",
        )
    return address


def _attach_sender(link: ReceiverLink, address: Address, peer: Peer) -> Node:
    entity = peer.core.namespace.directory.sendable(address.path)
    entity.context.begin_send(peer.core.clock.now())
    sink: Sink = entity.ingress
    target = _transfer_target(link, entity)
    if target is not None and isinstance(entity, Queue):
        peer.claims.require("Send", entity_path(target))
        sink = entity.transfer_to(target)
    limit = entity.context.max_message_bytes
    link.called = f"{entity.kind} '{entity.path}'"
    link.accept(
        max_message_size=ULong(limit),
        properties={_BATCH_SIZE: Int(limit)},
    )
    node = SenderNode(link, sink, peer)
    node.transfers_to = "" if target is None else entity_path(target)
    return node


def _transfer_target(link: ReceiverLink, entity: Queue | Topic) -> str | None:
    """The address of another entity that the client wants to reach through this one, if any."""
    assert link.remote_attach is not None
    target = (link.remote_attach.properties or {}).get(_TRANSFER_DESTINATION)
    if target is None:
        return None
    if not isinstance(target, str) or not isinstance(entity, Queue):
        raise BrokerError(
            ErrorCode.NOT_ALLOWED,
            f"'{entity.path}' cannot be sent through to {target!r}: a transfer goes from a queue "
            "to the address of another entity.",
        )
    return target


def _attach_receiver(link: SenderLink, address: Address, peer: Peer) -> Node:
    subqueue = peer.core.namespace.directory.subqueue(address.path)
    subqueue.require_receivers(of_sessions=wants_session(link))
    if isinstance(subqueue, SessionSubQueue):
        return attach_session(link, subqueue, peer)
    subqueue.context.begin_receive(peer.core.clock.now())
    link.accept(max_message_size=ULong(subqueue.context.max_message_bytes))
    return receiver_for(link, subqueue, peer)


def _attach_cbs_requests(link: ReceiverLink, _address: Address, peer: Peer) -> Node:
    link.accept(max_message_size=_SMALL_REQUEST)
    return _requests(link, "$cbs", peer.cbs, peer)


def _attach_cbs_responses(link: SenderLink, _address: Address, peer: Peer) -> Node:
    return _attach_responses(link, "$cbs", peer)


def _attach_management_requests(link: ReceiverLink, address: Address, peer: Peer) -> Node:
    target = peer.core.namespace.directory.managed(address.path)
    # Messages to be scheduled come in one request.
    link.accept(max_message_size=ULong(2 * target.context.max_message_bytes + _SMALL_REQUEST))
    handler = ManagementHandler(target, peer)
    return _requests(link, address.path, handler, peer)


def _attach_management_responses(link: SenderLink, address: Address, peer: Peer) -> Node:
    peer.core.namespace.directory.managed(address.path)
    return _attach_responses(link, address.path, peer)


def _requests(link: ReceiverLink, path: str, handler: RequestHandler, peer: Peer) -> Node:
    routes = peer.routes(link.session)
    return RequestNode(link, path, handler, routes, peer.who, peer.core.budget)


def _attach_responses(link: SenderLink, path: str, peer: Peer) -> Node:
    link.accept()
    return ResponseNode(link, path, peer.routes(link.session))


_SENDS_TO_CLIENT, _TAKES_FROM_CLIENT = True, False
_RIGHTS = {_SENDS_TO_CLIENT: "Listen", _TAKES_FROM_CLIENT: "Send"}

_NODES: dict[tuple[NodeKind, bool], Callable[[Any, Address, Peer], Node]] = {
    (NodeKind.ENTITY, _TAKES_FROM_CLIENT): _attach_sender,
    (NodeKind.ENTITY, _SENDS_TO_CLIENT): _attach_receiver,
    (NodeKind.MANAGEMENT, _TAKES_FROM_CLIENT): _attach_management_requests,
    (NodeKind.MANAGEMENT, _SENDS_TO_CLIENT): _attach_management_responses,
    (NodeKind.CBS, _TAKES_FROM_CLIENT): _attach_cbs_requests,
    (NodeKind.CBS, _SENDS_TO_CLIENT): _attach_cbs_responses,
}
