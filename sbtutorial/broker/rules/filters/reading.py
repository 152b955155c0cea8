"""Reads the text of a filter or an action with lark, and says in words what it cannot read."""

import re
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from sbtutorial.broker.errors import BrokerError
from sbtutorial.broker.rules.filters.building import Builder
from sbtutorial.broker.rules.filters.checks import Misread
from sbtutorial.broker.rules.filters.errors import refusal
from sbtutorial.broker.rules.filters.expressions import Node, Set, Statement
from sbtutorial.broker.rules.filters.grammar import GRAMMAR, RESERVED, STARTS

if TYPE_CHECKING:
    from lark import Lark, UnexpectedInput

MAX_CHARS = 1024
MAX_DEPTH = 100
MAX_STATEMENTS = 32

_EXCERPT_CHARS = 30

# What fits at a place, in words, unless one of the last has been said.
_EXPECTATIONS: tuple[tuple[str, str, frozenset[str]], ...] = (
    ("SET", "SET or REMOVE", frozenset()),
    ("NUMBER", "a value (a property, a number, 'text', @parameter)", frozenset()),
    ("QUOTED", "a property", frozenset({"NUMBER"})),
    ("UNEQUAL", "a comparison (= <> < > LIKE IN, IS NULL)", frozenset()),
    ("EQUALS", "=", frozenset({"UNEQUAL"})),
    ("IN", "IN or LIKE", frozenset({"UNEQUAL"})),
    ("NULL", "NULL", frozenset({"NUMBER"})),
    ("AND", "AND or OR", frozenset({"UNEQUAL"})),
    ("COMMA", "a comma", frozenset()),
    ("LPAR", "an opening parenthesis", frozenset({"NUMBER", "UNEQUAL"})),
    ("RPAR", "a closing parenthesis", frozenset()),
    ("$END", "the end", frozenset()),
)

# What people write who know another language; looked for where reading stopped.
_REMEDIES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), remedy)
    for pattern, remedy in (
        (r"'", "The text has no closing quote; a quote inside a text is written twice: 'it''s'."),
        (r'"', "The name has no closing quote, or is empty. A text stands in single quotes."),
        (r"\[", "The name has no closing bracket, or is empty."),
        (r"(?<==)=|==", "One = compares."),
        (r"&&?", "Write AND."),
        (r"\|\|?", "Write OR."),
        (r"!", "Write NOT, or <> for unequal."),
        (r"BETWEEN\b", "There is no BETWEEN: write x >= 1 AND x <= 9."),
        (r"[‘’“”´`]", "A text stands in straight single quotes: 'text'."),
        (r"@", "A parameter is @ and a name that begins with a letter."),
        (r"[_$]", "Write [a name] in brackets when it does not begin with a letter."),
        (r"(?<!\w)\.|(?<=\w)[.-]", "Write [a-name.like.this] in brackets."),
        (rf"({'|'.join(RESERVED)})\b", "A property of that name is written in brackets: [{0}]."),
    )
)


def read_filter(text: str) -> Node:
    """The condition that a filter's text means.

    Raises:
        BrokerError: ARGUMENT_ERROR, with the place, what was expected there and a remedy.
    """
    node = cast("Node", _read("filter", text))
    _check_depth("filter", [node])
    return node


def read_action(text: str) -> list[Statement]:
    """The statements that an action's text means.

    Raises:
        BrokerError: As `read_filter`.
    """
    statements = cast("list[Statement]", _read("action", text))
    if len(statements) > MAX_STATEMENTS:
        raise refusal(
            f"The action has {len(statements)} statements; {MAX_STATEMENTS} are allowed. "
            "Put some of them into another rule."
        )
    _check_depth("action", [each.value for each in statements if isinstance(each, Set)])
    return statements


def misread(what: str, text: str, error: Misread) -> BrokerError:
    """The refusal of a text, with its line and column."""
    before = text[: error.position]
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1
    excerpt = text[error.position : error.position + _EXCERPT_CHARS].strip()
    at = f"at `{excerpt}`" if excerpt else "at its end"
    sentence = f"The {what} cannot be read {at} (line {line}, column {column}): {error.problem}."
    return refusal(f"{sentence} {error.remedy}".rstrip())


def _read(what: str, text: str) -> object:
    _check_length(what, text)
    from lark import UnexpectedInput

    try:
        return _parser().parse(text, start=what)
    except Misread as error:
        raise misread(what, text, error) from None
    except UnexpectedInput as error:
        raise misread(what, text, _explain(text, error)) from None


@cache
def _parser() -> "Lark":
    # Costs a tenth of a second, so it waits for the first SQL rule.
    from lark import Lark

    return Lark(GRAMMAR, parser="lalr", start=list(STARTS), transformer=cast("Any", Builder()))


def _explain(text: str, error: "UnexpectedInput") -> Misread:
    token = getattr(error, "token", None)
    is_end = token is not None and token.type == "$END"
    position = len(text) if is_end else (error.pos_in_stream or 0)
    accepted = error.interactive_parser.accepts()  # type: ignore[no-untyped-call]
    expected = [
        words
        for terminal, words, said in _EXPECTATIONS
        if terminal in accepted and not said & accepted
    ]
    problem = f"{', or '.join(expected)} is expected"
    return Misread(position, problem, "" if is_end else _remedy(text, position))


def _remedy(text: str, position: int) -> str:
    for pattern, remedy in _REMEDIES:
        if found := pattern.match(text, position):
            return remedy.format(found.group())
    return ""


def _check_length(what: str, text: str) -> None:
    if not text.strip():
        example = "1=1 takes every message" if what == "filter" else "SET color = 'blue' is one"
        raise refusal(f"The {what} is empty. Write one; {example}.")
    if len(text) > MAX_CHARS:
        raise refusal(
            f"The {what} has {len(text)} characters; {MAX_CHARS} are allowed. Make it shorter, "
            "for example by several rules."
        )


def _check_depth(what: str, nodes: list[Node]) -> None:
    """Level by level, so that nothing here is as deep as what it measures."""
    depth = 0
    while nodes:
        nodes = [part for node in nodes for part in node.parts()]
        depth += 1
    if depth > MAX_DEPTH:
        raise refusal(
            f"The {what} is nested {depth} levels deep; {MAX_DEPTH} are allowed. Join conditions "
            "with AND, OR and IN (...), and let each rule say less."
        )
