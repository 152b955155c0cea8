"""What is said of an answer to an exercise, and the answer that helps where hints do not."""

from collections.abc import Iterable
from dataclasses import dataclass
from textwrap import indent

from sbtutorial.text import wrapped
from sbtutorial.views.markup import Markup, beside, described, element, prose, twin

_MARGIN = "    "
_NAME_CHARS = 8
_INSET = " " * (len(_MARGIN) + _NAME_CHARS)


@dataclass(frozen=True, slots=True, repr=False)
class Solution:
    """An answer that is right, and why; it shows itself as text, or as HTML.

    Attributes:
        task: The exercise's name.
        explanation: Why it is right, in a few sentences; "" when there is nothing to say.
        code: The answer.
    """

    task: str
    explanation: str
    code: str

    def __repr__(self) -> str:
        parts = [f"{self.task}: an answer", *filter(None, [wrapped(self.explanation)]), self.code]
        return "\n\n".join(parts)

    def _repr_html_(self) -> str:
        return twin(f"{self.task}: an answer", *self.parts).text

    @property
    def parts(self) -> tuple[Markup, ...]:
        """The explanation and the code, as elements."""
        words = [element("p", prose(self.explanation))] if self.explanation else []
        return (*words, element("pre", element("code", self.code)))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of an answer; it shows itself as text, or as HTML.

    Attributes:
        task: The exercise's name.
        passed: Whether the answer is right.
        wanted: What should have happened; "" when it has.
        seen: What happened.
        hint: What to look at next; "" for a right answer.
        notes: What else there is to say: what could not be checked here, what was left behind.
        steps: What the check did, in order.
        second_hint: A further step, for who has tried before.
        way_on: What is there to be had when hints do not help.
        solution: An answer, for who has tried often.
    """

    task: str
    passed: bool
    seen: str
    wanted: str = ""
    hint: str = ""
    notes: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    second_hint: str = ""
    way_on: str = ""
    solution: Solution | None = None

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        rows = [_row(name, text) for name, text in (*self._compared, *self._advice)]
        return "\n".join((self._heading, *rows, *self._solution_in_text))

    def _repr_html_(self) -> str:
        compared = beside((name, prose(text)) for name, text in self._compared)
        advice = described((name, prose(text)) for name, text in self._advice)
        return twin(self._heading, compared, advice, *self._folded_solution).text

    @property
    def _heading(self) -> str:
        return f"{self.task}: {'passed' if self.passed else 'not yet'}"

    @property
    def _compared(self) -> list[tuple[str, str]]:
        """What should have happened, and what did."""
        return _told([("wanted", self.wanted), ("seen", self.seen)])

    @property
    def _advice(self) -> list[tuple[str, str]]:
        return _told(
            [
                ("hint", self.hint),
                ("hint 2", self.second_hint),
                *(("note", note) for note in self.notes),
                ("else", self.way_on),
            ]
        )

    @property
    def _solution_in_text(self) -> list[str]:
        if self.solution is None:
            return []
        words = [_row("answer", self.solution.explanation)] if self.solution.explanation else []
        return [*words, "", indent(self.solution.code, _INSET)]

    @property
    def _folded_solution(self) -> list[Markup]:
        if self.solution is None:
            return []
        summary = element("summary", "An answer, explained")
        return [element("details", summary, *self.solution.parts, open="")]


def _told(rows: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those rows in which there is something."""
    return [(name, text) for name, text in rows if text]


def _row(name: str, text: str) -> str:
    """A name and a text, with the text's further lines below its first."""
    column = f"{_MARGIN}{name:{_NAME_CHARS}}"
    return column + indent(wrapped(text), _INSET).lstrip(" ")
