"""A rule as XML: its filter, its action and their parameters, both ways.

Source: Azure Service Bus, REST API "RuleDescription"; `azure.servicebus.management`.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar
from xml.etree.ElementTree import Element, SubElement

from sbtutorial.admin.atom import SCHEMA_INSTANCE, described, format_instant, local_name
from sbtutorial.admin.description_xml import ToWire
from sbtutorial.admin.typed_values import read_pairs, write_pairs
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.rules.filters.actions import SqlAction, parse_action
from sbtutorial.broker.rules.filters.boolean import FalseFilter, TrueFilter
from sbtutorial.broker.rules.filters.correlation import CorrelationFilter
from sbtutorial.broker.rules.filters.sql import SqlFilter, parse_filter
from sbtutorial.broker.rules.rule import Action, Filter, Rule

ELEMENT = "RuleDescription"

_EXPRESSION, _PARAMETERS, _PROPERTIES = "SqlExpression", "Parameters", "Properties"
_LEVEL, _PREPROCESSING = "CompatibilityLevel", "RequiresPreprocessing"
_IN_SQL = (_EXPRESSION, _LEVEL, _PARAMETERS, _PREPROCESSING)
# Filters that say the same of every message, as SQL.
AS_SQL = {TrueFilter: "1=1", FalseFilter: "1=0"}
# The element of a correlation filter's condition, and its field.
CONDITIONS = {
    "CorrelationId": "correlation_id",
    "MessageId": "message_id",
    "To": "to",
    "ReplyTo": "reply_to",
    "Label": "label",
    "SessionId": "session_id",
    "ReplyToSessionId": "reply_to_session_id",
    "ContentType": "content_type",
}
_Parsed = TypeVar("_Parsed")


def write_rule(rule: Rule, to_wire: ToWire) -> Element:
    """Everything about a rule."""
    root = described(ELEMENT)
    _fill_filter(SubElement(root, "Filter"), rule.filter)
    _fill_action(SubElement(root, "Action"), rule.action)
    SubElement(root, "CreatedAt").text = format_instant(to_wire(rule.created_at))
    SubElement(root, "Name").text = rule.name
    return root


def read_rule(description: Element, name: str | None = None) -> Rule:
    """The rule that an element describes; without a filter it takes everything.

    Args:
        description: The element.
        name: What the rule is called if the description does not say it.

    Raises:
        BrokerError: ARGUMENT_ERROR: names what is wrong, in the SQL too, and what to write.
    """
    parts = _parts(description, "A rule", ("Filter", "Action", "CreatedAt", "Name"))
    filter = _read_filter(parts["Filter"]) if "Filter" in parts else TrueFilter()
    action = _read_action(parts["Action"]) if "Action" in parts else None
    given = parts["Name"].text if "Name" in parts else None
    return Rule(given or name or "", filter, action)


# -- Writing ---------------------------------------------------------------------------------


def _fill_filter(element: Element, filter: Filter) -> None:
    if isinstance(filter, CorrelationFilter):
        element.set("i:type", "CorrelationFilter")
        for name, field in CONDITIONS.items():
            if (value := getattr(filter, field)) is not None:
                SubElement(element, name).text = value
        if filter.properties:
            write_pairs(SubElement(element, _PROPERTIES), filter.properties)
        return
    element.set("i:type", type(filter).__name__)
    if isinstance(filter, SqlFilter):
        _fill_sql(element, filter.expression, filter.parameters)
    else:
        _fill_sql(element, AS_SQL[type(filter)], {})


def _fill_action(element: Element, action: Action | None) -> None:
    """Never left out: clients look into it."""
    if isinstance(action, SqlAction):
        element.set("i:type", "SqlRuleAction")
        _fill_sql(element, action.expression, action.parameters)
    else:
        element.set("i:type", "EmptyRuleAction")


def _fill_sql(element: Element, expression: str, parameters: Mapping[str, object]) -> None:
    SubElement(element, _EXPRESSION).text = expression
    SubElement(element, _LEVEL).text = "20"
    if parameters:
        write_pairs(SubElement(element, _PARAMETERS), parameters)
    SubElement(element, _PREPROCESSING).text = "true"


# -- Reading ---------------------------------------------------------------------------------


def _read_filter(element: Element) -> Filter:
    return _of_type(element, _FILTERS)


def _read_action(element: Element) -> Action | None:
    return _of_type(element, _ACTIONS)


def _correlation(element: Element) -> CorrelationFilter:
    parts = _parts(element, "A correlation filter", (*CONDITIONS, _PROPERTIES))
    properties = read_pairs(parts.pop(_PROPERTIES)) if _PROPERTIES in parts else {}
    conditions: dict[str, Any] = {CONDITIONS[name]: part.text or "" for name, part in parts.items()}
    return CorrelationFilter(**conditions, properties=properties)


def _sql(
    element: Element, parse: Callable[[str, Mapping[str, object]], _Parsed], what: str
) -> _Parsed:
    parts = _parts(element, what, _IN_SQL)
    if _EXPRESSION not in parts:
        raise _refusal(f"{what} must have a {_EXPRESSION}, and this one has none.")
    parameters = read_pairs(parts[_PARAMETERS]) if _PARAMETERS in parts else {}
    return parse(parts[_EXPRESSION].text or "", parameters)


_FILTERS: dict[str, Callable[[Element], Filter]] = {
    "SqlFilter": lambda element: _sql(element, parse_filter, "A SQL filter"),
    "TrueFilter": lambda _: TrueFilter(),
    "FalseFilter": lambda _: FalseFilter(),
    "CorrelationFilter": _correlation,
}
_ACTIONS: dict[str, Callable[[Element], Action | None]] = {
    "EmptyRuleAction": lambda _: None,
    "SqlRuleAction": lambda element: _sql(element, parse_action, "A SQL action"),
}


def _of_type(element: Element, readers: Mapping[str, Callable[[Element], _Parsed]]) -> _Parsed:
    kind = element.get(f"{{{SCHEMA_INSTANCE}}}type", "").rpartition(":")[2]
    if kind not in readers:
        raise _refusal(
            f"{local_name(element)} is of type '{kind[:80]}'; it may be of one of "
            f"{', '.join(readers)}."
        )
    return readers[kind](element)


def _parts(element: Element, what: str, known: Collection[str]) -> dict[str, Element]:
    parts: dict[str, Element] = {}
    for part in element:
        name = local_name(part)
        if name not in known:
            raise _refusal(f"{what} has no '{name[:80]}'. It has {', '.join(known)}.")
        if name in parts:
            raise _refusal(f"{name} is there twice; send it once.")
        parts[name] = part
    return parts


def _refusal(text: str) -> BrokerError:
    return BrokerError(ErrorCode.ARGUMENT_ERROR, text)
