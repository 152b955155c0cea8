"""What the product reads from its own files."""

from uuid import UUID

from sbtutorial.gateway.wire.record import ChangeCodec
from sbtutorial.hosting.runtime_files import RecordDamaged, _parsed

RECORD_WORDS = (
    *(b'{"namespace":', b'"pid":', b'"port":', b'"key_name":', b'"key":', b'"started_at":'),
    *(
        b'"version":',
        b'"tier":',
        b"1e999",
        b"NaN",
        b"-1",
        b"null",
        b"[" * 2000,
        b"9" * 4500,
        b"\\ud800",
    ),
)
CHANGE_WORDS = (
    *(
        b"\xa1\x07message",
        b"\xa1\x06entity",
        b"\xa1\x04rule",
        b"\xa3\x0asbtutorial",
        b"\xa3\x04date",
    ),
    *(b"\xa3\x07decimal", b"\xa3\x08duration", b"\xa3\x04text", b"\xa1\x05queue", b"\xa1\x03sql"),
)
_CODEC = ChangeCodec(lambda: UUID(int=1))


def runtime_record(data: bytes) -> None:
    """A record that counts leads to a broker; any other is damaged, in words."""
    try:
        record = _parsed(data)
    except RecordDamaged:
        return
    assert record.key in record.connection_string


def change_record(data: bytes) -> None:
    """A change that is read is written again as it was read."""
    try:
        change = _CODEC.decode(data)
    except ValueError:
        return
    try:
        written = _CODEC.encode(change)
    except Exception:
        return  # a change that no broker makes
    assert type(_CODEC.decode(written)) is type(change)
