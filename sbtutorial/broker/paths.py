"""How entities are addressed: `orders`, `news/Subscriptions/sport`, each with subqueues of its own.

Source: Azure Service Bus, "AMQP 1.0 protocol guide"; "Dead-letter queues", path to the queue.
"""

from typing import NamedTuple
from urllib.parse import unquote

DEAD_LETTER_SUFFIX = "/$DeadLetterQueue"
TRANSFER_DEAD_LETTER_SUFFIX = "/$Transfer/$DeadLetterQueue"
SUBSCRIPTIONS = "/Subscriptions/"


class Path(NamedTuple):
    """A place that receivers mean: an entity's path, and the suffix of its subqueue.

    The suffix is "" for the main one.
    """

    entity: str
    subqueue: str


def entity_path(uri: str) -> str:
    """The path that a bare path or a URI in any scheme names, without host, port and outer slashes.

    `amqps://127.0.0.1:5672/orders`, `sb://host/orders/` and `orders` all name `orders`.
    """
    before_query = uri.partition("?")[0]
    _, scheme, rest = before_query.partition("://")
    path = rest.partition("/")[2] if scheme else before_query
    return unquote(path).strip("/")


def split_subqueue(path: str) -> Path:
    """Part an entity's path from what follows it after `/$`."""
    entity, dollar, rest = path.strip("/").partition("/$")
    return Path(entity, f"/${rest}" if dollar else "")


def subscription_path(topic: str, name: str) -> str:
    """Where the receivers of a subscription find it."""
    return f"{topic}{SUBSCRIPTIONS}{name}"


def split_subscription(path: str) -> tuple[str, str] | None:
    """The topic and the subscription of a path, in any case; None for any other path."""
    at = path.lower().rfind(SUBSCRIPTIONS.lower())
    return None if at < 1 else (path[:at], path[at + len(SUBSCRIPTIONS) :])
