"""Values as SQLite can keep them, and back: what it has no type for is bytes behind a letter."""

from collections.abc import Callable, Hashable
from uuid import UUID

from sbtutorial.broker.message import AssignedId

Column = str | int | bytes | None

_MOST = 2**63


def column(value: Hashable | None) -> Column:
    """An id, a name or a number as one column; most go as they are."""
    if value is None:
        return None
    kind = type(value)
    if kind is str:
        return value if value.isascii() else _text(value)  # type: ignore[attr-defined, return-value, arg-type]
    if isinstance(value, AssignedId):
        return b"a" + value.encode()
    if isinstance(value, UUID):
        return b"u" + value.bytes
    if isinstance(value, bytes):
        return b"b" + value
    if isinstance(value, int):
        return int(value) if -_MOST <= value < _MOST else b"i%d" % value
    if isinstance(value, str):
        return _text(value)
    raise TypeError(f"{kind.__name__} is no type of an id")


def value_of(kept: Column) -> str | int | bytes | UUID | None:
    """What `column` was given."""
    return _READ[kept[:1]](kept[1:]) if isinstance(kept, bytes) else kept


def text_of(kept: Column) -> str:
    """The same for what can only be a text."""
    found = value_of(kept)
    assert isinstance(found, str)
    return found


def _text(value: str) -> str | bytes:
    """Half of a character is no text for SQLite."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return b"s" + value.encode(errors="surrogatepass")
    return str(value)


_READ: dict[bytes, Callable[[bytes], str | int | bytes | UUID]] = {
    b"a": lambda kept: AssignedId(kept.decode()),
    b"u": lambda kept: UUID(bytes=kept),
    b"b": lambda kept: kept,
    b"i": int,
    b"s": lambda kept: kept.decode(errors="surrogatepass"),
}
