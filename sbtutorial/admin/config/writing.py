"""The file that asks for what a namespace has; its format has no word for some of it."""

import json
from collections.abc import Container, Sequence
from datetime import timedelta
from itertools import islice
from typing import Any

from sbtutorial.admin.config.model import Config, ConfiguredSubscription, Steps, config_of
from sbtutorial.admin.config.properties import LOGGING, QUEUE, SUBSCRIPTION, TOPIC, Property
from sbtutorial.admin.config.rules import write_rule
from sbtutorial.admin.durations import format_duration
from sbtutorial.broker.background import done_at_once
from sbtutorial.broker.descriptions import Description
from sbtutorial.broker.namespace import Namespace

# So much is put together at a step.
_ENTITIES, _RULES, _PIECES = 32, 64, 2000
_UNITS = 16


def write_config(namespace: Namespace) -> str:
    """The file that makes a namespace's entities again, without their messages."""
    return written_config(config_of(namespace))


def written_config(config: Config, *, leaving_out: Container[str] = ()) -> str:
    """The file that asks for this; what the emulator's format has no word for is left out.

    Args:
        config: What to ask for.
        leaving_out: Properties that are not written.
    """
    return done_at_once(writing(config, leaving_out=leaving_out), 0.0)


def writing(config: Config, *, leaving_out: Container[str] = ()) -> Steps[str]:
    """The same in steps."""
    content = yield from _Writer(leaving_out).namespace(config)
    user = {"Namespaces": [content], LOGGING: {"Type": "File"}}
    # An encoder with an indent walks the value as its pieces are asked for.
    pieces = json.JSONEncoder(indent=2).iterencode({"UserConfig": user})
    parts: list[str] = []
    while part := "".join(islice(pieces, _PIECES)):
        parts.append(part)
        yield _UNITS
    yield from _let_go(content)
    return "".join(parts) + "\n"


def _let_go(content: dict[str, Any]) -> Steps[None]:
    """Free very many values little by little, as that takes a while, too."""
    for topic in content["Topics"]:
        for subscription in topic["Subscriptions"]:
            rules = subscription["Rules"]
            while len(rules) > _RULES:
                del rules[-_RULES:]
                yield 1


class _Writer:
    """Turns entities into values of JSON, some at a step.

    Args:
        leaving_out: Properties that are not written.
    """

    def __init__(self, leaving_out: Container[str]) -> None:
        self._queue, self._topic, self._subscription = (
            [one for one in all if one.name not in leaving_out]
            for all in (QUEUE, TOPIC, SUBSCRIPTION)
        )

    def namespace(self, config: Config) -> Steps[dict[str, Any]]:
        """All of it."""
        queues = []
        for name, queue in config.queues.items():
            queues.append(_written(name, queue, self._queue))
            if len(queues) % _ENTITIES == 0:
                yield _UNITS
        topics = []
        for topic in config.topics:
            subscriptions = []
            for one in topic.subscriptions:
                subscriptions.append((yield from self._subscribed(one)))
                if len(subscriptions) % _ENTITIES == 0:
                    yield _UNITS
            entry = _written(topic.name, topic.description, self._topic)
            topics.append(entry | {"Subscriptions": subscriptions})
            yield 1
        return {"Name": config.namespace, "Queues": queues, "Topics": topics}

    def _subscribed(self, one: ConfiguredSubscription) -> Steps[dict[str, Any]]:
        rules = []
        for rule in one.rules:
            rules.append(write_rule(rule))
            if len(rules) % _RULES == 0:
                yield _UNITS
        return _written(one.name, one.description, self._subscription) | {"Rules": rules}


def _written(name: str, description: Description, settings: Sequence[Property]) -> dict[str, Any]:
    values = {setting.name: getattr(description, setting.field) for setting in settings}
    properties = {key: _plain(value) for key, value in values.items() if value is not None}
    return {"Name": name, "Properties": properties}


def _plain(value: object) -> object:
    return format_duration(value) if isinstance(value, timedelta) else value
