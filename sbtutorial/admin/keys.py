"""The keys and instants of authorization rules, where a client leaves them to the broker.

Source: Azure Service Bus, "Access control with shared access signatures".
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from sbtutorial.broker.descriptions import AuthorizationRule

NewKey = Callable[[], str]


def completed(
    rules: Iterable[AuthorizationRule],
    before: Iterable[AuthorizationRule],
    instant: str,
    new_key: NewKey,
) -> tuple[AuthorizationRule, ...]:
    """The rules, each with both of its keys.

    Args:
        rules: As a client sent them.
        before: What the entity has had: a rule that stays keeps its keys and its age.
        instant: Now, as date and time.
        new_key: Makes a secret.
    """
    by_name = {rule.key_name: rule for rule in before}
    return tuple(_completed(rule, by_name.get(rule.key_name), instant, new_key) for rule in rules)


def _completed(
    rule: AuthorizationRule, before: AuthorizationRule | None, instant: str, new_key: NewKey
) -> AuthorizationRule:
    known = before or AuthorizationRule()
    return replace(
        rule,
        primary_key=rule.primary_key or known.primary_key or new_key(),
        secondary_key=rule.secondary_key or known.secondary_key or new_key(),
        created_at=rule.created_at or known.created_at or instant,
        modified_at=rule.modified_at or instant,
    )
