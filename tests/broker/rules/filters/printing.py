"""Nodes back into text, with every parenthesis, to be read again."""

from collections.abc import Iterable

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
    PropertyCall,
    Signed,
    SystemProperty,
)


def text_of(node: Node) -> str:
    match node:
        case Constant(value):
            return constant(value)
        case ApplicationProperty(name):
            return "user.[" + name.replace("]", "]]") + "]"
        case SystemProperty(name):
            return f"sys.{name}"
        case PropertyCall(name):
            return f"property({text_of(name)})"
        case NewId():
            return "newid()"
        case Signed(sign, operand):
            return f"({sign}{text_of(operand)})"
        case Arithmetic(symbol, left, right) | Comparison(symbol, left, right):
            return f"({text_of(left)} {symbol} {text_of(right)})"
        case Like(operand, pattern, escape):
            ending = f" ESCAPE {text_of(escape)}" if escape else ""
            return f"({text_of(operand)} LIKE {text_of(pattern)}{ending})"
        case In(operand, choices):
            return f"({text_of(operand)} IN ({joined(', ', choices)}))"
        case IsNull(operand):
            return f"({text_of(operand)} IS NULL)"
        case Exists(operand):
            return f"EXISTS({text_of(operand)})"
        case Not(operand):
            return f"(NOT {text_of(operand)})"
        case And(operands):
            return f"({joined(' AND ', operands)})"
        case Or(operands):
            return f"({joined(' OR ', operands)})"
    raise AssertionError(node)


def joined(between: str, nodes: Iterable[Node]) -> str:
    return between.join(text_of(node) for node in nodes)


def constant(value: object) -> str:
    if value is None or isinstance(value, bool):
        return "NULL" if value is None else str(value).upper()
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)
