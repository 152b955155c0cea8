"""What an exercise is, and how a check says that an answer is not right yet: plain data."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from textwrap import dedent
from typing import Any, NoReturn

Answer = Callable[..., Any]
Check = Callable[[Any, Answer], str]  # called with a `Workbench` and the answer
DEFAULT_LIMIT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Task:
    """One exercise.

    Attributes:
        name: Topic and name: `send.batch`. The topic is the module that it stands in.
        prompt: What is to be written, in words, and what it is called with.
        stub: The learner's cell as it is at first: a function with `...` for its body.
        check: Tries an answer on a workbench. It returns what was seen, in words, when that is
            right, and raises `NotYet` when it is not.
        reference: A right answer, as source. It may use what the lesson has imported by then.
        wanted: What a right answer brings about, in words; said of an answer that does nothing.
        hint: The first step, for an answer that does nothing.
        second_hint: A further step, for whoever has tried before.
        explanation: Why the reference is right, in two or three sentences.
        limit_seconds: How long an answer may run, each time that it is called.
    """

    name: str
    prompt: str
    stub: str
    check: Check
    reference: str
    wanted: str
    hint: str
    second_hint: str = ""
    explanation: str = ""
    limit_seconds: float = DEFAULT_LIMIT_SECONDS

    def __post_init__(self) -> None:
        for text in ("prompt", "stub", "reference"):
            object.__setattr__(self, text, dedent(getattr(self, text)).strip())

    @property
    def topic(self) -> str:
        """The module of `sbtutorial.exercises.tasks` that it stands in."""
        return self.name.partition(".")[0]


class NotYet(Exception):
    """An answer is not right yet.

    Attributes:
        wanted: What should have happened.
        seen: What happened.
        hint: What to look at next.
        entities: The queues and topics that it was at work with when it failed, if that is known.
    """

    def __init__(self, wanted: str, seen: str, hint: str, entities: Iterable[str] = ()) -> None:
        super().__init__(seen)
        self.wanted = wanted
        self.seen = seen
        self.hint = hint
        self.entities = tuple(entities)


def not_yet(*, wanted: str, seen: str, hint: str) -> NoReturn:
    """End a check: the answer is not right yet.

    Raises:
        NotYet: Always.
    """
    raise NotYet(wanted, seen, hint)
