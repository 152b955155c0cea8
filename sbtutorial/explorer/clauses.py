"""Why a SQL condition says yes or no to a message: its clauses, each with what it has answered."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple
from uuid import uuid4

from sbtutorial.broker.rules.filters.errors import FilterError
from sbtutorial.broker.rules.filters.evaluation import Compiler
from sbtutorial.broker.rules.filters.expressions import (
    And,
    ApplicationProperty,
    Node,
    Or,
    SystemProperty,
)
from sbtutorial.broker.rules.filters.parameters import by_name
from sbtutorial.broker.rules.filters.properties import Properties
from sbtutorial.broker.rules.filters.reading import read_filter
from sbtutorial.broker.rules.filters.sql import SqlFilter
from sbtutorial.broker.rules.filters.values import show
from sbtutorial.broker.rules.filters.writing import written

_ANSWERS = {True: "yes", False: "no", None: "unknown"}


class Clause(NamedTuple):
    """One condition, and what it says of a message.

    Attributes:
        sql: As it is written.
        answer: "yes", "no", "unknown" (which counts as no), or what has failed.
        because: What the message has in the properties that it asks for.
    """

    sql: str
    answer: str
    because: str


def clauses_of(filter: SqlFilter, message: Properties) -> list[Clause]:
    """The clauses on which the filter's answer rests: of an AND those that said no, for example."""
    compiler = Compiler(by_name(filter.parameters), uuid4)
    return list(_deciding(read_filter(filter.expression), compiler, message))


def _deciding(node: Node, compiler: Compiler, message: Properties) -> Iterator[Clause]:
    """The smallest conditions that made a whole what it is."""
    if isinstance(node, And | Or):
        answers = [(part, _answer(part, compiler, message)) for part in node.operands]
        decisive = isinstance(node, Or)
        parts = [part for part, answer in answers if answer is decisive]
        if isinstance(node, And):
            parts = parts or [part for part, answer in answers if answer is not True]
        for part in parts or node.operands:
            yield from _deciding(part, compiler, message)
        return
    answer = _answer(node, compiler, message)
    said = answer if isinstance(answer, str) else _ANSWERS[answer]
    yield Clause(written(node), said, _because(node, compiler, message))


def _answer(node: Node, compiler: Compiler, message: Properties) -> bool | str | None:
    try:
        return compiler.condition(node)(message)
    except FilterError as error:
        return f"fails: {error.message}"


def _because(node: Node, compiler: Compiler, message: Properties) -> str:
    found: Mapping[str, object] = {
        written(part): compiler.value(part)(message) for part in _properties(node)
    }
    return ", ".join(
        f"{name} is {'missing' if value is None else show(value)}" for name, value in found.items()
    )


def _properties(node: Node) -> Iterator[Node]:
    if isinstance(node, ApplicationProperty | SystemProperty):
        yield node
    for part in node.parts():
        yield from _properties(part)
