from collections.abc import Callable
from dataclasses import fields
from datetime import timedelta
from typing import Any
from xml.etree.ElementTree import fromstring, tostring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbtutorial.admin.atom import SERVICE_BUS, local_name
from sbtutorial.admin.description_xml import Layout, applied, read, write
from sbtutorial.admin.queue_xml import QUEUE
from sbtutorial.admin.subscription_xml import SUBSCRIPTION, first_rule
from sbtutorial.admin.topic_xml import TOPIC
from sbtutorial.broker.descriptions import (
    AuthorizationRule,
    EntityStatus,
    QueueDescription,
    SubscriptionDescription,
    TopicDescription,
)
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.limits import PREMIUM, STANDARD
from sbtutorial.broker.message import Message
from sbtutorial.broker.namespace import Namespace
from sbtutorial.broker.rules.filters.correlation import CorrelationFilter
from sbtutorial.broker.rules.rule import Rule

COUNTS = """\
<CountDetails xmlns:d2p1="http://schemas.microsoft.com/netservices/2011/06/servicebus">\
<d2p1:ActiveMessageCount>0</d2p1:ActiveMessageCount>\
<d2p1:DeadLetterMessageCount>0</d2p1:DeadLetterMessageCount>\
<d2p1:ScheduledMessageCount>0</d2p1:ScheduledMessageCount>\
<d2p1:TransferMessageCount>0</d2p1:TransferMessageCount>\
<d2p1:TransferDeadLetterMessageCount>0</d2p1:TransferDeadLetterMessageCount>\
</CountDetails>"""
INSTANTS = """\
<CreatedAt>2024-01-01T00:00:00.0000000Z</CreatedAt>\
<UpdatedAt>2024-01-01T00:00:00.0000000Z</UpdatedAt>\
<AccessedAt>0001-01-01T00:00:00Z</AccessedAt>"""
NAMESPACES = """\
xmlns="http://schemas.microsoft.com/netservices/2010/10/servicebus/connect" \
xmlns:i="http://www.w3.org/2001/XMLSchema-instance\""""
FOR_EVER = "P10675199DT2H48M5.4775807S"
GOLDEN = {
    QUEUE: f"""\
<QueueDescription {NAMESPACES}>\
<LockDuration>PT1M</LockDuration>\
<MaxSizeInMegabytes>1024</MaxSizeInMegabytes>\
<RequiresDuplicateDetection>false</RequiresDuplicateDetection>\
<RequiresSession>false</RequiresSession>\
<DefaultMessageTimeToLive>{FOR_EVER}</DefaultMessageTimeToLive>\
<DeadLetteringOnMessageExpiration>false</DeadLetteringOnMessageExpiration>\
<DuplicateDetectionHistoryTimeWindow>PT10M</DuplicateDetectionHistoryTimeWindow>\
<MaxDeliveryCount>10</MaxDeliveryCount>\
<EnableBatchedOperations>true</EnableBatchedOperations>\
<SizeInBytes>0</SizeInBytes>\
<MessageCount>0</MessageCount>\
<IsAnonymousAccessible>false</IsAnonymousAccessible>\
<AuthorizationRules />\
<Status>Active</Status>\
{INSTANTS}\
<SupportOrdering>true</SupportOrdering>\
{COUNTS}\
<AutoDeleteOnIdle>{FOR_EVER}</AutoDeleteOnIdle>\
<EnablePartitioning>false</EnablePartitioning>\
<EntityAvailabilityStatus>Available</EntityAvailabilityStatus>\
<EnableExpress>false</EnableExpress>\
<MaxMessageSizeInKilobytes>256</MaxMessageSizeInKilobytes>\
</QueueDescription>""",
    TOPIC: f"""\
<TopicDescription {NAMESPACES}>\
<DefaultMessageTimeToLive>{FOR_EVER}</DefaultMessageTimeToLive>\
<MaxSizeInMegabytes>1024</MaxSizeInMegabytes>\
<RequiresDuplicateDetection>false</RequiresDuplicateDetection>\
<DuplicateDetectionHistoryTimeWindow>PT10M</DuplicateDetectionHistoryTimeWindow>\
<EnableBatchedOperations>true</EnableBatchedOperations>\
<SizeInBytes>0</SizeInBytes>\
<FilteringMessagesBeforePublishing>false</FilteringMessagesBeforePublishing>\
<IsAnonymousAccessible>false</IsAnonymousAccessible>\
<AuthorizationRules />\
<Status>Active</Status>\
{INSTANTS}\
<SupportOrdering>true</SupportOrdering>\
{COUNTS}\
<SubscriptionCount>0</SubscriptionCount>\
<SqlFilterCount>0</SqlFilterCount>\
<CorrelationFilterCount>0</CorrelationFilterCount>\
<AutoDeleteOnIdle>{FOR_EVER}</AutoDeleteOnIdle>\
<EnablePartitioning>false</EnablePartitioning>\
<EntityAvailabilityStatus>Available</EntityAvailabilityStatus>\
<EnableSubscriptionPartitioning>false</EnableSubscriptionPartitioning>\
<EnableExpress>false</EnableExpress>\
<MaxMessageSizeInKilobytes>256</MaxMessageSizeInKilobytes>\
</TopicDescription>""",
    SUBSCRIPTION: f"""\
<SubscriptionDescription {NAMESPACES}>\
<LockDuration>PT1M</LockDuration>\
<RequiresSession>false</RequiresSession>\
<DefaultMessageTimeToLive>{FOR_EVER}</DefaultMessageTimeToLive>\
<DeadLetteringOnMessageExpiration>false</DeadLetteringOnMessageExpiration>\
<DeadLetteringOnFilterEvaluationExceptions>true</DeadLetteringOnFilterEvaluationExceptions>\
<MessageCount>0</MessageCount>\
<MaxDeliveryCount>10</MaxDeliveryCount>\
<EnableBatchedOperations>true</EnableBatchedOperations>\
<Status>Active</Status>\
{INSTANTS}\
{COUNTS}\
<AutoDeleteOnIdle>{FOR_EVER}</AutoDeleteOnIdle>\
<EntityAvailabilityStatus>Available</EntityAvailabilityStatus>\
</SubscriptionDescription>""",
}

RULE = AuthorizationRule(
    key_name="reader",
    rights=("Manage", "Send", "Listen"),
    primary_key="p==",
    secondary_key="s==",
    created_at="2024-01-01T00:00:00Z",
    modified_at="2024-01-01T00:00:00.1234567Z",
)
_EVERYWHERE: dict[str, Any] = {
    "default_message_time_to_live": timedelta(days=1, seconds=0.5),
    "enable_batched_operations": False,
    "status": EntityStatus.RECEIVE_DISABLED,
    "auto_delete_on_idle": timedelta(minutes=7),
    "user_metadata": "<müll> & ]]> 'x'",
}
_SIZED: dict[str, Any] = {
    "max_size_in_megabytes": 5120,
    "requires_duplicate_detection": True,
    "duplicate_detection_history_time_window": timedelta(minutes=12),
    "is_anonymous_accessible": True,
    "authorization_rules": (
        RULE,
        AuthorizationRule("other", ("Listen",), claim_type=None, type=None),
    ),
    "support_ordering": False,
    "enable_partitioning": True,
    "enable_express": True,
    "max_message_size_in_kilobytes": 2048,
}
_RECEIVED: dict[str, Any] = {
    "lock_duration": timedelta(seconds=13),
    "requires_session": True,
    "dead_lettering_on_message_expiration": True,
    "max_delivery_count": 14,
    "forward_to": "sb://h/other",
    "forward_dead_lettered_messages_to": "sb://h/dead",
}
# Every property, at a value that is not its default.
OTHER = {
    QUEUE: QueueDescription(**_EVERYWHERE, **_SIZED, **_RECEIVED),
    TOPIC: TopicDescription(
        **_EVERYWHERE,
        **_SIZED,
        filtering_messages_before_publishing=True,
        enable_subscription_partitioning=True,
    ),
    SUBSCRIPTION: SubscriptionDescription(
        **_EVERYWHERE, **_RECEIVED, dead_lettering_on_filter_evaluation_exceptions=False
    ),
}
BORN = 1704067200.0
every_kind = pytest.mark.parametrize("layout", GOLDEN, ids=lambda layout: layout.kind)


def entity_of(layout: Layout, description: Any, limits=PREMIUM) -> Any:
    """An entity that need not be a valid one: the XML does not care."""
    namespace = Namespace("tutorial", limits=limits)
    make: dict[Layout, Callable[..., Any]] = {
        QUEUE: lambda fresh: namespace.create("e", fresh, now=BORN),
        TOPIC: lambda fresh: namespace.create("e", fresh, now=BORN),
        SUBSCRIPTION: lambda fresh: namespace.create("t/Subscriptions/e", fresh, now=BORN),
    }
    namespace.create("t", TopicDescription(), now=BORN)
    entity = make[layout](layout.description())
    entity.adopt(description, now=BORN)
    return entity


def queue_of(description: QueueDescription, limits=PREMIUM) -> Any:
    return entity_of(QUEUE, description, limits)


def xml_of(layout: Layout, entity: Any, version: str | None = None) -> str:
    return tostring(write(layout, entity, lambda at: at, version), encoding="unicode")


def read_again(layout: Layout, description: Any) -> Any:
    return read(layout, fromstring(xml_of(layout, entity_of(layout, description))))


@every_kind
def test_a_new_entity_is_written_as_azure_writes_it(layout):
    assert xml_of(layout, entity_of(layout, layout.description(), STANDARD)) == GOLDEN[layout]


@every_kind
def test_the_table_has_every_property_of_a_description(layout):
    names = [setting.name for setting in layout.settings]
    assert sorted(names) == sorted(field.name for field in fields(layout.description))


@every_kind
def test_the_example_for_round_trips_differs_from_every_default(layout):
    default, other = layout.description(), OTHER[layout]
    assert not [f.name for f in fields(other) if getattr(other, f.name) == getattr(default, f.name)]


@every_kind
def test_every_property_comes_back_as_it_was_sent(layout):
    description = OTHER[layout]
    settings = read_again(layout, description)
    # Azure tells the size of all partitions; in Premium there is one.
    assert applied(layout, settings) == description


@every_kind
def test_what_was_read_sent_back_is_no_change(layout):
    for description in (OTHER[layout], layout.description()):
        for limits in (PREMIUM, STANDARD):
            entity = entity_of(layout, description, limits)
            settings = read(layout, fromstring(xml_of(layout, entity)))
            assert applied(layout, settings, entity) == description


@given(
    st.timedeltas(timedelta(seconds=5), timedelta(minutes=5)),
    st.integers(1, 2000),
    st.booleans(),
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")),
)
def test_values_come_back_whatever_they_are(lock_duration, count, flag, metadata):
    description = QueueDescription(
        lock_duration=lock_duration,
        max_delivery_count=count,
        enable_batched_operations=flag,
        user_metadata=metadata or None,
        max_message_size_in_kilobytes=1024,
    )
    assert applied(QUEUE, read_again(QUEUE, description)) == description


# -- Readings ---------------------------------------------------------------------------------


def texts_of(layout: Layout, entity: Any, later: float = 0.0) -> dict[str, str | None]:
    root = write(layout, entity, lambda at: at + later)
    return {local_name(element).rpartition(":")[2]: element.text for element in root.iter()}


def message(**fields: Any) -> Message:
    return Message(content=b"", size_bytes=10, header_bytes=0, **fields)


def test_counters_tell_what_the_queue_holds():
    queue = Namespace("tutorial").create("q", QueueDescription(), now=0.0)
    queue.ingress.send([message(), message(), message(scheduled_enqueue_at=9.0)], now=1.0)
    locked = queue.main.peek_lock_next(now=1.0, who="r")
    queue.main.settling.dead_letter(locked.lock_token, now=2.0)
    texts = texts_of(QUEUE, queue, later=100.0)
    assert texts["ActiveMessageCount"] == "1"
    assert texts["DeadLetterMessageCount"] == "1"
    assert texts["ScheduledMessageCount"] == "1"
    assert texts["MessageCount"] == "3"
    assert int(texts["SizeInBytes"]) == queue.size_bytes > 0
    assert texts["CreatedAt"] == "1970-01-01T00:01:40.0000000Z"
    assert texts["AccessedAt"] == "1970-01-01T00:01:42.0000000Z"


def test_counters_tell_what_a_topic_and_its_subscriptions_hold():
    namespace = Namespace("tutorial")
    topic = namespace.create("t", TopicDescription(), now=0.0)
    one = namespace.create("t/Subscriptions/one", SubscriptionDescription(), now=0.0)
    rule = Rule("mine", CorrelationFilter(label="x"))
    namespace.create("t/Subscriptions/two", SubscriptionDescription(), now=0.0, rule=rule)
    topic.ingress.send([message(), message(scheduled_enqueue_at=9.0)], now=1.0)
    texts = texts_of(TOPIC, topic)
    assert (texts["ActiveMessageCount"], texts["ScheduledMessageCount"]) == ("0", "1")
    assert texts["SubscriptionCount"] == "2"
    assert (texts["SqlFilterCount"], texts["CorrelationFilterCount"]) == ("1", "1")
    assert int(texts["SizeInBytes"]) == topic.size_bytes > one.size_bytes
    texts = texts_of(SUBSCRIPTION, one)
    assert (texts["ActiveMessageCount"], texts["MessageCount"]) == ("1", "1")
    assert texts["ScheduledMessageCount"] == "0"


@pytest.mark.parametrize(
    ("version", "has_size", "has_counts"),
    [
        (None, True, True),
        ("2013-10", False, False),
        ("2017-04", False, False),
        ("2021-05", True, False),
        ("2024-05", True, True),
    ],
)
def test_clients_get_what_their_version_of_the_api_knows(version, has_size, has_counts):
    xml = xml_of(TOPIC, entity_of(TOPIC, TopicDescription()), version)
    assert ("MaxMessageSizeInKilobytes" in xml) is has_size
    assert ("SqlFilterCount" in xml) is ("CorrelationFilterCount" in xml) is has_counts
    xml = xml_of(QUEUE, queue_of(QueueDescription()), version)
    assert ("MaxMessageSizeInKilobytes" in xml) is has_size


# -- What clients send ------------------------------------------------------------------------


def element_of(inner: str, layout: Layout = QUEUE) -> Any:
    return fromstring(
        f'<{layout.element} xmlns="{SERVICE_BUS}" '
        f'xmlns:i="http://www.w3.org/2001/XMLSchema-instance">{inner}</{layout.element}>'
    )


def settings_of(inner: str, version: str | None = None) -> dict:
    return read(QUEUE, element_of(inner), version)


def test_elements_come_in_any_order_and_readings_are_skipped():
    settings = settings_of(
        "<Status>Disabled</Status><UserMetadata>u</UserMetadata><MessageCount>7</MessageCount>"
        "<CreatedAt>nonsense</CreatedAt><LockDuration>0:00:30</LockDuration>"
    )
    assert settings == {
        "status": EntityStatus.DISABLED,
        "user_metadata": "u",
        "lock_duration": timedelta(seconds=30),
        "forward_to": None,
        "forward_dead_lettered_messages_to": None,
    }


def test_update_keeps_absent_values_and_clears_absent_texts():
    queue = queue_of(OTHER[QUEUE])
    changed = applied(QUEUE, settings_of("<MaxDeliveryCount>3</MaxDeliveryCount>"), queue)
    assert changed.max_delivery_count == 3
    assert changed.lock_duration == OTHER[QUEUE].lock_duration
    assert changed.authorization_rules == OTHER[QUEUE].authorization_rules
    assert changed.user_metadata is changed.forward_to is None
    assert changed.forward_dead_lettered_messages_to is None


def test_update_replaces_the_whole_list_of_rules():
    settings = settings_of(
        "<AuthorizationRules><AuthorizationRule><KeyName>k</KeyName><Rights>"
        "<AccessRights>Listen</AccessRights></Rights></AuthorizationRule></AuthorizationRules>"
    )
    (rule,) = applied(QUEUE, settings, queue_of(OTHER[QUEUE])).authorization_rules
    assert (rule.key_name, rule.rights) == ("k", ("Listen",))


def test_nil_means_absent():
    assert "lock_duration" not in settings_of('<LockDuration i:nil="true"/>')


@pytest.mark.parametrize("layout", [QUEUE, TOPIC], ids=["queue", "topic"])
def test_partitioned_entity_tells_the_size_of_all_partitions_and_takes_it_back(layout):
    description = layout.description(max_size_in_megabytes=3072, enable_partitioning=True)
    entity = entity_of(layout, description, STANDARD)
    xml = xml_of(layout, entity)
    assert "<MaxSizeInMegabytes>49152</MaxSizeInMegabytes>" in xml
    settings = read(layout, fromstring(xml))
    assert applied(layout, settings, entity).max_size_in_megabytes == 3072


def test_what_an_old_version_does_not_know_cannot_be_set_with_it():
    inner = "<MaxMessageSizeInKilobytes>1024</MaxMessageSizeInKilobytes>"
    assert settings_of(inner, "2021-05")["max_message_size_in_kilobytes"] == 1024
    with pytest.raises(BrokerError, match=r"needs api-version 2021-05 or later; this .* 2017-04"):
        settings_of(inner, "2017-04")


def test_a_subscription_names_the_rule_that_it_begins_with():
    inner = (
        '<DefaultRuleDescription><Filter i:type="CorrelationFilter"><Label>x</Label></Filter>'
        "{}</DefaultRuleDescription><MaxDeliveryCount>3</MaxDeliveryCount>"
    )
    element = element_of(inner.format("<Name>mine</Name>"), SUBSCRIPTION)
    assert first_rule(element) == Rule("mine", CorrelationFilter(label="x"))
    assert read(SUBSCRIPTION, element)["max_delivery_count"] == 3
    assert first_rule(element_of(inner.format(""), SUBSCRIPTION)).name == "$Default"
    assert first_rule(element_of("", SUBSCRIPTION)) is None


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        ("<LockDuration>soon</LockDuration>", ["lock_duration (LockDuration) is 'soon'", "PT1M"]),
        ("<LockDuration/>", ["lock_duration", "is ''", "PT1M"]),
        ("<MaxDeliveryCount>1.5</MaxDeliveryCount>", ["max_delivery_count", "whole number"]),
        ("<MaxDeliveryCount>१</MaxDeliveryCount>", ["max_delivery_count", "whole number"]),
        (f"<MaxDeliveryCount>{'9' * 5000}</MaxDeliveryCount>", ["max_delivery_count"]),
        ("<RequiresSession>yes</RequiresSession>", ["requires_session", "true or false"]),
        ("<RequiresSession><a/></RequiresSession>", ["requires_session", "elements inside"]),
        ("<Status>Happy</Status>", ["status (Status) is 'Happy'", "Active, Disabled"]),
        ("<Colour>blue</Colour>", ["no property 'Colour'", "LockDuration"]),
        (
            "<MaxDeliveryCount>1</MaxDeliveryCount><MaxDeliveryCount>2</MaxDeliveryCount>",
            ["MaxDeliveryCount is there twice"],
        ),
        (
            "<AuthorizationRules><AuthorizationRule><Colour/></AuthorizationRule>"
            "</AuthorizationRules>",
            ["authorization_rules", "no 'Colour'"],
        ),
        (
            "<AuthorizationRules><AuthorizationRule><CreatedTime>now</CreatedTime>"
            "</AuthorizationRule></AuthorizationRules>",
            ["authorization_rules", "'now' is no date and time"],
        ),
    ],
)
def test_what_cannot_be_read_is_named_with_what_to_write(inner, words):
    with pytest.raises(BrokerError) as refusal:
        settings_of(inner)
    assert refusal.value.code is ErrorCode.ARGUMENT_ERROR
    assert [word for word in words if word not in refusal.value.message] == []
    assert len(refusal.value.message) < 700
