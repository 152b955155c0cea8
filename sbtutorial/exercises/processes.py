"""An answer in a process of its own, which can be killed for real."""

from typing import TYPE_CHECKING

from sbtutorial.exercises.task import Answer, not_yet
from sbtutorial.exercises.transplant import source_of
from sbtutorial.worker_record import Ending, Outcome
from sbtutorial.workers import Worker

if TYPE_CHECKING:
    from sbtutorial.exercises.bench import Bench

_START_SECONDS = 5.0  # for the process to start and to import the SDK, on a slow machine


def run(bench: "Bench", answer: Answer, call: str, *, name: str, kill_at: str | None) -> Worker:
    """Run an answer in a process, killed at a checkpoint if it gets there.

    Raises:
        NotYet: It uses what lives in the notebook only, raised an error, or took too long.
    """
    source = source_of(answer, wanted=bench.task.wanted)
    worker = Worker(
        name,
        f"{source}\n\nanswer = {answer.__name__}\n\n{call}",
        kill_at=kill_at,
        connection_string=bench.lab.connection_string,
    )
    outcome = worker.run(timeout=bench.task.limit_seconds + _START_SECONDS, show=lambda line: None)
    if outcome.ending in (Ending.FAILED, Ending.TIMED_OUT, Ending.DIED):
        _tell(bench, answer, outcome)
    return worker


def _tell(bench: "Bench", answer: Answer, outcome: Outcome) -> None:
    if outcome.ending is Ending.TIMED_OUT:
        seen = f"{answer.__name__} had not returned after {bench.task.limit_seconds:g} seconds"
        hint = "A loop needs an end."
    else:
        seen = f"{answer.__name__} {outcome.sentence.partition(chr(10))[0]}"
        hint = "Read the error's last words first, then your function."
    not_yet(wanted=bench.task.wanted, seen=seen, hint=hint)
