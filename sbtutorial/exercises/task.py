"""What an exercise is, and what is said of an answer to it: plain data."""

from collections.abc import Callable
from dataclasses import dataclass
from textwrap import dedent, indent
from typing import Any, NoReturn

from sbtutorial.text import wrapped

Answer = Callable[..., Any]
Check = Callable[[Any, Answer], str]  # called with a `Workbench` and the answer
DEFAULT_LIMIT_SECONDS = 15.0
_MARGIN = "    "


@dataclass(frozen=True, slots=True)
class Task:
    """One exercise.

    Attributes:
        name: Topic and name: `send.batch`. The topic is the module that it stands in.
        prompt: What is to be written, in words, and what it is called with.
        stub: The learner's cell as it is at first: a function with `...` for its body.
        check: Tries an answer on a workbench. It returns what was seen, in words, when that is
            right, and raises `NotYet` when it is not.
        reference: A right answer, as source; the notebook's folded answer is this text. It may use
            what the lesson has imported by then.
        wanted: What a right answer brings about, in words; said of an answer that does nothing.
        hint: The first step, for an answer that does nothing.
        limit_seconds: How long an answer may run, each time that it is called.
    """

    name: str
    prompt: str
    stub: str
    check: Check
    reference: str
    wanted: str
    hint: str
    limit_seconds: float = DEFAULT_LIMIT_SECONDS

    def __post_init__(self) -> None:
        for text in ("prompt", "stub", "reference"):
            object.__setattr__(self, text, dedent(getattr(self, text)).strip())

    @property
    def topic(self) -> str:
        """The module of `sbtutorial.exercises.tasks` that it stands in."""
        return self.name.partition(".")[0]

    @property
    def folded_answer(self) -> str:
        """The answer as a cell of Markdown, folded until the reader opens it."""
        return (
            f"<details><summary>Answer</summary>\n\n```python\n{self.reference}\n```\n\n</details>"
        )


class NotYet(Exception):
    """An answer is not right yet.

    Attributes:
        wanted: What should have happened.
        seen: What happened.
        hint: What to look at next.
    """

    def __init__(self, wanted: str, seen: str, hint: str) -> None:
        super().__init__(seen)
        self.wanted = wanted
        self.seen = seen
        self.hint = hint


def not_yet(*, wanted: str, seen: str, hint: str) -> NoReturn:
    """End a check: the answer is not right yet.

    Raises:
        NotYet: Always.
    """
    raise NotYet(wanted, seen, hint)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of an answer; it shows itself as text.

    Attributes:
        task: The exercise's name.
        passed: Whether the answer is right.
        wanted: What should have happened; "" when it has.
        seen: What happened.
        hint: What to look at next; "" for a right answer.
        notes: What could not be checked here, in sentences.
    """

    task: str
    passed: bool
    seen: str
    wanted: str = ""
    hint: str = ""
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        rows = [
            ("wanted", self.wanted),
            ("seen", self.seen),
            ("hint", self.hint),
            *(("note", note) for note in self.notes),
        ]
        lines = [f"{self.task}: {'passed' if self.passed else 'not yet'}"]
        lines += [_row(name, text) for name, text in rows if text]
        return "\n".join(lines)


def _row(name: str, text: str) -> str:
    """A name and a text, with the text's further lines below its first."""
    column = f"{_MARGIN}{name:8}"
    return column + indent(wrapped(text), " " * len(column)).lstrip(" ")
