"""Which node answers an attach: from a link's address to what stands behind it.

Source: Azure Service Bus, "AMQP 1.0 protocol guide"; "request-response operations".
"""

from collections.abc import Callable
from typing import Any

from sbtutorial.amqp.link import Link, ReceiverLink, SenderLink
from sbtutorial.amqp.performatives import SenderSettleMode
from sbtutorial.amqp.types import Int, Symbol, ULong
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.server.addresses import Address, NodeKind, parse_address
from sbtutorial.server.inbound import InboundNode
from sbtutorial.server.management import ManagementHandler
from sbtutorial.server.nodes import Node
from sbtutorial.server.outbound import OutboundNode, PeekLockNode, ReceiveAndDeleteNode
from sbtutorial.server.peer import Peer
from sbtutorial.server.requests import RequestNode, ResponseNode

_BATCH_SIZE = Symbol("com.microsoft:max-message-batch-size")
_SESSION_FILTER = "com.microsoft:session-filter"
# The broker itself refuses a message that is a little too large, in words; far beyond that the
# engine closes the link rather than gather it.
_ROOM_TO_REFUSE = 2


def attach(link: Link, peer: Peer) -> None:
    """Accept a link that the client asks for and put its node behind it.

    Raises:
        BrokerError: There is no such entity, it is disabled, or the client may not do that there.
    """
    address = parse_address(_address(link))
    sends_to_client = isinstance(link, SenderLink)
    right = _RIGHTS[sends_to_client] if address.kind is NodeKind.ENTITY else ""
    if right:
        peer.claims.require(right, address.path)
    node = _NODES[address.kind, sends_to_client](link, address, peer)
    node.right, node.path = right, address.path
    link.context = node


def _address(link: Link) -> str:
    terminus = link.source if isinstance(link, SenderLink) else link.target
    address = getattr(terminus, "address", None)
    if not isinstance(address, str):
        raise BrokerError(
            ErrorCode.NOT_IMPLEMENTED,
            "A link must name its entity: links without an address, and transaction "
            "coordinators, are not offered by this broker.",
        )
    return address


def _attach_sender(link: ReceiverLink, address: Address, peer: Peer) -> Node:
    entity = peer.namespace.sendable(address.path)
    entity.begin_send(peer.clock.now())
    limit = entity.max_message_bytes
    link.accept(
        max_message_size=ULong(limit),
        properties={_BATCH_SIZE: Int(limit)},
        hard_cap_bytes=limit * _ROOM_TO_REFUSE,
    )
    return InboundNode(link, entity.intake, peer.clock, peer.who)


def _attach_receiver(link: SenderLink, address: Address, peer: Peer) -> Node:
    subqueue = peer.namespace.subqueue(address.path)
    if _SESSION_FILTER in (getattr(link.source, "filter", None) or {}):
        raise BrokerError(
            ErrorCode.NOT_ALLOWED,
            "A sessionful message receiver cannot be created on an entity that does not "
            f"require sessions: '{subqueue.path}'.",
        )
    if subqueue.forwarding is not None:
        raise BrokerError(
            ErrorCode.NOT_ALLOWED,
            f"'{subqueue.path}' forwards its messages to '{subqueue.forwarding.target}': nobody "
            "can receive from it. Receive there, or end the forwarding.",
        )
    subqueue.entity.begin_receive(peer.clock.now())
    link.accept(max_message_size=ULong(subqueue.entity.max_message_bytes))
    assert link.remote_attach is not None
    node_type = _RECEIVING_NODES.get(link.remote_attach.snd_settle_mode, PeekLockNode)
    return node_type(link, subqueue, peer.competitions, peer.clock, peer.who, peer.has_output)


_RECEIVING_NODES: dict[int, type[OutboundNode]] = {SenderSettleMode.SETTLED: ReceiveAndDeleteNode}


def _attach_cbs_requests(link: ReceiverLink, _address: Address, peer: Peer) -> Node:
    link.accept()
    return RequestNode(link, "$cbs", peer.cbs, peer.routes(link.session), peer.who)


def _attach_cbs_responses(link: SenderLink, _address: Address, peer: Peer) -> Node:
    return _attach_responses(link, "$cbs", peer)


def _attach_management_requests(link: ReceiverLink, address: Address, peer: Peer) -> Node:
    target = peer.namespace.managed(address.path)
    link.accept()
    handler = ManagementHandler(target, peer.claims, peer.clock)
    return RequestNode(link, address.path, handler, peer.routes(link.session), peer.who)


def _attach_management_responses(link: SenderLink, address: Address, peer: Peer) -> Node:
    peer.namespace.managed(address.path)
    return _attach_responses(link, address.path, peer)


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
