"""Whether what has left a queue was completed: other ways out of it look the same from outside."""

from sbtutorial.exercises.bench import Bench
from sbtutorial.exercises.task import not_yet


def require_completed(bench: Bench, queue: str, *, wanted: str) -> None:
    """See that the messages of a queue that is empty now were completed.

    Raises:
        NotYet: Some were dead-lettered; or deleted as they were handed out, which only the
            offline broker tells.
    """
    if dead := [str(message) for message in bench.peek(queue, dead_letter=True)]:
        not_yet(
            wanted=wanted,
            seen=f"in the dead-letter queue: {', '.join(dead)}",
            hint="That is the place for what cannot be handled. What is done is completed: "
            "receiver.complete_message(…).",
        )
    if any(event.what == "taken" for event in bench.events(queue)):
        not_yet(
            wanted=wanted,
            seen="what was received was deleted as it was handed out",
            hint="Receive with peek-lock, the default, and complete.",
        )
