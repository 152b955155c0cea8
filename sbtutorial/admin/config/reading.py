"""A file's text understood: what is unknown or wrong is refused by its name and its place."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sbtutorial.admin.config.model import (
    Config,
    ConfiguredSubscription,
    ConfiguredTopic,
    Steps,
)
from sbtutorial.admin.config.properties import LOGGING, QUEUE, SUBSCRIPTION, TOPIC, Property
from sbtutorial.admin.config.rules import read_rule
from sbtutorial.admin.config.values import ConfigError, ConfigValue
from sbtutorial.broker.background import done_at_once
from sbtutorial.broker.descriptions import (
    QueueDescription,
    SubscriptionDescription,
    TopicDescription,
)

_READ_UNITS = 1
_RULE_UNITS = 4  # an expression is parsed
_CHARS_A_UNIT = 2 * 1024  # of a text that is searched for comments
# A text, in which nothing is a comment, or a comment; both in one step, whichever comes first.
_TEXT_OR_COMMENT = re.compile(
    r'"(?:[^"\\]|\\.)*"?|//[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/)?', re.DOTALL
)
_NOT_NEWLINE = re.compile(r"[^\n]")


def read_config(text: str) -> Config:
    """Understand a file's text.

    Raises:
        ConfigError: It is no JSON, or something in it is unknown or wrong: by name and place.
    """
    return done_at_once(reading(text), 0.0)


def reading(text: str) -> Steps[Config]:
    """Understand a file's text, a queue or a rule at a step.

    Raises:
        ConfigError: As `read_config`.
    """
    text = without_comments(text)
    yield len(text) // _CHARS_A_UNIT
    try:
        root = ConfigValue.root(json.loads(text))
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"This is no JSON: {error.msg}, in line {error.lineno}, column {error.colno}."
        ) from None
    except (ValueError, RecursionError) as error:  # a number or a depth that nobody needs
        raise ConfigError(f"This cannot be read as JSON: {error}.") from None
    user = root.fields(required=("UserConfig",))["UserConfig"]
    parts = user.fields(required=("Namespaces",), optional=(LOGGING,))
    namespaces = parts["Namespaces"].items()
    if len(namespaces) != 1:
        count = len(namespaces)
        raise parts["Namespaces"].problem(f"one namespace is allowed, and here are {count}")
    return (yield from _namespace(namespaces[0]))


def without_comments(text: str) -> str:
    """JSON without comments, which the emulator's own file has; every place in it stays the same.

    An end that is missing ends with the text, in which case that is no JSON any more.
    """
    if "//" not in text and "/*" not in text:
        return text
    return _TEXT_OR_COMMENT.sub(_blank_comment, text)


def _blank_comment(found: re.Match[str]) -> str:
    text = found[0]
    return text if text.startswith('"') else _NOT_NEWLINE.sub(" ", text)


def _namespace(place: ConfigValue) -> Steps[Config]:
    parts = place.fields(required=("Name",), optional=("Queues", "Topics"))
    queues: dict[str, QueueDescription] = {}
    for entry in _entries(parts, "Queues"):
        name, description = _queue(entry)
        if name in queues:
            raise entry.problem(f"there is a queue '{name}' above already")
        queues[name] = description
        yield _READ_UNITS
    topics = []
    for entry in _entries(parts, "Topics"):
        topics.append((yield from _topic(entry)))
    return Config(parts["Name"].text(), queues, tuple(topics))


def _queue(place: ConfigValue) -> tuple[str, QueueDescription]:
    parts = place.fields(required=("Name",), optional=("Properties",))
    return parts["Name"].text(), QueueDescription(**_properties(parts, QUEUE))


def _topic(place: ConfigValue) -> Steps[ConfiguredTopic]:
    parts = place.fields(required=("Name",), optional=("Properties", "Subscriptions"))
    name = parts["Name"].text()
    description = TopicDescription(**_properties(parts, TOPIC))
    subscriptions = []
    yield _READ_UNITS
    for entry in _entries(parts, "Subscriptions"):
        subscriptions.append((yield from _subscription(entry)))
    return ConfiguredTopic(name, description, tuple(subscriptions))


def _subscription(place: ConfigValue) -> Steps[ConfiguredSubscription]:
    parts = place.fields(required=("Name",), optional=("Properties", "Rules"))
    name = parts["Name"].text()
    description = SubscriptionDescription(**_properties(parts, SUBSCRIPTION))
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
