"""From what the parser has recognised to nodes, and what the grammar alone cannot refuse.

The parser calls a method of `Builder` for each rule of the grammar, with the tokens and the nodes
that the rule consists of, innermost first; nothing here is recursive.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, cast

from sbtutorial.broker.rules.filters.checks import (
    Misread,
    check_condition,
    check_value,
    known_system_property,
    settable,
)
from sbtutorial.broker.rules.filters.expressions import (
    And,
    ApplicationProperty,
    Arithmetic,
    Comparison,
    Constant,
    Exists,
    In,
    IsNull,
    Like,
    NewId,
    Node,
    Not,
    Or,
    Parameter,
    Property,
    PropertyCall,
    Remove,
    Set,
    Signed,
    Statement,
    SystemProperty,
)
from sbtutorial.broker.rules.filters.values import INT64_MAX, negate

_WORDS = {"TRUE": True, "FALSE": False, "NULL": None}
_ARGUMENT_COUNTS = {"newid": 0, "property": 1, "p": 1}


class Token(Protocol):
    """A piece of the text, as the lexer gives it: a str with a type and a place."""

    type: str
    start_pos: int

    def lower(self) -> str:
        """As of a str."""
        ...


Part = Node | Token


class Builder:
    """One method for each rule of the grammar."""

    def filter(self, parts: Sequence[Part]) -> Node:
        """A whole filter."""
        (node,) = _nodes(parts)
        check_condition(node, 0)
        return node

    def action(self, parts: Sequence[Statement]) -> list[Statement]:
        """The first statement of an action."""
        return list(parts)

    def further_action(self, parts: Sequence[object]) -> list[Statement]:
        """Each statement after it."""
        statements, statement = cast("tuple[list[Statement], Statement]", tuple(parts))
        statements.append(statement)
        return statements

    def set(self, parts: Sequence[Part]) -> Set:
        """`SET property = value`."""
        place = _first_position(parts)
        target, value = _nodes(parts)
        check_value(value, place)
        return Set(settable(target, place), value)

    def remove(self, parts: Sequence[Part]) -> Remove:
        """`REMOVE property`."""
        (target,) = _nodes(parts)
        return Remove(settable(target, _first_position(parts)))

    def disjunction(self, parts: Sequence[Part]) -> Node:
        """`a OR b OR c`."""
        return Or(_conditions(parts))

    def conjunction(self, parts: Sequence[Part]) -> Node:
        """`a AND b AND c`."""
        return And(_conditions(parts))

    def negation(self, parts: Sequence[Part]) -> Node:
        """`NOT a`."""
        return Not(*_conditions(parts))

    def comparison(self, parts: Sequence[Part]) -> Node:
        """`a = b`, `a < b`."""
        return Comparison(str(parts[1]), *_values(parts))

    def membership(self, parts: Sequence[Part]) -> Node:
        """`a IN (b, c)`, `a NOT IN (b, c)`."""
        operand, *choices = _values(parts)
        return _negated(In(operand, tuple(choices)), parts)

    def likeness(self, parts: Sequence[Part]) -> Node:
        """`a LIKE 'b%' ESCAPE '!'`."""
        operand, pattern, *escape = _values(parts)
        place = _first_position(parts)
        like = Like(operand, pattern, escape[0] if escape else None, position=place)
        return _negated(like, parts)

    def nullness(self, parts: Sequence[Part]) -> Node:
        """`a IS NULL`."""
        return _negated(IsNull(_property(parts, "IS NULL")), parts)

    def existence(self, parts: Sequence[Part]) -> Node:
        """`EXISTS(a)`."""
        return Exists(_property(parts, "EXISTS"))

    def arithmetic(self, parts: Sequence[Part]) -> Node:
        """`a + b`, `a * b`."""
        return Arithmetic(str(parts[1]), *_values(parts))

    def signed(self, parts: Sequence[Part]) -> Node:
        """`-a`; a constant takes its sign at once."""
        sign = str(parts[0])
        (operand,) = _values(parts)
        if isinstance(operand, Constant) and type(operand.value) in (int, float):
            return Constant(negate(operand.value) if sign == "-" else operand.value)
        return Signed(sign, operand)

    def constant(self, parts: Sequence[Token]) -> Node:
        """`5`, `'text'`, `TRUE`, `NULL`."""
        (token,) = parts
        if token.type == "TEXT":
            return Constant(_unquoted(token))
        return _number(token) if token.type == "NUMBER" else Constant(_WORDS[token.type])

    def parameter(self, parts: Sequence[Token]) -> Node:
        """`@name`."""
        return Parameter(str(parts[0]), position=parts[0].start_pos)

    def property(self, parts: Sequence[Token]) -> Node:
        """`a`, `user.a`, `sys.Label`, `[a b]`."""
        *scope, name = parts
        text = str(name) if name.type == "NAME" else _unquoted(name)
        if not scope or scope[0].lower() == "user":
            return ApplicationProperty(text)
        if scope[0].lower() != "sys":
            raise Misread(
                scope[0].start_pos,
                f"'{scope[0]}' is no scope; a scope is sys or user",
                f"Write [{scope[0]}.{text}] for a property whose name has a dot in it.",
            )
        return SystemProperty(known_system_property(text, scope[0].start_pos))

    def call(self, parts: Sequence[Part]) -> Node:
        """`newid()`, `property(a)`."""
        function = cast("Token", parts[0])
        arguments = _values(parts)
        name = function.lower()
        if name not in _ARGUMENT_COUNTS:
            raise Misread(
                function.start_pos,
                f"there is no function {function}()",
                "The functions are newid(), property(name) and p(name).",
            )
        if len(arguments) != _ARGUMENT_COUNTS[name]:
            raise Misread(
                function.start_pos,
                f"{function}() takes {_ARGUMENT_COUNTS[name]} arguments and is given "
                f"{len(arguments)}",
            )
        return PropertyCall(arguments[0]) if arguments else NewId()


def _property(parts: Sequence[Part], asking: str) -> Property:
    (node,) = _nodes(parts)
    if not isinstance(node, Property):
        raise Misread(
            _first_position(parts),
            f"{asking} asks about a property, and this is none",
            "Name one: color, sys.Label, [a name with spaces].",
        )
    return node


def _negated(node: Node, parts: Sequence[Part]) -> Node:
    return Not(node) if any(token.type == "NOT" for token in _tokens(parts)) else node


def _conditions(parts: Sequence[Part]) -> tuple[Node, ...]:
    place, nodes = _first_position(parts), tuple(_nodes(parts))
    for node in nodes:
        check_condition(node, place)
    return nodes


def _values(parts: Sequence[Part]) -> tuple[Node, ...]:
    nodes = tuple(_nodes(parts))
    for node in nodes:
        check_value(node, _first_position(parts))
    return nodes


def _nodes(parts: Iterable[Part]) -> Iterator[Node]:
    return (part for part in parts if isinstance(part, Node))


def _tokens(parts: Iterable[Part]) -> Iterator[Token]:
    return (part for part in parts if not isinstance(part, Node))


def _first_position(parts: Sequence[Part]) -> int:
    return next(_tokens(parts)).start_pos


def _unquoted(token: Token) -> str:
    """What is between the quotes or brackets, of which the closing one is doubled inside."""
    text = str(token)
    return text[1:-1].replace(text[-1] * 2, text[-1])


def _number(token: Token) -> Constant:
    text = str(token)
    value = int(text) if text.isdecimal() else float(text)
    if value > INT64_MAX if isinstance(value, int) else math.isinf(value):
        raise Misread(
            token.start_pos,
            f"{text} is too large; a whole number has 64 bits",
            "Write it with a decimal point to have it as a floating-point number.",
        )
    return Constant(value)
