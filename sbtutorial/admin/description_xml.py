"""Descriptions as XML: for each kind one table of fields, in the order of Azure's data contract.

A table is read by the writer and by the parser. Settings go both ways; readings (sizes, counts,
instants) are written only, and skipped when a client sends back what it got.

Source: Azure Service Bus, REST API "QueueDescription", "TopicDescription",
"SubscriptionDescription"; `azure.servicebus.management`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element, SubElement

from sbtutorial.admin.atom import described, is_nil, local_name
from sbtutorial.admin.versions import knows
from sbtutorial.admin.xml_types import RULES, XmlType
from sbtutorial.broker.errors import BrokerError, ErrorCode

ToWire = Callable[[float], float]


class Setting(NamedTuple):
    """A property that clients choose.

    Attributes:
        element: Its name in XML.
        type: How its values are written.
        name: The field of the description.
        tell: What Azure tells of it, given the entity, where that is not just what was chosen.
        since: The version of the API that it came with.
    """

    element: str
    type: XmlType
    name: str
    tell: Callable[[Any], object] | None = None
    since: str = ""


class Reading(NamedTuple):
    """A value that the broker tells, of an entity and with a way to wall-clock time."""

    element: str
    type: XmlType
    read: Callable[[Any, ToWire], object]
    since: str = ""


class Layout(NamedTuple):
    """How one kind of entity is described.

    Attributes:
        element: The outermost element.
        description: The class of its descriptions.
        fields: In the order in which they are written.
    """

    element: str
    description: type[Any]
    fields: tuple[Setting | Reading, ...]

    @property
    def kind(self) -> str:
        """What is described: "queue"."""
        return str(self.description.kind)

    @property
    def settings(self) -> tuple[Setting, ...]:
        """What clients choose."""
        return tuple(field for field in self.fields if isinstance(field, Setting))


def write(layout: Layout, entity: Any, to_wire: ToWire, version: str | None = None) -> Element:
    """Everything about an entity: what was chosen, and what it holds now.

    Args:
        layout: Its kind's.
        entity: The entity.
        to_wire: From broker time to seconds since the epoch.
        version: The client's version of the API.
    """
    root = described(layout.element)
    for field in layout.fields:
        value = _value(field, entity, to_wire)
        if value is not None and knows(version, field.since):
            field.type.fill(SubElement(root, field.element), value)
    return root


def read(layout: Layout, element: Element, version: str | None = None) -> dict[str, Any]:
    """The settings that an element holds, by their names in the description.

    Raises:
        BrokerError: ARGUMENT_ERROR: names the element, what is wrong with it and what it takes.
    """
    by_element = {field.element: field for field in layout.fields}
    settings = {one.name: None for one in layout.settings if one.type.is_cleared_when_absent}
    seen = set()
    for child in element:
        name = local_name(child)
        if name in seen:
            raise _refusal(f"{name} is there twice; send it once.")
        seen.add(name)
        field = by_element.get(name)
        if field is None:
            raise _unknown(layout, name)
        if isinstance(field, Setting) and not is_nil(child):
            _require_version(field, version)
            settings[field.name] = _parse(field, child)
    return settings


def applied(layout: Layout, settings: Mapping[str, Any], entity: Any = None) -> Any:
    """A description with these settings, and otherwise as the entity's, or with the defaults."""
    if entity is None:
        return layout.description(**settings)
    told = {one.name: one.tell(entity) for one in layout.settings if one.tell}
    sent_back = {name for name, value in told.items() if settings.get(name) == value}
    changes = {name: value for name, value in settings.items() if name not in sent_back}
    return replace(entity.description, **changes)


def _value(field: Setting | Reading, entity: Any, to_wire: ToWire) -> object:
    if isinstance(field, Reading):
        return field.read(entity, to_wire)
    return field.tell(entity) if field.tell else getattr(entity.description, field.name)


def _require_version(field: Setting, version: str | None) -> None:
    if not knows(version, field.since):
        raise _refusal(
            f"{field.name} ({field.element}) needs api-version {field.since} or later; this "
            f"request has {version}. Leave it out or raise the version."
        )


def _parse(field: Setting, element: Element) -> Any:
    try:
        return field.type.parse(element)
    except ValueError as error:
        if len(element):
            problem = f"cannot be read: {error}" if field.type is RULES else "has elements inside"
        else:
            problem = f"is '{(element.text or '').strip()[:80]}'"
        raise _refusal(
            f"{field.name} ({field.element}) {problem}; it must be {field.type.what}."
        ) from None


def _unknown(layout: Layout, name: str) -> BrokerError:
    elements = ", ".join(setting.element for setting in layout.settings)
    return _refusal(f"A {layout.kind} has no property '{name[:80]}'. It has {elements}.")


def _refusal(text: str) -> BrokerError:
    return BrokerError(ErrorCode.ARGUMENT_ERROR, text)
