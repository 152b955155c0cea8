"""What a settlement may change of a message: application properties, and why it is a dead letter.

Clients write both as they like: over a link or by `$management`, as symbols or strings, as maps or
as something else. It is all looked at before the lock is touched, so that a settlement that cannot
be done leaves the message as it is, under its lock.
Source: Azure Service Bus, "AMQP request-response-based operations", update-disposition; "AMQP 1.0
protocol guide", settlement.
"""

from collections.abc import Mapping

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.messaging import APPLICATION_PROPERTIES, build_map_section
from sbtutorial.amqp.types import encode
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.rules.filters.values import Kind, kind_of, to_text
from sbtutorial.gateway.wire.admission import check_application_properties
from sbtutorial.gateway.wire.values import plain_value, wire_value

_SHOWN_CHARS = 40


def property_changes(changes: object) -> dict[str, object] | None:
    """The application properties that a settlement lays over those of the message.

    Raises:
        BrokerError: ARGUMENT_ERROR: they are no map, or none that can be properties;
            MESSAGE_SIZE_EXCEEDED: one of them is too long.
    """
    if changes is None:
        return None
    if not isinstance(changes, Mapping):
        raise _refusal(f"The properties to modify are {_shown(changes)}; they must be a map")
    found: dict[str, object] = {}
    for name, value in changes.items():
        if not isinstance(name, str):
            raise _refusal(f"The name of a property to modify is {_shown(name)}; it must be a text")
        found[str(name)] = value
    _require_simple(found)
    return found


def reason_text(name: str, value: object) -> str | None:
    """Why a message is a dead letter, as text; numbers and bytes are made texts.

    Raises:
        BrokerError: ARGUMENT_ERROR: it is a list, a map or the like; MESSAGE_SIZE_EXCEEDED: it
            is too long for a property, which it becomes.
    """
    if value is None:
        return None
    plain = plain_value(value)
    if kind_of(type(plain)) is Kind.OTHER:
        raise _refusal(f"'{name}' is {_shown(value)}; it must be a text")
    text = to_text(plain)
    _require_simple({name: text})
    return text


def _require_simple(changes: Mapping[str, object]) -> None:
    try:
        entries = [encode(name) + encode(wire_value(value)) for name, value in changes.items()]
        check_application_properties(
            build_map_section(APPLICATION_PROPERTIES, b"".join(entries), len(entries))
        )
    except (DecodeError, TypeError, ValueError) as error:
        raise _refusal(f"The properties to modify cannot be written: {error}") from error


def _refusal(problem: str) -> BrokerError:
    return BrokerError(
        ErrorCode.ARGUMENT_ERROR, f"{problem}. The message stays as it is, under its lock."
    )


def _shown(value: object) -> str:
    return repr(value)[:_SHOWN_CHARS]
