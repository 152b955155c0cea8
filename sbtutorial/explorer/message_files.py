"""Messages in a file and back: JSON lines, one message each, every section of it.

What JSON has no type for stands in an object with one name that begins with "$": bytes in base64,
instants, UUIDs, decimals, numbers that are none, and maps whose keys are no texts.
"""

import base64
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sbtutorial.errors import TutorialError
from sbtutorial.explorer.draft import BodyKind, Draft
from sbtutorial.explorer.message import Message

_SECTIONS = tuple(field.name for field in fields(Draft))
_ABOUT = "about"  # where it was and what the service said: for people, not read again


def written_messages(messages: Iterable[Message]) -> Iterator[str]:
    """A line each, without its end."""
    for message in messages:
        about = {"place": str(message.place), "state": message.state, **message.service}
        shown = {name: value for name, value in about.items() if value is not None}
        yield json.dumps({**_plain_draft(message.draft), _ABOUT: _plain(shown)})


def read_messages(lines: Iterable[str]) -> Iterator[Draft]:
    """The messages of a file, in order; empty lines are left out.

    Raises:
        TutorialError: A line is no message; says which, and what is wrong.
    """
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _draft(number, line)


def _plain_draft(draft: Draft) -> dict[str, Any]:
    values = {name: getattr(draft, name) for name in _SECTIONS}
    kept = ("body", "body_kind")
    return {name: _plain(value) for name, value in values.items() if value or name in kept}


def _draft(number: int, line: str) -> Draft:
    try:
        value = json.loads(line)
        if not isinstance(value, dict) or "body" not in value:
            raise ValueError('it has no "body"')
        given = {name: each for name, each in value.items() if name != _ABOUT}
        if unknown := sorted(given.keys() - set(_SECTIONS)):
            raise ValueError(f"'{unknown[0]}' is no section of a message")
        read = {name: _value(each) for name, each in given.items()}
        read["body_kind"] = BodyKind(read.get("body_kind", BodyKind.VALUE))
        _require_sections(read)
        return Draft(**read)
    except (ValueError, KeyError, TypeError, ArithmeticError, RecursionError) as error:
        raise TutorialError(f"Line {number} is no message: {error}.") from None


def _require_sections(read: Mapping[str, Any]) -> None:
    for name in _SECTIONS[2:]:
        if not isinstance(read.get(name, {}), Mapping):
            raise ValueError(f"'{name}' is to be names and values")
    body, kind = read["body"], read["body_kind"]
    if kind is BodyKind.DATA and not _are(bytes, body):
        raise ValueError("a body of data is to be a list of bytes")
    if kind is BodyKind.SEQUENCE and not _are(list, body):
        raise ValueError("a body of sequences is to be a list of lists")


def _are(wanted: type, body: Any) -> bool:
    return isinstance(body, list) and all(isinstance(each, wanted) for each in body)


# -- Values ------------------------------------------------------------------------------------

_WRITERS: tuple[tuple[type, str, Callable[[Any], Any]], ...] = (
    (bytes, "$bytes", lambda value: base64.b64encode(value).decode()),
    (datetime, "$datetime", datetime.isoformat),
    (UUID, "$uuid", str),
    (Decimal, "$decimal", str),
)
_READERS: dict[str, Callable[[Any], Any]] = {
    "$bytes": lambda text: base64.b64decode(text, validate=True),
    "$datetime": datetime.fromisoformat,
    "$uuid": UUID,
    "$decimal": Decimal,
    "$float": float,
    "$map": lambda pairs: {_value(key): _value(each) for key, each in pairs},
}


def _plain(value: Any) -> Any:
    for kind, tag, write in _WRITERS:
        if isinstance(value, kind):
            return {tag: write(value)}
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": repr(value)}
    if isinstance(value, Mapping):
        if all(isinstance(key, str) and not key.startswith("$") for key in value):
            return {key: _plain(each) for key, each in value.items()}
        return {"$map": [[_plain(key), _plain(each)] for key, each in value.items()]}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def _value(plain: Any) -> Any:
    if isinstance(plain, list):
        return [_value(each) for each in plain]
    if not isinstance(plain, dict):
        return plain
    if len(plain) == 1 and (tag := next(iter(plain))).startswith("$"):
        if tag not in _READERS:
            raise ValueError(f"'{tag}' is no type")
        return _READERS[tag](plain[tag])
    return {key: _value(each) for key, each in plain.items()}
