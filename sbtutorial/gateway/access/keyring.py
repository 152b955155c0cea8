"""What opens a resource: the namespace's keys, those of the entity itself, and bearer tokens.

Source: Azure Service Bus, "Access control with shared access signatures", authorization rules.
"""

from collections.abc import Iterator, Mapping
from math import inf

from sbtutorial.broker.descriptions import AuthorizationRule
from sbtutorial.broker.errors import BrokerError
from sbtutorial.broker.namespace import Namespace
from sbtutorial.broker.paths import (
    entity_path,
    split_line,
    split_messages,
    split_subscription,
)
from sbtutorial.gateway.access.sas import (
    ALL_RIGHTS,
    MANAGE,
    SAS_PREFIX,
    Key,
    TokenError,
    TokenProblem,
    Verified,
    authorize,
    verify,
)

_BEARER = "Bearer "


class Keyring:
    """Looks keys up each time, since an entity's rules may have changed.

    Attributes:
        of_namespace: The keys that open everything, by name.
    """

    def __init__(
        self, keys: Mapping[str, Key], namespace: Namespace, *, accepts_bearer: bool = False
    ) -> None:
        self.of_namespace = keys
        self._namespace = namespace
        self._accepts_bearer = accepts_bearer

    def verify(self, token: str, resource: str, *, now: float) -> Verified:
        """Learn what a token that was put on `$cbs` allows on `resource`.

        Raises:
            TokenError: As `security.verify`; also for a bearer token where none is accepted.
        """
        if token.lower().startswith(SAS_PREFIX.lower()):
            return verify(token, keys=self._opening(resource), resource=resource, now=now)
        return self._bearer()

    def authorize(
        self, header: str | None, resource: str, *, now: float, right: str = MANAGE
    ) -> Verified:
        """Ask of an HTTP request's Authorization header that it gives `right` on `resource`.

        Raises:
            TokenError: As `security.authorize`; also for a bearer token where none is accepted.
        """
        if header and header.lower().startswith(_BEARER.lower()):
            return self._bearer()
        keys = self._opening(resource)
        return authorize(header, keys=keys, resource=resource, now=now, right=right)

    def _bearer(self) -> Verified:
        if self._accepts_bearer:
            return Verified("a bearer token", ALL_RIGHTS, inf)
        raise TokenError(
            TokenProblem.MALFORMED,
            "InvalidToken: this broker verifies SAS tokens, which begin with "
            "'SharedAccessSignature'. Use the connection string; or, for a program that has a "
            "credential such as DefaultAzureCredential, start the broker with "
            "`serve --accept-bearer-tokens`, and it accepts every bearer token unseen.",
        )

    def _opening(self, resource: str) -> Mapping[str, Key]:
        """Every key that may open a URI, by name; an entity's own go before the namespace's."""
        return {**self.of_namespace, **dict(self._of_entity(entity_path(resource)))}

    def _of_entity(self, path: str) -> Iterator[tuple[str, Key]]:
        for rule in self._rules(split_line(path).entity):
            if rule.key_name and rule.primary_key:
                rights = frozenset(rule.rights)
                yield rule.key_name, Key(rule.primary_key, rights, rule.secondary_key)

    def _rules(self, path: str) -> tuple[AuthorizationRule, ...]:
        """Those of a queue or topic; what is below has them too: subscriptions, messages."""
        topic = split_subscription(f"{path}/")  # the list of them has no name behind it
        try:
            entity = self._namespace.entity(topic[0] if topic else path)
        except BrokerError:
            owner = split_messages(path)
            return self._rules(owner) if owner else ()
        rules: tuple[AuthorizationRule, ...] = entity.description.authorization_rules
        return rules
