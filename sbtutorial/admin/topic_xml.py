"""What a topic's description holds, in its order."""

from sbtutorial.admin import fields
from sbtutorial.admin.description_xml import Layout, Reading
from sbtutorial.admin.versions import FILTER_COUNTS
from sbtutorial.admin.xml_types import COUNTS, INTEGER
from sbtutorial.broker.descriptions import TopicDescription
from sbtutorial.broker.entities.receivable import MessageCounts

TOPIC = Layout(
    "TopicDescription",
    TopicDescription,
    (
        fields.DEFAULT_TIME_TO_LIVE,
        fields.MAX_SIZE,
        fields.REQUIRES_DUPLICATE_DETECTION,
        fields.DUPLICATE_DETECTION_WINDOW,
        fields.ENABLE_BATCHED_OPERATIONS,
        fields.SIZE_IN_BYTES,
        fields.FILTERING_BEFORE_PUBLISHING,
        fields.IS_ANONYMOUS_ACCESSIBLE,
        fields.AUTHORIZATION_RULES,
        fields.STATUS_NOW,
        fields.CREATED_AT,
        fields.UPDATED_AT,
        fields.ACCESSED_AT,
        fields.SUPPORT_ORDERING,
        # Messages are in the subscriptions; here they only wait for their time.
        Reading(
            "CountDetails", COUNTS, lambda topic, _: MessageCounts(scheduled=topic.scheduled_count)
        ),
        Reading("SubscriptionCount", INTEGER, lambda topic, _: len(topic.subscriptions())),
        Reading("SqlFilterCount", INTEGER, lambda topic, _: topic.rule_counts.sql, FILTER_COUNTS),
        Reading(
            "CorrelationFilterCount",
            INTEGER,
            lambda topic, _: topic.rule_counts.correlation,
            FILTER_COUNTS,
        ),
        fields.AUTO_DELETE_ON_IDLE,
        fields.ENABLE_PARTITIONING,
        fields.AVAILABILITY,
        fields.ENABLE_SUBSCRIPTION_PARTITIONING,
        fields.ENABLE_EXPRESS,
        fields.USER_METADATA,
        fields.MAX_MESSAGE_SIZE,
    ),
)
