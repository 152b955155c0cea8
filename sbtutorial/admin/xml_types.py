"""How each kind of value in a description is written in XML, and read again.

Source: Azure Service Bus, REST API "QueueDescription", "AuthorizationRule", "MessageCountDetails".
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element, SubElement

from sbtutorial.admin.atom import SCHEMA_INSTANCE, local_name
from sbtutorial.admin.durations import format_duration, parse_duration
from sbtutorial.broker.descriptions import AuthorizationRule, EntityStatus
from sbtutorial.broker.entities.receivable import MessageCounts

_COUNTS = "http://schemas.microsoft.com/netservices/2011/06/servicebus"
_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


class XmlType(NamedTuple):
    """How a kind of value is written.

    Attributes:
        what: For messages: "a duration such as PT1M".
        fill: Puts a value into an element that is still empty.
        parse: Takes it out again; raises ValueError for what cannot be read.
        is_cleared_when_absent: Clients clear a text by leaving it out.
    """

    what: str
    fill: Callable[[Element, Any], None]
    parse: Callable[[Element], Any]
    is_cleared_when_absent: bool = False


def _scalar(what: str, write: Callable[[Any], str], parse: Callable[[str], Any]) -> XmlType:
    def fill(element: Element, value: Any) -> None:
        element.text = write(value)

    return XmlType(what, fill, lambda element: parse((element.text or "").strip()))


def _parse_integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError
    return int(text)


def parse_boolean(text: str) -> bool:
    """Read `true` or `false`, in any case, or `1` or `0`.

    Raises:
        ValueError: It is none of them.
    """
    try:
        return _BOOLEANS[text.lower()]
    except KeyError:
        raise ValueError from None


def _fill_text(element: Element, value: str) -> None:
    element.text = value


def _fill_counts(element: Element, counts: MessageCounts) -> None:
    # The JavaScript SDK looks for this prefix by name.
    element.set("xmlns:d2p1", _COUNTS)
    for name, count in (
        ("ActiveMessageCount", counts.active),
        ("DeadLetterMessageCount", counts.dead_letter),
        ("ScheduledMessageCount", counts.scheduled),
        ("TransferMessageCount", counts.transfer),
        ("TransferDeadLetterMessageCount", counts.transfer_dead_letter),
    ):
        SubElement(element, f"d2p1:{name}").text = str(count)


def _write_only(element: Element) -> Any:
    raise NotImplementedError(element.tag)


_RULE_TEXTS = {
    "ClaimType": "claim_type",
    "ClaimValue": "claim_value",
    "CreatedTime": "created_at",
    "ModifiedTime": "modified_at",
    "KeyName": "key_name",
    "PrimaryKey": "primary_key",
    "SecondaryKey": "secondary_key",
}
_RULE_ORDER = ("ClaimType", "ClaimValue", "Rights", *list(_RULE_TEXTS)[2:])
_RULE_INSTANTS = ("CreatedTime", "ModifiedTime")


def _fill_rules(element: Element, rules: tuple[AuthorizationRule, ...]) -> None:
    for rule in rules:
        child = SubElement(element, "AuthorizationRule")
        if rule.type is not None:
            child.set("i:type", rule.type)
        for name in _RULE_ORDER:
            _fill_rule_part(child, name, rule)


def _fill_rule_part(element: Element, name: str, rule: AuthorizationRule) -> None:
    if name == "Rights":
        rights = SubElement(element, name)
        for right in rule.rights:
            SubElement(rights, "AccessRights").text = right
    elif (value := getattr(rule, _RULE_TEXTS[name])) is not None:
        SubElement(element, name).text = value


def _parse_rules(element: Element) -> tuple[AuthorizationRule, ...]:
    return tuple(_parse_rule(child) for child in element)


def _parse_rule(element: Element) -> AuthorizationRule:
    values: dict[str, Any] = dict.fromkeys(_RULE_TEXTS.values())
    values["type"] = element.get(f"{{{SCHEMA_INSTANCE}}}type")
    for child in element:
        name = local_name(child)
        if name == "Rights":
            values["rights"] = tuple((right.text or "").strip() for right in child)
            continue
        if name not in _RULE_TEXTS:
            raise ValueError(f"an AuthorizationRule has no '{name}'")
        if name in _RULE_INSTANTS and child.text:
            _require_instant(child.text)
        values[_RULE_TEXTS[name]] = child.text
    return AuthorizationRule(**values)


def _require_instant(text: str) -> None:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"'{text}' is no date and time such as 2024-01-01T00:00:00Z") from None


DURATION = _scalar("a duration such as PT1M", format_duration, parse_duration)
INTEGER = _scalar("a whole number", str, _parse_integer)
BOOLEAN = _scalar("true or false", lambda value: "true" if value else "false", parse_boolean)
STATUS = _scalar(
    f"one of {', '.join(status.value for status in EntityStatus)}",
    lambda status: str(status.value),
    EntityStatus,
)
TEXT = XmlType("text", _fill_text, lambda element: element.text or None, True)
RULES = XmlType("a list of AuthorizationRule", _fill_rules, _parse_rules)
COUNTS = XmlType("", _fill_counts, _write_only)
WRITTEN = XmlType("", _fill_text, _write_only)
