"""`python -m tests.notebooks.pace [NAME ...]`: how many minutes a lesson takes somebody who is new.

Nobody has to be timed for it, and it says the same each time: a reader of 200 words a minute, four
seconds for a line of code, 25 for a prediction (reading, thinking, a click), four minutes for an
exercise. What is folded is left out. With names as `refresh` takes them, each section has its line;
without, each lesson has one.

The model is an estimate for planning a day. A room varies by a factor of two.
"""

import re
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import nbformat

from tests.notebooks.lessons import chosen

_WORDS_A_MINUTE = 200.0
_MINUTES_A_LINE = 4 / 60
_MINUTES_A_PREDICTION = 25 / 60
_MINUTES_AN_EXERCISE = 4.0
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_FOLDED = re.compile(r"<details>.*?</details>", re.DOTALL)
_EXERCISE = "Exercise"


class Section(NamedTuple):
    """What stands from one heading to the next.

    Attributes:
        title: The heading; "" for what comes before the first one.
        minutes: What it takes.
    """

    title: str
    minutes: float

    @property
    def is_exercise(self) -> bool:
        """Whether the learner writes code in it."""
        return self.title.startswith(_EXERCISE)


def sections(lesson: Path) -> list[Section]:
    """All of a lesson's, in order."""
    titles, minutes = [""], [0.0]
    for cell in nbformat.read(lesson, as_version=4).cells:
        if cell.cell_type == "markdown":
            if found := _HEADING.search(cell.source):
                titles.append(found[1])
                minutes.append(_MINUTES_AN_EXERCISE * found[1].startswith(_EXERCISE))
            minutes[-1] += len(_FOLDED.sub("", cell.source).split()) / _WORDS_A_MINUTE
        elif cell.cell_type == "code":
            lines = sum(bool(line.strip()) for line in cell.source.splitlines())
            minutes[-1] += lines * _MINUTES_A_LINE
            minutes[-1] += cell.source.count("lab.predict(") * _MINUTES_A_PREDICTION
    return list(map(Section, titles, minutes))


def main(arguments: Sequence[str]) -> int:
    """Print a table; returns 0."""
    parser = ArgumentParser("tests.notebooks.pace", description="How long lessons take a learner.")
    parser.add_argument("names", nargs="*", help="lessons, by how their names begin (all)")
    names = parser.parse_args(arguments).names
    print(f"{'lesson':28}{'reading':>9}{'exercises':>11}{'all':>7}   minutes")
    for lesson in chosen(names):
        found = sections(lesson)
        reading = sum(one.minutes for one in found if not one.is_exercise)
        exercises = sum(one.minutes for one in found if one.is_exercise)
        print(f"{lesson.stem:28}{reading:9.0f}{exercises:11.0f}{reading + exercises:7.0f}")
        if names:
            for one in found:
                print(f"    {one.title or '(before the first heading)':50}{one.minutes:6.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
