"""A namespace as Microsoft's emulator takes it: under the one name, within the limits that it has.

Its file knows fewer properties than ours, and a schema that checks it. What had to be changed is
told, so that nobody looks for it in vain there.

Source: "Azure Service Bus emulator", configuration; "Config-schema.json".
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple, TypeVar

from sbtutorial.admin.config.model import Config, ConfiguredSubscription, ConfiguredTopic
from sbtutorial.admin.config.rules import write_rule
from sbtutorial.admin.config.writing import written_config
from sbtutorial.admin.durations import format_duration
from sbtutorial.broker.descriptions import Description
from sbtutorial.broker.limits import EMULATOR
from sbtutorial.broker.rules.rule import DEFAULT_RULE_NAME, Rule, default_rule

NAMESPACE = "sbemulatorns"
UNKNOWN = frozenset(
    {
        "AutoDeleteOnIdle",
        "DeadLetteringOnFilterEvaluationExceptions",
        "EnablePartitioning",
        "MaxMessageSizeInKilobytes",
        "MaxSizeInMegabytes",
        "UserMetadata",
    }
)
_DEFAULT = write_rule(default_rule())
_IN_PLACE_OF_DEFAULT = "Default"  # for no name begins with a dollar sign there
_WINDOW = "duplicate_detection_history_time_window"
_D = TypeVar("_D", bound=Description)


class ForEmulator(NamedTuple):
    """A file, and what is not in it as it was, in sentences."""

    text: str
    changes: tuple[str, ...]


def written_for_emulator(config: Config) -> ForEmulator:
    """The file for Microsoft's emulator that comes closest to a configuration."""
    clipping = _Clipping()
    topics = tuple(
        ConfiguredTopic(
            topic.name,
            clipping.fit(topic.name, topic.description),
            tuple(
                ConfiguredSubscription(
                    one.name,
                    clipping.fit(f"{topic.name}/{one.name}", one.description),
                    _named(one.rules),
                )
                for one in topic.subscriptions
            ),
        )
        for topic in config.topics
    )
    queues = {name: clipping.fit(name, one) for name, one in config.queues.items()}
    fitted = Config(NAMESPACE, queues, topics)
    return ForEmulator(
        written_config(fitted, leaving_out=UNKNOWN), (*clipping.told(), *_misfits(config))
    )


class _Clipping:
    """Brings values to the nearest that is allowed, and remembers whose."""

    def __init__(self) -> None:
        self._paths: defaultdict[tuple[str, str], list[str]] = defaultdict(list)

    def fit(self, path: str, description: _D) -> _D:
        """The description with the nearest values that the emulator takes."""
        changed: dict[str, Any] = {}
        for name, lowest, highest in EMULATOR.ranges:
            value = getattr(description, name, None)
            if value is None or lowest <= value <= highest:
                continue
            changed[name] = nearest = min(max(value, lowest), highest)
            if name != _WINDOW or getattr(description, "requires_duplicate_detection", False):
                self._paths[name, _shown(nearest)].append(f"'{path}'")
        return replace(description, **changed)

    def told(self) -> Iterator[str]:
        """A sentence for each value that was put in another's place."""
        for (name, value), paths in self._paths.items():
            yield f"{name} becomes {value} for {', '.join(paths)}."


def _named(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Rules under names that it takes: the default one is what a subscription has without any."""
    if [write_rule(one) for one in rules] == [_DEFAULT]:
        return ()
    return tuple(
        replace(one, name=_IN_PLACE_OF_DEFAULT) if one.name == DEFAULT_RULE_NAME else one
        for one in rules
    )


def _misfits(config: Config) -> Iterator[str]:
    """What the emulator will refuse, since nothing can be put in its place."""
    count = len(config.queues) + len(config.topics)
    if count > EMULATOR.max_entities:
        yield f"It has {EMULATOR.max_entities} queues and topics at most, and here are {count}."
    for topic in config.topics:
        if not topic.subscriptions:
            yield f"It wants a subscription for each topic, and '{topic.name}' has none."


def _shown(value: object) -> str:
    return format_duration(value) if isinstance(value, timedelta) else str(value)
