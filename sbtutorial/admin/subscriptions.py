"""Calls on the subscriptions of a topic: create, update, get, list, delete."""

from sbtutorial.admin import feeds
from sbtutorial.admin.call import AdministrationCall, etag_of
from sbtutorial.admin.description_xml import read
from sbtutorial.admin.subscription_xml import SUBSCRIPTION, first_rule
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.paths import subscription_path
from sbtutorial.http.request import Response


def put(call: AdministrationCall, topic: str, name: str) -> Response:
    """Create, with a first rule, or with If-Match change."""
    element = call.description([SUBSCRIPTION.element])
    settings = read(SUBSCRIPTION, element, call.api_version)
    rule = first_rule(element)
    namespace, now = call.namespace, call.now
    if not call.is_update:
        description = call.wanted(SUBSCRIPTION, settings)
        path = subscription_path(topic, name)
        made = namespace.create(path, description, now=now, rule=rule)
        return call.answer(201, SUBSCRIPTION, made)
    if rule is not None:
        raise BrokerError(
            ErrorCode.ARGUMENT_ERROR,
            "DefaultRuleDescription is for new subscriptions. Leave it out, and change the rules "
            f"themselves: {name}/rules.",
        )
    subscription = namespace.directory.subscription(topic, name)
    description = call.wanted(SUBSCRIPTION, settings, subscription)
    namespace.update(subscription, description, now=now)
    return call.answer(200, SUBSCRIPTION, subscription)


def get(call: AdministrationCall, topic: str, name: str) -> Response:
    """Its description and its counters."""
    return call.answer(200, SUBSCRIPTION, call.namespace.directory.subscription(topic, name))


def delete(call: AdministrationCall, topic: str, name: str) -> Response:
    """Take it away with all that is in it."""
    subscription = call.namespace.directory.subscription(topic, name)
    call.require_match(etag_of(subscription))
    call.namespace.delete(subscription, now=call.now)
    return Response(200)


def list_all(call: AdministrationCall, topic: str) -> Response:
    """Every subscription of a topic, by name."""
    found = call.namespace.directory.topic(topic)
    return feeds.page(
        call,
        "Subscriptions",
        found.subscriptions(),
        lambda one: call.entry(SUBSCRIPTION, one),
    )
