"""Texts that people write: SQL, connection strings, durations, the emulator's file."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sbtutorial.admin.config.making import apply_config
from sbtutorial.admin.config.reading import read_config
from sbtutorial.admin.config.values import ConfigError
from sbtutorial.admin.config.writing import write_config
from sbtutorial.admin.durations import format_duration, parse_duration
from sbtutorial.broker.errors import BrokerError
from sbtutorial.broker.rules.filters.actions import parse_action
from sbtutorial.broker.rules.filters.errors import FilterError
from sbtutorial.broker.rules.filters.sql import parse_filter
from sbtutorial.connection_string import ConnectionStringError, parse_connection_string
from sbtutorial.testing import SteppedBroker

SQL_WORDS = (
    *(b"AND ", b"OR ", b"NOT ", b"LIKE ", b"IN (", b"IS NULL", b"EXISTS(", b"ESCAPE '", b"SET "),
    *(b"REMOVE ", b"sys.Label", b"user.", b"[a b]", b"@p", b"newid()", b"property(", b"'it''s'"),
    *(b"1E400", b"1.5", b"0x1F", b"<>", b">=", b"(", b")", b"%", b"_", b"-", b"+", b"*", b"/"),
    *(b"big", b"text", b"when", b"none", b"span", b"id", b"raw", b"flag", b"exact", b"P('x')"),
)
CONNECTION_WORDS = (
    *(b"Endpoint=", b"sb://", b"SharedAccessKeyName=", b"SharedAccessKey=", b";", b"=", b"\n"),
    *(b"UseDevelopmentEmulator=true", b"EntityPath=", b"SharedAccessSignature=", b"[::1]:5672"),
    *(b"<", b">", b'"', b"export A=", "“".encode(), b"AccountName="),
)
CONFIG_WORDS = (
    *(b'{"UserConfig":', b'{"Namespaces":[', b'"Queues":[', b'"Topics":[', b'"Properties":{'),
    *(b'"Name":', b'"Rules":[', b'"FilterType":"Sql"', b'"SqlFilter":{"SqlExpression":"1=1"}'),
    *(b'"LockDuration":"PT1M"', b"{", b"}", b"[", b"]", b'"', b",", b"null", b"1e999", b"-1"),
    *(b"9" * 4500, b"[" * 2000, b"\\ud800", b'"CorrelationFilter":{"Properties":{"a":1}}'),
)


class _Message:
    """A message with a property of every type."""

    application: Mapping[str, object] = {
        "big": 2**63 - 1,
        "small": -1,
        "real": 1.5e308,
        "text": "it's\u00e9",
        "flag": True,
        "when": datetime(2026, 1, 1, tzinfo=UTC),
        "span": timedelta(seconds=1),
        "id": UUID(int=1),
        "raw": b"\x00\xff",
        "exact": Decimal("1.10"),
        "none": None,
    }

    def system(self, name: str) -> object:
        return "label" if name == "Label" else 7


_PARAMETERS = {"p": 5, "q": "five"}


def sql_filter(data: bytes) -> None:
    """A filter is refused in a sentence, or decides on a message, or says that it cannot."""
    text = data.decode("utf-8", "replace")
    try:
        condition = parse_filter(text, _PARAMETERS)
        assert condition.matches(_Message()) in (True, False)
    except BrokerError as refusal:
        assert refusal.message[0].isupper(), refusal.message
    except FilterError:
        pass


def sql_action(data: bytes) -> None:
    """An action is refused in a sentence, or makes other properties, or says that it cannot."""
    text = data.decode("utf-8", "replace")
    try:
        parse_action(text, _PARAMETERS).apply(_Message())
    except BrokerError as refusal:
        assert refusal.message[0].isupper(), refusal.message
    except FilterError:
        pass


def connection_string(data: bytes) -> None:
    """What is read as a connection string reads the same when it is written again."""
    try:
        read = parse_connection_string(data.decode("utf-8", "replace"))
        again = parse_connection_string(read.text)
    except ConnectionStringError as error:
        assert str(error).endswith("."), error
        return
    assert (again.host, again.port, again.key) == (read.host, read.port, read.key)
    assert not read.key or read.key not in repr(read) or len(read.key) < 20


def duration(data: bytes) -> None:
    """A duration that is read is read again from what is written of it."""
    try:
        read = parse_duration(data.decode("utf-8", "replace"))
    except ValueError:
        return
    assert parse_duration(format_duration(read)) == read


def config(data: bytes) -> None:
    """A file is refused by name and place, or makes a namespace whose file makes an equal one."""
    broker, other = SteppedBroker(), SteppedBroker()
    try:
        apply_config(read_config(data.decode("utf-8", "replace")), broker.namespace, now=0.0)
    except ConfigError:
        return
    written = write_config(broker.namespace)
    apply_config(read_config(written), other.namespace, now=0.0)
    assert write_config(other.namespace) == written
