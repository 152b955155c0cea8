"""What an incident is, as data: what is heard of it, what runs, and what may be behind it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from textwrap import dedent

from sbtutorial.attacks.assignment import Role
from sbtutorial.attacks.incidents.evidence import Evidence
from sbtutorial.attacks.incidents.hypotheses import HYPOTHESES
from sbtutorial.attacks.places import ThreadPlace
from sbtutorial.attacks.plan import Draw, Plan, draw
from sbtutorial.attacks.promises import Promise
from sbtutorial.attacks.scene import Scene
from sbtutorial.broker.limits import STANDARD, Limits

ORDERS = 12
CHOICES = 6


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident.

    Attributes:
        title: A few words, by which its section and its exercise go.
        pager: What is heard of it: symptoms, and nothing of what is behind them.
        scene: Who works, what befalls them, and what was promised.
        program: What its program is called in a notebook.
        broken: The program as it runs, as source.
        mended: One that keeps its promises.
        seed: The day that is looked into.
        seeds: Those on which a mended one is attacked.
        choices: What may be behind it: keys of `HYPOTHESES`, in the order in which they are shown.
        cause: The one that is.
        shown_by: Tells from the day why it is that one.
        is_long: Whether its day takes ten seconds or more, so that it is begun in advance.
        observations: What contradicts another choice, where the day's events do not by themselves.
        hint: The first step.
        second_hint: A further one.
        post_mortem: What it was, and what keeps it from happening again, in two sentences.
    """

    title: str
    pager: str
    scene: Scene
    program: str
    broken: str
    mended: str
    seed: int
    seeds: tuple[int, ...]
    choices: tuple[str, ...]
    cause: str
    shown_by: Callable[[Evidence], str]
    hint: str
    second_hint: str
    post_mortem: str
    is_long: bool = False
    observations: Mapping[str, Callable[[Evidence], str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for text in ("broken", "mended"):
            object.__setattr__(self, text, dedent(getattr(self, text)).strip())
        for text in ("pager", "post_mortem"):
            object.__setattr__(self, text, " ".join(getattr(self, text).split()))

    @property
    def name(self) -> str:
        """As the scene's."""
        return self.scene.name

    def answer(self, choice: str, evidence: Evidence) -> str:
        """What the day says of a choice: what shows it, or what contradicts it."""
        if choice == self.cause:
            return self.shown_by(evidence)
        contradict = self.observations.get(choice) or HYPOTHESES[choice].contradict
        return contradict(evidence)


def scene(
    name: str,
    roles: tuple[Role, ...],
    draws: tuple[Draw, ...],
    promises: tuple[Promise, ...],
    *,
    poisoned: int = 0,
    pace_seconds: float = 0.0,
    limits: Limits = STANDARD,
) -> Scene:
    """A scene as incidents have it: a dozen orders, and a broker that nobody kills.

    Args:
        name: The incident's.
        roles: Who works.
        draws: What befalls them.
        promises: What is kept on every day.
        poisoned: How many orders nobody can read.
        pace_seconds: How long each piece of work takes.
        limits: What its broker's tier allows.
    """
    return Scene(
        name=name,
        opening="begin",
        roles=roles,
        plan=partial(draw, draws=draws, poisoned=poisoned, count=ORDERS, pace_seconds=pace_seconds),
        promises=promises,
        announce=_announce,
        place_of=ThreadPlace,
        limits=limits,
    )


def _announce(plan: Plan) -> str:
    """Nothing of what will befall it: that is to be found out."""
    return f"Day {plan.seed}: {len(plan.orders)} orders."
