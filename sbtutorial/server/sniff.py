"""What a new connection speaks, told from its first bytes; nothing is consumed."""

import re
from enum import Enum, auto


class Kind(Enum):
    """What the first bytes of a connection belong to."""

    AMQP = auto()
    TLS = auto()
    HTTP = auto()
    UNKNOWN = auto()
    NEED_MORE = auto()


_AMQP = b"AMQP"  # AMQP 1.0, 2.2 and 5.3: of every protocol header, also SASL's
_TLS = b"\x16\x03"  # RFC 8446, 5.1: a handshake record, of any version of TLS
_MAX_METHOD_CHARS = 20
_METHOD = re.compile(rb"[A-Z]+")  # every method that is registered has capital letters only


def sniff(data: bytes) -> Kind:
    """Say what `data`, the bytes received so far, is the beginning of.

    At most 21 bytes are needed.
    """
    for signature, kind in ((_AMQP, Kind.AMQP), (_TLS, Kind.TLS)):
        if data.startswith(signature):
            return kind
    return _sniff_text(data)


def _sniff_text(data: bytes) -> Kind:
    if _TLS.startswith(data):
        return Kind.NEED_MORE
    match = _METHOD.match(data)
    if match is None or match.end() > _MAX_METHOD_CHARS:
        return Kind.UNKNOWN
    if match.end() == len(data):
        return Kind.NEED_MORE
    return Kind.HTTP if data[match.end()] == 0x20 else Kind.UNKNOWN
