"""Values as the SDK gives and takes them, and what of it would not arrive.

The SDK gives texts back as bytes, except in a few properties; here they are texts again. What it
does not tell apart is not told apart here either: bytes that happen to be text become text, and an
instant in an application property is the whole number that the SDK makes of it.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sbtutorial.errors import TutorialError
from sbtutorial.text import one_line

# What AMQP and the SDK have a type for.
SIMPLE = (str, bytes, bool, int, float, Decimal, datetime, UUID, type(None))
_INT32 = range(-(1 << 31), 1 << 31)
_INT64 = range(-(1 << 63), 1 << 63)  # AMQP's long, the widest that the SDK sends

_DIGITS = 40


def readable(value: Any) -> Any:
    """What the SDK has received, with texts where it gives bytes that are text."""
    if isinstance(value, bytes | bytearray):
        try:
            return bytes(value).decode()
        except UnicodeDecodeError:
            return bytes(value)
    if isinstance(value, Mapping):
        return {readable(key): readable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [readable(each) for each in value]
    return value


def sendable(value: Any) -> Any:
    """What the SDK can send; it takes every whole number for one of 32 bits unless told."""
    if isinstance(value, int) and not isinstance(value, bool) and value not in _INT32:
        return {"TYPE": "LONG", "VALUE": value}
    if isinstance(value, Mapping):
        return {key: sendable(each) for key, each in value.items()}
    if isinstance(value, list):
        return [sendable(each) for each in value]
    return value


def require_value(body: Any) -> None:
    """Refuse what would arrive as nothing at all, and what the SDK fails at."""
    is_number = isinstance(body, int) and not isinstance(body, bool)
    if body is not None and not body:
        raise TutorialError(
            f"The SDK leaves out a body that is {body!r} as AMQP's value: send it as text, "
            f'"{body}".'
        )
    if is_number and body not in _INT32:
        raise TutorialError(
            f"The SDK sends {body} not as a body by itself, as it has more than 32 bits: send it "
            f'as text, "{body}", or in a list.'
        )


def require_whole(value: Any) -> None:
    """Refuse a whole number that AMQP has no type for."""
    if isinstance(value, int) and value not in _INT64:
        raise TutorialError(
            f"{one_line(str(value), _DIGITS)} has more than the 64 bits of a whole number: send it "
            "as text."
        )


def require_encodable(value: Any) -> None:
    """Refuse a body that AMQP has no type for."""
    require_whole(value)
    if isinstance(value, Mapping):
        for part in (*value, *value.values()):
            require_encodable(part)
    elif isinstance(value, list):
        for part in value:
            require_encodable(part)
    elif not isinstance(value, SIMPLE):
        raise TutorialError(
            f"A body is text, bytes, or made of numbers, texts, lists and maps; {value!r} is a "
            f"{type(value).__name__}."
        )
