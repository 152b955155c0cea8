"""An attack, from a learner's program to what came of its day."""

from collections.abc import Callable

from sbtutorial.attacks.day import SILENCE_SECONDS, Day
from sbtutorial.attacks.outcome import Outcome
from sbtutorial.attacks.places import Place
from sbtutorial.attacks.processes import ProcessStage
from sbtutorial.attacks.promises import judge
from sbtutorial.attacks.scene import Scene
from sbtutorial.attacks.stage import Stage
from sbtutorial.attacks.system import System, require_functions
from sbtutorial.attacks.telling import Telling
from sbtutorial.attacks.world import World
from sbtutorial.broker.limits import Limits
from sbtutorial.errors import TutorialError

_MOST_SEED = 10**9


def attack(
    scene: Scene,
    system: System,
    seed: int,
    *,
    show: Callable[[str], object] = print,
    stage_of: Callable[[System, int], Stage] = ProcessStage,
    place_of: Callable[[Limits], Place] | None = None,
    silence_seconds: float = SILENCE_SECONDS,
) -> Outcome:
    """Play the day of a seed with a learner's program, on a broker that is nobody else's.

    Args:
        scene: Who works, and how.
        system: The program.
        seed: Which day; 0 for a quiet one.
        show: Takes each line of what happens.
        stage_of: Where the roles play, and how many of them there are: in processes of their own
            unless given.
        place_of: Where the broker is, if not where the scene has it.
        silence_seconds: How long a role may give no sign of life.

    Raises:
        TutorialError: The program lacks a function; it never opened; that is no seed; or the
            broker cannot be had.
    """
    require_functions(system, scene)
    plan = scene.plan(_require_seed(seed))
    show(scene.announce(plan))
    telling = Telling(show)
    world = World(plan, (place_of or scene.place_of)(scene.limits))
    stage = stage_of(system, len(scene.roles))
    try:
        with world:
            day = Day(
                scene,
                plan,
                stage,
                world,
                tell=telling.tell,
                show=telling.show,
                silence_seconds=silence_seconds,
            )
            account = day.play()
            telling.end()
            stage.close()  # before their broker goes
    finally:
        stage.close()
    roles = tuple(role.name for role in scene.roles)
    return Outcome(system.name, account, judge(account, scene.promises), roles)


def _require_seed(seed: object) -> int:
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= _MOST_SEED:
        raise TutorialError(
            f"A day has a number, from 0, a quiet one, to {_MOST_SEED:,}: seed=7. {seed!r} is none."
        )
    return seed
