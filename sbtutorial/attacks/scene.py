"""Who is on stage: what a learner's file has to define, and by what it is judged; as data.

The café of the capstone is one; an incident of the failure lab is another, with fewer roles, one
promise and a plan of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sbtutorial.attacks.places import Place, ProcessPlace
from sbtutorial.attacks.plan import Plan
from sbtutorial.attacks.promises import Promise
from sbtutorial.attacks.telling import announce
from sbtutorial.broker.limits import STANDARD, Limits


class Tool(StrEnum):
    """What a role's function is given beside a client of the SDK."""

    ORDERS = "orders"  # a list of the day's orders
    SERVE = "serve"  # a function: serve(order_id, item)
    BOOK = "book"  # a SQLite connection with the table charges (order_id, euros)


@dataclass(frozen=True, slots=True)
class Role:
    """One program.

    Attributes:
        name: Its name, which is its function's.
        tool: What it is given beside the client.
    """

    name: str
    tool: Tool


@dataclass(frozen=True, slots=True)
class Scene:
    """A system that is attacked.

    Attributes:
        name: Its name.
        opening: The function that makes queues and topics in the morning, called with an
            administration client.
        roles: Who works, in the order in which they have their turns.
        plan: Draws a day from a seed.
        promises: What is kept on every day.
        announce: Says what kind of day it will be, before it begins.
        place_of: Where its broker is: in a process of its own where that may be killed. Called
            with `limits`.
        limits: What its broker's tier allows.
    """

    name: str
    opening: str
    roles: tuple[Role, ...]
    plan: Callable[[int], Plan]
    promises: tuple[Promise, ...]
    announce: Callable[[Plan], str] = announce
    place_of: Callable[[Limits], Place] = ProcessPlace
    limits: Limits = STANDARD

    @property
    def functions(self) -> tuple[str, ...]:
        """What the file has to define."""
        return (self.opening, *(role.name for role in self.roles))
