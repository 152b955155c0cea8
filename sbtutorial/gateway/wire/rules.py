"""The rules of a subscription as `$management` has them: maps coming in, described lists going out.

Source: Azure Service Bus, "AMQP request-response-based operations", rule operations.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sbtutorial.amqp.types import Described, Int, Timestamp, ULong
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.rules.filters.actions import SqlAction, parse_action
from sbtutorial.broker.rules.filters.boolean import FalseFilter, TrueFilter
from sbtutorial.broker.rules.filters.correlation import CorrelationFilter
from sbtutorial.broker.rules.filters.sql import SqlFilter, parse_filter
from sbtutorial.broker.rules.rule import Action, Filter, Rule
from sbtutorial.gateway.wire.values import plain_value, wire_value

# The codes of filters do have one digit less than those of rules and actions.
RULE, EMPTY_ACTION, SQL_ACTION = (ULong(0x13700000004 + step) for step in range(3))
SQL_FILTER, TRUE_FILTER, FALSE_FILTER, CORRELATION_FILTER = (
    ULong(0x1370000006 + step) for step in range(4)
)
_COMPATIBILITY_LEVEL = Int(20)

# In the order of the fields of a correlation filter that is sent out; its properties follow.
_CONDITIONS = {
    "correlation-id": "correlation_id",
    "message-id": "message_id",
    "to": "to",
    "reply-to": "reply_to",
    "label": "label",
    "session-id": "session_id",
    "reply-to-session-id": "reply_to_session_id",
    "content-type": "content_type",
}
_Parsed = TypeVar("_Parsed")


def read_rule(name: str, description: Mapping[Any, Any]) -> Rule:
    """A rule from the map that describes it.

    Raises:
        BrokerError: ARGUMENT_ERROR: it has no filter or several, or one that cannot be read.
    """
    asked = [key for key in _FILTERS if description.get(key) is not None]
    if len(asked) != 1:
        raise _refusal(
            f"Rule '{name}' must have one filter, one of {', '.join(_FILTERS)}; "
            f"it has {', '.join(asked) or 'none'}."
        )
    filter = _FILTERS[asked[0]](_map(description, asked[0]))
    has_action = description.get("sql-rule-action") is not None
    action = _sql(_map(description, "sql-rule-action"), parse_action) if has_action else None
    return Rule(name, filter, action)


def written_rule(rule: Rule, to_wire: Callable[[float], float]) -> Described:
    """A rule as the described list that clients take apart, each list by its numeric code."""
    created_at = Timestamp(round(to_wire(rule.created_at) * 1000))
    return Described(
        RULE, [_written_filter(rule.filter), _written_action(rule.action), rule.name, created_at]
    )


def _correlation(given: Mapping[Any, Any]) -> CorrelationFilter:
    conditions: dict[str, Any] = {
        field: _text(given, key) for key, field in _CONDITIONS.items() if given.get(key) is not None
    }
    own = _map(given, "properties") if given.get("properties") is not None else {}
    properties = {str(key): plain_value(value) for key, value in own.items()}
    return CorrelationFilter(**conditions, properties=properties)


def _sql(
    given: Mapping[Any, Any], parse: Callable[[str, Mapping[str, object]], _Parsed]
) -> _Parsed:
    own = _map(given, "parameters") if given.get("parameters") is not None else {}
    parameters = {str(key): plain_value(value) for key, value in own.items()}
    return parse(_text(given, "expression"), parameters)


_FILTERS: dict[str, Callable[[Mapping[Any, Any]], Filter]] = {
    "sql-filter": lambda given: _sql(given, parse_filter),
    "correlation-filter": _correlation,
    "true-filter": lambda _given: TrueFilter(),
    "false-filter": lambda _given: FalseFilter(),
}


def _map(given: Mapping[Any, Any], key: str) -> Mapping[Any, Any]:
    value = given[key]
    if not isinstance(value, Mapping):
        raise _refusal(f"'{key}' must be a map, not {value!r}.")
    return value


def _text(given: Mapping[Any, Any], key: str) -> str:
    value = given.get(key)
    if not isinstance(value, str):
        raise _refusal(f"'{key}' must be a string, not {value!r}.")
    return str(value)


def _refusal(problem: str) -> BrokerError:
    return BrokerError(ErrorCode.ARGUMENT_ERROR, problem)


def _written_filter(filter: Filter) -> Described:
    if isinstance(filter, SqlFilter):
        return Described(SQL_FILTER, [filter.expression, _COMPATIBILITY_LEVEL])
    if isinstance(filter, CorrelationFilter):
        conditions = [getattr(filter, field) for field in _CONDITIONS.values()]
        properties = {name: wire_value(value) for name, value in filter.properties.items()}
        return Described(CORRELATION_FILTER, [*conditions, properties])
    return Described(TRUE_FILTER if isinstance(filter, TrueFilter) else FALSE_FILTER, [])


def _written_action(action: Action | None) -> Described:
    """Never null: clients look into it."""
    if isinstance(action, SqlAction):
        return Described(SQL_ACTION, [action.expression, _COMPATIBILITY_LEVEL])
    return Described(EMPTY_ACTION, [])
