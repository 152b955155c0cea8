"""What may stand where in a filter or an action, beyond what the grammar says."""

from types import NoneType
from typing import cast

from sbtutorial.broker.rules.filters.expressions import (
    ApplicationProperty,
    Arithmetic,
    Constant,
    NewId,
    Node,
    Signed,
    SystemProperty,
)
from sbtutorial.broker.rules.filters.properties import SYSTEM_PROPERTIES, system_name

# Those that a sender can set; Azure documents no list.
SETTABLE = (
    "ContentType",
    "CorrelationId",
    "Label",
    "MessageId",
    "PartitionKey",
    "ReplyTo",
    "ReplyToSessionId",
    "ScheduledEnqueueTimeUtc",
    "SessionId",
    "TimeToLive",
    "To",
)
_NEVER_CONDITIONS = (Arithmetic, Signed, NewId)


class Misread(Exception):
    """A text that is no filter or action, and the place that shows it.

    Attributes:
        position: Where in the text, in characters from 0.
        problem: What is wrong there; no capital, no full stop.
        remedy: What to write instead, as a sentence; may be empty.
    """

    def __init__(self, position: int, problem: str, remedy: str = ""):
        super().__init__(problem)
        self.position = position
        self.problem = problem
        self.remedy = remedy


def known_system_property(name: str, position: int) -> str:
    """The system property that is meant.

    Raises:
        Misread: When there is none.
    """
    known = system_name(name)
    if known is None:
        raise Misread(
            position,
            f"there is no system property {name}",
            f"The system properties are {', '.join(SYSTEM_PROPERTIES)}. "
            "A property of your own has no sys. before its name.",
        )
    return known


def check_condition(node: Node, position: int) -> None:
    """Refuse what can be neither true nor false.

    Raises:
        Misread: For numbers, texts and arithmetic.
    """
    is_value = isinstance(node, Constant) and type(node.value) not in (bool, NoneType)
    if is_value or isinstance(node, _NEVER_CONDITIONS):
        raise Misread(
            position,
            "a condition is needed, and this is a value",
            "Compare it with something, for example: quantity > 10",
        )


def check_value(node: Node, position: int) -> None:
    """Refuse a condition where a value must stand.

    Raises:
        Misread: For a comparison, and what is made of comparisons.
    """
    if node.is_condition:
        raise Misread(
            position,
            "a value is needed, and this is a condition",
            "Join conditions with AND and OR, and use arithmetic and comparisons on values.",
        )


def settable(target: Node, position: int) -> ApplicationProperty | SystemProperty:
    """The property that an action changes.

    Raises:
        Misread: When it is a system property that only the broker sets.
    """
    if isinstance(target, SystemProperty) and target.name not in SETTABLE:
        raise Misread(
            position,
            f"sys.{target.name} cannot be changed",
            f"The system properties that can be are {', '.join(SETTABLE)}.",
        )
    return cast("ApplicationProperty | SystemProperty", target)
