"""From the text of a SQL filter to a function that says whether it holds of a message.

Source: Azure Service Bus, "Subscription Rule SQL Filter Syntax".
"""

from collections.abc import Callable, Mapping
from uuid import UUID

from sbtutorial.broker.rules.filters.checks import Misread
from sbtutorial.broker.rules.filters.evaluation import Compiler
from sbtutorial.broker.rules.filters.logic import Truth
from sbtutorial.broker.rules.filters.reading import misread, read_filter


def compiled_filter(
    text: str, parameters: Mapping[str, object], new_id: Callable[[], UUID]
) -> Truth:
    """Whether the condition of a text is true of a message; None for unknown.

    Args:
        text: The condition.
        parameters: The value of each `@name`.
        new_id: What `newid()` returns.

    Raises:
        BrokerError: ARGUMENT_ERROR, with line and column, what was expected and a remedy.
    """
    compiler = Compiler(parameters, new_id)
    node = read_filter(text)
    try:
        return compiler.condition(node)
    except Misread as error:
        raise misread("filter", text, error) from None
