"""Running an answer in a process of its own, so that a check can kill it; and what is left then.

The process finds what the lessons import by then, and the answer with what it uses.
"""

from sbtutorial.exercises.failing import hint_on
from sbtutorial.exercises.task import Answer, not_yet
from sbtutorial.exercises.transplant import source_of
from sbtutorial.exercises.workbench import Workbench
from sbtutorial.workers.record import Ending, Outcome
from sbtutorial.workers.worker import MAX_LINES, Worker

_NAME = "answer"
# What the lessons have imported by then. Annotations stay text: they may name what is not here.
IMPORTS = """\
from __future__ import annotations
import json, sqlite3, time
from datetime import timedelta
from azure.servicebus import *
from azure.servicebus.exceptions import *
"""


def run_in_process(
    workbench: Workbench,
    answer: Answer,
    program: str,
    *,
    kill_at: str | None = None,
    moment: str = "",
    mark: str = "",
) -> list[str]:
    """Run a program around an answer, to its end or to the checkpoint where it is killed.

    Args:
        workbench: The check's.
        answer: The learner's function; the program calls it by the name `answer`.
        program: Source that follows the function's own.
        kill_at: As for a worker: "working:2". Not to get there is no error.
        moment: What that moment is to a reader: "at the tea".
        mark: What stands in the lines that the program prints for the check; with it, all others
            are shown, as the answer's.

    Returns:
        The lines that it printed.

    Raises:
        NotYet: It failed, or had not finished in time.
    """
    worker = Worker(
        _NAME,
        "\n".join(
            (
                IMPORTS,
                source_of(answer, wanted=workbench.task.wanted),
                f"{_NAME} = {answer.__name__}",
                program,
            )
        ),
        kill_at=kill_at,
        connection_string=workbench.service.connection_string,
    )
    workbench.begin_call()

    def show(line: str) -> None:
        if mark and mark not in line:
            workbench.show_printed(line.removeprefix(f"{_NAME} │ ") + "\n")

    outcome = worker.run(timeout=workbench.task.limit_seconds, show=show)
    _require_usable(workbench, outcome)
    lines = worker.output.splitlines()
    _require_readable(workbench, lines)
    is_killed = outcome.ending is Ending.KILLED
    workbench.tell(f"killed {moment or f'at {kill_at}'}" if is_killed else "returned")
    return lines


def _require_readable(workbench: Workbench, lines: list[str]) -> None:
    """See that it was not its output for which it was killed."""
    if len(lines) >= MAX_LINES:
        not_yet(
            wanted=workbench.task.wanted,
            seen=f"your function had printed {MAX_LINES:,} lines, and was stopped",
            hint="Nobody reads that much: a loop without an end, perhaps?",
        )


def _require_usable(workbench: Workbench, outcome: Outcome) -> None:
    if outcome.ending in (Ending.FINISHED, Ending.MISSED):
        return
    if outcome.ending is Ending.TIMED_OUT:
        not_yet(
            wanted=workbench.task.wanted,
            seen=f"your function had not returned after {workbench.task.limit_seconds:g} seconds",
            hint="A loop needs an end: `for message in receiver` ends when nothing comes.",
        )
    if outcome.ending is not Ending.KILLED:
        is_name = "NameError" in outcome.error_types
        line = f"\nin this line: {outcome.line}" if outcome.line else ""
        not_yet(
            wanted=workbench.task.wanted,
            seen=f"your function {outcome.sentence}{line}",
            hint="It runs as a program of its own: import or define what it needs inside it."
            if is_name
            else hint_on(outcome.error_types, outcome.sentence, outcome.cause),
        )


def require_completed(workbench: Workbench, queue: str, *, wanted: str) -> None:
    """See that the messages of a queue that is empty now were completed.

    Raises:
        NotYet: Some were dead-lettered; or deleted as they were handed out, which only the
            offline broker tells.
    """
    if dead := [str(message) for message in workbench.peek(queue, dead_letter=True)]:
        not_yet(
            wanted=wanted,
            seen=f"in the dead-letter queue: {', '.join(dead)}",
            hint="That is the place for what cannot be handled. What is done is completed: "
            "`receiver.complete_message(…)`.",
        )
    if any(event.what == "taken" for event in workbench.events(queue)):
        not_yet(
            wanted=wanted,
            seen="what was received was deleted as it was handed out",
            hint="Receive with peek-lock, the default, and complete.",
        )
