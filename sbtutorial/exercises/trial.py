"""An exercise whose answer is a whole system: some days are played with it, many at once."""

from dataclasses import dataclass
from textwrap import dedent

from sbtutorial.attacks.plan import QUIET
from sbtutorial.attacks.rehearsal import SILENCE_SECONDS, Rehearsed, rehearse
from sbtutorial.attacks.scene import Scene
from sbtutorial.attacks.system import System, empty_functions, require_functions, system_of
from sbtutorial.exercises.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Trial:
    """One such exercise.

    Attributes:
        name: Topic and name, as a task's.
        prompt: What is to be done, in words.
        scene: Who works, and what they promise.
        seeds: The days that are played.
        wanted: What a right answer brings about.
        hint: The first step.
        passed: What is said of a right answer.
        reference: A right answer, as source.
        second_hint: A further step, for whoever has tried before.
        explanation: Why the reference is right.
        given: The program that the exercise begins with, as source; "" for one of empty functions.
        replay: How a day is seen again, with `{system}` and `{seed}` in it.
        silence_seconds: How long a role may give no sign of life.
    """

    name: str
    prompt: str
    scene: Scene
    seeds: tuple[int, ...]
    wanted: str
    hint: str
    passed: str
    reference: str
    second_hint: str
    explanation: str
    given: str = ""
    replay: str = "lab.attack({system}, seed={seed})"
    silence_seconds: float = SILENCE_SECONDS

    def __post_init__(self) -> None:
        object.__setattr__(self, "prompt", dedent(self.prompt).strip())

    def judge(self, answer: object) -> Verdict:
        """What is said of a system.

        Raises:
            TutorialError: The answer is no system, or lacks a function.
        """
        system = system_of(answer)
        require_functions(system, self.scene)
        if self._is_given(system):
            return self._not_yet("the program is still the one that is broken", self.hint)
        if empty := empty_functions(system, self.scene):
            return self._not_yet(f"{', '.join(empty)}: nothing is in there yet", self.hint)
        return self._verdict(system)

    def source_of(self, answer: object) -> str:
        """The text of a system; "" for one that is as it was, or has a function still empty."""
        system = system_of(answer)
        is_try = not self._is_given(system) and not empty_functions(system, self.scene)
        return system.source if is_try else ""

    def _is_given(self, system: System) -> bool:
        return bool(self.given) and system.source.strip() == self.given.strip()

    def _verdict(self, system: System) -> Verdict:
        days = []
        for day in rehearse(
            [(system, seed) for seed in self.seeds],
            scene=self.scene.name,
            silence_seconds=self.silence_seconds,
        ):
            print(
                f"{_name(day)}: {'every promise kept' if day else 'a promise broken'}", flush=True
            )
            days.append(day)
        days.sort(key=lambda day: day.seed)
        for day in days:
            if not day:
                return self._of_day(system, day)
        if len(days) < len(self.seeds):
            return self._not_yet(
                "the process in which the days were played has ended before them",
                "Does the program end its process, as `os._exit` does? A function ends by return.",
            )
        return Verdict(self.name, True, self.passed)

    def _of_day(self, system: System, day: Rehearsed) -> Verdict:
        which = f"On {_name(day)}"
        if day.error:
            return self._not_yet(f"{which}: {day.error}", self.hint)
        look = f"See it happen: {self.replay.format(system=system.name, seed=day.seed)}."
        return self._not_yet(
            f"{which} a promise was broken: {day.promise}.\n{day.seen}.", f"{day.hint}\n{look}"
        )

    def _not_yet(self, seen: str, hint: str) -> Verdict:
        return Verdict(self.name, False, seen, self.wanted, hint)


def _name(day: Rehearsed) -> str:
    return "the quiet day" if day.seed == QUIET else f"day {day.seed}"
