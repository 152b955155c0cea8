"""One message as it was seen: what its sender wrote, and what the service added."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from sbtutorial.explorer.bodies import as_hex, as_json, as_text
from sbtutorial.explorer.draft import SECTIONS, Draft
from sbtutorial.explorer.places import Place
from sbtutorial.explorer.tables import Table
from sbtutorial.explorer.values import readable
from sbtutorial.snapshot import DEAD, DEFERRED, LOCKED, READY_OR_LOCKED, SCHEDULED
from sbtutorial.text import one_line

if TYPE_CHECKING:
    from azure.servicebus import ServiceBusReceivedMessage

_STATES = {"ACTIVE": READY_OR_LOCKED, "DEFERRED": DEFERRED, "SCHEDULED": SCHEDULED}
_FIRST_CHARS = 60


class Row(NamedTuple):
    """One property.

    Attributes:
        varies: Whether it is another on each run, as instants and random ids are.
    """

    section: str
    name: str
    value: Any
    varies: bool = False


@dataclass(frozen=True)
class Message:
    """A message that was peeked at or received.

    Attributes:
        place: Where.
        state: In a word, as in the pictures of queues.
        draft: What its sender wrote.
        service: What the service says of it, under the SDK's names; None where it says nothing.
        annotations: The service's own, by AMQP's names.
    """

    place: Place
    state: str
    draft: Draft
    service: Mapping[str, Any] = field(default_factory=dict)
    annotations: Mapping[Any, Any] = field(default_factory=dict)

    @classmethod
    def seen(cls, place: Place, message: "ServiceBusReceivedMessage") -> "Message":
        """What the SDK has peeked at, or received and not settled yet."""
        draft = Draft.received(message)
        raw = message.raw_amqp_message
        annotations = readable({**(raw.delivery_annotations or {}), **(raw.annotations or {})})
        known = {*draft.annotations, *draft.delivery_annotations}
        return cls(
            place,
            _state(place, message),
            draft,
            _service(message),
            {name: value for name, value in annotations.items() if name not in known},
        )

    @property
    def sequence_number(self) -> int:
        """Its number in its queue."""
        return int(self.service["sequence_number"])

    @property
    def message_id(self) -> Any:
        """None when it has none."""
        return self.draft.message_id

    @property
    def session_id(self) -> Any:
        """None outside sessions."""
        return self.draft.session_id

    @property
    def reason(self) -> str | None:
        """Why it is dead, when somebody said so."""
        reason: str | None = self.service["dead_letter_reason"]
        return reason

    @property
    def body(self) -> str:
        """All of its body, as text."""
        return as_text(self.draft)

    def first_words(self) -> str:
        """The beginning of its body, for a table."""
        return one_line(self.body, _FIRST_CHARS)

    def sections(self) -> Iterator[Row]:
        """Every property of every section, and never the body."""
        for name, value in self.service.items():
            if value is not None:
                yield Row("service", name, value, isinstance(value, datetime | UUID))
        for section in SECTIONS:
            values: Mapping[Any, Any] = getattr(self.draft, section)
            for name, value in values.items():
                yield Row(section.replace("_", " "), str(name), value, _varies(name, value))
        for name, value in self.annotations.items():
            yield Row("the service's annotations", str(name), value, varies=True)

    def bodies(self) -> dict[str, str]:
        """The whole body in each way to read it: "text", "JSON" (where it is some) and "hex"."""
        faces = {"text": self.body, "JSON": as_json(self.draft), "hex": as_hex(self.draft)}
        return {name: face for name, face in faces.items() if face is not None}

    def __repr__(self) -> str:
        rows = [row for row in self.sections() if not row.varies]
        table = Table("", ("section", "property", "value"), _spelled(rows))
        varying = ", ".join(row.name for row in self.sections() if row.varies)
        lines = [
            f"message {self.sequence_number} in {self.place}: {self.state}",
            table.text(),
            f"body ({self.draft.body_kind}):",
            self.body,
        ]
        if varying:
            lines.insert(2, f"other on each run, see .sections(): {varying}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        title = f"message {self.sequence_number} in {self.place}: {self.state}"
        table = Table(title, ("section", "property", "value"), _spelled(self.sections()))
        faces = "".join(
            f"<details{' open' * (name == 'text')}><summary>body as {name}</summary>"
            f"<pre>{escape(face)}</pre></details>"
            for name, face in self.bodies().items()
        )
        return table.html() + faces


def spelled(value: Any) -> str:
    """A property's value so that its type can be seen: texts as they are, the rest as in Python."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds")
    return value if isinstance(value, str) else repr(value)


def _spelled(rows: Any) -> Iterator[tuple[str, str, str]]:
    last = ""
    for row in rows:
        yield "" if row.section == last else row.section, row.name, spelled(row.value)
        last = row.section


def _varies(name: object, value: Any) -> bool:
    if name in ("creation_time", "absolute_expiry_time") or isinstance(value, datetime | UUID):
        return True
    return name == "message_id" and is_random(value)


def is_random(message_id: object) -> bool:
    """Whether an id looks like one that a program has made up."""
    try:
        UUID(str(message_id))
    except ValueError:
        return False
    return True


def _state(place: Place, message: "ServiceBusReceivedMessage") -> str:
    if place.is_dead:
        return DEAD
    return LOCKED if message.locked_until_utc else _STATES[message.state.name]


def _service(message: "ServiceBusReceivedMessage") -> dict[str, Any]:
    return {
        "sequence_number": message.sequence_number or 0,
        "delivery_count": message.delivery_count,
        "dead_letter_reason": message.dead_letter_reason,
        "dead_letter_error_description": message.dead_letter_error_description,
        "dead_letter_source": message.dead_letter_source,
        "enqueued_sequence_number": message.enqueued_sequence_number,
        "enqueued_time_utc": message.enqueued_time_utc,
        "scheduled_enqueue_time_utc": message.scheduled_enqueue_time_utc,
        "expires_at_utc": message.expires_at_utc,
        "locked_until_utc": message.locked_until_utc,
    }
