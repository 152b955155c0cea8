"""What a queue's description holds, in its order."""

from sbtutorial.admin import fields
from sbtutorial.admin.description_xml import Layout
from sbtutorial.broker.descriptions import QueueDescription

QUEUE = Layout(
    "QueueDescription",
    QueueDescription,
    (
        fields.LOCK_DURATION,
        fields.MAX_SIZE,
        fields.REQUIRES_DUPLICATE_DETECTION,
        fields.REQUIRES_SESSION,
        fields.DEFAULT_TIME_TO_LIVE,
        fields.DEAD_LETTERING_ON_EXPIRATION,
        fields.DUPLICATE_DETECTION_WINDOW,
        fields.MAX_DELIVERY_COUNT,
        fields.ENABLE_BATCHED_OPERATIONS,
        fields.SIZE_IN_BYTES,
        fields.MESSAGE_COUNT,
        fields.IS_ANONYMOUS_ACCESSIBLE,
        fields.AUTHORIZATION_RULES,
        fields.STATUS_NOW,
        fields.CREATED_AT,
        fields.UPDATED_AT,
        fields.ACCESSED_AT,
        fields.SUPPORT_ORDERING,
        fields.COUNT_DETAILS,
        fields.AUTO_DELETE_ON_IDLE,
        fields.ENABLE_PARTITIONING,
        fields.AVAILABILITY,
        fields.ENABLE_EXPRESS,
        fields.FORWARD_TO,
        fields.USER_METADATA,
        fields.FORWARD_DEAD_LETTERED_TO,
        fields.MAX_MESSAGE_SIZE,
    ),
)
