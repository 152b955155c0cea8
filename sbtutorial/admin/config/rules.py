"""The rules of a subscription as the emulator's `config.json` has them."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from sbtutorial.admin.config.values import ConfigValue
from sbtutorial.admin.rule_xml import AS_SQL, CONDITIONS
from sbtutorial.admin.typed_values import parse_typed, written
from sbtutorial.broker.errors import BrokerError
from sbtutorial.broker.rules.filters.actions import SqlAction, parse_action
from sbtutorial.broker.rules.filters.correlation import CorrelationFilter
from sbtutorial.broker.rules.filters.sql import SqlFilter, parse_filter
from sbtutorial.broker.rules.rule import Filter, Rule

_EXPRESSION = "SqlExpression"
# Ours: the emulator's format has no place for parameters, and knows no types.
_PARAMETERS, _TYPE, _VALUE = "Parameters", "Type", "Value"
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
        properties["Action"] = _written_sql(rule.action.expression, rule.action.parameters)
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
    return parse_filter(*_expression(place))


def _expression(place: ConfigValue) -> tuple[str, dict[str, object]]:
    parts = place.fields(required=(_EXPRESSION,), optional=(_PARAMETERS,))
    given = parts[_PARAMETERS].any_fields() if _PARAMETERS in parts else {}
    return parts[_EXPRESSION].text(), {name: _value(one) for name, one in given.items()}


def _value(place: ConfigValue) -> object:
    """A plain value of JSON, or one of another type, as {"Type": "decimal", "Value": "1.5"}."""
    if not place.is_object:
        return place.simple()
    parts = place.fields(required=(_TYPE, _VALUE))
    try:
        return parse_typed(parts[_TYPE].text(), parts[_VALUE].text())
    except ValueError as error:
        raise place.problem(str(error)) from None


def _correlation(place: ConfigValue) -> Filter:
    given = dict(place.fields(optional=(*CONDITIONS, "Properties")))
    custom = given.pop("Properties", None)
    conditions: dict[str, Any] = {CONDITIONS[name]: one.text() for name, one in given.items()}
    if custom is not None:
        own = custom.any_fields()
        conditions["properties"] = {name: _value(one) for name, one in own.items()}
    return CorrelationFilter(**conditions)


_READERS = {"SqlFilter": _sql, "CorrelationFilter": _correlation}


def _action(properties: Mapping[str, ConfigValue]) -> SqlAction | None:
    if "Action" not in properties:
        return None
    return parse_action(*_expression(properties["Action"]))


def _written_filter(filter: Filter) -> dict[str, Any]:
    if isinstance(filter, CorrelationFilter):
        return {"FilterType": "Correlation", "CorrelationFilter": _written_conditions(filter)}
    if not isinstance(filter, SqlFilter):
        return {"FilterType": "Sql", "SqlFilter": {_EXPRESSION: AS_SQL[type(filter)]}}
    sql = _written_sql(filter.expression, filter.parameters)
    return {"FilterType": "Sql", "SqlFilter": sql}


def _written_sql(expression: str, parameters: Mapping[str, object]) -> dict[str, Any]:
    entry: dict[str, Any] = {_EXPRESSION: expression}
    if parameters:
        entry[_PARAMETERS] = _written_values(parameters)
    return entry


def _written_values(values: Mapping[str, object]) -> dict[str, object]:
    return {name: _written_value(value) for name, value in values.items()}


def _written_value(value: object) -> object:
    if (
        value is None
        or isinstance(value, str | int)
        or (isinstance(value, float) and isfinite(value))
    ):
        return value
    typed = written(value)
    return {_TYPE: typed.type, _VALUE: typed.text}


def _written_conditions(filter: CorrelationFilter) -> dict[str, Any]:
    conditions = {name: getattr(filter, field) for name, field in CONDITIONS.items()}
    entry: dict[str, Any] = {name: text for name, text in conditions.items() if text is not None}
    if filter.properties:
        entry["Properties"] = _written_values(filter.properties)
    return entry
