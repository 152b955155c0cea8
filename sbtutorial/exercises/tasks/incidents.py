"""Exercises of lesson 12: each incident, mended and attacked; an answer is a whole file."""

from sbtutorial.attacks.incidents.catalogue import INCIDENTS
from sbtutorial.attacks.incidents.incident import Incident
from sbtutorial.exercises.task import Task
from sbtutorial.exercises.trial import Trial

_SILENCE_SECONDS = 30.0


def _trial(incident: Incident) -> Trial:
    return Trial(
        name=f"incidents.{incident.name}",
        prompt=incident.pager,
        scene=incident.scene,
        seeds=incident.seeds,
        wanted=f"five days on which every promise is kept: {_promises(incident)}",
        hint=incident.hint,
        reference=incident.mended,
        second_hint=incident.second_hint,
        explanation=incident.post_mortem,
        passed=f"five days, and every promise was kept.\nPost-mortem: {incident.post_mortem}",
        given=incident.broken,
        replay=f"{incident.name}.play({{system}}, seed={{seed}})",
        silence_seconds=_SILENCE_SECONDS,
    )


def _promises(incident: Incident) -> str:
    return ", ".join(promise.text for promise in incident.scene.promises)


TASKS: tuple[Task, ...] = ()
TRIALS = tuple(_trial(incident) for incident in INCIDENTS.values())
