"""The values that come beside the text of a filter or an action: `@name` and what it stands for."""

from collections.abc import Mapping

from sbtutorial.broker.rules.filters.errors import refusal
from sbtutorial.broker.rules.filters.values import INT64_MAX, INT64_MIN, Kind, kind_of


def by_name(parameters: Mapping[str, object]) -> dict[str, object]:
    """The values by names as the text spells them: with an @, in lower case.

    Raises:
        BrokerError: ARGUMENT_ERROR, for a value of a type that filters do not have.
    """
    for name, value in parameters.items():
        if value is not None and kind_of(type(value)) is Kind.OTHER:
            raise refusal(
                f"Parameter {name} is a {type(value).__name__}; it may be a text, a number, a "
                "boolean, a date, a duration or a UUID."
            )
        if type(value) is int and not INT64_MIN <= value <= INT64_MAX:
            raise refusal(f"Parameter {name} is {value}, which does not fit into 64 bits.")
    return {f"@{name.removeprefix('@').lower()}": value for name, value in parameters.items()}
