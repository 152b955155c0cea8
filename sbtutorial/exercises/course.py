"""`lab.course()`: the lessons, what is done of each, and what is next. Nothing is locked by it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sbtutorial.exercises.handing_in import HandedIn, Line, written
from sbtutorial.exercises.registry import names_of
from sbtutorial.lab import journal
from sbtutorial.lab.journal import PASSED, PREDICTED, About, Facts
from sbtutorial.text import text_of
from sbtutorial.views.markup import Markup, element
from sbtutorial.views.text_table import table

_DONE, _OPEN, _NONE = "✓", "–", ""
_HEADINGS = ("lesson", "exercises", "predictions")
_ALL_PASSED = "All exercises are passed."


class Lesson(NamedTuple):
    """A lesson of the course.

    Attributes:
        number: As in the name of its notebook.
        title: Its heading.
        topic: The module of its exercises.
    """

    number: str
    title: str
    topic: str


LESSONS = (
    Lesson("00", "Start here", "start"),
    Lesson("01", "Create a queue", "create"),
    Lesson("02", "Send messages", "send"),
    Lesson("03", "Receive messages", "receive"),
    Lesson("04", "Peek-lock and crashes", "crashes"),
    Lesson("04b", "Keeping a lock", "locks"),
    Lesson("05", "When messages fail", "failures"),
    Lesson("06", "At least once", "at_least_once"),
    Lesson("07", "Explore a namespace", "explore"),
    Lesson("08", "Topics and subscriptions", "topics"),
    Lesson("09", "Sessions and order", "sessions"),
    Lesson("10", "Later and never", "later"),
    Lesson("11", "Going to Azure", "azure"),
    Lesson("12", "The failure lab", "incidents"),
    Lesson("13", "A café on a bad day", "capstone"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """What is done of one lesson.

    Attributes:
        lesson: Which.
        exercises: Whether each is passed, by name, in the lesson's order.
        asked: How many predictions it has asked for so far.
        right: How many of them were right.
    """

    lesson: Lesson
    exercises: Mapping[str, bool]
    asked: int = 0
    right: int = 0

    @property
    def name(self) -> str:
        """Number and title."""
        return f"{self.lesson.number} {self.lesson.title}"

    @property
    def cells(self) -> tuple[str, str, str]:
        """Its row: what it is, its exercises, its predictions."""
        exercises = (
            f"{_DONE if is_passed else _OPEN} {name.rpartition('.')[2]}"
            for name, is_passed in self.exercises.items()
        )
        return self.name, "  ".join(exercises), _ratio(self.right, self.asked)


@dataclass(frozen=True, slots=True, repr=False)
class Course:
    """How far somebody is; it shows itself as text, or as HTML.

    Attributes:
        parts: The lessons, in order.
        elsewhere: Predictions asked for, and those that were right, outside the lessons.
    """

    parts: tuple[Part, ...]
    elsewhere: tuple[int, int] = (0, 0)

    @property
    def next(self) -> str:
        """The first exercise that is not passed: `send.batch`; "" when all are."""
        return next((name for _, name in self._open), "")

    @property
    def sentence(self) -> str:
        """How much is done, and what is next."""
        all_of_it = self._summary("")
        done = f"{len(all_of_it.passed)} of {all_of_it.exercises} exercises passed"
        if all_of_it.asked:
            done += f", predictions: {_ratio(all_of_it.right, all_of_it.asked)}"
        return f"{done}. {self._what_is_next}"

    def export(self, name: str = "") -> Line:
        """A line to hand in, by hand: what is passed, and what was foreseen. It is sent nowhere.

        Args:
            name: Yours, if you want it to stand there.
        """
        return written(self._summary(text_of(name)))

    def _summary(self, name: str) -> HandedIn:
        exercises = {name: ok for part in self.parts for name, ok in part.exercises.items()}
        return HandedIn(
            name,
            tuple(name for name, is_passed in exercises.items() if is_passed),
            len(exercises),
            right=sum(part.right for part in self.parts) + self.elsewhere[1],
            asked=sum(part.asked for part in self.parts) + self.elsewhere[0],
        )

    @property
    def _open(self) -> list[tuple[Part, str]]:
        return [
            (part, name) for part in self.parts for name, ok in part.exercises.items() if not ok
        ]

    @property
    def _what_is_next(self) -> str:
        for part, name in self._open:
            return f"Next: {part.name}, exercise {name}."
        return _ALL_PASSED

    def __repr__(self) -> str:
        rows = table([_HEADINGS, *(part.cells for part in self.parts)])
        return "\n".join([*rows, "", self.sentence])

    def _repr_html_(self) -> str:
        head = element("tr", *(element("th", name, scope="col") for name in _HEADINGS))
        rows = (_row(part.cells) for part in self.parts)
        whole = element("table", element("thead", head), element("tbody", *rows))
        return element("div", whole, element("p", self.sentence)).text


def course() -> Course:
    """How far the learner of this machine is."""
    known = journal.read()
    parts = tuple(_part(lesson, known) for lesson in LESSONS)
    numbers = {lesson.number for lesson in LESSONS}
    return Course(parts, _predictions(known, {about.lesson for about in known} - numbers))


def _part(lesson: Lesson, known: Mapping[About, Facts]) -> Part:
    exercises = {name: About(PASSED, name) in known for name in names_of(lesson.topic)}
    return Part(lesson, exercises, *_predictions(known, {lesson.number}))


def _predictions(known: Mapping[About, Facts], lessons: set[str]) -> tuple[int, int]:
    """How many were asked for in these lessons, and how many were right."""
    found = [
        facts
        for about, facts in known.items()
        if about.kind == PREDICTED and about.lesson in lessons
    ]
    return len(found), sum(facts.get("right") is True for facts in found)


def _ratio(right: int, asked: int) -> str:
    return f"{right} right of {asked} asked" if asked else _NONE


def _row(cells: tuple[str, ...]) -> Markup:
    name, *others = cells
    return element(
        "tr", element("th", name, scope="row"), *(element("td", text) for text in others)
    )
