"""The rules of a subscription as the emulator's `config.json` has them."""

from collections.abc import Mapping
from typing import Any

from sbtutorial.admin.config_values import ConfigValue
from sbtutorial.admin.rule_xml import AS_SQL, CONDITIONS
from sbtutorial.broker.errors import BrokerError
from sbtutorial.broker.rules.filters.actions import SqlAction, parse_action
from sbtutorial.broker.rules.filters.correlation import CorrelationFilter
from sbtutorial.broker.rules.filters.sql import SqlFilter, parse_filter
from sbtutorial.broker.rules.rule import Filter, Rule

_EXPRESSION = "SqlExpression"
_PARAMETERS = "Parameters"  # ours: the emulator's format has no place for them
_FILTER_TYPES = {"Sql": "SqlFilter", "Correlation": "CorrelationFilter"}


def read_rule(place: ConfigValue) -> Rule:
    """A rule from its entry.

    Raises:
        ConfigError: Something in it is unknown or wrong, the SQL included.
    """
    parts = place.fields(required=("Name", "Properties"))
    properties = parts["Properties"].fields(
        required=("FilterType",), optional=(*_FILTER_TYPES.values(), "Action")
    )
    try:
        return Rule(parts["Name"].text(), _filter(properties), _action(properties))
    except BrokerError as refusal:
        raise parts["Properties"].problem(refusal.message.rstrip(".")) from None


def write_rule(rule: Rule) -> dict[str, Any]:
    """The entry of a rule."""
    properties = _written_filter(rule.filter)
    if isinstance(rule.action, SqlAction):
        properties["Action"] = {_EXPRESSION: rule.action.expression}
    return {"Name": rule.name, "Properties": properties}


def _filter(properties: Mapping[str, ConfigValue]) -> Filter:
    kind = properties["FilterType"]
    element = _FILTER_TYPES.get(kind.text().capitalize())
    if element is None:
        raise kind.problem(f"'{kind.text()}' is no type of filter; there is Sql and Correlation")
    if element not in properties:
        raise kind.problem(f"the filter is of type {kind.text()}, and '{element}' is missing")
    return _READERS[element](properties[element])


def _sql(place: ConfigValue) -> Filter:
    parts = place.fields(required=(_EXPRESSION,), optional=(_PARAMETERS,))
    given = parts[_PARAMETERS].any_fields() if _PARAMETERS in parts else {}
    parameters = {name: one.simple() for name, one in given.items()}
    return parse_filter(parts[_EXPRESSION].text(), parameters)


def _correlation(place: ConfigValue) -> Filter:
    given = dict(place.fields(optional=(*CONDITIONS, "Properties")))
    custom = given.pop("Properties", None)
    conditions: dict[str, Any] = {CONDITIONS[name]: one.text() for name, one in given.items()}
    if custom is not None:
        own = custom.any_fields()
        conditions["properties"] = {name: one.simple() for name, one in own.items()}
    return CorrelationFilter(**conditions)


_READERS = {"SqlFilter": _sql, "CorrelationFilter": _correlation}


def _action(properties: Mapping[str, ConfigValue]) -> SqlAction | None:
    if "Action" not in properties:
        return None
    return parse_action(properties["Action"].fields(required=(_EXPRESSION,))[_EXPRESSION].text())


def _written_filter(filter: Filter) -> dict[str, Any]:
    if isinstance(filter, CorrelationFilter):
        return {"FilterType": "Correlation", "CorrelationFilter": _written_conditions(filter)}
    if not isinstance(filter, SqlFilter):
        return {"FilterType": "Sql", "SqlFilter": {_EXPRESSION: AS_SQL[type(filter)]}}
    written: dict[str, Any] = {_EXPRESSION: filter.expression}
    if filter.parameters:
        written[_PARAMETERS] = dict(filter.parameters)
    return {"FilterType": "Sql", "SqlFilter": written}


def _written_conditions(filter: CorrelationFilter) -> dict[str, Any]:
    conditions = {name: getattr(filter, field) for name, field in CONDITIONS.items()}
    written = {name: value for name, value in conditions.items() if value is not None}
    if filter.properties:
        written["Properties"] = dict(filter.properties)
    return written
