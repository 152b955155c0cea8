"""What can be chosen about an entity, as data: type, unit, limit, and whether it can be changed.

Names, defaults and limits are those that the broker's own rules know, of the tier that the
namespace has; so a value is refused here, with a sentence, before it is sent.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from difflib import get_close_matches
from typing import Any

from sbtutorial.admin.durations import parse_duration
from sbtutorial.broker.descriptions import (
    Description,
    EntityStatus,
    QueueDescription,
    SubscriptionDescription,
    TopicDescription,
)
from sbtutorial.broker.errors import BrokerError
from sbtutorial.broker.limits import FOR_EVER, STANDARD, TIERS, Limits
from sbtutorial.broker.validation import IMMUTABLE, validate, validate_name, validate_update
from sbtutorial.errors import TutorialError
from sbtutorial.explorer.places import Kind
from sbtutorial.explorer.tables import Shown, Table

DESCRIPTIONS: dict[Kind, type[Description]] = {
    Kind.QUEUE: QueueDescription,
    Kind.TOPIC: TopicDescription,
    Kind.SUBSCRIPTION: SubscriptionDescription,
}
# What each is good for; those that are not here have no place in the SDK, or none in a form.
_PURPOSES = {
    "lock_duration": "how long a receiver holds a message before another may have it",
    "max_delivery_count": "after so many failed deliveries a message becomes a dead letter",
    "default_message_time_to_live": "how long a message lives that does not say it itself",
    "dead_lettering_on_message_expiration": "whether what has expired becomes a dead letter",
    "requires_session": "whether every message belongs to a session",
    "requires_duplicate_detection": "whether a second message with a known id is dropped",
    "duplicate_detection_history_time_window": "how long an id is known",
    "dead_lettering_on_filter_evaluation_exceptions": "whether a message on which a filter fails "
    "becomes a dead letter",
    "forward_to": "the queue or topic to which every message goes on",
    "forward_dead_lettered_messages_to": "the queue or topic to which every dead letter goes on",
    "status": "whether it takes messages and gives them out",
    "auto_delete_on_idle": "after so long without use it is deleted",
    "max_size_in_megabytes": "how much it holds",
    "max_message_size_in_kilobytes": "how large one message may be (Premium)",
    "enable_partitioning": "whether it is spread over several brokers",
    "enable_express": "whether messages are kept in memory for a moment first",
    "enable_batched_operations": "whether the service may write several at once",
    "support_ordering": "whether a topic keeps the order",
    "user_metadata": "a note of your own",
}
_UNITS = {
    "max_size_in_megabytes": "MB",
    "max_message_size_in_kilobytes": "KB",
    "max_delivery_count": "deliveries",
}
_LENGTHS = {
    "s": 1,
    "second": 1,
    "min": 60,
    "minute": 60,
    "h": 3600,
    "hour": 3600,
    "d": 86_400,
    "day": 86_400,
}
_FOR_EVER_WORDS = "for ever"
_WHOLE = re.compile("-?[0-9]{1,30}")


@dataclass(frozen=True)
class Property:
    """One thing that can be chosen.

    Attributes:
        name: As the SDK has it.
        type: "duration", "whole number", "yes or no", "text" or "choice".
        unit: Of a number; "" for none.
        default: What it is when nothing is said.
        limit: What it may be, in words; "" for no limit.
        choices: Every value that it may have, when they are few.
        is_changeable: Whether it can be changed later.
        purpose: What it is good for.
    """

    name: str
    type: str
    unit: str
    default: Any
    limit: str
    choices: tuple[str, ...]
    is_changeable: bool
    purpose: str

    def read(self, text: object) -> Any:
        """A value of its type, from itself or from what somebody typed.

        Raises:
            TutorialError: It is none.
        """
        return _READERS[self.type](self, text)


class Properties(Shown):
    """All that can be chosen about a kind of entity."""

    def __init__(self, kind: Kind, properties: Mapping[str, Property]) -> None:
        self.kind = kind
        self._properties = properties

    def __getitem__(self, name: str) -> Property:
        """A property by its name.

        Raises:
            TutorialError: There is none of that name.
        """
        if name in self._properties:
            return self._properties[name]
        close = get_close_matches(name, self._properties, n=1)
        meant = f"; {close[0]} is meant, perhaps" if close else f": {', '.join(self._properties)}"
        raise TutorialError(f"A {self.kind} has no property '{name}'{meant}.")

    def __iter__(self) -> Any:
        return iter(self._properties.values())

    def table(self) -> Table:
        """A row each."""
        heads = ("property", "type", "limit", "default", "later", "what for")
        rows = (
            (one.name, one.type, one.limit, spell(one.default), _later(one), one.purpose)
            for one in self
        )
        return Table(f"what can be chosen about a {self.kind}", heads, rows)


def properties_of(kind: Kind, limits: Limits = STANDARD) -> Properties:
    """All that can be chosen about a kind of entity, in a tier."""
    description = DESCRIPTIONS[kind]
    defaults = description()
    known = {each.name for each in fields(description)}
    return Properties(
        kind, {name: _property(name, defaults, limits) for name in _PURPOSES if name in known}
    )


def limits_of(tier: str) -> Limits:
    """What a tier allows; what is not known counts as Standard."""
    return TIERS.get(tier.capitalize(), STANDARD)


def require_name(kind: str, name: object) -> None:
    """Refuse a name that the service refuses for a "queue", "topic", "subscription" or "rule".

    Raises:
        TutorialError: It is none.
    """
    if not isinstance(name, str) or not name:
        raise TutorialError(f"A {kind} is named by text; {name!r} is no name.")
    try:
        validate_name(kind, name)
    except BrokerError as refusal:
        raise TutorialError(refusal.message) from None


def described(kind: Kind, given: Mapping[str, Any], limits: Limits) -> Description:
    """A description of what somebody asked for, checked.

    Args:
        kind: Of what.
        given: Values, or texts that mean them, by the SDK's names.
        limits: Of the namespace's tier.

    Raises:
        TutorialError: There is no such property, or a value is none of its type or out of range.
    """
    known = properties_of(kind, limits)
    values = {name: known[name].read(value) for name, value in given.items()}
    description = DESCRIPTIONS[kind](**values)
    _checked(lambda: validate(description, limits))
    return description


def require_change(old: Description, new: Description, limits: Limits) -> None:
    """Refuse a change that the service refuses.

    Raises:
        TutorialError: The property is fixed at creation, or the value is out of range.
    """
    _checked(lambda: validate_update(old, new, limits))


def spell(value: Any) -> str:
    """A value as somebody would type it: "30 s", "for ever", "yes"."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, EntityStatus):
        return value.value
    if not isinstance(value, timedelta):
        return str(value)
    if value >= FOR_EVER:
        return _FOR_EVER_WORDS
    seconds = value.total_seconds()
    for unit, length in (("day", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length and seconds % length == 0:
            count = seconds / length
            return f"{count:g} {unit}{'s' * (unit == 'day' and count != 1)}"
    return f"{seconds:g} s"


def _checked(check: Any) -> None:
    try:
        check()
    except BrokerError as refusal:
        raise TutorialError(refusal.message) from None


def _later(one: Property) -> str:
    return "can be changed" if one.is_changeable else "fixed at creation"


def _property(name: str, defaults: Description, limits: Limits) -> Property:
    default = getattr(defaults, name)
    type_ = _type(name, default)
    choices = _choices(name, defaults, limits)
    ranges = {one.property: one for one in limits.ranges}
    if name in ranges:
        limit = f"{spell(ranges[name].lowest)} to {spell(ranges[name].highest)}"
    elif name == "user_metadata":
        limit = f"{limits.max_user_metadata_chars} characters at most"
    elif name == "max_message_size_in_kilobytes":
        span = limits.message_kilobytes_range
        limit = f"{span[0]} to {span[1]}" if span else "Premium only"
    else:
        limit = ", ".join(choices)
    return Property(
        name,
        type_,
        _UNITS.get(name, ""),
        default,
        limit,
        choices,
        name not in IMMUTABLE,
        _PURPOSES[name],
    )


def _type(name: str, default: Any) -> str:
    if name in ("status", "max_size_in_megabytes"):
        return "choice"
    if isinstance(default, bool):
        return "yes or no"
    if isinstance(default, timedelta):
        return "duration"
    return "whole number" if name in _UNITS else "text"


def _choices(name: str, defaults: Description, limits: Limits) -> tuple[str, ...]:
    if name == "status":
        return tuple(status.value for status in defaults.statuses)
    if name == "max_size_in_megabytes":
        return tuple(map(str, limits.queue_sizes_in_megabytes))
    return ()


# -- Reading what somebody typed ---------------------------------------------------------------


def _read_duration(one: Property, value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str):
        if value.strip().lower() == _FOR_EVER_WORDS:
            return FOR_EVER
        number, _, unit = value.strip().partition(" ")
        if length := _LENGTHS.get(unit.strip().lower().removesuffix("s") or "s"):
            try:
                return timedelta(seconds=float(number) * length) if unit else _bare(number)
            except (ValueError, OverflowError):
                pass
        try:
            return parse_duration(value.strip())
        except ValueError:
            pass
    is_number = isinstance(value, int | float)
    raise TutorialError(
        f"{one.name} takes a duration: a timedelta, or a text such as '30 s', '5 min' or "
        f"'for ever'; {value!r} is {'a number without a unit' if is_number else 'none'}."
    )


def _bare(number: str) -> timedelta:
    raise ValueError(f"{number} has no unit")


def _read_whole(one: Property, value: object) -> int | None:
    if value in ("", None) and one.default is None:
        return None
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise TutorialError(f"{one.name} takes a whole number; {value!r} is none.")


def _read_boolean(one: Property, value: object) -> bool:
    words = {"yes": True, "true": True, "no": False, "false": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in words:
        return words[value.strip().lower()]
    raise TutorialError(f"{one.name} takes True or False; {value!r} is neither.")


def _read_text(one: Property, value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    raise TutorialError(f"{one.name} takes a text; {value!r} is none.")


def _read_choice(one: Property, value: object) -> Any:
    if one.name != "status":
        return _read_whole(one, value)
    text = str(getattr(value, "value", value)).strip().lower()
    for choice in one.choices:
        if choice.lower() == text:
            return EntityStatus(choice)
    raise TutorialError(f"{one.name} is one of {', '.join(one.choices)}; {value!r} is none.")


_READERS = {
    "duration": _read_duration,
    "whole number": _read_whole,
    "yes or no": _read_boolean,
    "text": _read_text,
    "choice": _read_choice,
}
