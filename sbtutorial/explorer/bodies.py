"""A body as text, as JSON and in hexadecimal: all of it, however long."""

import json
from typing import Any

from sbtutorial.explorer.draft import BodyKind, Draft

_BYTES_PER_LINE = 16


def body_bytes(draft: Draft) -> bytes | None:
    """The bytes of a body that is data; None of any other."""
    return b"".join(draft.body) if draft.body_kind is BodyKind.DATA else None


def as_text(draft: Draft) -> str:
    """The whole body as text; bytes that are no text in hexadecimal."""
    data = body_bytes(draft)
    if data is None:
        return draft.body if isinstance(draft.body, str) else repr(draft.body)
    try:
        return data.decode()
    except UnicodeDecodeError:
        return as_hex(draft)


def as_json(draft: Draft) -> str | None:
    """The body as JSON that is easy to read; None when it is no object and no list in JSON."""
    value: Any = draft.body
    if (data := body_bytes(draft)) is not None:
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            return None
    if not isinstance(value, dict | list):
        return None
    try:
        return json.dumps(value, indent=2, ensure_ascii=False)
    except (TypeError, ValueError):
        return None


def as_hex(draft: Draft) -> str:
    """Offset, sixteen bytes in hexadecimal, and the same as text, a line each."""
    data = body_bytes(draft)
    if data is None:
        data = as_text(draft).encode()
    return "\n".join(
        _hex_line(at, data[at : at + _BYTES_PER_LINE])
        for at in range(0, len(data), _BYTES_PER_LINE)
    )


def _hex_line(at: int, piece: bytes) -> str:
    numbers = piece.hex(" ").ljust(3 * _BYTES_PER_LINE - 1)
    letters = "".join(chr(each) if 32 <= each < 127 else "·" for each in piece)
    return f"{at:08x}  {numbers}  {letters}"
