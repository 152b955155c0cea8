"""Between the SDK's management classes and what the broker's rules are written in."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from sbtutorial.admin.durations import format_duration
from sbtutorial.broker.descriptions import Description, EntityStatus
from sbtutorial.broker.errors import BrokerError
from sbtutorial.broker.limits import KIB
from sbtutorial.broker.rules.filters.actions import SqlAction, parse_action
from sbtutorial.broker.rules.filters.boolean import FalseFilter, TrueFilter
from sbtutorial.broker.rules.filters.correlation import SYSTEM_CONDITIONS, CorrelationFilter
from sbtutorial.broker.rules.filters.sql import SqlFilter, parse_filter
from sbtutorial.broker.rules.rule import Filter, Rule
from sbtutorial.errors import TutorialError
from sbtutorial.explorer.places import Kind
from sbtutorial.explorer.properties import DESCRIPTIONS, properties_of

if TYPE_CHECKING:
    from azure.servicebus.management import RuleProperties

# A filter still has the name that a message's subject had before.
_CONDITION_NAMES = {"subject": "label"}
_Made = TypeVar("_Made")
_TARGETS = ("forward_to", "forward_dead_lettered_messages_to")


def description_of(kind: Kind, entity: Any) -> Description:
    """What the SDK says of an entity, as a description."""
    given = {}
    for one in properties_of(kind):
        value = getattr(entity, one.name, None)
        if value is not None:
            given[one.name] = _readable(one.name, value)
    return DESCRIPTIONS[kind](**given)


def options(description: Description, names: Any = None) -> dict[str, Any]:
    """What the SDK takes for a description, without what is as it is by itself.

    Args:
        description: What is wanted.
        names: These and no others; None for all that are not Azure's defaults.
    """
    defaults = type(description)()
    known = properties_of(Kind(description.kind))
    return {
        one.name: _writable(getattr(description, one.name))
        for one in known
        if (names is None and getattr(description, one.name) != getattr(defaults, one.name))
        or (names is not None and one.name in names)
    }


def values_of(description: Description) -> dict[str, Any]:
    """Every value of a description that can be chosen, by the SDK's names."""
    names = {field.name for field in fields(description)}
    return {
        one.name: getattr(description, one.name)
        for one in properties_of(Kind(description.kind))
        if one.name in names
    }


def rule_of(rule: "RuleProperties") -> Rule:
    """A rule that the SDK has listed.

    Raises:
        TutorialError: Its filter or action cannot be read here.
    """
    return Rule(rule.name, _filter_of(rule.filter), _action_of(rule.action))


def sdk_filter(filter: Filter) -> Any:
    """A filter as the SDK takes it."""
    from azure.servicebus.management import (
        CorrelationRuleFilter,
        FalseRuleFilter,
        SqlRuleFilter,
        TrueRuleFilter,
    )

    if isinstance(filter, CorrelationFilter):
        conditions = {name: getattr(filter, name) for name in SYSTEM_CONDITIONS}
        return CorrelationRuleFilter(**conditions, properties=_values(filter.properties))
    if isinstance(filter, SqlFilter):
        return SqlRuleFilter(filter.expression, _values(filter.parameters) or None)
    return FalseRuleFilter() if isinstance(filter, FalseFilter) else TrueRuleFilter()


def sdk_action(action: Any) -> Any:
    """An action as the SDK takes it; None for none."""
    from azure.servicebus.management import SqlRuleAction

    if not isinstance(action, SqlAction):
        return None
    return SqlRuleAction(action.expression, _values(action.parameters) or None)


def filter_from(given: object) -> Filter:
    """A filter from what a learner writes: SQL, conditions by name, or the SDK's own class.

    Raises:
        TutorialError: It cannot be read; says where and what is expected there.
    """
    if isinstance(given, bool):
        return TrueFilter() if given else FalseFilter()
    if isinstance(given, str):
        return _in_a_sentence(lambda: parse_filter(given))
    return _conditions(given) if isinstance(given, Mapping) else _filter_of(given)


def action_from(sql: str | None) -> SqlAction | None:
    """An action from its SQL; None for none.

    Raises:
        TutorialError: It cannot be read.
    """
    return _in_a_sentence(lambda: parse_action(sql)) if sql else None


def spelled_filter(filter: Filter) -> str:
    """A filter in one line."""
    if isinstance(filter, SqlFilter):
        return filter.expression
    if isinstance(filter, CorrelationFilter):
        system = {name: getattr(filter, name) for name in SYSTEM_CONDITIONS}
        asked = {name: value for name, value in system.items() if value is not None}
        both = {**asked, **filter.properties}
        return ", ".join(f"{name}: {value!r}" for name, value in both.items())
    return "every message" if isinstance(filter, TrueFilter) else "no message"


def _values(given: Mapping[str, Any]) -> dict[str, Any]:
    return dict(given)


def _conditions(given: Mapping[str, Any]) -> Filter:
    named = {_CONDITION_NAMES.get(name, name): value for name, value in given.items()}
    own = {name: value for name, value in named.items() if name not in SYSTEM_CONDITIONS}
    system = {name: value for name, value in named.items() if name in SYSTEM_CONDITIONS}
    nested: Mapping[str, Any] = own.pop("properties", {})
    return _in_a_sentence(lambda: CorrelationFilter(**system, properties={**own, **nested}))


def _filter_of(filter: Any) -> Filter:
    kind = type(filter).__name__
    if kind == "TrueRuleFilter" or filter is None:
        return TrueFilter()
    if kind == "FalseRuleFilter":
        return FalseFilter()
    if kind == "CorrelationRuleFilter":
        system = {name: getattr(filter, name) for name in SYSTEM_CONDITIONS}
        return _in_a_sentence(
            lambda: CorrelationFilter(**system, properties=dict(filter.properties or {}))
        )
    if kind == "SqlRuleFilter":
        return _in_a_sentence(lambda: parse_filter(filter.sql_expression, filter.parameters or {}))
    raise TutorialError(
        f"A filter is SQL (\"color = 'blue'\"), conditions ({{'color': 'blue'}}), or True or "
        f"False; {filter!r} is something else."
    )


def _action_of(action: Any) -> SqlAction | None:
    if action is None or not action.sql_expression:
        return None
    return _in_a_sentence(lambda: parse_action(action.sql_expression, action.parameters or {}))


def _in_a_sentence(make: Callable[[], _Made]) -> _Made:
    try:
        return make()
    except BrokerError as refusal:
        raise TutorialError(refusal.message) from None


def _readable(name: str, value: Any) -> Any:
    if name == "status":
        return EntityStatus(str(getattr(value, "value", value)))
    if name == "max_message_size_in_kilobytes":
        return None if value < KIB else value  # where one size is for all, nobody has chosen it
    if name in _TARGETS:  # the SDK has the address of an entity here
        return value.rstrip("/").partition("://")[2].partition("/")[2] or value
    return value


def _writable(value: Any) -> Any:
    if isinstance(value, EntityStatus):
        return value.value
    return format_duration(value) if isinstance(value, timedelta) else value
