"""Calls on the rules of a subscription: create, update, get, list, delete."""

from sbtutorial.admin import feeds
from sbtutorial.admin.atom import Entry, entry_response
from sbtutorial.admin.call import RULES, AdministrationCall, etag
from sbtutorial.admin.rule_xml import ELEMENT, read_rule, write_rule
from sbtutorial.broker.entities.subscription import Subscription
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.rules.rule import Rule
from sbtutorial.http.request import Response


def put(call: AdministrationCall, topic: str, subscription: str, name: str) -> Response:
    """Create, or with If-Match put another filter and action in place of those that are there."""
    found = call.namespace.directory.subscription(topic, subscription)
    element = call.description([ELEMENT])
    if call.is_update:
        call.require_match(_etag(found.rules.find(name)))
    rule = read_rule(element, name)
    if rule.name.lower() != name.lower():
        raise BrokerError(
            ErrorCode.ARGUMENT_ERROR,
            f"The rule's Name is '{rule.name[:80]}', and its address says '{name}'. A rule keeps "
            "its name: delete it and create another one.",
        )
    act = call.namespace.update_rule if call.is_update else call.namespace.create_rule
    rule = act(found, rule, now=call.now)
    return entry_response(200 if call.is_update else 201, _entry(call, found, rule))


def get(call: AdministrationCall, topic: str, subscription: str, name: str) -> Response:
    """One rule."""
    found = call.namespace.directory.subscription(topic, subscription)
    return entry_response(200, _entry(call, found, found.rules.find(name)))


def delete(call: AdministrationCall, topic: str, subscription: str, name: str) -> Response:
    """Take it away."""
    found = call.namespace.directory.subscription(topic, subscription)
    call.require_match(_etag(found.rules.find(name)))
    call.namespace.delete_rule(found, name, now=call.now)
    return Response(200)


def list_all(call: AdministrationCall, topic: str, subscription: str) -> Response:
    """Every rule of a subscription, by name."""
    found = call.namespace.directory.subscription(topic, subscription)
    rules = found.rules
    return feeds.page(
        call, "Rules", rules.names, lambda name: _entry(call, found, rules.find(name))
    )


def _etag(rule: Rule) -> str:
    return etag(rule.created_at, rule)


def _entry(call: AdministrationCall, subscription: Subscription, rule: Rule) -> Entry:
    created_at = call.instant(rule.created_at)
    return Entry(
        call.url(f"{subscription.path}{RULES}{rule.name}"),
        rule.name,
        created_at,
        created_at,
        call.namespace.name,
        write_rule(rule, call.administered.to_wire),
        _etag(rule),
    )
