"""A day as lines of text: a row for each who works, from the first step to the last.

shop     •••••✗•••••••~••••
kitchen                    ••••••~!•••      ••
till                                  ••✗•••
broker                              ☇      »
                                      ▲ the first broken promise
"""

from collections.abc import Iterator, Sequence
from math import ceil

from sbtutorial.attacks.plan import Harm
from sbtutorial.attacks.steps import BROKER, Account, Step, What

COLUMNS = 64
BROKEN = "▲"
# What a column shows of its steps: the first of these that is there.
MARKS = {"✗": "killed", "!": "failed, and started again", "~": "hit", "•": "work", "»": "later"}
_MARK_OF = {
    What.KILLED: "✗",
    What.SILENT: "!",
    What.FAILED: "!",
    What.HARMED: "~",
    What.LATER: "»",
    What.WENT_HOME: " ",
}


def mark_of(step: Step) -> str:
    """The character of a step."""
    return _MARK_OF.get(step.what, "•")


def row_of(step: Step) -> str:
    """Whose row it stands in: what befalls the broker stands in the broker's."""
    if step.what is What.HARMED and step.detail == Harm.BREAK:
        return BROKER
    return step.role


def text_timeline(account: Account, roles: Sequence[str], broken_at: int) -> list[str]:
    """The rows, and a legend.

    Args:
        account: The day's.
        roles: Whose rows there are beside the broker's.
        broken_at: The step of the first broken promise; 0 for none.
    """
    width = max(map(len, (*roles, BROKER))) + 2
    per_column = max(ceil(account.last / COLUMNS), 1)
    rows = [
        f"{role:{width}}{_row(account.steps, role, per_column)}".rstrip()
        for role in (*roles, BROKER)
    ]
    used = {mark for row in rows for mark in row[width:]}
    legend = "  ".join(f"{mark} {words}" for mark, words in MARKS.items() if mark in used)
    pointer = _pointer(account, width, per_column, broken_at)
    return [*rows, *pointer, *(["", legend] if legend else [])]


def _row(steps: Sequence[Step], role: str, per_column: int) -> str:
    columns: dict[int, set[str]] = {}
    for step in steps:
        if row_of(step) == role:
            columns.setdefault((step.number - 1) // per_column, set()).add(_shown(step))
    last = max(columns, default=-1)
    return "".join(_first_of(columns.get(column, set())) for column in range(last + 1))


def _shown(step: Step) -> str:
    return "✗" if row_of(step) == BROKER and step.what is What.HARMED else mark_of(step)


def _first_of(marks: set[str]) -> str:
    return next((mark for mark in MARKS if mark in marks), " ")


def _pointer(account: Account, width: int, per_column: int, broken_at: int) -> Iterator[str]:
    if broken_at:
        column = (min(broken_at, account.last + 1) - 1) // per_column
        words = f"{BROKEN} the first broken promise"
        at = width + column
        if column > COLUMNS // 2:
            words = f"the first broken promise {BROKEN}"
            at -= len(words) - 1
        yield " " * at + words
