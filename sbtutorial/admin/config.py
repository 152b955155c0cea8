"""A whole namespace as one file: the `config.json` of Microsoft's emulator, read and written.

What is unknown or wrong is refused by its name and its place in the file; then nothing that it asks
for stays. A file of a megabyte names tens of thousands of queues: `reading` and `applying` do the
same as `read_config` and `apply_config` in short steps, between which others have their turn.

Source: "Azure Service Bus emulator", configuration.
"""

import json
import re
from collections.abc import Callable, Container, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar

from sbtutorial.admin.config_rules import read_rule, write_rule
from sbtutorial.admin.config_values import ConfigError, ConfigValue
from sbtutorial.admin.durations import format_duration, parse_duration
from sbtutorial.broker.descriptions import (
    Description,
    QueueDescription,
    SubscriptionDescription,
    TopicDescription,
)
from sbtutorial.broker.entities.entity import Entity
from sbtutorial.broker.errors import BrokerError
from sbtutorial.broker.namespace import Namespace
from sbtutorial.broker.paths import subscription_path
from sbtutorial.broker.rules.rule import Rule

Result = TypeVar("Result")
# What a step took is yielded, in units of 50 microseconds; broker time is sent (`gateway.reactor`).
Steps = Generator[int, float, Result]
_READ_UNITS = 1
_RULE_UNITS = 4  # an expression is parsed
_MADE_UNITS = 4


class Property(NamedTuple):
    """One property: what its value must be, and which field of a description it is."""

    name: str
    read: Callable[[ConfigValue], Any]
    field: str


def _duration(place: ConfigValue) -> timedelta:
    text = place.text()
    try:
        return parse_duration(text)
    except ValueError:
        raise place.problem(f"'{text}' is no duration: write PT1M for one minute") from None


def _target(place: ConfigValue) -> str | None:
    return place.text() or None  # the emulator's own file has "" for none


_EVERYWHERE = (
    Property("DefaultMessageTimeToLive", _duration, "default_message_time_to_live"),
    Property("AutoDeleteOnIdle", _duration, "auto_delete_on_idle"),
    Property("UserMetadata", ConfigValue.text, "user_metadata"),
)
_SIZED = (
    Property(
        "DuplicateDetectionHistoryTimeWindow", _duration, "duplicate_detection_history_time_window"
    ),
    Property("RequiresDuplicateDetection", ConfigValue.boolean, "requires_duplicate_detection"),
    Property("MaxSizeInMegabytes", ConfigValue.integer, "max_size_in_megabytes"),
    Property("MaxMessageSizeInKilobytes", ConfigValue.integer, "max_message_size_in_kilobytes"),
    Property("EnablePartitioning", ConfigValue.boolean, "enable_partitioning"),
)
_RECEIVED = (
    Property(
        "DeadLetteringOnMessageExpiration",
        ConfigValue.boolean,
        "dead_lettering_on_message_expiration",
    ),
    Property("ForwardDeadLetteredMessagesTo", _target, "forward_dead_lettered_messages_to"),
    Property("ForwardTo", _target, "forward_to"),
    Property("LockDuration", _duration, "lock_duration"),
    Property("MaxDeliveryCount", ConfigValue.integer, "max_delivery_count"),
    Property("RequiresSession", ConfigValue.boolean, "requires_session"),
)
_FILTERED = (
    Property(
        "DeadLetteringOnFilterEvaluationExceptions",
        ConfigValue.boolean,
        "dead_lettering_on_filter_evaluation_exceptions",
    ),
)
_QUEUE = (*_EVERYWHERE, *_SIZED, *_RECEIVED)
_TOPIC = (*_EVERYWHERE, *_SIZED)
_SUBSCRIPTION = (*_EVERYWHERE, *_RECEIVED, *_FILTERED)
# A text, in which nothing is a comment, or a comment; both in one step, whichever comes first.
_TEXT_OR_COMMENT = re.compile(
    r'"(?:[^"\\]|\\.)*"?|//[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/)?', re.DOTALL
)
_NOT_NEWLINE = re.compile(r"[^\n]")
# Read and without effect here: where the emulator writes its own log.
_LOGGING = "Logging"


@dataclass(frozen=True)
class ConfiguredSubscription:
    """A subscription to be made; without rules it gets the default one."""

    name: str
    description: SubscriptionDescription
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class ConfiguredTopic:
    """A topic to be made."""

    name: str
    description: TopicDescription
    subscriptions: tuple[ConfiguredSubscription, ...]


@dataclass(frozen=True)
class Config:
    """What a file asks for.

    Attributes:
        namespace: The name that it gives.
    """

    namespace: str
    queues: Mapping[str, QueueDescription] = field(default_factory=dict)
    topics: tuple[ConfiguredTopic, ...] = ()


def read_config(text: str) -> Config:
    """Understand a file's text.

    Raises:
        ConfigError: It is no JSON, or something in it is unknown or wrong: by name and place.
    """
    return _at_once(reading(text), 0.0)


def reading(text: str) -> Steps[Config]:
    """Understand a file's text, a queue or a rule at a step.

    Raises:
        ConfigError: As `read_config`.
    """
    try:
        root = ConfigValue.root(json.loads(without_comments(text)))
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"This is no JSON: {error.msg}, in line {error.lineno}, column {error.colno}."
        ) from None
    except (ValueError, RecursionError) as error:  # a number or a depth that nobody needs
        raise ConfigError(f"This cannot be read as JSON: {error}.") from None
    user = root.fields(required=("UserConfig",))["UserConfig"]
    parts = user.fields(required=("Namespaces",), optional=(_LOGGING,))
    namespaces = parts["Namespaces"].items()
    if len(namespaces) != 1:
        count = len(namespaces)
        raise parts["Namespaces"].problem(f"one namespace is allowed, and here are {count}")
    return (yield from _namespace(namespaces[0]))


def without_comments(text: str) -> str:
    """JSON without comments, which the emulator's own file has; every place in it stays the same.

    An end that is missing ends with the text, in which case that is no JSON any more.
    """
    return _TEXT_OR_COMMENT.sub(_blank_comment, text)


def apply_config(config: Config, namespace: Namespace, *, now: float) -> None:
    """Make everything that a file asks for, in a namespace that is empty.

    Raises:
        ConfigError: The tier does not allow some of it, by the name of the entity; whatever was
            made before it is gone again.
    """
    _at_once(applying(config, namespace), now)


def applying(config: Config, namespace: Namespace) -> Steps[None]:
    """Make everything that a file asks for, an entity at a step.

    Raises:
        ConfigError: As `apply_config`. What others have made meanwhile stays.
    """
    made: list[Entity] = []
    now = yield 0
    try:
        for path, make in _steps(config, namespace):
            if (entity := _make(path, make, now)) is not None:
                made.append(entity)
            now = yield _MADE_UNITS
    except ConfigError:
        for entity in reversed(made):
            with suppress(BrokerError):  # somebody has deleted it
                namespace.delete(entity, now=now)
            now = yield _MADE_UNITS
        raise


def _at_once(steps: Steps[Result], now: float) -> Result:
    """All steps, one after the other."""
    try:
        next(steps)
        while True:
            steps.send(now)
    except StopIteration as end:
        result: Result = end.value
        return result


def write_config(namespace: Namespace) -> str:
    """The file that makes a namespace's entities again, without their messages."""
    return written_config(_config_of(namespace))


def written_config(config: Config, *, leaving_out: Container[str] = ()) -> str:
    """The file that asks for this; what the emulator's format has no word for is left out.

    Args:
        config: What to ask for.
        leaving_out: Properties that are not written.
    """

    def written(name: str, description: Description, all: Sequence[Property]) -> dict[str, Any]:
        return _written(name, description, [one for one in all if one.name not in leaving_out])

    queues = [written(name, one, _QUEUE) for name, one in config.queues.items()]
    topics = [
        written(topic.name, topic.description, _TOPIC)
        | {
            "Subscriptions": [
                written(one.name, one.description, _SUBSCRIPTION)
                | {"Rules": [write_rule(rule) for rule in one.rules]}
                for one in topic.subscriptions
            ]
        }
        for topic in config.topics
    ]
    content = {"Name": config.namespace, "Queues": queues, "Topics": topics}
    user = {"Namespaces": [content], _LOGGING: {"Type": "File"}}
    return json.dumps({"UserConfig": user}, indent=2) + "\n"


# -- Reading --------------------------------------------------------------------------------


def _blank_comment(found: re.Match[str]) -> str:
    text = found[0]
    return text if text.startswith('"') else _NOT_NEWLINE.sub(" ", text)


def _namespace(place: ConfigValue) -> Steps[Config]:
    parts = place.fields(required=("Name",), optional=("Queues", "Topics"))
    queues: dict[str, QueueDescription] = {}
    for entry in _entries(parts, "Queues"):
        name, description = _queue(entry)
        queues[name] = description
        yield _READ_UNITS
    topics = []
    for entry in _entries(parts, "Topics"):
        topics.append((yield from _topic(entry)))
    return Config(parts["Name"].text(), queues, tuple(topics))


def _queue(place: ConfigValue) -> tuple[str, QueueDescription]:
    parts = place.fields(required=("Name",), optional=("Properties",))
    return parts["Name"].text(), QueueDescription(**_properties(parts, _QUEUE))


def _topic(place: ConfigValue) -> Steps[ConfiguredTopic]:
    parts = place.fields(required=("Name",), optional=("Properties", "Subscriptions"))
    name = parts["Name"].text()
    description = TopicDescription(**_properties(parts, _TOPIC))
    subscriptions = []
    yield _READ_UNITS
    for entry in _entries(parts, "Subscriptions"):
        subscriptions.append((yield from _subscription(entry)))
    return ConfiguredTopic(name, description, tuple(subscriptions))


def _subscription(place: ConfigValue) -> Steps[ConfiguredSubscription]:
    parts = place.fields(required=("Name",), optional=("Properties", "Rules"))
    name = parts["Name"].text()
    description = SubscriptionDescription(**_properties(parts, _SUBSCRIPTION))
    rules = []
    yield _READ_UNITS
    for entry in _entries(parts, "Rules"):
        rules.append(read_rule(entry))
        yield _RULE_UNITS
    return ConfiguredSubscription(name, description, tuple(rules))


def _entries(parts: Mapping[str, ConfigValue], name: str) -> Sequence[ConfigValue]:
    return parts[name].items() if name in parts else ()


def _properties(parts: Mapping[str, ConfigValue], settings: Sequence[Property]) -> dict[str, Any]:
    if "Properties" not in parts:
        return {}
    given = parts["Properties"].fields(optional=[setting.name for setting in settings])
    return {
        setting.field: setting.read(given[setting.name])
        for setting in settings
        if setting.name in given
    }


# -- Making ---------------------------------------------------------------------------------


class _Make(Protocol):
    """Makes something, at an instant of broker time; returns the entity, if it is one."""

    def __call__(self, *, now: float) -> Entity | None: ...


def _steps(config: Config, namespace: Namespace) -> Iterator[tuple[str, _Make]]:
    """What to make, by path; forwarding comes last, when every target is there."""
    for topic in config.topics:
        yield topic.name, partial(namespace.create, topic.name, topic.description)
    for name, queue in config.queues.items():
        yield name, partial(namespace.create, name, _unforwarded(queue))
    for topic in config.topics:
        for one in topic.subscriptions:
            path = subscription_path(topic.name, one.name)
            first = one.rules[0] if one.rules else None
            yield path, partial(namespace.create, path, one.description, rule=first)
            for rule in one.rules[1:]:
                yield path, partial(_add_rule, namespace, topic.name, one.name, rule)
    for name, queue in config.queues.items():
        if queue != _unforwarded(queue):
            yield name, partial(_forward, namespace, name, queue)


def _unforwarded(queue: QueueDescription) -> QueueDescription:
    return replace(queue, forward_to=None, forward_dead_lettered_messages_to=None)


def _add_rule(namespace: Namespace, topic: str, name: str, rule: Rule, *, now: float) -> None:
    namespace.create_rule(namespace.directory.subscription(topic, name), rule, now=now)


def _forward(namespace: Namespace, name: str, queue: QueueDescription, *, now: float) -> None:
    namespace.update(namespace.directory.queue(name), queue, now=now)


def _make(path: str, make: _Make, now: float) -> Entity | None:
    try:
        return make(now=now)
    except BrokerError as refusal:
        raise ConfigError(f"'{path}': {refusal.message}") from None


# -- Writing --------------------------------------------------------------------------------


def _config_of(namespace: Namespace) -> Config:
    directory = namespace.directory
    return Config(
        namespace.name,
        {one.name: one.description for one in directory.queues()},
        tuple(
            ConfiguredTopic(
                topic.name,
                topic.description,
                tuple(
                    ConfiguredSubscription(one.name, one.description, tuple(one.rules))
                    for one in topic.subscriptions()
                ),
            )
            for topic in directory.topics()
        ),
    )


def _written(name: str, description: Description, settings: Sequence[Property]) -> dict[str, Any]:
    values = {setting.name: getattr(description, setting.field) for setting in settings}
    properties = {key: _plain(value) for key, value in values.items() if value is not None}
    return {"Name": name, "Properties": properties}


def _plain(value: object) -> object:
    return format_duration(value) if isinstance(value, timedelta) else value
