"""What the statements of an action do to a copy of a message.

Source: Azure Service Bus, "Subscription Rule SQL Action Syntax".
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

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
from sbtutorial.broker.rules.filters.properties import (
    MISSING,
    ApplicationProperties,
    Properties,
    application_name,
)
from sbtutorial.broker.rules.filters.reading import misread, read_action
from sbtutorial.broker.rules.filters.values import Kind, kind_of, show, to_text

# What an action makes of a message: all application properties, and the system properties that
# change.
Edit = Callable[[Properties], tuple[Mapping[str, object], Mapping[str, object]]]

# A system property that is no text: its type, in words, and what a text must look like.
_SYSTEM_TYPES: dict[str, tuple[type, str, Callable[[str], object]]] = {
    "TimeToLive": (timedelta, "a duration", parse_duration),
    "ScheduledEnqueueTimeUtc": (datetime, "a date", parse_instant),
}
_WIDENINGS: dict[tuple[Kind, Kind], type] = {
    (Kind.INTEGER, Kind.DOUBLE): float,
    (Kind.INTEGER, Kind.DECIMAL): Decimal,
}


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


def compiled_action(
    text: str, parameters: Mapping[str, object], new_id: Callable[[], UUID]
) -> Edit:
    """What the statements of a text make of a message, one after the other; it stays as it is.

    Args:
        text: The statements.
        parameters: The value of each `@name`.
        new_id: What `newid()` returns.

    Raises:
        BrokerError: ARGUMENT_ERROR, with line and column, what was expected and a remedy.
    """
    compiler = Compiler(parameters, new_id)
    statements = read_action(text)
    try:
        steps = tuple(_step(statement, compiler) for statement in statements)
    except Misread as error:
        raise misread("action", text, error) from None

    def edit(message: Properties) -> tuple[Mapping[str, object], Mapping[str, object]]:
        copy = _Copy(message)
        for step in steps:
            step(copy)
        return copy.application, copy.system_edits

    return edit


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
