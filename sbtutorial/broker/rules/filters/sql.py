"""SQL filters: a condition on a message's properties, as text.

Source: Azure Service Bus, "Subscription Rule SQL Filter Syntax".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID, uuid4

from sbtutorial.broker.rules.filters.parameters import by_name
from sbtutorial.broker.rules.filters.properties import Properties

if TYPE_CHECKING:
    from sbtutorial.broker.rules.filters.logic import Truth

NO_PARAMETERS: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class SqlFilter:
    """A condition that was read and compiled; two are equal when their texts and parameters are.

    Make one with `parse_filter`.

    Attributes:
        kind: How it counts against a topic's limits.
        expression: The text as it was given.
        parameters: The values of its `@names`, as they were given.
    """

    kind: ClassVar[str] = "sql"

    expression: str
    parameters: Mapping[str, object] = field(hash=False)
    _condition: "Truth" = field(compare=False, repr=False)

    def matches(self, message: Properties) -> bool:
        """Whether the condition is true of the message, neither false nor unknown.

        Raises:
            FilterError: When the condition cannot be evaluated, as for a division by zero.
        """
        return self._condition(message) is True

    def with_ids(self, new_id: Callable[[], UUID]) -> "SqlFilter":
        """The same filter, whose `newid()` has its UUIDs from here."""
        if "newid" not in self.expression.lower():
            return self
        return parse_filter(self.expression, self.parameters, new_id=new_id)


def parse_filter(
    text: str,
    parameters: Mapping[str, object] = NO_PARAMETERS,
    *,
    new_id: Callable[[], UUID] = uuid4,
) -> SqlFilter:
    """A filter from its text, checked, so that only a message can make it fail later.

    Args:
        text: For example `color = 'blue' AND quantity > @least`.
        parameters: Values by name, with the @ or without it.
        new_id: What `newid()` returns.

    Raises:
        BrokerError: ARGUMENT_ERROR, with line and column, what was expected and a remedy.
    """
    # Most brokers never see SQL: its nodes, compiler and grammar wait for the first text.
    from sbtutorial.broker.rules.filters.conditions import compiled_filter

    return SqlFilter(text, dict(parameters), compiled_filter(text, by_name(parameters), new_id))
