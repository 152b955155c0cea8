"""Names with typed values, as .NET writes a dictionary of objects: parameters and properties.

Source: XML Schema part 2; .NET data contracts, "KeyValueOfstringanyType".
"""

import math
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple
from uuid import UUID
from xml.etree.ElementTree import Element, SubElement

from sbtutorial.admin.atom import SCHEMA_INSTANCE, is_nil, local_name
from sbtutorial.admin.durations import format_duration, parse_duration
from sbtutorial.admin.xml_types import parse_boolean
from sbtutorial.broker.errors import BrokerError, ErrorCode

_SCHEMA = "http://www.w3.org/2001/XMLSchema"
_SERIALIZATION = "http://schemas.microsoft.com/2003/10/Serialization/"  # .NET's own types
_PAIR = "KeyValueOfstringanyType"
_INTEGER = re.compile(r"[+-]?\d{1,19}", re.ASCII)
# .NET's decimal has 28 digits; AMQP's largest has 34, and exponents up to 6144.
_WRITTEN_OUT = 28
_MAX_EXPONENT = 6144
_MAX_DECIMAL_CHARS = 40
_INT32 = range(-(1 << 31), 1 << 31)


class TypedText(NamedTuple):
    """A value's type, in the schema's namespace or .NET's, and its text."""

    type: str
    text: str
    namespace: str = _SCHEMA


def write_pairs(parent: Element, values: Mapping[str, object]) -> None:
    """Put names and values into an element that is still empty."""
    for name, value in values.items():
        pair = SubElement(parent, _PAIR)
        SubElement(pair, "Key").text = name
        if value is None:
            SubElement(pair, "Value", {"i:nil": "true"})
            continue
        typed = written(value)
        # The JavaScript SDK counts the characters of this prefix, and looks for `i:` by name.
        attributes = {"i:type": f"d6p1:{typed.type}", "xmlns:d6p1": typed.namespace}
        SubElement(pair, "Value", attributes).text = typed.text


def read_pairs(parent: Element) -> dict[str, object]:
    """The names and values in an element.

    Raises:
        BrokerError: ARGUMENT_ERROR: something in it is no such pair, or no value of its type.
    """
    pairs: dict[str, object] = {}
    for pair in parent:
        parts = {local_name(part): part for part in pair}
        if local_name(pair) != _PAIR or parts.keys() != {"Key", "Value"}:
            raise _refusal(
                f"'{local_name(parent)}' holds '{local_name(pair)[:80]}' with "
                f"{', '.join(parts) or 'nothing'}; it must hold {_PAIR} with Key and Value."
            )
        name = parts["Key"].text or ""
        if name in pairs:
            raise _refusal(f"'{local_name(parent)}' has '{name[:80]}' twice; send it once.")
        pairs[name] = _read(name, parts["Value"])
    return pairs


def parse_typed(type_name: str, text: str) -> object:
    """The value that `written` has made a text of.

    Raises:
        ValueError: There is no such type, or the text is no value of it.
    """
    if type_name not in _PARSERS:
        raise ValueError(f"there is no type '{type_name[:80]}'")
    try:
        return _PARSERS[type_name](text if type_name == "string" else text.strip())
    except (ValueError, InvalidOperation):
        raise ValueError(f"'{text[:80]}' is no {type_name}") from None


def written(value: Any) -> TypedText:
    """The text of a value, and the type by which it is read again."""
    match value:
        case bool():
            return TypedText("boolean", "true" if value else "false")
        case int():
            return TypedText("int" if value in _INT32 else "long", str(value))
        case float():
            return TypedText("double", _double(value))
        case Decimal():
            return TypedText("decimal", _decimal(value))
        case datetime():
            return TypedText("dateTime", _instant(value))
        case timedelta():
            return TypedText("duration", format_duration(value))
        case bytes():
            return TypedText("base64Binary", b64encode(value).decode())
        case UUID():
            return TypedText("guid", str(value), _SERIALIZATION)
    return TypedText("string", str(value))


def _decimal(value: Decimal) -> str:
    """Without an exponent where that is short: a few letters can stand for a million digits."""
    return format(value, "f") if abs(value.adjusted()) <= _WRITTEN_OUT else str(value)


def _double(value: float) -> str:
    if math.isinf(value):
        return "INF" if value > 0 else "-INF"
    return "NaN" if math.isnan(value) else repr(value)


def _instant(value: datetime) -> str:
    """Without a time zone, if it came without one."""
    return value.isoformat().replace("+00:00", "Z") if value.tzinfo is UTC else value.isoformat()


def _read(name: str, element: Element) -> object:
    if is_nil(element):
        return None
    type_name = element.get(f"{{{SCHEMA_INSTANCE}}}type", "string").rpartition(":")[2]
    text = element.text or ""
    if type_name not in _PARSERS:
        raise _refusal(
            f"'{name[:80]}' is of type '{type_name[:80]}'; it may be of one of "
            f"{', '.join(_PARSERS)}."
        )
    try:
        return parse_typed(type_name, text)
    except ValueError:
        raise _refusal(f"'{name[:80]}' is '{text[:80]}', which is no {type_name}.") from None


def _integer_of(bits: int, *, signed: bool = True) -> Callable[[str], int]:
    low, high = (-(1 << bits - 1), 1 << bits - 1) if signed else (0, min(1 << bits, 1 << 63))

    def parse(text: str) -> int:
        if not _INTEGER.fullmatch(text) or not low <= int(text) < high:
            raise ValueError
        return int(text)

    return parse


def _read_decimal(text: str) -> Decimal:
    value = Decimal(text) if len(text) <= _MAX_DECIMAL_CHARS else Decimal("NaN")
    if not value.is_finite() or abs(value.adjusted()) > _MAX_EXPONENT:
        raise ValueError
    return value


_PARSERS: dict[str, Callable[[str], object]] = {
    "string": str,
    "int": _integer_of(32),
    "long": _integer_of(64),
    "double": float,
    "boolean": parse_boolean,
    "dateTime": datetime.fromisoformat,
    "duration": parse_duration,
    "decimal": _read_decimal,
    "float": float,
    "short": _integer_of(16),
    "byte": _integer_of(8),
    "unsignedByte": _integer_of(8, signed=False),
    "unsignedShort": _integer_of(16, signed=False),
    "unsignedInt": _integer_of(32, signed=False),
    # As far as a property of a message can be compared with it.
    "unsignedLong": _integer_of(64, signed=False),
    "guid": UUID,
    "base64Binary": lambda text: b64decode(text, validate=True),
}


def _refusal(text: str) -> BrokerError:
    return BrokerError(ErrorCode.ARGUMENT_ERROR, text)
