"""What somebody typed into a form, as values: a text with the type that was chosen beside it."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from sbtutorial.errors import TutorialError
from sbtutorial.explorer.properties import Property, spell
from sbtutorial.explorer.view.calls import said

TYPES = ("text", "whole number", "number", "yes or no")
# The fields of a message that a form has, in its order.
FIELDS = (
    *("subject", "message_id", "session_id", "correlation_id", "content_type", "reply_to", "to"),
    "reply_to_session_id",
)


def message_options(form: dict[str, Any]) -> dict[str, Any]:
    """What a form says of a message, by the SDK's names.

    Raises:
        TutorialError: A value is none of its type.
    """
    options: dict[str, Any] = {name: form.get(name) for name in FIELDS}
    if lifetime := (form.get("time_to_live") or "").strip():
        options["time_to_live"] = _duration(lifetime, "time_to_live")
    if delay := (form.get("scheduled_in") or "").strip():
        options["scheduled_enqueue_time_utc"] = _in(_duration(delay, "scheduled_in"))
    options["application_properties"] = application_properties(form.get("own") or [])
    return said(options)


def application_properties(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Names and values of the rows that have a name.

    Raises:
        TutorialError: A value is none of the type beside it, or a name is there twice.
    """
    values: dict[str, Any] = {}
    for row in rows:
        name = row.get("name", "")
        if not name:
            continue
        if name in values:
            raise TutorialError(f"The property '{name}' is there twice: give each its own name.")
        values[name] = _value(name, row.get("type", TYPES[0]), row.get("value", ""))
    return values


def own_rows(values: dict[str, Any]) -> list[dict[str, str]] | None:
    """The rows of a form for application properties; None when it has no type for one of them."""
    rows = []
    for name, value in values.items():
        kind = _TYPE_NAMES.get(type(value))
        if kind is None:
            return None
        rows.append({"name": name, "type": kind, "value": spell(value)})
    return rows


def number(text: Any, name: str) -> float:
    """A number from a field.

    Raises:
        TutorialError: It is none.
    """
    try:
        return float(text)
    except (TypeError, ValueError):
        raise TutorialError(f"{name} is a number; {text!r} is none.") from None


def whole(text: Any, name: str) -> int:
    """A whole number from a field.

    Raises:
        TutorialError: It is none.
    """
    with suppress(ValueError):
        return int(str(text))  # to the last digit, which a float would not keep
    value = number(text, name)
    if not value.is_integer():
        raise TutorialError(f"{name} is a whole number; {text!r} is none.")
    return int(value)


_TYPE_NAMES = {str: "text", int: "whole number", float: "number", bool: "yes or no"}


def _value(name: str, kind: str, text: str) -> Any:
    if kind == "whole number":
        return whole(text, f"The property '{name}'")
    if kind == "number":
        return number(text, f"The property '{name}'")
    if kind == "yes or no":
        words = {"yes": True, "true": True, "no": False, "false": False}
        if text.strip().lower() not in words:
            raise TutorialError(f"The property '{name}' is yes or no; '{text}' is neither.")
        return words[text.strip().lower()]
    return text


def _duration(text: str, name: str) -> timedelta:
    value: timedelta = Property(name, "duration", "", None, "", (), True, "").read(text)
    return value


def _in(delay: timedelta) -> datetime:
    try:
        return datetime.now(UTC) + delay
    except OverflowError:
        raise TutorialError("scheduled_in is longer than any calendar goes.") from None
