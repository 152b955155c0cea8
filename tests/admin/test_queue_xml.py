from dataclasses import fields
from datetime import timedelta
from xml.etree.ElementTree import fromstring, tostring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbtutorial.admin.atom import SERVICE_BUS, local_name
from sbtutorial.admin.queue_xml import FIELDS, Setting, apply_settings, read_settings, write_queue
from sbtutorial.broker.entities import AuthorizationRule, EntityStatus, QueueDescription
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.limits import PREMIUM, STANDARD
from sbtutorial.broker.message import Message
from sbtutorial.broker.namespace import Namespace
from sbtutorial.broker.queue import Queue

GOLDEN = """\
<QueueDescription xmlns="http://schemas.microsoft.com/netservices/2010/10/servicebus/connect" \
xmlns:i="http://www.w3.org/2001/XMLSchema-instance">\
<LockDuration>PT1M</LockDuration>\
<MaxSizeInMegabytes>1024</MaxSizeInMegabytes>\
<RequiresDuplicateDetection>false</RequiresDuplicateDetection>\
<RequiresSession>false</RequiresSession>\
<DefaultMessageTimeToLive>P10675199DT2H48M5.4775807S</DefaultMessageTimeToLive>\
<DeadLetteringOnMessageExpiration>false</DeadLetteringOnMessageExpiration>\
<DuplicateDetectionHistoryTimeWindow>PT10M</DuplicateDetectionHistoryTimeWindow>\
<MaxDeliveryCount>10</MaxDeliveryCount>\
<EnableBatchedOperations>true</EnableBatchedOperations>\
<SizeInBytes>0</SizeInBytes>\
<MessageCount>0</MessageCount>\
<IsAnonymousAccessible>false</IsAnonymousAccessible>\
<AuthorizationRules />\
<Status>Active</Status>\
<CreatedAt>2024-01-01T00:00:00.0000000Z</CreatedAt>\
<UpdatedAt>2024-01-01T00:00:00.0000000Z</UpdatedAt>\
<AccessedAt>0001-01-01T00:00:00Z</AccessedAt>\
<SupportOrdering>true</SupportOrdering>\
<CountDetails xmlns:d2p1="http://schemas.microsoft.com/netservices/2011/06/servicebus">\
<d2p1:ActiveMessageCount>0</d2p1:ActiveMessageCount>\
<d2p1:DeadLetterMessageCount>0</d2p1:DeadLetterMessageCount>\
<d2p1:ScheduledMessageCount>0</d2p1:ScheduledMessageCount>\
<d2p1:TransferMessageCount>0</d2p1:TransferMessageCount>\
<d2p1:TransferDeadLetterMessageCount>0</d2p1:TransferDeadLetterMessageCount>\
</CountDetails>\
<AutoDeleteOnIdle>P10675199DT2H48M5.4775807S</AutoDeleteOnIdle>\
<EnablePartitioning>false</EnablePartitioning>\
<EntityAvailabilityStatus>Available</EntityAvailabilityStatus>\
<EnableExpress>false</EnableExpress>\
<MaxMessageSizeInKilobytes>256</MaxMessageSizeInKilobytes>\
</QueueDescription>"""

RULE = AuthorizationRule(
    key_name="reader",
    rights=("Manage", "Send", "Listen"),
    primary_key="p==",
    secondary_key="s==",
    created_at="2024-01-01T00:00:00Z",
    modified_at="2024-01-01T00:00:00.1234567Z",
)
# Every property, at a value that is not its default.
OTHER = QueueDescription(
    lock_duration=timedelta(seconds=13),
    max_size_in_megabytes=5120,
    requires_duplicate_detection=True,
    requires_session=True,
    default_message_time_to_live=timedelta(days=1, seconds=0.5),
    dead_lettering_on_message_expiration=True,
    duplicate_detection_history_time_window=timedelta(minutes=12),
    max_delivery_count=14,
    enable_batched_operations=False,
    is_anonymous_accessible=True,
    authorization_rules=(RULE, AuthorizationRule("other", ("Listen",), claim_type=None, type=None)),
    status=EntityStatus.SEND_DISABLED,
    support_ordering=False,
    auto_delete_on_idle=timedelta(minutes=7),
    enable_partitioning=True,
    enable_express=True,
    forward_to="sb://h/other",
    user_metadata="<müll> & ]]> 'x'",
    forward_dead_lettered_messages_to="sb://h/dead",
    max_message_size_in_kilobytes=2048,
)


def queue_of(description: QueueDescription, limits=PREMIUM) -> Queue:
    """A queue that need not be a valid one: the XML does not care."""
    namespace = Namespace(limits=limits)
    queue = namespace.create_queue("q", QueueDescription(), now=1704067200.0)
    queue.adopt(description, now=1704067200.0)
    return queue


def xml_of(queue: Queue, **options) -> str:
    return tostring(write_queue(queue, lambda at: at, **options), encoding="unicode")


def test_a_new_queue_is_written_as_azure_writes_it():
    assert xml_of(queue_of(QueueDescription(), STANDARD)) == GOLDEN


def test_the_table_has_every_property_of_a_description():
    settings = {field.name for field in FIELDS if isinstance(field, Setting)}
    assert settings == {field.name for field in fields(QueueDescription)}


def test_the_example_for_round_trips_differs_from_every_default():
    default = QueueDescription()
    assert not [f.name for f in fields(OTHER) if getattr(OTHER, f.name) == getattr(default, f.name)]


@pytest.mark.parametrize(
    "description", [OTHER, QueueDescription(max_message_size_in_kilobytes=1024)]
)
def test_every_property_comes_back_as_it_was_sent(description):
    settings = read_settings(fromstring(xml_of(queue_of(description))))
    assert apply_settings(settings, None) == description


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
    settings = read_settings(fromstring(xml_of(queue_of(description))))
    assert apply_settings(settings, None) == description


def test_counters_tell_what_the_queue_holds():
    namespace = Namespace()
    queue = namespace.create_queue("q", QueueDescription(), now=0.0)
    queue.send(
        [
            Message(content=b"", size_bytes=10, header_bytes=0),
            Message(content=b"", size_bytes=10, header_bytes=0),
            Message(content=b"", size_bytes=10, header_bytes=0, scheduled_enqueue_at=9.0),
        ],
        now=1.0,
    )
    locked = queue.active.lock_next(now=1.0, who="r")
    queue.active.dead_letter(locked.lock_token, now=2.0)
    root = write_queue(queue, lambda at: at + 100.0)
    texts = {local_name(element).rpartition(":")[2]: element.text for element in root.iter()}
    assert texts["ActiveMessageCount"] == "1"
    assert texts["DeadLetterMessageCount"] == "1"
    assert texts["ScheduledMessageCount"] == "1"
    assert texts["MessageCount"] == "3"
    assert int(texts["SizeInBytes"]) == queue.size_bytes > 0
    assert texts["CreatedAt"] == "1970-01-01T00:01:40.0000000Z"
    assert texts["AccessedAt"] == "1970-01-01T00:01:42.0000000Z"


def test_message_size_is_left_out_for_old_clients():
    assert "MaxMessageSizeInKilobytes" not in xml_of(
        queue_of(QueueDescription()), has_message_size=False
    )


def settings_of(inner: str) -> dict:
    return read_settings(
        fromstring(
            f'<QueueDescription xmlns="{SERVICE_BUS}" '
            f'xmlns:i="http://www.w3.org/2001/XMLSchema-instance">{inner}</QueueDescription>'
        )
    )


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
    queue = queue_of(OTHER)
    changed = apply_settings(settings_of("<MaxDeliveryCount>3</MaxDeliveryCount>"), queue)
    assert changed.max_delivery_count == 3
    assert changed.lock_duration == OTHER.lock_duration
    assert changed.authorization_rules == OTHER.authorization_rules
    assert changed.user_metadata is changed.forward_to is None
    assert changed.forward_dead_lettered_messages_to is None


def test_update_replaces_the_whole_list_of_rules():
    settings = settings_of(
        "<AuthorizationRules><AuthorizationRule><KeyName>k</KeyName><Rights>"
        "<AccessRights>Listen</AccessRights></Rights></AuthorizationRule></AuthorizationRules>"
    )
    (rule,) = apply_settings(settings, queue_of(OTHER)).authorization_rules
    assert (rule.key_name, rule.rights) == ("k", ("Listen",))


def test_nil_means_absent():
    assert "lock_duration" not in settings_of('<LockDuration i:nil="true"/>')


def test_partitioned_queue_tells_the_size_of_all_partitions_and_takes_it_back():
    description = QueueDescription(max_size_in_megabytes=3072, enable_partitioning=True)
    queue = queue_of(description, STANDARD)
    xml = xml_of(queue)
    assert "<MaxSizeInMegabytes>49152</MaxSizeInMegabytes>" in xml
    assert apply_settings(read_settings(fromstring(xml)), queue).max_size_in_megabytes == 3072


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
