"""Shared access signatures (SAS): signed, and verified whichever SDK made them.

    SharedAccessSignature sr=<URI>&sig=<signature>&se=<end, in seconds since the epoch>&skn=<key>

The signature is base64(HMAC-SHA256(key, sr + newline + se)), over `sr` exactly as it is written
in the token. SDKs encode it in several ways (`quote_plus`, lower-case hexadecimal, all lower
case), and some sign another spelling than the one they send; each of them is tried.

Source: Azure Service Bus, "Access control with shared access signatures".
"""

import base64
import binascii
import hmac
from collections.abc import Iterator, Mapping
from enum import Enum, auto
from typing import NamedTuple
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from sbtutorial.gateway.access.resource import MAX_URI_CHARS, Resource

MANAGE, SEND, LISTEN = "Manage", "Send", "Listen"
ALL_RIGHTS = frozenset({MANAGE, SEND, LISTEN})

# The SDK's administration client keeps a token for 60 s after its end, and only then makes a new
# one (its test is `expiry + 60 <= now`). Azure lets it through, so must a broker.
LATE_RENEWAL_SECONDS = 120.0

SAS_PREFIX = "SharedAccessSignature "
_MAX_TOKEN_CHARS = 8192
_SHOWN_CHARS = 80
_FIELDS = ("sr", "sig", "se", "skn")
_AGAIN = "Take lab.connection_string again and make a new client with it."


class Key(NamedTuple):
    """A shared access key and what it opens; `second` is the spare that rules have."""

    value: str
    rights: frozenset[str] = ALL_RIGHTS
    second: str | None = None


class Verified(NamedTuple):
    """What a token proved: which key signed it, what that key may do, and until when.

    `expires_at` is in wall-clock seconds since the epoch.
    """

    key_name: str
    rights: frozenset[str]
    expires_at: float


class TokenProblem(Enum):
    """Why a token was refused."""

    MISSING = auto()
    MALFORMED = auto()
    UNKNOWN_KEY = auto()
    BAD_SIGNATURE = auto()
    EXPIRED = auto()
    WRONG_AUDIENCE = auto()
    MISSING_RIGHT = auto()


class TokenError(Exception):
    """A token was refused; the text says what to do about it."""

    def __init__(self, kind: TokenProblem, text: str):
        super().__init__(text)
        self.kind = kind


class _Token(NamedTuple):
    """The four parts, as they are written."""

    sr: str
    sig: str
    se: str
    skn: str


def sign(resource_uri: str, key_name: str, key: str, expires_at: float) -> str:
    """Make a token for a URI and all below it, as the Python SDK makes it.

    Args:
        resource_uri: Such as `sb://127.0.0.1:5672/orders`.
        key_name: Name of the key, as in the connection string.
        key: The key, as in the connection string: its text is the secret, base64 or not.
        expires_at: Seconds since the epoch; fractions are cut off.
    """
    sr, se = quote_plus(resource_uri), str(int(expires_at))
    sig = quote(base64.b64encode(_digest(key, sr, se)), safe="")
    return f"{SAS_PREFIX}sr={sr}&sig={sig}&se={se}&skn={quote_plus(key_name)}"


def verify(
    token: str,
    *,
    keys: Mapping[str, Key],
    resource: Resource,
    now: float,
    grace_seconds: float = 0.0,
) -> Verified:
    """Learn what a token allows on `resource`.

    Args:
        token: The whole token with its prefix `SharedAccessSignature `.
        keys: By name.
        resource: What is asked for.
        now: Wall-clock seconds since the epoch.
        grace_seconds: How long after its end a token still counts: `LATE_RENEWAL_SECONDS` for
            HTTP, none for AMQP.

    Raises:
        TokenError: The token is no such token, was signed with another key, has ended, or is
            for something else.
    """
    parts = _parse(token)
    ends_at, signature = _ends_at(parts), _signature(parts)
    key_name, key = _find_key(parts, keys)
    _check_signature(parts, signature, key)
    if now >= ends_at + grace_seconds:
        raise TokenError(
            TokenProblem.EXPIRED,
            f"ExpiredToken: the token ended {now - ends_at:.0f} s ago. The SDK renews its own; "
            "sign a new one if you made it yourself, and check this computer's clock.",
        )
    granted = unquote(parts.sr)
    if not _names_a_host(granted) or not Resource.of(granted).covers(resource):
        raise TokenError(
            TokenProblem.WRONG_AUDIENCE,
            f"InvalidAudience: the token is for '{granted[:_SHOWN_CHARS]}' and does not "
            f"cover '{resource.path[:_SHOWN_CHARS]}' on '{resource.host}'. Sign it for that URI or "
            "for the namespace above it.",
        )
    return Verified(key_name, key.rights, ends_at)


def _names_a_host(granted: str) -> bool:
    """Whether a text cannot be understood as a queue's: one word alone could be either.

    With a port it is a host, as no name has a colon: `@azure/service-bus` signs that, and nothing
    else, for the target of a queue that forwards.
    """
    return "/" in granted or ":" in granted


def authorize(
    header: str | None,
    *,
    keys: Mapping[str, Key],
    resource: Resource,
    now: float,
    right: str = MANAGE,
) -> Verified:
    """Ask of an HTTP request's Authorization header that its token gives `right` on `resource`.

    Raises:
        TokenError: As `verify`; also when there is no header, or the key's rights fall short.
    """
    if not header:
        raise TokenError(
            TokenProblem.MISSING,
            "MissingToken: the request has no Authorization header. Use "
            "ServiceBusAdministrationClient.from_connection_string with the broker's.",
        )
    verified = verify(
        header, keys=keys, resource=resource, now=now, grace_seconds=LATE_RENEWAL_SECONDS
    )
    if right not in verified.rights:
        raise TokenError(
            TokenProblem.MISSING_RIGHT,
            f"{right} claim is required for this operation: the key '{verified.key_name}' gives "
            f"{', '.join(sorted(verified.rights)) or 'nothing'}. Use a key that gives {right}.",
        )
    return verified


def is_sas(token: str) -> bool:
    """Whether a token says of itself that it is a shared access signature."""
    return token[: len(SAS_PREFIX)].lower() == SAS_PREFIX.lower()


def _parse(token: str) -> _Token:
    if not is_sas(token) or len(token) > _MAX_TOKEN_CHARS:
        raise TokenError(
            TokenProblem.MALFORMED,
            "MalformedToken: a token begins with 'SharedAccessSignature ' (and a blank) and has "
            f"{_MAX_TOKEN_CHARS} characters at most. This broker takes no other kind. {_AGAIN}",
        )
    split = (field.strip().partition("=") for field in token[len(SAS_PREFIX) :].split("&"))
    found = {name: value for name, _, value in split}
    missing = [name for name in _FIELDS if not found.get(name)]
    if missing:
        raise TokenError(
            TokenProblem.MALFORMED,
            f"MalformedToken: the token has no {' and no '.join(missing)}; it needs sr, sig, se "
            "and skn.",
        )
    if len(found["sr"]) > 3 * MAX_URI_CHARS:
        raise TokenError(
            TokenProblem.MALFORMED,
            f"MalformedToken: sr is the URI that the token is for, and {MAX_URI_CHARS} characters "
            "are enough for every one.",
        )
    return _Token(*(found[name] for name in _FIELDS))


def _ends_at(parts: _Token) -> float:
    if not (parts.se.isascii() and parts.se.isdigit() and len(parts.se) <= 15):
        raise TokenError(
            TokenProblem.MALFORMED,
            "MalformedToken: se is the end of the token in whole seconds since 1970; "
            f"'{parts.se[:40]}' is not.",
        )
    return float(parts.se)


def _find_key(parts: _Token, keys: Mapping[str, Key]) -> tuple[str, Key]:
    once = unquote_plus(parts.skn)
    # The Python SDK encodes the name twice on AMQP.
    for name in (once, unquote_plus(once), parts.skn):
        if name in keys:
            return name, keys[name]
    raise _not_ours(TokenProblem.UNKNOWN_KEY, parts)


def _signature(parts: _Token) -> bytes:
    try:
        return base64.b64decode(unquote(parts.sig), validate=True)
    except (binascii.Error, ValueError):
        raise TokenError(
            TokenProblem.MALFORMED, "MalformedToken: sig is not base64, percent-encoded."
        ) from None


def _check_signature(parts: _Token, signature: bytes, key: Key) -> None:
    wanted = {
        _digest(secret, spelling, parts.se)
        for secret in filter(None, (key.value, key.second))
        for spelling in _spellings(parts.sr)
    }
    if not any(hmac.compare_digest(signature, digest) for digest in wanted):
        raise _not_ours(TokenProblem.BAD_SIGNATURE, parts)


def _not_ours(kind: TokenProblem, parts: _Token) -> TokenError:
    """One text for both problems: nobody shall learn which names of keys there are."""
    name = unquote_plus(parts.skn)[:_SHOWN_CHARS]
    return TokenError(
        kind,
        f"InvalidSignature: this broker has no key named '{name}' "
        "with which this token was signed: the key in your connection string is not this "
        f"broker's, perhaps because the broker was started anew. {_AGAIN}",
    )


def _spellings(sr: str) -> Iterator[str]:
    """What the token's maker may have signed, given what it wrote."""
    decoded = unquote(sr)
    for spelling in (sr, quote_plus(decoded, errors="surrogatepass"), decoded):
        yield spelling
        yield spelling.lower()


def _digest(key: str, sr: str, se: str) -> bytes:
    return hmac.digest(key.encode(), f"{sr}\n{se}".encode(errors="surrogatepass"), "sha256")
