"""Management operations on the rules of a subscription: add, remove, enumerate.

Source: Azure Service Bus, "AMQP request-response-based operations", rule operations.
"""

from collections.abc import Mapping
from typing import Any

from sbtutorial.broker.entities.subscription import Subscription
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.gateway.management.call import Call, InSteps, Operation
from sbtutorial.gateway.management.parts import UNITS_A_PART, parts_of
from sbtutorial.gateway.wire.rules import read_rule, written_rule


def add_rule(call: Call) -> dict[str, Any]:
    """`com.microsoft:add-rule`: one more rule; those that are there stay, `$Default` too."""
    subscription = _subscription(call)
    name = call.field("rule-name", str, "the name of a rule (string)")
    description = call.field("rule-description", Mapping, "a map with a filter")
    rule = read_rule(name, description)
    call.namespace.create_rule(subscription, rule, now=call.now, who=call.who)
    return {}


def remove_rule(call: Call) -> dict[str, Any]:
    """`com.microsoft:remove-rule`."""
    subscription = _subscription(call)
    name = call.field("rule-name", str, "the name of a rule (string)")
    call.namespace.delete_rule(subscription, name, now=call.now, who=call.who)
    return {}


def enumerate_rules(call: Call) -> InSteps:
    """`com.microsoft:enumerate-rules`: `top` of them by name, after the first `skip`."""
    call.require_no_forwarding()
    skip = _count(call, "skip")
    there = _subscription(call).rules
    rules = []
    for part, is_last in parts_of(there.names[skip : skip + _count(call, "top")]):
        found = filter(None, map(there.get, part))  # those that are still there
        rules += [{"rule-description": written_rule(one, call.clock.to_wire)} for one in found]
        if not is_last:
            yield UNITS_A_PART
    return {"rules": rules} if rules else None


def _subscription(call: Call) -> Subscription:
    entity = call.entity
    if not isinstance(entity, Subscription):
        raise BrokerError(
            ErrorCode.NOT_ALLOWED,
            f"'{entity.path}' is a {entity.kind}, and only subscriptions have rules.",
        )
    return entity


def _count(call: Call, name: str) -> int:
    count: int = call.field(name, int, "a number of rules (int)")
    if count < 0:
        raise BrokerError(
            ErrorCode.ARGUMENT_OUT_OF_RANGE, f"'{name}' is {count}; it must be 0 or more."
        )
    return count


RULE_OPERATIONS: dict[str, Operation] = {
    "com.microsoft:add-rule": Operation(add_rule, "Listen"),
    "com.microsoft:remove-rule": Operation(remove_rule, "Listen"),
    "com.microsoft:enumerate-rules": Operation(enumerate_rules, "Listen"),
}
