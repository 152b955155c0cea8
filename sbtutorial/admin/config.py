"""A whole namespace as one file: the `config.json` of Microsoft's emulator, read and written.

What is unknown or wrong is refused by its name and its place in the file; nothing is half applied.

Source: "Azure Service Bus emulator", configuration.
"""

import json
import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple

from sbtutorial.admin.config_rules import read_rule, write_rule
from sbtutorial.admin.config_values import ConfigError, ConfigValue
from sbtutorial.admin.durations import format_duration, parse_duration
from sbtutorial.broker.descriptions import (
    Description,
    QueueDescription,
    SubscriptionDescription,
    TopicDescription,
)
from sbtutorial.broker.errors import BrokerError
from sbtutorial.broker.namespace import Namespace
from sbtutorial.broker.paths import subscription_path
from sbtutorial.broker.rules.rule import Rule


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
    return _namespace(namespaces[0])


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
    try:
        for path, make in _steps(config, namespace, now):
            _make(path, make)
    except ConfigError:
        namespace.reset(now=now)
        raise


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


def _namespace(place: ConfigValue) -> Config:
    parts = place.fields(required=("Name",), optional=("Queues", "Topics"))
    queues = dict(_queue(entry) for entry in _entries(parts, "Queues"))
    topics = tuple(_topic(entry) for entry in _entries(parts, "Topics"))
    return Config(parts["Name"].text(), queues, topics)


def _queue(place: ConfigValue) -> tuple[str, QueueDescription]:
    parts = place.fields(required=("Name",), optional=("Properties",))
    return parts["Name"].text(), QueueDescription(**_properties(parts, _QUEUE))


def _topic(place: ConfigValue) -> ConfiguredTopic:
    parts = place.fields(required=("Name",), optional=("Properties", "Subscriptions"))
    return ConfiguredTopic(
        parts["Name"].text(),
        TopicDescription(**_properties(parts, _TOPIC)),
        tuple(_subscription(entry) for entry in _entries(parts, "Subscriptions")),
    )


def _subscription(place: ConfigValue) -> ConfiguredSubscription:
    parts = place.fields(required=("Name",), optional=("Properties", "Rules"))
    return ConfiguredSubscription(
        parts["Name"].text(),
        SubscriptionDescription(**_properties(parts, _SUBSCRIPTION)),
        tuple(read_rule(entry) for entry in _entries(parts, "Rules")),
    )


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


def _steps(
    config: Config, namespace: Namespace, now: float
) -> Iterator[tuple[str, Callable[[], object]]]:
    """What to make, by path; forwarding comes last, when every target is there."""
    for topic in config.topics:
        yield topic.name, partial(namespace.create, topic.name, topic.description, now=now)
    for name, queue in config.queues.items():
        yield name, partial(namespace.create, name, _unforwarded(queue), now=now)
    for topic in config.topics:
        for one in topic.subscriptions:
            path = subscription_path(topic.name, one.name)
            yield path, partial(_subscribe, namespace, topic.name, one, now)
    for name, queue in config.queues.items():
        if queue != _unforwarded(queue):
            yield name, partial(_forward, namespace, name, queue, now)


def _unforwarded(queue: QueueDescription) -> QueueDescription:
    return replace(queue, forward_to=None, forward_dead_lettered_messages_to=None)


def _subscribe(namespace: Namespace, topic: str, one: ConfiguredSubscription, now: float) -> None:
    first = one.rules[0] if one.rules else None
    path = subscription_path(topic, one.name)
    made = namespace.create(path, one.description, rule=first, now=now)
    for rule in one.rules[1:]:
        namespace.create_rule(made, rule, now=now)


def _forward(namespace: Namespace, name: str, queue: QueueDescription, now: float) -> None:
    namespace.update(namespace.directory.queue(name), queue, now=now)


def _make(path: str, make: Callable[[], object]) -> None:
    try:
        make()
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
