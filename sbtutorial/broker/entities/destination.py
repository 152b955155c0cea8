"""Where accepted messages go: what a queue and a topic do differently."""

from typing import Protocol

from sbtutorial.broker.background import Steps
from sbtutorial.broker.entities.prepared import Prepared
from sbtutorial.broker.message import Message


class Destination(Protocol):
    """What becomes of messages that an ingress has accepted, and of those whose time has come.

    Attributes:
        fans_out: Whether one message becomes several.
    """

    fans_out: bool

    @property
    def size_bytes(self) -> int:
        """All messages that count against the entity's size."""

    @property
    def message_count(self) -> int:
        """How many messages they are."""

    def may_have(self, count: int) -> bool:
        """Whether they may be so many; told faster than how many they are."""

    @property
    def copies(self) -> int:
        """About how many of them one that is accepted becomes, unless it takes long; 1 or more."""

    def takes_long(self, message: Message) -> bool:
        """Whether `enqueue` would keep everybody waiting: it is activated in steps instead."""

    def hand_out_in_steps(self, message: Message, at: float) -> Steps:
        """`hand_out` and `announce`, little by little; each step tells what it has cost."""

    def enqueue(self, message: Message, now: float, who: str) -> None:
        """Let a new message, numbered by now, begin its life here."""

    def prepare(self, messages: list[Message], now: float, who: str) -> Prepared:
        """Get very many messages ready, numbered by now, for `enqueue_all`."""

    def enqueue_all(self, prepared: Prepared) -> None:
        """As `enqueue` for each of many."""

    def begin_life(self, message: Message, at: float) -> None:
        """Let a scheduled message, numbered anew by now, begin its life here."""

    def hand_out(self, message: Message, at: float) -> None:
        """Bring a message whose life has begun to where receivers find it."""

    def announce(self, now: float) -> None:
        """All messages of one send are in: tell who waits for them."""
