"""What a SQL expression consists of. `reading.py` builds it, `evaluation.py` compiles it.

A condition is true, false or unknown; everything else is a value. A property or a function may be
either, as its value decides.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Node:
    """A part of an expression."""

    is_condition: ClassVar[bool] = False

    def parts(self) -> Iterator["Node"]:
        """The nodes directly below."""
        for each in fields(self):
            value = getattr(self, each.name)
            for part in value if isinstance(value, tuple) else (value,):
                if isinstance(part, Node):
                    yield part


@dataclass(frozen=True, slots=True)
class Predicate(Node):
    """A node that can only be true, false or unknown."""

    is_condition: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Constant(Node):
    """A value as it is written. None is NULL."""

    value: object


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    """`@name`: a constant that comes beside the text, which has it at `position`."""

    name: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class ApplicationProperty(Node):
    """`color`, `user.color`, `[color]`."""

    name: str


@dataclass(frozen=True, slots=True)
class SystemProperty(Node):
    """`sys.Label`, by its name in `SYSTEM_PROPERTIES`."""

    name: str


@dataclass(frozen=True, slots=True)
class PropertyCall(Node):
    """`property(expression)`: a property whose name is computed."""

    name: Node


@dataclass(frozen=True, slots=True)
class NewId(Node):
    """`newid()`: another UUID each time."""


Property = ApplicationProperty | SystemProperty | PropertyCall


@dataclass(frozen=True, slots=True)
class Signed(Node):
    """`-x`, `+x`."""

    sign: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """`left + right`, and so on."""

    symbol: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Comparison(Predicate):
    """`left = right`, and so on."""

    symbol: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Like(Predicate):
    """`operand LIKE pattern ESCAPE escape`."""

    operand: Node
    pattern: Node
    escape: Node | None = None
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class In(Predicate):
    """`operand IN (choices)`."""

    operand: Node
    choices: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class IsNull(Predicate):
    """`operand IS NULL`: missing, or there without a value."""

    operand: Property


@dataclass(frozen=True, slots=True)
class Exists(Predicate):
    """`EXISTS(operand)`."""

    operand: Property


@dataclass(frozen=True, slots=True)
class Not(Predicate):
    """`NOT operand`; also what `x NOT IN`, `NOT LIKE` and `IS NOT NULL` stand for."""

    operand: Node


@dataclass(frozen=True, slots=True)
class And(Predicate):
    """Two or more conditions that must hold."""

    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or(Predicate):
    """Two or more conditions of which one must hold."""

    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Set:
    """`SET target = value`, in an action."""

    target: ApplicationProperty | SystemProperty
    value: Node


@dataclass(frozen=True, slots=True)
class Remove:
    """`REMOVE target`, in an action."""

    target: ApplicationProperty | SystemProperty


Statement = Set | Remove
