"""Which names and descriptions are refused, and in which words.

Source: Azure Service Bus, "Quotas"; REST API, "Queues", "Topics", "Subscriptions"; of subscriptions
with sessions that forward, azure-service-bus#317.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple, TypeVar

from sbtutorial.broker.descriptions import (
    FOR_EVER,
    AuthorizationRule,
    Description,
    SizedDescription,
    SubscriptionDescription,
)
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.limits import KIB, MAX_ENTITY_NAME_CHARS, MAX_NAME_CHARS, Limits

_D = TypeVar("_D", bound=Description)

IMMUTABLE = ("requires_session", "requires_duplicate_detection", "enable_partitioning")
_RIGHTS = ("Manage", "Send", "Listen")


class NameRule(NamedTuple):
    """What a kind of thing may be called."""

    pattern: re.Pattern[str]
    in_words: str
    max_chars: int


_PATH_NAME = NameRule(
    re.compile(r"[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?"),
    "use letters, digits and . - _ / only, and begin and end with a letter or a digit",
    MAX_ENTITY_NAME_CHARS,
)
_PLAIN_NAME = NameRule(
    re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?"),
    "use letters, digits and . - _ only, and begin and end with a letter or a digit",
    MAX_NAME_CHARS,
)
_RULE_NAME = NameRule(
    re.compile(r"[^@?#*/\\]+"), "the characters @ ? # * / and \\ are not allowed", MAX_NAME_CHARS
)
NAME_RULES = {
    "queue": _PATH_NAME,
    "topic": _PATH_NAME,
    "subscription": _PLAIN_NAME,
    "rule": _RULE_NAME,
}


def validate_name(kind: str, name: str) -> None:
    """Refuse a name that Azure refuses for a "queue", "topic", "subscription" or "rule".

    Raises:
        BrokerError: ARGUMENT_ERROR.
    """
    rule = NAME_RULES[kind]
    if len(name) > rule.max_chars:
        problem = f"it has {len(name)} characters, and {rule.max_chars} are allowed"
    elif not rule.pattern.fullmatch(name):
        problem = rule.in_words
    else:
        return
    raise BrokerError(ErrorCode.ARGUMENT_ERROR, f"'{name}' cannot name a {kind}: {problem}.")


def validate(description: Description, limits: Limits) -> None:
    """Refuse a description that Azure refuses.

    Raises:
        BrokerError: ARGUMENT_OUT_OF_RANGE or ARGUMENT_ERROR; the first rule that is broken, by
            the property's name, its value and what it may be.
    """
    for problem in _out_of_range(description, limits):
        raise BrokerError(ErrorCode.ARGUMENT_OUT_OF_RANGE, problem)
    for problem in _contradictions(description, limits):
        raise BrokerError(ErrorCode.ARGUMENT_ERROR, problem)


def fitted(description: _D, limits: Limits) -> _D:
    """The description, with Azure's defaults brought down to what a smaller tier has at most."""
    defaults = type(description)()
    too_much = {
        name: highest
        for name, _, highest in limits.ranges
        if getattr(description, name, None) == getattr(defaults, name, highest) > highest
    }
    return replace(description, **too_much) if too_much else description


def validate_update(old: Description, new: Description, limits: Limits) -> None:
    """Refuse an update that `validate` refuses or that changes what is fixed at creation.

    Raises:
        BrokerError: As `validate`; ARGUMENT_ERROR for a property that cannot be changed.
    """
    for name in IMMUTABLE:
        before, after = getattr(old, name, None), getattr(new, name, None)
        if before != after:
            raise BrokerError(
                ErrorCode.ARGUMENT_ERROR,
                f"{name} is {before} and cannot be changed to {after}: it is fixed when a "
                f"{new.kind} is created. Delete the {new.kind} and create it again.",
            )
    validate(new, limits)


def _out_of_range(description: Description, limits: Limits) -> Iterator[str]:
    for name, lowest, highest in limits.ranges:
        value = getattr(description, name, lowest)
        if not lowest <= value <= highest:
            yield f"{name} is {_spell(value)}; it may be {_spell(lowest)} to {_spell(highest)}."
    if isinstance(description, SizedDescription):
        yield from _sizes_out_of_range(description, limits)


def _sizes_out_of_range(description: SizedDescription, limits: Limits) -> Iterator[str]:
    size, sizes = description.max_size_in_megabytes, limits.queue_sizes_in_megabytes
    if size not in sizes:
        yield (
            f"max_size_in_megabytes is {size}; in the {limits.name} tier it may be "
            f"{', '.join(map(str, sizes))}."
        )
    yield from _message_size_out_of_range(description.max_message_size_in_kilobytes, limits)


def _message_size_out_of_range(kilobytes: int | None, limits: Limits) -> Iterator[str]:
    usual = limits.max_message_bytes // KIB
    lowest, highest = limits.message_kilobytes_range or (usual, usual)
    if kilobytes is None or lowest <= kilobytes <= highest:
        return
    if limits.message_kilobytes_range is None:
        allowed = f"the {limits.name} tier has {usual} for every entity; leave it out"
    else:
        allowed = f"in the {limits.name} tier it may be {lowest} to {highest}"
    yield f"max_message_size_in_kilobytes is {kilobytes}; {allowed}."


def _contradictions(description: Any, limits: Limits) -> Iterator[str]:
    metadata = description.user_metadata or ""
    if len(metadata) > limits.max_user_metadata_chars:
        yield (
            f"user_metadata has {len(metadata)} characters; it may have "
            f"{limits.max_user_metadata_chars} at most."
        )
    if description.status not in description.statuses:
        allowed = ", ".join(status.value for status in description.statuses)
        yield f"status is {description.status.value}; of a {description.kind} it may be {allowed}."
    if isinstance(description, SubscriptionDescription):
        if description.requires_session and description.forward_to:
            yield "forward_to is set; a subscription that requires sessions cannot forward."
        return
    if description.enable_partitioning and not limits.has_partitions:
        yield f"enable_partitioning is set; the {limits.name} tier has no partitions."
    if description.enable_express and description.requires_duplicate_detection:
        # Azure's own words, with its own name for enable_express.
        yield (
            "Both DelayedPersistence property and RequiresDuplicateDetection property cannot be "
            "enabled together. Choose enable_express or requires_duplicate_detection."
        )
    yield from _authorization_problems(description.authorization_rules, limits)


def _authorization_problems(rules: tuple[AuthorizationRule, ...], limits: Limits) -> Iterator[str]:
    if len(rules) > limits.max_authorization_rules:
        yield (
            f"authorization_rules has {len(rules)} rules; it may have "
            f"{limits.max_authorization_rules} at most."
        )
    names = [rule.key_name for rule in rules]
    for name in sorted({str(name) for name in names if names.count(name) > 1}):
        yield f"authorization_rules: more than one rule is named '{name}'; give each its own name."
    for rule in rules:
        if not rule.key_name:
            yield "authorization_rules: a rule has no key_name; tokens name their key by it."
        if unknown := sorted(set(rule.rights) - set(_RIGHTS)):
            yield (
                f"authorization_rules: rule '{rule.key_name}' gives {', '.join(unknown)}; "
                f"rights are {', '.join(_RIGHTS)}."
            )
        if "Manage" in rule.rights and len(set(rule.rights)) < len(_RIGHTS):
            yield (
                f"authorization_rules: rule '{rule.key_name}' gives Manage, which includes Send "
                "and Listen; name all three."
            )


def _spell(value: object) -> str:
    """A value as a reader would say it: `5 minutes`, `for ever`, `10`."""
    if not isinstance(value, timedelta):
        return str(value)
    if value == FOR_EVER:
        return "for ever"
    seconds = value.total_seconds()
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= length and seconds % length == 0:
            seconds, name = seconds / length, unit
            break
    else:
        name = "second"
    return f"{seconds:g} {name}" + ("" if seconds == 1 else "s")
