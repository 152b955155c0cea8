"""What there is in a namespace, with how many messages each has."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

from sbtutorial.explorer.links import Links
from sbtutorial.explorer.places import Kind, Place
from sbtutorial.explorer.tables import Table, words

_HEADS = ("", "active", "scheduled", "dead", "in transfer", "transfer dead")
_COUNTS = (
    "active_message_count",
    "scheduled_message_count",
    "dead_letter_message_count",
    "transfer_message_count",
    "transfer_dead_letter_message_count",
)


@dataclass(frozen=True)
class Node:
    """One entity.

    Attributes:
        counts: How many messages, in the order active (ready or locked), scheduled, dead,
            in transfer, dead in transfer; None where the kind has no such.
        children: The subscriptions of a topic.
    """

    place: Place
    counts: tuple[int | None, ...]
    children: tuple["Node", ...] = ()

    @property
    def active(self) -> int:
        """How many are ready or locked; the service counts no deferred ones."""
        return self.counts[0] or 0

    @property
    def scheduled(self) -> int:
        """How many wait for their time."""
        return self.counts[1] or 0

    @property
    def dead(self) -> int:
        """How many are dead letters."""
        return self.counts[2] or 0


class Tree:
    """Every queue, topic and subscription of a namespace.

    Attributes:
        namespace: Its name.
        nodes: Queues and topics, in the order of their names.
    """

    def __init__(self, namespace: str, nodes: tuple[Node, ...]) -> None:
        self.namespace = namespace
        self.nodes = nodes

    def __iter__(self) -> Iterator[Node]:
        """All, each topic before its subscriptions."""
        for node in self.nodes:
            yield node
            yield from node.children

    def __getitem__(self, name: str) -> Node:
        """One by its name: `orders`, `news/fans`."""
        return next(node for node in self if node.place.name == name)

    def table(self) -> Table:
        """A row each."""
        rows = ((_indented(node), *_spelled(node.counts)) for node in self)
        nothing = f"namespace {self.namespace}: no queue and no topic"
        return Table(f"namespace {self.namespace}", _HEADS, rows, nothing)

    def __repr__(self) -> str:
        table = self.table()
        return "\n".join(filter(None, (table.caption if table.rows else "", table.text())))

    def _repr_html_(self) -> str:
        if not self.nodes:
            return self.table().html()
        items = "".join(map(_item, self.nodes))
        return f"{words(f'namespace {self.namespace}')}<ul>{items}</ul>"


def read_tree(links: Links) -> Tree:
    """Look at a namespace as it is now.

    Raises:
        TutorialError: The service refuses.
    """
    with links.administration() as admin:
        namespace = admin.get_namespace_properties().name
        queues = [
            Node(Place(Kind.QUEUE, one.name), _counts(one))
            for one in admin.list_queues_runtime_properties()
        ]
        topics = [
            Node(
                Place(Kind.TOPIC, topic.name),
                _counts(topic),
                tuple(
                    Node(Place(Kind.SUBSCRIPTION, topic.name, one.name), _counts(one))
                    for one in admin.list_subscriptions_runtime_properties(topic.name)
                ),
            )
            for topic in admin.list_topics_runtime_properties()
        ]
    nodes = sorted((*queues, *topics), key=lambda node: (node.place.kind, node.place.name))
    return Tree(namespace, tuple(nodes))


def _counts(entity: Any) -> tuple[int | None, ...]:
    return tuple(getattr(entity, name, None) for name in _COUNTS)


def _indented(node: Node) -> str:
    if node.place.subscription:
        return f"· {node.place.subscription}"
    return f"{node.place.kind} {node.place.entity}"


def _spelled(counts: tuple[int | None, ...]) -> Iterator[str]:
    """Rare ones only where there are some."""
    for at, count in enumerate(counts):
        yield "" if count is None or (not count and at > 2) else str(count)


def _item(node: Node) -> str:
    counts = ", ".join(
        f"{count} {head}"
        for head, count in zip(_HEADS[1:], _spelled(node.counts), strict=True)
        if count
    )
    name = node.place.subscription or f"{node.place.kind} {node.place.entity}"
    below = f"<ul>{''.join(map(_item, node.children))}</ul>" if node.children else ""
    return f"<li>{escape(name)}: {escape(counts or 'no messages')}{below}</li>"
