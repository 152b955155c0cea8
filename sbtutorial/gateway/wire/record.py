"""Changes as bytes: what a store writes, with the sections of an AMQP message as they came.

A change is one AMQP list: what it is about, the fields that all changes have, and its own. The
content of a message and all that never changes of it are in the change that brought it in; what a
settlement has set of its properties is in the changes that set it. So the record of a lock or of
its end has some hundred bytes, however large the message is.

Where AMQP has no type for a value (a date, a duration, a decimal, half of a character), it stands
as a described one, and comes back as it was.
Source: AMQP 1.0, 1.6.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.types import Described, Symbol, decode, encode
from sbtutorial.broker.changes import (
    SETS_PROPERTIES,
    Change,
    ChangeKind,
    EntityChange,
    MessageChange,
    NamespaceChange,
    RuleChange,
    SessionChange,
)
from sbtutorial.broker.descriptions import (
    AuthorizationRule,
    Description,
    EntityStatus,
    QueueDescription,
    SubscriptionDescription,
    TopicDescription,
)
from sbtutorial.broker.errors import BrokerError
from sbtutorial.broker.rules.filters.actions import SqlAction, parse_action
from sbtutorial.broker.rules.filters.boolean import FalseFilter, TrueFilter
from sbtutorial.broker.rules.filters.correlation import SYSTEM_CONDITIONS, CorrelationFilter
from sbtutorial.broker.rules.filters.sql import SqlFilter, parse_filter
from sbtutorial.broker.rules.rule import Action, Filter, Rule
from sbtutorial.broker.states import MessageState
from sbtutorial.gateway.wire.kept_content import KeptContent, write_content
from sbtutorial.gateway.wire.kept_message import read_message, write_message
from sbtutorial.gateway.wire.message import Content
from sbtutorial.gateway.wire.turn_record import read_turn, write_turn
from sbtutorial.gateway.wire.values import wire_value

NewId = Callable[[], UUID]

_COMMON = 8  # fields that every change begins with; see `changes`
# What reading something else raises; a date or a duration that cannot be is an ArithmeticError.
_NO_CHANGE = (DecodeError, BrokerError, LookupError, TypeError, AttributeError, ArithmeticError)


class ChangeCodec:
    """Turns changes into bytes and back.

    Args:
        new_id: What `newid()` in the text of a rule returns.
    """

    def __init__(self, new_id: NewId) -> None:
        self._new_id = new_id

    def encode(self, change: Change) -> bytes:
        """All that a change says."""
        name, written = _WRITERS[type(change)]
        common = [*change[:4], None, *change[5:_COMMON]]  # a message has its id elsewhere
        return encode([name, *map(_pack, common), *map(_pack, written(change))])

    def decode(self, data: bytes) -> Change:
        """A change that says the same; its message is known as far as the change brought it in.

        Raises:
            ValueError: These bytes are no change.
        """
        try:
            name, *values = decode(data)[0]
            at, kind, *rest = map(_unpack, values)
            common = [at, ChangeKind(kind), *rest[: _COMMON - 2]]
            return _READERS[name](common, rest[_COMMON - 2 :], self._new_id)
        except _NO_CHANGE as error:
            raise ValueError(f"these bytes are no change: {error}") from error

    def encode_turn(self, changes: Iterable[Change]) -> bytes:
        """All that the changes of a turn say. Hot: runs for each turn that is kept."""
        return write_turn(changes, self.encode)

    def decode_turn(self, data: bytes) -> list[Change]:
        """Changes that say the same, as far as `restore` and a store ask.

        Raises:
            ValueError: These bytes are no turn's.
        """
        return read_turn(data, self.decode)

    # What a message holds, for a store that has columns for all the rest.

    def write_content(self, content: object) -> bytes:
        """The sections of a message as they came. Hot: runs for each message that is kept."""
        assert isinstance(content, Content), "an AMQP message's"
        return write_content(content)

    def content_later(self, read: Callable[[int], bytes], number: int) -> Content:
        """A message's sections; they are read when somebody looks at one."""
        return KeptContent(read, number)

    def write_properties(self, properties: Mapping[str, object]) -> bytes:
        """What a settlement has set, each value in its own type."""
        return encode(_write_properties(properties))

    def read_properties(self, data: bytes) -> Mapping[str, object]:
        """What `write_properties` was given."""
        return _read_properties(decode(data)[0]) or {}


# -- Messages ---------------------------------------------------------------------------------


def _write_message_change(change: MessageChange) -> list[Any]:
    sets = change.is_new or change.kind in SETS_PROPERTIES
    keeps = change.is_new or change.kind is ChangeKind.SENT
    return [
        int(change.state),
        change.is_new,
        change.target,
        change.previous_sequence_number,
        change.enqueued_at,
        change.expires_at,
        change.lock_token,
        change.locked_until,
        _write_properties(change.properties) if sets else None,
        change.size_bytes,
        change.header_bytes,
        write_message(change.message, with_content=change.is_new) if keeps else None,
    ]


def _read_message_change(common: list[Any], own: list[Any], _new_id: NewId) -> Change:
    state, is_new, *rest, size_bytes, header_bytes, written = own
    message = read_message(written, size_bytes, header_bytes)
    common[4] = message.message_id
    rest[-1] = _read_properties(rest[-1])
    sizes = [size_bytes, header_bytes]
    return MessageChange._make([*common, message, MessageState(state), is_new, *rest, *sizes])


def _write_properties(properties: Mapping[str, object] | None) -> dict[str, bytes] | None:
    """Each value for itself, in its own type."""
    if properties is None:
        return None
    return {name: encode(wire_value(value)) for name, value in properties.items()}


def _read_properties(written: dict[str, bytes] | None) -> dict[str, object] | None:
    if written is None:
        return None
    return {name: decode(value)[0] for name, value in written.items()}


# -- Sessions and the namespace -----------------------------------------------------------------


def _read_session_change(common: list[Any], own: list[Any], _new_id: NewId) -> Change:
    return SessionChange._make([*common, *own])


def _read_namespace_change(common: list[Any], own: list[Any], _new_id: NewId) -> Change:
    return NamespaceChange._make([*common, *own])


# -- Entities -----------------------------------------------------------------------------------

_DESCRIPTIONS: dict[str, type[Description]] = {
    "queue": QueueDescription,
    "topic": TopicDescription,
    "subscription": SubscriptionDescription,
}


def _write_entity_change(change: EntityChange) -> list[Any]:
    return [_write_description(change.description), change.until]


def _read_entity_change(common: list[Any], own: list[Any], _new_id: NewId) -> Change:
    description, until = own
    return EntityChange._make([*common, _read_description(description), until])


def _write_description(description: Description | None) -> list[Any] | None:
    if description is None:
        return None
    return [description.kind, _write_fields(description)]


def _write_fields(thing: Any) -> dict[str, Any]:
    """By name, so that a field that is new has its default in an old record."""
    return {field.name: _write_field(getattr(thing, field.name)) for field in fields(thing)}


def _write_field(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_write_field(one) for one in value]
    if isinstance(value, Enum):
        return value.value
    return _write_fields(value) if isinstance(value, AuthorizationRule) else value


def _read_description(written: list[Any] | None) -> Description | None:
    if written is None:
        return None
    kind, values = written
    values["status"] = EntityStatus(values["status"])
    if "authorization_rules" in values:
        rules = (
            AuthorizationRule(**{**rule, "rights": tuple(rule["rights"])})
            for rule in values["authorization_rules"]
        )
        values["authorization_rules"] = tuple(rules)
    return _DESCRIPTIONS[kind](**values)


# -- Rules --------------------------------------------------------------------------------------


def _write_rule_change(change: RuleChange) -> list[Any]:
    return [None if change.rule is None else _write_rule(change.rule)]


def _read_rule_change(common: list[Any], own: list[Any], new_id: NewId) -> Change:
    (written,) = own
    return RuleChange._make([*common, written and _read_rule(written, new_id)])


def _write_rule(rule: Rule) -> list[Any]:
    return [rule.name, rule.created_at, _write_filter(rule.filter), _write_action(rule.action)]


def _read_rule(written: list[Any], new_id: NewId) -> Rule:
    name, created_at, (kind, *condition), action = written
    filter: Filter = _FILTERS[kind](condition, new_id)
    if action is None:
        return Rule(name, filter, None, created_at)
    expression, parameters = action
    return Rule(name, filter, parse_action(expression, parameters, new_id=new_id), created_at)


def _write_filter(filter: Filter) -> list[Any]:
    if isinstance(filter, SqlFilter):
        return ["sql", filter.expression, dict(filter.parameters)]
    if isinstance(filter, CorrelationFilter):
        conditions = {name: getattr(filter, name) for name in SYSTEM_CONDITIONS}
        return ["correlation", conditions, dict(filter.properties)]
    assert isinstance(filter, TrueFilter | FalseFilter), "there are four kinds"
    return ["true" if isinstance(filter, TrueFilter) else "false"]


_FILTERS: dict[str, Callable[[list[Any], NewId], Filter]] = {
    "true": lambda _, new_id: TrueFilter(),
    "false": lambda _, new_id: FalseFilter(),
    "sql": lambda given, new_id: parse_filter(given[0], given[1], new_id=new_id),
    "correlation": lambda given, new_id: CorrelationFilter(**given[0], properties=given[1]),
}


def _write_action(action: Action | None) -> list[Any] | None:
    if action is None:
        return None
    assert isinstance(action, SqlAction), "there is one kind"
    return [action.expression, dict(action.parameters)]


_WRITERS: dict[type, tuple[str, Callable[[Any], list[Any]]]] = {
    MessageChange: ("message", _write_message_change),
    SessionChange: ("session", lambda change: list(change[_COMMON:])),
    EntityChange: ("entity", _write_entity_change),
    RuleChange: ("rule", _write_rule_change),
    NamespaceChange: ("namespace", lambda change: list(change[_COMMON:])),
}
_READERS: dict[str, Callable[[list[Any], list[Any], NewId], Change]] = {
    "message": _read_message_change,
    "session": _read_session_change,
    "entity": _read_entity_change,
    "rule": _read_rule_change,
    "namespace": _read_namespace_change,
}


# -- Values that AMQP has no type for -------------------------------------------------------------

_TEXT, _DATE, _DURATION, _DECIMAL = map(Symbol, ("text", "date", "duration", "decimal"))
_OURS = Symbol("sbtutorial")


# What AMQP has types for: most values are one of these.
_AS_THEY_ARE = frozenset((int, float, bool, bytes, UUID, type(None)))


def _pack(value: Any) -> Any:
    """A value as AMQP can write it. Hot: runs for each value of each change."""
    if type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, str) and not value.isascii():
        return _pack_text(value)
    if isinstance(value, Mapping):
        return {_pack(key): _pack(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_pack(one) for one in value]
    if isinstance(value, datetime):
        return _described(_DATE, value.isoformat())
    if isinstance(value, timedelta):
        return _described(_DURATION, [value.days, value.seconds, value.microseconds])
    if isinstance(value, Decimal):
        return _described(_DECIMAL, str(value))
    return str(value) if isinstance(value, ChangeKind) else value


def _pack_text(value: str) -> Any:
    try:
        value.encode()
    except UnicodeEncodeError:
        return _described(_TEXT, value.encode(errors="surrogatepass"))
    return value


def _described(kind: Symbol, value: Any) -> Described:
    return Described(_OURS, [kind, value])


def _unpack(value: Any) -> Any:
    """What `_pack` was given, as far as it matters."""
    if type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, dict):
        return {_unpack(key): _unpack(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_unpack(one) for one in value]
    if not isinstance(value, Described) or value.descriptor != _OURS:
        return value
    kind, written = value.value
    return _UNPACKED[kind](written)


_UNPACKED: dict[str, Callable[[Any], Any]] = {
    _TEXT: lambda written: bytes(written).decode(errors="surrogatepass"),
    _DATE: datetime.fromisoformat,
    _DURATION: lambda written: timedelta(*written),
    _DECIMAL: Decimal,
}
