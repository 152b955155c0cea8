"""What `BrokerProperties` says of a message, as JSON: the system properties over HTTP.

A sender's values may all be texts, as version 0.21 of the Python SDK writes them.

Source: Azure Service Bus, REST API, "Message headers and properties", message headers.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any

from sbtutorial.amqp.messaging import Properties
from sbtutorial.amqp.types import Symbol, Timestamp
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.rules.filters.properties import MISSING
from sbtutorial.gateway.rest.property_headers import format_date, parse_date
from sbtutorial.gateway.wire.admission import MAX_TIME_TO_LIVE_SECONDS, PARTITION_KEY, SCHEDULED
from sbtutorial.gateway.wire.properties import FIELDS, WireView

_SCHEDULED = Symbol(SCHEDULED)
_VIA_PARTITION_KEY = Symbol("x-opt-via-partition-key")
# .NET's longest duration, which means for ever.
FOR_EVER_SECONDS = 922337203685.47754
_TIMESPAN = re.compile(
    r"(?:(?P<days>\d{1,8})\.)?(?P<hours>\d{1,2}):(?P<minutes>\d{1,2})"
    r"(?::(?P<seconds>\d{1,2}(?:\.\d{1,7})?))?",
    re.ASCII,
)
_TEXTS = {name: field for name, field in FIELDS.items() if field != "content_type"}
_REPORTED = (
    *(*_TEXTS, "DeadLetterSource", "EnqueuedTimeUtc", "ForcePersistence", "LockToken"),
    *("LockedUntilUtc", "PartitionKey", "ScheduledEnqueueTimeUtc", "SequenceNumber"),
)


@dataclass(slots=True)
class Given:
    """What a sender says of a message beside its body and its application properties.

    Attributes:
        properties: AMQP's section.
        annotations: What stands in the message annotations.
        time_to_live: Seconds; None for as long as the entity lets it live.
    """

    properties: Properties
    annotations: dict[Symbol, object]
    time_to_live: float | None = None


def parse_header(text: str) -> Mapping[str, Any]:
    """The JSON object in a header.

    Raises:
        BrokerError: ARGUMENT_ERROR: it is none.
    """
    try:
        found = json.loads(text) if text else {}
    except (ValueError, RecursionError) as error:
        raise _malformed("BrokerProperties", text, f"is no JSON: {str(error)[:80]}") from None
    return as_object("BrokerProperties", found)


def as_object(name: str, value: object) -> Mapping[str, Any]:
    """A value that must be a JSON object; none at all is an empty one.

    Raises:
        BrokerError: ARGUMENT_ERROR.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _malformed(name, value, 'is no JSON object, such as {"Label": "coffee"}')
    return value


def read(given: Mapping[str, Any]) -> Given:
    """Understand what a sender sets; what only the broker sets, and what nobody knows, is ignored.

    Raises:
        BrokerError: ARGUMENT_ERROR: a value cannot be read.
    """
    result = Given(Properties(), {})
    for name, value in given.items():
        if value is None:
            continue
        if field := _TEXTS.get(name):
            setattr(result.properties, field, _read_text(name, value))
        elif reader := _READERS.get(name):
            reader(result, name, value)
    return result


def write(message: Message, view: WireView) -> str:
    """What a receiver is told, in ASCII."""
    told: dict[str, object] = {
        # Over HTTP the first delivery is number 1, over AMQP it has count 0.
        "DeliveryCount": message.delivery_count + 1,
        "EnqueuedSequenceNumber": message.enqueued_sequence_number or 0,
        "State": "Active",
        "TimeToLive": FOR_EVER_SECONDS,
    }
    if message.expires_at is not None:
        told["TimeToLive"] = round(message.expires_at - message.enqueued_at, 7)
    for name in _REPORTED:
        if (value := view.system(name)) is not MISSING:
            told[name] = _plain(value)
    return json.dumps(dict(sorted(told.items())), separators=(",", ":"))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return format_date(value)
    if isinstance(value, bytes):
        return value.hex()
    return value if isinstance(value, str | int | float) else str(value)


# -- What senders set -----------------------------------------------------------------------


def _read_text(name: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _malformed(name, value, "is no text")
    return str(value)


def _read_time_to_live(result: Given, name: str, value: object) -> None:
    try:
        seconds = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise _malformed(name, value, "is no number of seconds") from None
    _set_time_to_live(result, name, value, seconds)


def _read_timespan(result: Given, name: str, value: object) -> None:
    match = _TIMESPAN.fullmatch(str(value).strip())
    if match is None:
        raise _malformed(name, value, "is no duration such as 0.00:00:40")
    parts = {unit: float(text) for unit, text in match.groupdict(default="0").items()}
    _set_time_to_live(result, name, value, timedelta(**parts).total_seconds())


def _set_time_to_live(result: Given, name: str, value: object, seconds: float) -> None:
    if not (isfinite(seconds) and seconds > 0):
        raise _malformed(name, value, "is not longer than no time")
    result.time_to_live = seconds if seconds < MAX_TIME_TO_LIVE_SECONDS else None


def _read_scheduled(result: Given, name: str, value: object) -> None:
    result.annotations[_SCHEDULED] = Timestamp(round(_instant(name, str(value)) * 1000))


def _instant(name: str, text: str) -> float:
    at = parse_date(text)
    if at is not None:
        return at
    try:
        there = datetime.fromisoformat(text)
    except ValueError:
        advice = "is no date such as Sun, 06 Nov 1994 08:49:37 GMT"
        raise _malformed(name, text, advice) from None
    return (there if there.tzinfo else there.replace(tzinfo=UTC)).timestamp()


def _read_partition_key(result: Given, name: str, value: object) -> None:
    result.annotations[Symbol(PARTITION_KEY)] = _read_text(name, value)


def _read_via_partition_key(result: Given, name: str, value: object) -> None:
    result.annotations[_VIA_PARTITION_KEY] = _read_text(name, value)


_READERS: dict[str, Callable[[Given, str, object], None]] = {
    "PartitionKey": _read_partition_key,
    "ScheduledEnqueueTimeUtc": _read_scheduled,
    "TimeToLive": _read_time_to_live,
    "TimeToLiveTimeSpan": _read_timespan,
    "ViaPartitionKey": _read_via_partition_key,
}


def _malformed(name: str, value: object, problem: str) -> BrokerError:
    return BrokerError(ErrorCode.ARGUMENT_ERROR, f"{name} {shown(value)} {problem}.")


def shown(value: object) -> str:
    """A value of JSON in a sentence, of any depth."""
    try:
        text = str(value)
    except RecursionError:
        text = "[[…]]"
    return f"'{text[:80]}'"
