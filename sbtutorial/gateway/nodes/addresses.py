"""What a link's address names: an entity, its `$management` node, or `$cbs`.

Clients write the same place as a bare path or as a URI in any scheme; both are read here.
Source: Azure Service Bus, "AMQP 1.0 protocol guide"; "request-response operations".
"""

from enum import Enum, auto
from typing import NamedTuple

from sbtutorial.broker.paths import entity_path


class NodeKind(Enum):
    """What answers at an address."""

    CBS = auto()
    MANAGEMENT = auto()
    ENTITY = auto()


class Address(NamedTuple):
    """A place on the broker: the kind of node and the path of its entity ("" for `$cbs`)."""

    kind: NodeKind
    path: str


_MANAGEMENT_SUFFIX = "/$management"


def management_path(path: str) -> str:
    """The address of an entity's `$management` node, for which there are tokens of their own."""
    return f"{path}{_MANAGEMENT_SUFFIX}"


def parse_address(address: str) -> Address:
    """Read a link's source or target address."""
    path = entity_path(address)
    if path.lower() == "$cbs":
        return Address(NodeKind.CBS, "")
    if path.lower().endswith(_MANAGEMENT_SUFFIX):
        return Address(NodeKind.MANAGEMENT, path[: -len(_MANAGEMENT_SUFFIX)])
    return Address(NodeKind.ENTITY, path)
