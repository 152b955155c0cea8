"""SQL actions: what a rule changes on its copy of a message.

Source: Azure Service Bus, "Subscription Rule SQL Action Syntax".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sbtutorial.broker.rules.filters.parameters import by_name
from sbtutorial.broker.rules.filters.properties import Properties
from sbtutorial.broker.rules.filters.sql import NO_PARAMETERS

if TYPE_CHECKING:
    from sbtutorial.broker.rules.filters.statements import Edit


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


@dataclass(frozen=True, slots=True)
class SqlAction:
    """Statements that were read and compiled; make one with `parse_action`.

    Attributes:
        expression: The text as it was given.
        parameters: The values of its `@names`, as they were given.
    """

    expression: str
    parameters: Mapping[str, object] = field(hash=False)
    _edit: "Edit" = field(compare=False, repr=False)

    def apply(self, message: Properties) -> Edits:
        """What the statements make of it, one after the other; the message stays as it is.

        Raises:
            FilterError: When a statement cannot be computed, or its value does not fit.
        """
        return Edits(*self._edit(message))

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
    # See `parse_filter`.
    from sbtutorial.broker.rules.filters.statements import compiled_action

    return SqlAction(text, dict(parameters), compiled_action(text, by_name(parameters), new_id))
