"""The keys that open a resource: the namespace's, those of the entity itself, and bearer tokens.

A bearer token is one of the broker's own (`access.bearer`), or, where the broker is told so, any.

Source: Azure Service Bus, "Access control with shared access signatures", authorization rules.
"""

from collections.abc import Iterator, Mapping
from math import inf

from sbtutorial.broker.descriptions import AuthorizationRule
from sbtutorial.broker.errors import BrokerError
from sbtutorial.broker.namespace import Namespace
from sbtutorial.broker.paths import split_subqueue, split_subscription
from sbtutorial.gateway.access import bearer
from sbtutorial.gateway.access.resource import MAX_URI_CHARS, Resource, is_whole_uri
from sbtutorial.gateway.access.sas import (
    ALL_RIGHTS,
    MANAGE,
    Key,
    TokenError,
    TokenProblem,
    Verified,
    authorize,
    is_sas,
    verify,
)

_BEARER = "Bearer "
_MAX_BEARER_CHARS = 16_384


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

    def verify(self, token: str, audience: str, *, now: float) -> Verified:
        """Learn what a token that was put on `$cbs` allows on its audience, a URI.

        Raises:
            TokenError: As `sas.verify`; also for a bearer token where none is accepted.
        """
        if not is_sas(token):
            return self._bearer(token, now)
        if not is_whole_uri(audience):
            raise TokenError(
                TokenProblem.WRONG_AUDIENCE,
                f"InvalidAudience: '{audience[:80]}' is no URI such as sb://localhost/orders, of "
                f"{MAX_URI_CHARS} characters at most.",
            )
        resource = Resource.of(audience)
        keys = self._opening(split_subqueue(resource.path).entity)
        return verify(token, keys=keys, resource=resource, now=now)

    def authorize(
        self,
        header: str | None,
        resource: Resource,
        *,
        entity: str = "",
        now: float,
        right: str = MANAGE,
    ) -> Verified:
        """Ask of an HTTP request's Authorization header that it gives `right` on `resource`.

        Args:
            header: None where there is none.
            resource: What the request asks for.
            entity: The queue, topic or subscription whose own keys open it, too; "" for none.
            now: Wall-clock seconds since the epoch.
            right: "Manage", "Send" or "Listen".

        Raises:
            TokenError: As `sas.authorize`; also for a bearer token where none is accepted.
        """
        if header and header[: len(_BEARER)].lower() == _BEARER.lower():
            verified = self._bearer(header[len(_BEARER) :].strip(), now)
            if right not in verified.rights:
                raise TokenError(
                    TokenProblem.MISSING_RIGHT,
                    f"Unauthorized: the bearer token's role does not give '{right}'.",
                )
            return verified
        keys = self._opening(entity)
        return authorize(header, keys=keys, resource=resource, now=now, right=right)

    def _bearer(self, token: str, now: float) -> Verified:
        """What a bearer token opens: one of our own its role, any other nothing, or everything."""
        if len(token) <= _MAX_BEARER_CHARS and bearer.is_own(token):
            return self._own(token, now)
        if self._accepts_bearer and len(token) <= _MAX_BEARER_CHARS:
            return Verified("a bearer token", ALL_RIGHTS, inf)
        raise TokenError(
            TokenProblem.MALFORMED,
            "InvalidToken: this broker verifies SAS tokens, which begin with "
            "'SharedAccessSignature'. Use the connection string; or, for a program that has a "
            "credential such as DefaultAzureCredential, start the broker with "
            "`serve --accept-bearer-tokens`, and it accepts every bearer token unseen.",
        )

    def _own(self, token: str, now: float) -> Verified:
        """By the keys that may do everything: who has one can give away less.

        Raises:
            TokenError: None of them has signed it, or it is over.
        """
        refusal = TokenError(TokenProblem.UNKNOWN_KEY, "InvalidSignature: no key here signs it.")
        for key in self.of_namespace.values():
            if key.rights == ALL_RIGHTS:
                try:
                    return bearer.verify(token, key.value, now=now)
                except TokenError as error:
                    refusal = error
        raise refusal

    def _opening(self, entity: str) -> Mapping[str, Key]:
        """Every key that may open an entity, by name; its own go before the namespace's."""
        return {**self.of_namespace, **dict(self._of_entity(entity))}

    def _of_entity(self, path: str) -> Iterator[tuple[str, Key]]:
        for rule in self._rules(path):
            if rule.key_name and rule.primary_key:
                rights = frozenset(rule.rights)
                yield rule.key_name, Key(rule.primary_key, rights, rule.secondary_key)

    def _rules(self, path: str) -> tuple[AuthorizationRule, ...]:
        """Those of a queue or a topic; a subscription has its topic's."""
        topic = split_subscription(path)
        try:
            entity = self._namespace.directory.entity(topic[0] if topic else path)
        except BrokerError:
            return ()
        rules: tuple[AuthorizationRule, ...] = entity.description.authorization_rules
        return rules
