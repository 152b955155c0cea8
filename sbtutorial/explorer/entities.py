"""Queues, topics, subscriptions and rules: found, made, changed and deleted."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from sbtutorial.broker.descriptions import Description, EntityStatus
from sbtutorial.broker.limits import Limits
from sbtutorial.broker.rules.rule import DEFAULT_RULE_NAME, Rule
from sbtutorial.errors import TutorialError
from sbtutorial.explorer.links import Links
from sbtutorial.explorer.places import SUBSCRIPTIONS, Kind, Part, Place, parted, subscription_parts
from sbtutorial.explorer.properties import (
    described,
    limits_of,
    properties_of,
    require_change,
    require_name,
    spell,
)
from sbtutorial.explorer.tables import Shown, Table
from sbtutorial.explorer.translation import (
    action_from,
    description_of,
    filter_from,
    options,
    rule_of,
    sdk_action,
    sdk_filter,
    spelled_filter,
    values_of,
)


@dataclass(frozen=True, repr=False)
class Entity(Shown):
    """A queue, a topic or a subscription as it is.

    Attributes:
        place: Where it is.
        description: All that was chosen about it.
        limits: Of its namespace's tier.
    """

    place: Place
    description: Description
    limits: Limits

    def __getitem__(self, name: str) -> Any:
        """A property's value by the SDK's name; a status in Azure's word for it."""
        value = values_of(self.description)[name]
        return value.value if isinstance(value, EntityStatus) else value

    def table(self) -> Table:
        """Every property, with its limit."""
        known = properties_of(self.place.kind, self.limits)
        rows = (
            (
                name,
                spell(value) or "–",
                known[name].limit,
                "" if known[name].is_changeable else "fixed at creation",
            )
            for name, value in values_of(self.description).items()
        )
        heads = ("property", "value", "limit", "")
        return Table(f"{self.place.kind} {self.place.name}", heads, rows)


class Rules(Shown):
    """The rules of a subscription."""

    def __init__(self, place: Place, rules: tuple[Rule, ...]) -> None:
        self.place = place
        self.rules = rules

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def table(self) -> Table:
        """A row each."""
        rows = (
            (rule.name, spelled_filter(rule.filter), getattr(rule.action, "expression", ""))
            for rule in self.rules
        )
        nothing = f"{self.place} has no rule, and so it gets no message"
        heads = ("rule", "lets through", "and then")
        return Table(f"rules of {self.place}", heads, rows, nothing)


class Entities:
    """What there is in a namespace, through the administration client."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self._limits: Limits | None = None

    def limits(self) -> Limits:
        """What the namespace's tier allows."""
        if self._limits is None:
            with self._links.administration() as admin:
                sku = admin.get_namespace_properties().messaging_sku
            self._limits = limits_of(str(getattr(sku, "value", sku)))
        return self._limits

    def place(self, text: object) -> Place:
        """Where a name leads: `orders`, `news/fans`, with `/$DeadLetterQueue` or without.

        Raises:
            TutorialError: There is nothing of that name.
        """
        return self.find(text)[0]

    def find(self, text: object) -> tuple[Place, Entity]:
        """Where a name leads, and the entity that is there.

        Raises:
            TutorialError: There is nothing of that name.
        """
        name, part = parted(text)
        for place in _candidates(name):
            if (entity := self._entity(place)) is not None:
                if place.kind is Kind.TOPIC and part is not Part.LIVE:
                    raise TutorialError(
                        f"'{name}' is a topic, and a topic has no dead letters: its subscriptions "
                        f'have, as in "{name}/<subscription>/$DeadLetterQueue".'
                    )
                return replace(place, part=part), entity
        raise TutorialError(
            f"There is no queue, topic or subscription '{name}': explorer.tree() shows what there "
            "is."
        )

    def exists(self, place: Place) -> bool:
        """Whether there is such an entity."""
        return self._entity(place.live) is not None

    def create(self, kind: Kind, name: str, given: Mapping[str, Any]) -> Entity:
        """Make an entity.

        Args:
            kind: Of what kind.
            name: Its name; a subscription's has its topic's before it, as in `news/fans`.
            given: What is chosen, by the SDK's names.

        Raises:
            TutorialError: A name, a property or a value is refused, or it is there already.
        """
        place = self._new_place(kind, name)
        chosen = options(described(kind, given, self.limits()), names=given)
        if self.exists(place):
            raise TutorialError(
                f"There is a {kind} '{name}' already: explorer.edit(\"{name}\", ...) changes it."
            )
        with self._links.administration() as admin:
            if kind is Kind.SUBSCRIPTION:
                admin.create_subscription(place.entity, place.subscription, **chosen)
            elif kind is Kind.TOPIC:
                admin.create_topic(place.entity, **chosen)
            else:
                admin.create_queue(place.entity, **chosen)
        self._links.forget(place)
        return self.find(name)[1]

    def edit(self, name: str, given: Mapping[str, Any]) -> Entity:
        """Change some of an entity's properties.

        Raises:
            TutorialError: A property cannot be changed, a value is refused, or it is not there.
        """
        place, entity = self.find(name)
        known = properties_of(place.kind, entity.limits)
        values = {each: known[each].read(value) for each, value in given.items()}
        wanted = replace(entity.description, **values)
        require_change(entity.description, wanted, entity.limits)
        changed = options(wanted, names=given)
        with self._links.administration() as admin:
            if place.kind is Kind.SUBSCRIPTION:
                was = admin.get_subscription(place.entity, place.subscription)
                admin.update_subscription(place.entity, _with(was, changed))
            elif place.kind is Kind.TOPIC:
                admin.update_topic(_with(admin.get_topic(place.entity), changed))
            else:
                admin.update_queue(_with(admin.get_queue(place.entity), changed))
        return self.find(name)[1]

    def delete(self, name: str) -> Place:
        """Delete an entity with all that is in it.

        Raises:
            TutorialError: There is nothing of that name.
        """
        place = self.place(name).live
        with self._links.administration() as admin:
            if place.kind is Kind.SUBSCRIPTION:
                admin.delete_subscription(place.entity, place.subscription)
            elif place.kind is Kind.TOPIC:
                admin.delete_topic(place.entity)
            else:
                admin.delete_queue(place.entity)
        self._links.forget(place)
        return place

    # -- Rules ---------------------------------------------------------------------------------

    def subscriptions(self, topic: str) -> list[Place]:
        """The subscriptions of a topic."""
        with self._links.administration() as admin:
            return [
                Place(Kind.SUBSCRIPTION, topic, one.name) for one in admin.list_subscriptions(topic)
            ]

    def rules(self, name: str | Place) -> Rules:
        """The rules of a subscription.

        Raises:
            TutorialError: That is no subscription.
        """
        place = name if isinstance(name, Place) else self._subscription(name)
        with self._links.administration() as admin:
            listed = list(admin.list_rules(place.entity, place.subscription))
        return Rules(place, tuple(map(rule_of, listed)))

    def create_rule(self, name: str, rule: str, filter: object, action: str | None) -> Rules:
        """Add a rule to a subscription; the one that lets everything through stays.

        Raises:
            TutorialError: The filter or the action cannot be read, or the rule is there already.
        """
        place = self._subscription(name)
        require_name("rule", rule)
        condition, then = sdk_filter(filter_from(filter)), sdk_action(action_from(action))
        with self._links.administration() as admin:
            admin.create_rule(place.entity, place.subscription, rule, filter=condition, action=then)
        return self.rules(place)

    def delete_rule(self, name: str, rule: str) -> Rules:
        """Take a rule away.

        Raises:
            TutorialError: There is no such rule.
        """
        place = self._subscription(name)
        with self._links.administration() as admin:
            admin.delete_rule(place.entity, place.subscription, rule)
        return self.rules(place)

    def replace_rules(self, place: Place, rules: tuple[Rule, ...]) -> None:
        """Give a subscription these rules, and no others."""
        with self._links.administration() as admin:
            for one in list(admin.list_rules(place.entity, place.subscription)):
                admin.delete_rule(place.entity, place.subscription, one.name)
            for rule in rules:
                admin.create_rule(
                    place.entity,
                    place.subscription,
                    rule.name or DEFAULT_RULE_NAME,
                    filter=sdk_filter(rule.filter),
                    action=sdk_action(rule.action),
                )

    def _subscription(self, name: str) -> Place:
        place = self.place(name)
        if place.kind is not Kind.SUBSCRIPTION:
            raise TutorialError(
                f"Rules belong to subscriptions; '{name}' is a {place.kind}: name one as in "
                '"news/fans".'
            )
        return place

    def _new_place(self, kind: Kind, name: str) -> Place:
        if kind is not Kind.SUBSCRIPTION:
            require_name(kind, name)
            return Place(kind, name)
        topic, subscription = subscription_parts(parted(name)[0])
        if not subscription:
            raise TutorialError(
                f"A subscription is named with its topic before it, as in \"news/fans\"; '{name}' "
                "has none."
            )
        require_name("subscription", subscription)
        return Place(kind, topic, subscription)

    def _entity(self, place: Place) -> Entity | None:
        from azure.core.exceptions import ResourceNotFoundError

        # The SDK takes an entity of another kind for one of this, and fails with AttributeError.
        otherwise = suppress(ResourceNotFoundError, AttributeError)
        with self._links.administration() as admin, otherwise:
            if place.kind is Kind.SUBSCRIPTION:
                found: Any = admin.get_subscription(place.entity, place.subscription)
            elif place.kind is Kind.TOPIC:
                found = admin.get_topic(place.entity)
            else:
                found = admin.get_queue(place.entity)
            return Entity(place, description_of(place.kind, found), self.limits())
        return None


def _candidates(name: str) -> Iterator[Place]:
    """What a name may mean, the likeliest first."""
    topic, subscription = subscription_parts(name)
    if SUBSCRIPTIONS.lower() not in name.lower():
        yield Place(Kind.QUEUE, name)
        yield Place(Kind.TOPIC, name)
    if subscription:
        yield Place(Kind.SUBSCRIPTION, topic, subscription)


def _with(properties: Any, changed: Mapping[str, Any]) -> Any:
    for name, value in changed.items():
        setattr(properties, name, value)
    return properties
