"""A line that says how far a learner is, to be handed in by hand; nothing is sent by itself.

    sbtutorial 1 | Ada | passed 2 of 13: send.batch send.order | predictions 4 of 7 | 1f0c…

The last word is a checksum of the words before it. It finds what was left out or mistyped on the
way. Whoever wants to cheat can: it is no proof.
"""

import re
import zlib
from collections.abc import Sequence
from typing import NamedTuple

from sbtutorial.errors import TutorialError
from sbtutorial.text import one_line, wrapped
from sbtutorial.views.markup import element

_FORMAT = "sbtutorial 1"
_BETWEEN = " | "
_MOST_NAME_CHARS = 60
_PATTERN = re.compile(
    r"sbtutorial 1 \| (?P<name>[^|]*?) ?\| passed (?P<count>\d+) of (?P<all>\d+):(?P<passed>[^|]*) "
    r"\| predictions (?P<right>\d+) of (?P<asked>\d+) \| (?P<check>[0-9a-f]{8})"
)
_ABOUT = (
    "That is the line to hand in, as it is. Nothing has been sent. Its last word is a checksum "
    "that finds typing mistakes; it is no proof, and is not meant to be one."
)


class HandedIn(NamedTuple):
    """How far somebody is.

    Attributes:
        name: As they said it; "" when they did not.
        passed: The exercises that are passed, by name.
        exercises: How many there are in all.
        right: How many predictions were right.
        asked: How many were asked for.
    """

    name: str
    passed: tuple[str, ...]
    exercises: int
    right: int
    asked: int


class Line(str):
    """A line to hand in; as text it is the line alone, shown it says what it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{self}\n\n{wrapped(_ABOUT)}"

    def _repr_html_(self) -> str:
        return element("div", element("pre", str(self)), element("p", _ABOUT)).text


def written(course: HandedIn) -> Line:
    """The line that says how far somebody is."""
    parts = (
        _FORMAT,
        one_line(course.name.replace("|", "/"), _MOST_NAME_CHARS),
        f"passed {len(course.passed)} of {course.exercises}:{_listed(course.passed)}",
        f"predictions {course.right} of {course.asked}",
    )
    text = _BETWEEN.join(parts)
    return Line(f"{text}{_BETWEEN}{_checksum(text)}")


def read(line: str) -> HandedIn:
    """What a line says that was handed in, however a mail program has broken it.

    Raises:
        TutorialError: It is no such line, or not the one that was written.
    """
    text = " ".join(line.split())
    found = _PATTERN.search(text)
    if found is None:
        raise TutorialError(
            "That is no line of lab.course().export(): it begins with 'sbtutorial 1', and ends "
            "with a checksum of eight letters and digits."
        )
    said, _, check = found[0].rpartition(_BETWEEN)
    if _checksum(said) != check:
        raise TutorialError(
            "Something in this line is not as it was written: ask for it again, copied whole."
        )
    return HandedIn(
        found["name"],
        tuple(found["passed"].split()),
        int(found["all"]),
        int(found["right"]),
        int(found["asked"]),
    )


def _listed(names: Sequence[str]) -> str:
    return "".join(f" {name}" for name in names)


def _checksum(text: str) -> str:
    return f"{zlib.crc32(' '.join(text.split()).encode()):08x}"
