"""What a learner has done so far: checks tried and passed, predictions made.

It stays on this machine: a file of lines, each a note in JSON; a later note about the same thing
adds to the earlier one, and what it says again counts anew. Lines are only ever added, so that
notebooks may write at once. What cannot be kept or read is left out: no lesson stops for it.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from sbtutorial.errors import TutorialError
from sbtutorial.folders import for_owner_alone, learner_folder

PASSED = "passed"  # a check, by its exercise's name
TRIED = "tried"  # an exercise in vain: the `count`, and a `mark` of the last function
PREDICTED = "predicted"  # a question: what was `said`, and whether that was `right`
_FILE = "journal.jsonl"


class About(NamedTuple):
    """What a note is about.

    Attributes:
        kind: PASSED, TRIED or PREDICTED.
        name: The exercise, or the question.
        lesson: Its number, as "04"; "" when that is not known, or follows from the name.
    """

    kind: str
    name: str
    lesson: str = ""


Facts = Mapping[str, Any]


def note(kind: str, name: str, lesson: str = "", **facts: Any) -> None:
    """Keep something; what is known already is not written again.

    Args:
        kind: PASSED, TRIED or PREDICTED.
        name: The exercise, or the question.
        lesson: Its number.
        facts: What to keep of it: text, numbers, booleans, None.
    """
    about = About(kind, name, lesson)
    known = read().get(about)
    if known is not None and {**known, **facts} == known:
        return
    line = json.dumps({**about._asdict(), "facts": facts}, ensure_ascii=False)
    with (
        suppress(OSError, TutorialError),
        open(_path(), "a", encoding="utf-8", opener=for_owner_alone) as file,
    ):
        file.write(line + "\n")


def read() -> dict[About, Facts]:
    """All that is known, in the order in which it was first noted."""
    try:
        text = _path().read_text("utf-8", "replace")
    except (OSError, TutorialError):
        return {}
    known: dict[About, Facts] = {}
    for line in text.splitlines():
        with suppress(ValueError, KeyError, TypeError):  # half a line, of a process that was killed
            told = json.loads(line)
            about = About(str(told["kind"]), str(told["name"]), str(told["lesson"]))
            known[about] = {**known.get(about, {}), **told["facts"]}
    return known


def _path() -> Path:
    return learner_folder() / _FILE
