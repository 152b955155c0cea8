"""SQL actions: what a rule changes on its copy of a message.

Source: Azure Service Bus, "Subscription Rule SQL Action Syntax".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from sbtutorial.broker.rules.filters.checks import Misread
from sbtutorial.broker.rules.filters.conversion import (
    converted,
    parse_duration,
    parse_instant,
)
from sbtutorial.broker.rules.filters.errors import FilterError
from sbtutorial.broker.rules.filters.evaluation import Compiler
from sbtutorial.broker.rules.filters.expressions import (
    ApplicationProperty,
    Set,
    Statement,
    SystemProperty,
)
from sbtutorial.broker.rules.filters.logic import Value
from sbtutorial.broker.rules.filters.parameters import by_name
from sbtutorial.broker.rules.filters.properties import (
    MISSING,
    ApplicationProperties,
    Properties,
    application_name,
)
from sbtutorial.broker.rules.filters.reading import misread, read_action
from sbtutorial.broker.rules.filters.sql import NO_PARAMETERS
from sbtutorial.broker.rules.filters.values import Kind, kind_of, show, to_text

# A system property that is no text: its type, in words, and what a text must look like.
_SYSTEM_TYPES: dict[str, tuple[type, str, Callable[[str], object]]] = {
    "TimeToLive": (timedelta, "a duration", parse_duration),
    "ScheduledEnqueueTimeUtc": (datetime, "a date", parse_instant),
}
_WIDENINGS: dict[tuple[Kind, Kind], type] = {
    (Kind.INTEGER, Kind.DOUBLE): float,
    (Kind.INTEGER, Kind.DECIMAL): Decimal,
}


@dataclass(frozen=True, slots=True)
class Edits:
    """What an action makes of the properties of one message.

    Attributes:
        application: All application properties of the copy.
        system: The system properties that change, by their names in `SETTABLE`; `MISSING` for one
            that the copy does not have.
    """

    application: Mapping[str, object]
    system: Mapping[str, object]


class _Copy:
    """A message with changes, which the statements that follow see."""

    def __init__(self, message: Properties):
        self._message = message
        self.application = ApplicationProperties(message.application)
        self.system_edits: dict[str, object] = {}

    def system(self, name: str) -> object:
        edited = self.system_edits.get(name)
        return self._message.system(name) if edited is None else edited

    def set(self, target: ApplicationProperty | SystemProperty, value: object) -> None:
        if isinstance(target, SystemProperty):
            self.system_edits[target.name] = _as_system(target.name, value)
        else:
            name = application_name(self.application, target.name) or target.name
            self.application[name] = _as_before(self.application.get(name), value)

    def remove(self, target: ApplicationProperty | SystemProperty) -> None:
        if isinstance(target, SystemProperty):
            self.system_edits[target.name] = MISSING
        elif name := application_name(self.application, target.name):
            del self.application[name]


_Step = Callable[[_Copy], None]


@dataclass(frozen=True, slots=True)
class SqlAction:
    """Statements that were read and compiled; make one with `parse_action`.

    Attributes:
        expression: The text as it was given.
        parameters: The values of its `@names`, as they were given.
    """

    expression: str
    parameters: Mapping[str, object] = field(hash=False)
    _steps: tuple[_Step, ...] = field(compare=False, repr=False)

    def apply(self, message: Properties) -> Edits:
        """What the statements make of it, one after the other; the message stays as it is.

        Raises:
            FilterError: When a statement cannot be computed, or its value does not fit.
        """
        copy = _Copy(message)
        for step in self._steps:
            step(copy)
        return Edits(copy.application, copy.system_edits)

    def with_ids(self, new_id: Callable[[], UUID]) -> "SqlAction":
        """The same action, whose `newid()` has its UUIDs from here."""
        if "newid" not in self.expression.lower():
            return self
        return parse_action(self.expression, self.parameters, new_id=new_id)


def parse_action(
    text: str,
    parameters: Mapping[str, object] = NO_PARAMETERS,
    *,
    new_id: Callable[[], UUID] = uuid4,
) -> SqlAction:
    """An action from its text, checked as `parse_filter` checks a filter.

    Args:
        text: For example `SET quantity = quantity / 2; REMOVE priority`.
        parameters: Values by name, with the @ or without it.
        new_id: What `newid()` returns.

    Raises:
        BrokerError: ARGUMENT_ERROR, with line and column, what was expected and a remedy.
    """
    compiler = Compiler(by_name(parameters), new_id)
    statements = read_action(text)
    try:
        steps = tuple(_step(statement, compiler) for statement in statements)
    except Misread as error:
        raise misread("action", text, error) from None
    return SqlAction(text, dict(parameters), steps)


def _step(statement: Statement, compiler: Compiler) -> _Step:
    target = statement.target
    if not isinstance(statement, Set):
        return lambda copy: copy.remove(target)
    value: Value = compiler.value(statement.value)
    return lambda copy: copy.set(target, value(copy))


def _as_system(name: str, value: object) -> object:
    """The value in the type that the system property has; a value that is not known removes it."""
    if value is None:
        return MISSING
    if name not in _SYSTEM_TYPES:
        return to_text(value)
    cls, words, parse = _SYSTEM_TYPES[name]
    fitting = parse(value) if isinstance(value, str) else value
    if isinstance(fitting, timedelta) and fitting <= timedelta(0):
        raise FilterError(f"sys.{name} cannot be set to {show(value)}: nothing lives so short.")
    if isinstance(fitting, cls):
        return fitting
    raise FilterError(
        f"sys.{name} cannot be set to {show(value)}: it is {words}. Use a parameter of that type."
    )


def _as_before(before: object, value: object) -> object:
    """The value in the type that the property has had: a text must be convertible.

    A number is widened where no part of it is lost; any other value brings its own type.
    """
    if isinstance(value, str) and not isinstance(before, str):
        return converted(value, before)
    widen = _WIDENINGS.get((kind_of(type(value)), kind_of(type(before))))
    return value if widen is None else widen(value)
