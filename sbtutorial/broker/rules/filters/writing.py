"""A condition as SQL text: what `reading` reads as the same tree.

In parentheses is what would be torn apart without them, and nothing else that people write bare.
"""

import re

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
    PropertyCall,
    Signed,
    SystemProperty,
)
from sbtutorial.broker.rules.filters.grammar import RESERVED

_PLAIN = re.compile(rf"(?!(?:{'|'.join(RESERVED)})\Z)[^\W\d_]\w*", re.IGNORECASE)
_ATOMS = ApplicationProperty | SystemProperty | Parameter | PropertyCall | NewId | Exists


def written(node: Node) -> str:
    """A node as SQL.

    Raises:
        TypeError: It is of no kind that can be written.
    """
    match node:
        case Constant(value):
            return _constant(value)
        case Parameter(name):
            return name
        case ApplicationProperty(name):
            return name if _PLAIN.fullmatch(name) else f"[{name.replace(']', ']]')}]"
        case SystemProperty(name):
            return f"sys.{name}"
        case PropertyCall(name):
            return f"property({written(name)})"
        case NewId():
            return "newid()"
        case Signed(sign, operand):
            return f"{sign}{_value(operand)}"
        case Arithmetic(symbol, left, right) | Comparison(symbol, left, right):
            return f"{_value(left)} {symbol} {_value(right)}"
        case Like(operand, pattern, escape):
            ending = f" ESCAPE {_value(escape)}" if escape else ""
            return f"{_value(operand)} LIKE {_value(pattern)}{ending}"
        case In(operand, choices):
            return f"{_value(operand)} IN ({', '.join(map(_value, choices))})"
        case IsNull(operand):
            return f"{_value(operand)} IS NULL"
        case Exists(operand):
            return f"EXISTS({written(operand)})"
        case Not(operand):
            return f"NOT {_condition(operand)}"
        case And(operands):
            return " AND ".join(map(_condition, operands))
        case Or(operands):
            return " OR ".join(map(_condition, operands))
    raise TypeError(f"{type(node).__name__} cannot be written")


def _value(node: Node) -> str:
    """A node where a value stands."""
    text = written(node)
    is_atom = isinstance(node, _ATOMS) or (isinstance(node, Constant) and text[0] != "-")
    return text if is_atom else f"({text})"


def _condition(node: Node) -> str:
    """A node among others that are put together by words."""
    return f"({written(node)})" if isinstance(node, And | Or | Not) else written(node)


def _constant(value: object) -> str:
    if value is None or isinstance(value, bool):
        return "NULL" if value is None else str(value).upper()
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)
