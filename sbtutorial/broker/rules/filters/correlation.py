"""Correlation filters: properties that must have given values, all of them.

Source: Azure Service Bus, "Topic filters and actions".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

from sbtutorial.broker.rules.filters.errors import refusal
from sbtutorial.broker.rules.filters.properties import MISSING, Properties
from sbtutorial.broker.rules.filters.values import comparable, to_text

# A field's name → the system property that it is compared with.
SYSTEM_CONDITIONS = {
    "correlation_id": "CorrelationId",
    "message_id": "MessageId",
    "to": "To",
    "reply_to": "ReplyTo",
    "label": "Label",
    "session_id": "SessionId",
    "reply_to_session_id": "ReplyToSessionId",
    "content_type": "ContentType",
}


class Shape(NamedTuple):
    """Which properties a correlation filter looks at, in an order of their own.

    A topic with many filters need not try each: kept by shape and key in a dictionary, those that
    match a message are found by one look-up for each shape.
    """

    system: tuple[str, ...]
    application: tuple[str, ...]

    def key_of(self, message: Properties) -> tuple[object, ...] | None:
        """What the message has in these properties; None when it lacks one of them."""
        key: list[object] = []
        for name in self.system:
            value = message.system(name)
            if value is MISSING or value is None:
                return None
            key.append(to_text(value))
        application = message.application
        for name in self.application:
            if (value := comparable(application.get(name))) is None:
                return None
            key.append(value)
        return tuple(key)


@dataclass(frozen=True, slots=True)
class CorrelationFilter:
    """Messages whose properties have exactly these values; a field that is None is not asked for.

    Texts are compared with case, and so are the names of application properties; numbers by value.

    Raises:
        BrokerError: ARGUMENT_ERROR, for a filter without a condition or a value that no property
            can have.
    """

    kind: ClassVar[str] = "correlation"

    correlation_id: str | None = None
    message_id: str | None = None
    to: str | None = None
    reply_to: str | None = None
    label: str | None = None
    session_id: str | None = None
    reply_to_session_id: str | None = None
    content_type: str | None = None
    properties: Mapping[str, object] = field(default_factory=dict, hash=False)
    shape: Shape = field(init=False, repr=False, compare=False)
    key: tuple[object, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        asked = {
            property_name: getattr(self, name)
            for name, property_name in SYSTEM_CONDITIONS.items()
            if getattr(self, name) is not None
        }
        shape = Shape(tuple(asked), tuple(sorted(self.properties)))
        if not any(shape):
            raise refusal(
                "The correlation filter has no condition. Give it at least one, for example a "
                "correlation_id or a property, or use a true filter."
            )
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "key", (*asked.values(), *self._wanted(shape.application)))

    def matches(self, message: Properties) -> bool:
        """Whether the message has all the values."""
        return self.shape.key_of(message) == self.key

    def _wanted(self, names: tuple[str, ...]) -> Iterator[object]:
        for name in names:
            value = comparable(self.properties[name])
            if value is None:
                raise refusal(
                    f"The correlation filter compares property '{name}' with "
                    f"{self.properties[name]!r}, which nothing is equal to. Use a text, a number, "
                    "a boolean, a date, a duration or a UUID."
                )
            yield value
