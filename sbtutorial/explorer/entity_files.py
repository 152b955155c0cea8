"""Entities in a file and back: our JSON, which has everything, or the emulator's `config.json`.

Our JSON is written under the SDK's names; durations as Azure writes them. Both are read into the
same description of a namespace, which then is made by the SDK.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from sbtutorial.admin.config.emulator import written_for_emulator
from sbtutorial.admin.config.model import Config, ConfiguredSubscription, ConfiguredTopic
from sbtutorial.admin.config.reading import read_config, without_comments
from sbtutorial.admin.config.rules import read_rule, write_rule
from sbtutorial.admin.config.values import ConfigError, ConfigValue
from sbtutorial.broker.descriptions import Description
from sbtutorial.broker.limits import Limits
from sbtutorial.errors import TutorialError
from sbtutorial.explorer.entities import Entities
from sbtutorial.explorer.links import Links
from sbtutorial.explorer.places import Kind, Place
from sbtutorial.explorer.properties import described
from sbtutorial.explorer.tables import Shown, Table
from sbtutorial.explorer.translation import description_of, options

FORMAT = "sbtutorial entities 1"
FORMATS = ("ours", "emulator")
_TARGETS = ("forward_to", "forward_dead_lettered_messages_to")


@dataclass(frozen=True)
class Step:
    """What became of one entity of a file: "created", or "there already"."""

    place: Place
    outcome: str


class Imported(Shown):
    """What a file has made."""

    def __init__(self, steps: list[Step]) -> None:
        self.steps = tuple(steps)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def table(self) -> Table:
        """A row each."""
        rows = ((step.place.kind, step.place.name, step.outcome) for step in self)
        return Table("imported", ("", "entity", ""), rows, "the file has no entities")


class Exported(NamedTuple):
    """A file's text, and what is not in it as it was, in sentences."""

    text: str
    changes: tuple[str, ...] = ()


def export_entities(links: Links, entities: Entities, format: str) -> Exported:
    """Every entity of the namespace, with its rules and without its messages.

    Args:
        links: To the namespace.
        entities: The same namespace's.
        format: "ours" or "emulator".

    Raises:
        TutorialError: There is no such format, or the service refuses.
    """
    _require_format(format)
    config = _read(links, entities)
    if format == "emulator":
        return Exported(*written_for_emulator(config))
    return Exported(_written(config))


def import_entities(links: Links, entities: Entities, text: str) -> Imported:
    """Make what a file describes; what is there already stays as it is.

    Args:
        links: To the namespace.
        entities: The same namespace's.
        text: Of a file, in either format.

    Raises:
        TutorialError: It is no such file, by the place in it; or the service refuses something, by
            the entity's name.
    """
    config = read_entities(text, entities.limits)
    steps: list[Step] = []
    forwarding: list[tuple[Place, dict[str, Any]]] = []
    for place, description in _described(config):
        steps.append(Step(place, _create(entities, place, description)))
        if targets := _targets(description):
            forwarding.append((place, targets))
    made = {step.place for step in steps if step.outcome == "created"}
    for topic in config.topics:
        for one in topic.subscriptions:
            place = Place(Kind.SUBSCRIPTION, topic.name, one.name)
            if place in made and one.rules:
                entities.replace_rules(place, one.rules)
    for place, targets in forwarding:
        if place in made:
            entities.edit(place.name, targets)
    return Imported(steps)


# -- Reading a namespace -----------------------------------------------------------------------


def _read(links: Links, entities: Entities) -> Config:
    with links.administration() as admin:
        namespace = admin.get_namespace_properties().name
        queues: Any = {one.name: description_of(Kind.QUEUE, one) for one in admin.list_queues()}
        topics: Any = {one.name: description_of(Kind.TOPIC, one) for one in admin.list_topics()}
        subscriptions: Any = {
            name: {
                one.name: description_of(Kind.SUBSCRIPTION, one)
                for one in admin.list_subscriptions(name)
            }
            for name in topics
        }
    return Config(
        namespace,
        queues,
        tuple(
            ConfiguredTopic(
                topic,
                description,
                tuple(
                    ConfiguredSubscription(
                        name, one, entities.rules(Place(Kind.SUBSCRIPTION, topic, name)).rules
                    )
                    for name, one in subscriptions[topic].items()
                ),
            )
            for topic, description in topics.items()
        ),
    )


# -- Our JSON ----------------------------------------------------------------------------------


def _written(config: Config) -> str:
    content = {
        "format": FORMAT,
        "namespace": config.namespace,
        "queues": [_entry(name, one) for name, one in config.queues.items()],
        "topics": [
            _entry(topic.name, topic.description)
            | {
                "subscriptions": [
                    _entry(one.name, one.description)
                    | {"rules": [write_rule(rule) for rule in one.rules]}
                    for one in topic.subscriptions
                ]
            }
            for topic in config.topics
        ],
    }
    return json.dumps(content, indent=2) + "\n"


def _entry(name: str, description: Description) -> dict[str, Any]:
    return {"name": name, "properties": options(description)}


def read_entities(text: str, limits: Callable[[], Limits]) -> Config:
    """Understand a file's text, in either format.

    Args:
        text: Of the file.
        limits: Says those of the tier that it is for, when asked.

    Raises:
        TutorialError: It is no such file, by the place in it.
    """
    try:
        value = json.loads(without_comments(text))
    except ValueError as error:
        raise TutorialError(f"This is no JSON: {error}.") from None
    try:
        if isinstance(value, dict) and value.get("format") == FORMAT:
            return _ours(ConfigValue.root(value), limits())
        return read_config(text)
    except ConfigError as refusal:
        raise TutorialError(f"This file cannot be used. {refusal}") from None


def _ours(place: ConfigValue, limits: Limits) -> Config:
    parts = place.fields(required=("format", "namespace", "queues", "topics"))
    return Config(
        parts["namespace"].text(),
        dict(_our_entity(one, Kind.QUEUE, limits)[:2] for one in parts["queues"].items()),
        tuple(_our_topic(one, limits) for one in parts["topics"].items()),
    )


def _our_topic(place: ConfigValue, limits: Limits) -> ConfiguredTopic:
    name, description, parts = _our_entity(place, Kind.TOPIC, limits, "subscriptions")
    subscriptions = []
    for entry in parts["subscriptions"].items():
        own, about, more = _our_entity(entry, Kind.SUBSCRIPTION, limits, "rules")
        rules = tuple(read_rule(rule) for rule in more["rules"].items())
        subscriptions.append(ConfiguredSubscription(own, about, rules))
    return ConfiguredTopic(name, description, tuple(subscriptions))


def _our_entity(
    place: ConfigValue, kind: Kind, limits: Limits, *further: str
) -> tuple[str, Any, Mapping[str, ConfigValue]]:
    parts = place.fields(required=("name", "properties", *further))
    given = {name: one.simple() for name, one in parts["properties"].any_fields().items()}
    try:
        return parts["name"].text(), described(kind, given, limits), parts
    except TutorialError as refusal:
        raise parts["properties"].problem(str(refusal).rstrip(".")) from None


# -- Making ------------------------------------------------------------------------------------


def _described(config: Config) -> Iterator[tuple[Place, Description]]:
    """What to make, in an order in which each finds what it needs."""
    for name, queue in config.queues.items():
        yield Place(Kind.QUEUE, name), queue
    for topic in config.topics:
        yield Place(Kind.TOPIC, topic.name), topic.description
        for one in topic.subscriptions:
            yield Place(Kind.SUBSCRIPTION, topic.name, one.name), one.description


def _create(entities: Entities, place: Place, description: Description) -> str:
    if entities.exists(place):
        return "there already"
    try:
        entities.create(place.kind, place.name, options(_without_targets(description)))
    except TutorialError as refusal:
        raise TutorialError(f"'{place}': {refusal}") from refusal
    return "created"


def _without_targets(description: Any) -> Description:
    known = {name: None for name in _TARGETS if hasattr(description, name)}
    changed: Description = replace(description, **known)
    return changed


def _targets(description: Description) -> dict[str, Any]:
    values = {name: getattr(description, name, None) for name in _TARGETS}
    return {name: value for name, value in values.items() if value is not None}


def _require_format(format: str) -> None:
    if format not in FORMATS:
        raise TutorialError(f"format is one of {', '.join(FORMATS)}; {format!r} is none.")
