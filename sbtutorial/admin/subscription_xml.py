"""What a subscription's description holds, in its order, and the rule that it begins with."""

from xml.etree.ElementTree import Element

from sbtutorial.admin import fields
from sbtutorial.admin.atom import local_name
from sbtutorial.admin.description_xml import Layout, Reading
from sbtutorial.admin.rule_xml import read_rule
from sbtutorial.admin.xml_types import WRITTEN
from sbtutorial.broker.descriptions import SubscriptionDescription
from sbtutorial.broker.rules.rule import DEFAULT_RULE_NAME, Rule

_FIRST_RULE = "DefaultRuleDescription"

SUBSCRIPTION = Layout(
    "SubscriptionDescription",
    SubscriptionDescription,
    (
        fields.LOCK_DURATION,
        fields.REQUIRES_SESSION,
        fields.DEFAULT_TIME_TO_LIVE,
        fields.DEAD_LETTERING_ON_EXPIRATION,
        fields.DEAD_LETTERING_ON_FILTER_EXCEPTIONS,
        Reading(_FIRST_RULE, WRITTEN, lambda _, __: None),  # it comes in only: `first_rule`
        fields.MESSAGE_COUNT,
        fields.MAX_DELIVERY_COUNT,
        fields.ENABLE_BATCHED_OPERATIONS,
        fields.STATUS_NOW,
        fields.FORWARD_TO,
        fields.CREATED_AT,
        fields.UPDATED_AT,
        fields.ACCESSED_AT,
        fields.COUNT_DETAILS,
        fields.FORWARD_DEAD_LETTERED_TO,
        fields.AUTO_DELETE_ON_IDLE,
        fields.AVAILABILITY,
        fields.USER_METADATA,
    ),
)


def first_rule(description: Element) -> Rule | None:
    """The rule that a new subscription shall have instead of one that takes everything.

    Raises:
        BrokerError: ARGUMENT_ERROR, as `read_rule`.
    """
    for child in description:
        if local_name(child) == _FIRST_RULE:
            return read_rule(child, DEFAULT_RULE_NAME)
    return None
