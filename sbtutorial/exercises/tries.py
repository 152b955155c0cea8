"""How often somebody has tried an exercise in vain: with another answer each time."""

import hashlib
import inspect
from types import CodeType

from sbtutorial.exercises.forms import code_of, function_in
from sbtutorial.lab import journal
from sbtutorial.lab.journal import TRIED, About


def count(exercise: str, source: str) -> int:
    """Note a try that failed; returns how many there are by now.

    The same answer checked again is no further try. What is noted of it is a checksum.

    Args:
        exercise: Its name.
        source: Of the answer.
    """
    known = journal.read().get(About(TRIED, exercise), {})
    before, mark = known.get("count", 0), _mark(source)
    if known.get("mark") == mark:
        return int(before)
    journal.note(TRIED, exercise, count=before + 1, mark=mark)
    return int(before) + 1


def _mark(source: str) -> str:
    return hashlib.sha256(source.encode("utf-8", "replace")).hexdigest()[:16]


def source_of(answer: object) -> str:
    """What makes a function another one: its source, or what that became."""
    try:
        return inspect.getsource(function_in(answer))
    except (OSError, TypeError):
        code = code_of(answer)
        return repr(answer) if code is None else _parts(code)


def _parts(code: CodeType) -> str:
    constants = (_parts(one) if inspect.iscode(one) else repr(one) for one in code.co_consts)
    return repr((code.co_code, code.co_names, [*constants]))
