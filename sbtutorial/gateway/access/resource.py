"""A resource: the place that a token is for, or that a request asks for. Both are read here.

One reading for all, so that no spelling of an address can mean one place to who checks a token and
another to who acts: scheme, port, query, capital letters and outer slashes do not count, percent
signs are decoded once, and a place covers what stands below it (`a` covers `a/b`, not `ab`).

Source: Azure Service Bus, "Access control with shared access signatures"; RFC 3986, 3.
"""

import re
from typing import NamedTuple

from sbtutorial.broker.paths import entity_path

# A host has 253 characters at most, an entity's path some 350: nothing longer names anything.
MAX_URI_CHARS = 2048

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


_WHOLE_URI = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#]+", re.ASCII | re.IGNORECASE)


def is_whole_uri(text: str) -> bool:
    """Whether a text is a URI with a scheme and a host, and no longer than addresses are."""
    return len(text) <= MAX_URI_CHARS and _WHOLE_URI.match(text) is not None


class Resource(NamedTuple):
    """A place.

    Attributes:
        host: In small letters, without a port; an IPv6 address without its brackets.
        path: Decoded, in small letters, without outer slashes; "" for the whole namespace.
    """

    host: str
    path: str

    @classmethod
    def of(cls, uri: str) -> "Resource":
        """The resource of a URI in any scheme, or in none."""
        before_query = uri.partition("?")[0]
        _, scheme, rest = before_query.partition("://")
        authority = (rest if scheme else before_query).partition("/")[0].lower()
        path = entity_path(uri if scheme else f"sb://{uri}")
        if authority.startswith("["):
            return cls(authority[1:].partition("]")[0], path.lower())
        return cls(authority.partition(":")[0], path.lower())

    def covers(self, other: "Resource") -> bool:
        """Whether the other is this one or below it, on the same host; loopback has many names."""
        is_same_host = self.host == other.host or {self.host, other.host} <= _LOOPBACK
        return is_same_host and covers(self.path, other.path)


def covers(granted: str, path: str) -> bool:
    """Whether a path is another one or below it, both as a `Resource` has them."""
    return not granted or path == granted or path.startswith(f"{granted}/")
