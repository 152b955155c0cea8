"""Ids and keys that the broker gives out, all made of random bytes from one source.

The source is handed in: the system's for a broker that is used, one with a seed for a run that is
to be repeated byte for byte.
"""

import base64
from collections.abc import Callable
from uuid import UUID

# Gives so many random bytes, as `os.urandom` does.
RandomBytes = Callable[[int], bytes]

_KEY_BYTES = 32
_BYTES_AHEAD = 16 * 64
# The bits of a UUID that say that it is random. Source: RFC 9562, 4 and 5.4.
_VERSION_4 = 4 << 76 | 0b10 << 62
_NOT_VERSION_4 = ~(0b1111 << 76 | 0b11 << 62)


class Ids:
    """Makes what must be new each time."""

    def __init__(self, random_bytes: RandomBytes) -> None:
        self._random_bytes = random_bytes
        # Asking the system takes as long for many bytes as for a few.
        self._ahead = b""
        self._used = 0

    def uuid(self) -> UUID:
        """A lock token, or a delivery tag that looks like one."""
        start = self._used
        if start == len(self._ahead):
            self._ahead, start = self._random_bytes(_BYTES_AHEAD), 0
        self._used = start + 16
        number = int.from_bytes(self._ahead[start : start + 16], "big")
        return UUID(int=number & _NOT_VERSION_4 | _VERSION_4)  # hot: half of what `version=4` takes

    def message_id(self) -> str:
        """For a message whose sender gave it none: 32 hexadecimal digits."""
        return self.uuid().hex

    def transaction_id(self) -> bytes:
        """For a transaction that a client declares."""
        return self._random_bytes(16)

    def suffix(self) -> str:
        """Eight hexadecimal digits that tell one connection's container from another's."""
        return self._random_bytes(4).hex()

    def key(self) -> str:
        """The secret of an authorization rule, in base64 as on Azure."""
        return base64.b64encode(self._random_bytes(_KEY_BYTES)).decode()

    def url_safe_key(self) -> str:
        """The secret of the namespace, which stands in a connection string."""
        return base64.urlsafe_b64encode(self._random_bytes(_KEY_BYTES)).rstrip(b"=").decode()
