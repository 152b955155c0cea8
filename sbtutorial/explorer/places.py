"""Where messages are: a queue, a topic, a subscription, or the dead letters of one."""

from dataclasses import dataclass, replace
from enum import StrEnum

from sbtutorial.errors import TutorialError


class Kind(StrEnum):
    """What an entity is."""

    QUEUE = "queue"
    TOPIC = "topic"
    SUBSCRIPTION = "subscription"


class Part(StrEnum):
    """Which of an entity's messages, by the word that the SDK has for a subqueue."""

    LIVE = ""
    DEAD = "deadletter"
    TRANSFER_DEAD = "transferdeadletter"


_SUFFIXES = {
    Part.DEAD: "/$DeadLetterQueue",
    Part.TRANSFER_DEAD: "/$Transfer/$DeadLetterQueue",
}
SUBSCRIPTIONS = "/Subscriptions/"


@dataclass(frozen=True, slots=True)
class Place:
    """One entity, or the dead letters of it.

    Attributes:
        kind: What the entity is.
        entity: The name of the queue, or of the topic.
        subscription: The subscription's name; "" when it is none.
        part: Which of its messages.
    """

    kind: Kind
    entity: str
    subscription: str = ""
    part: Part = Part.LIVE

    def __str__(self) -> str:
        """As it is written to find it: `orders`, `news/fans`, `orders/$DeadLetterQueue`."""
        return self.name + _SUFFIXES.get(self.part, "")

    @property
    def name(self) -> str:
        """The entity's name, without a part."""
        return f"{self.entity}/{self.subscription}" if self.subscription else self.entity

    @property
    def is_dead(self) -> bool:
        """Whether these are dead letters."""
        return self.part is not Part.LIVE

    @property
    def live(self) -> "Place":
        """The entity itself."""
        return replace(self, part=Part.LIVE)

    @property
    def dead_letters(self) -> "Place":
        """The entity's dead letters; those of a part are those that it is."""
        return self if self.is_dead else replace(self, part=Part.DEAD)

    @property
    def target(self) -> "Place":
        """Where a message has to be sent to come here: the topic, of a subscription."""
        kind = Kind.TOPIC if self.kind is Kind.SUBSCRIPTION else self.kind
        return Place(kind, self.entity)


def parted(text: object) -> tuple[str, Part]:
    """A name, and which part of the entity is asked for.

    Raises:
        TutorialError: That is no name.
    """
    if not isinstance(text, str) or not text.strip() or text.startswith(("/", "$")):
        raise TutorialError(
            f'A queue is named by text, as in "orders", and a subscription as in "news/fans"; '
            f"{text!r} is no name."
        )
    for part in (Part.TRANSFER_DEAD, Part.DEAD):
        suffix = _SUFFIXES[part]
        if text.lower().endswith(suffix.lower()):
            return text[: -len(suffix)], part
    return text, Part.LIVE


def subscription_parts(name: str) -> tuple[str, str]:
    """Topic and subscription of a name that could be one's; the second is "" when it is none."""
    at = name.lower().find(SUBSCRIPTIONS.lower())
    if at >= 0:
        return name[:at], name[at + len(SUBSCRIPTIONS) :]
    topic, _, subscription = name.rpartition("/")
    return (topic, subscription) if topic else (name, "")
