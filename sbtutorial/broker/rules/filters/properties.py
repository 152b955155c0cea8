"""What a filter sees of a message: its system properties and its application properties.

Source: Azure Service Bus, "Messages, payloads, and serialization"; "Subscription Rule SQL Filter
Syntax".
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final, Literal, Protocol


class _Missing(Enum):
    MISSING = "missing"


MISSING: Final = _Missing.MISSING
"""Stands for a property that a message does not have; None is one that it has without a value."""
Missing = Literal[_Missing.MISSING]


class Properties(Protocol):
    """A message, read-only, as plain Python values.

    Values are str, int, float, bool, Decimal, datetime, timedelta, UUID, bytes or None.
    """

    @property
    def application(self) -> Mapping[str, object]:
        """The application properties, which SQL calls `user.`."""
        ...

    def system(self, name: str) -> object:
        """A system property by a name from `SYSTEM_PROPERTIES`; `MISSING` when it is not set."""
        ...


SYSTEM_PROPERTIES = (
    "ContentType",
    "CorrelationId",
    "DeadLetterSource",
    "DeliveryCount",
    "EnqueuedSequenceNumber",
    "EnqueuedTimeUtc",
    "ExpiresAtUtc",
    "ForcePersistence",
    "Label",
    "LockToken",
    "LockedUntilUtc",
    "MessageId",
    "PartitionKey",
    "ReplyTo",
    "ReplyToSessionId",
    "ScheduledEnqueueTimeUtc",
    "SequenceNumber",
    "SessionId",
    "Size",
    "State",
    "TimeToLive",
    "To",
    "ViaPartitionKey",
)
# What today's SDKs call a property that had another name before.
_TODAYS_NAMES = {
    "Subject": "Label",
    "ScheduledEnqueueTime": "ScheduledEnqueueTimeUtc",
    "TransactionPartitionKey": "ViaPartitionKey",
}
_SYSTEM_NAMES = {name.lower(): name for name in SYSTEM_PROPERTIES} | {
    alias.lower(): name for alias, name in _TODAYS_NAMES.items()
}


def system_name(name: str) -> str | None:
    """The name in `SYSTEM_PROPERTIES` that a writer means, in any case; None for no such name."""
    return _SYSTEM_NAMES.get(name.lower())


class ApplicationProperties(dict[str, object]):
    """Application properties that are found by name in any case, at once however many they are."""

    _folded: dict[str, str] | None = None  # its own when it is first needed

    def __setitem__(self, name: str, value: object) -> None:
        super().__setitem__(name, value)
        if self._folded is not None:
            self._folded.setdefault(name.lower(), name)

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        self._folded = None

    def key_in_any_case(self, name: str) -> str | None:
        """The first key that differs from the name in case alone."""
        if self._folded is None:
            self._folded = {}
            for key in self:
                self._folded.setdefault(key.lower(), key)
        return self._folded.get(name.lower())


def application_name(application: Mapping[str, object], name: str) -> str | None:
    """The key that a name means: itself, or the first that differs in case alone."""
    if name in application:
        return name
    if isinstance(application, ApplicationProperties):
        return application.key_in_any_case(name)
    folded = name.lower()
    return next((key for key in application if key.lower() == folded), None)
