"""A credential for the broker on this machine: what `DefaultAzureCredential` is on Azure.

To the SDK a credential is whatever has a `get_token`. This one asks nobody: who has the broker's
key signs a token with it, for an hour and for one role, and the broker verifies that.
"""

import time
from typing import TYPE_CHECKING, Any

from sbtutorial.connection_string import parse_connection_string
from sbtutorial.errors import TutorialError
from sbtutorial.gateway.access.bearer import ROLES, issue

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken

_LASTS_SECONDS = 3600.0


class LabCredential:
    """See `azure.core.credentials.TokenCredential`.

    Args:
        connection_string: Of the broker, with its key.
        role: What its tokens allow.

    Raises:
        TutorialError: There is no such role.
    """

    def __init__(self, connection_string: str, role: str) -> None:
        if role not in ROLES:
            known = ", ".join(f'"{name}"' for name in ROLES)
            raise TutorialError(f"There is no role {role!r} for Service Bus's messages: {known}.")
        self._key = parse_connection_string(connection_string).key or ""
        self.role = role

    def __repr__(self) -> str:
        return f"<credential of this machine's broker, {self.role}>"

    def get_token(self, *scopes: str, **_options: Any) -> "AccessToken":
        """A token; it is the same whatever scope is asked for."""
        from azure.core.credentials import AccessToken

        expires_at = time.time() + _LASTS_SECONDS
        return AccessToken(issue(self.role, self._key, expires_at=expires_at), int(expires_at))

    def close(self) -> None:
        """There is nothing to close."""


def address(connection_string: str) -> dict[str, Any]:
    """Arguments of a client that goes to a broker of ours by TLS, on the port that it has."""
    from azure.servicebus import TransportType

    from sbtutorial.server import certificates

    found = parse_connection_string(connection_string)
    return {
        "fully_qualified_namespace": found.host,
        "custom_endpoint_address": f"sb://{found.host}:{found.port}",
        "transport_type": TransportType.Amqp,
        "connection_verify": str(certificates.ensure(certificates.default_folder()).ca_pem),
    }
