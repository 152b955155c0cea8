"""Who is on stage: what a learner's file has to define, and by what it is judged; as data.

The café of the capstone is one; an incident of the failure lab is another, with fewer roles, one
promise and a plan of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sbtutorial.attacks.assignment import Role
from sbtutorial.attacks.places import Place, ProcessPlace
from sbtutorial.attacks.plan import Plan
from sbtutorial.attacks.promises import Promise
from sbtutorial.attacks.telling import announce
from sbtutorial.broker.limits import STANDARD, Limits


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
