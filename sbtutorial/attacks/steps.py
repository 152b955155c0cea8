"""A day as it went: numbered steps, which are the same whenever the same day is played."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from sbtutorial.attacks.orders import Order
from sbtutorial.attacks.plan import Plan

BROKER = "broker"


class What(StrEnum):
    """What a step is."""

    TOOK = "took"  # the shop, an order from its list
    SERVED = "served"
    CHARGED = "charged"
    HARMED = "harmed"  # as planned; a kill is KILLED
    KILLED = "killed"
    FAILED = "failed"  # the program ended with an exception
    SILENT = "silent"  # it was ended, as nothing came of it any more
    WENT_HOME = "went home"  # its function returned
    LATER = "later"  # time passes for everybody


WORK = (What.TOOK, What.SERVED, What.CHARGED)


_WHO = {What.TOOK: "shop", What.SERVED: "kitchen", What.CHARGED: "till"}


class Step(NamedTuple):
    """One thing that happened.

    Attributes:
        number: 1, 2, 3, …
        role: Who; BROKER for nobody.
        what: What it is.
        order: The order's id, or "".
        detail: What else there is to say: the euros, the harm, the error.
    """

    number: int
    role: str
    what: What
    order: str = ""
    detail: str = ""


class Found(NamedTuple):
    """A message that is there when the day is over.

    Attributes:
        entity: Where.
        order: Which order it is about; "" when that cannot be told.
        state: "ready", "locked", …
        reason: Why it was set aside; "" when nobody said, or it was not.
    """

    entity: str
    order: str
    state: str
    reason: str = ""


class Fact(NamedTuple):
    """An event of the broker about an order.

    Attributes:
        what: Its kind, as the broker calls it.
        entity: Where.
        step: The step by which it was so.
        who: Whose doing it was, as each connection names itself.
    """

    what: str
    entity: str
    step: int = 0
    who: str = ""


@dataclass(frozen=True)
class Account:
    """All that is known of a day: what promises are judged by.

    Attributes:
        plan: What was to happen.
        steps: What did.
        facts: What the broker told, by the order's id; "" for messages whose order it cannot know.
        left: Messages that wait or are locked when the day is over.
        dead: Messages that were set aside.
        homes: From where those received who do a kind of work; empty when that is not known.
    """

    plan: Plan
    steps: Sequence[Step] = ()
    facts: dict[str, list[Fact]] = field(default_factory=dict)
    left: Sequence[Found] = ()
    dead: Sequence[Found] = ()
    homes: Mapping[What, Collection[str]] = field(default_factory=dict)

    @property
    def last(self) -> int:
        """The number of the last step."""
        return self.steps[-1].number if self.steps else 0

    def of(self, what: What, order: Order | None = None) -> list[Step]:
        """The steps of a kind, in order; only those about an order, if one is given."""
        return [
            step
            for step in self.steps
            if step.what is what and (order is None or step.order == order.id)
        ]

    def is_done_by_somebody(self, work: What) -> bool:
        """Whether a kind of work is anybody's."""
        return not self.homes or work in self.homes

    def who(self, work: What) -> str:
        """Who does a kind of work."""
        return next((step.role for step in self.steps if step.what is work), _WHO[work])

    def left_of(self, order: Order) -> list[Found]:
        """What waits of an order, or may do so: of very many it is not known which they are."""
        return [found for found in self.left if found.order in (order.id, "")]

    def dead_of(self, order: Order) -> list[Found]:
        """What was set aside of an order."""
        return [found for found in self.dead if found.order == order.id]

    def told_of(self, order: Order, work: What | None = None) -> list[Fact]:
        """What the broker told of an order; of all messages, where their ids do not say whose.

        Args:
            order: Which.
            work: Only from where those receive who do it.
        """
        told = self.facts.get(order.id) or self.facts.get("", [])
        if work is None:
            return told
        home = self.homes.get(work, ())
        others = {
            entity for one, entities in self.homes.items() if one != work for entity in entities
        }
        return [
            fact for fact in told if (fact.entity in home if home else fact.entity not in others)
        ]
