"""Bearer tokens of the broker's own: what Microsoft Entra ID hands out, made by who has the key.

    token = issue("Azure Service Bus Data Sender", key.value, expires_at=…)
    verify(token, key.value, now=…)  # Verified(…, rights={"Send"}, …)

A JSON Web Token, signed with the namespace's key (HS256). So a program can be tried that has a
credential in place of a key, and with the rights of a role; and a neighbour on the machine gets
nowhere without the key, as ever. Entra ID signs with its own keys, and keeps the roles on its side,
where Service Bus asks for them; what such a token opens here is for `Keyring` to say.

Source: RFC 7519; "Azure built-in roles", those for the data of Service Bus.
"""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any

from sbtutorial.gateway.access.sas import (
    ALL_RIGHTS,
    LISTEN,
    SEND,
    TokenError,
    TokenProblem,
    Verified,
)

AUDIENCE = "https://servicebus.azure.net"
ISSUER = "sbtutorial"
OWNER = "Azure Service Bus Data Owner"
ROLES = {
    OWNER: ALL_RIGHTS,
    "Azure Service Bus Data Sender": frozenset({SEND}),
    "Azure Service Bus Data Receiver": frozenset({LISTEN}),
}
_HEADER = {"alg": "HS256", "typ": "JWT"}


def issue(role: str, key: str, *, expires_at: float) -> str:
    """A token for a role.

    Args:
        role: One of ROLES.
        key: The namespace's, which signs it.
        expires_at: In wall-clock seconds since the epoch.
    """
    claims = {"aud": AUDIENCE, "iss": ISSUER, "roles": [role], "exp": int(expires_at)}
    signed = f"{_packed(_HEADER)}.{_packed(claims)}"
    return f"{signed}.{_signature(signed, key)}"


def is_own(token: str) -> bool:
    """Whether a token says of itself that a broker of ours issued it."""
    return _claims(token).get("iss") == ISSUER


def verify(token: str, key: str, *, now: float) -> Verified:
    """What a token of the broker's own proves.

    Raises:
        TokenError: Another key has signed it, or it has expired.
    """
    signed, _, signature = token.rpartition(".")
    given, wanted = signature.encode("utf-8", "replace"), _signature(signed, key).encode()
    if not hmac.compare_digest(given, wanted):
        raise TokenError(
            TokenProblem.BAD_SIGNATURE,
            "InvalidSignature: the bearer token was issued by another broker, or by an earlier "
            "one: run the cell with connect() again, and take lab.credential() anew.",
        )
    claims = _claims(token)
    roles, expires_at = claims.get("roles"), claims.get("exp")
    if not isinstance(expires_at, int) or expires_at <= now:
        raise TokenError(TokenProblem.EXPIRED, "ExpiredToken: the bearer token is over.")
    names = roles if isinstance(roles, list) else []
    rights = frozenset[str]().union(*(ROLES.get(str(name), frozenset()) for name in names))
    return Verified("a bearer token", rights, float(expires_at))


def _signature(signed: str, key: str) -> str:
    return _text(hmac.new(key.encode(), signed.encode("utf-8", "replace"), sha256).digest())


def _packed(value: dict[str, Any]) -> str:
    return _text(json.dumps(value, separators=(",", ":")).encode())


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _claims(token: str) -> dict[str, Any]:
    """What a token says; nothing of what is no such token."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}
