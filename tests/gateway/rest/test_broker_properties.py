from collections.abc import Mapping
from typing import Any

import pytest

from sbtutorial.amqp.types import Timestamp
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.gateway.rest.broker_properties import Given, parse_header, read

NOVEMBER = 784_111_777_000  # Sun, 06 Nov 1994 08:49:37 GMT


def annotations(given: Given) -> dict[str, object]:
    return {str(name): value for name, value in given.annotations.items()}


def test_texts_go_into_the_properties_of_amqp() -> None:
    properties = read(
        {
            "CorrelationId": "c",
            "Label": "l",
            "MessageId": "m",
            "ReplyTo": "r",
            "ReplyToSessionId": "rs",
            "SessionId": "s",
            "To": "t",
        }
    ).properties
    assert (properties.correlation_id, properties.subject, properties.message_id) == ("c", "l", "m")
    assert (properties.reply_to, properties.reply_to_group_id) == ("r", "rs")
    assert (properties.group_id, properties.to) == ("s", "t")


def test_number_for_a_text_counts_as_a_text() -> None:
    assert read({"MessageId": 17}).properties.message_id == "17"


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ({"TimeToLive": 90}, 90),
        ({"TimeToLive": "1800"}, 1800),
        ({"TimeToLive": 0.5}, 0.5),
        ({"TimeToLive": 922337203685.47754}, None),
        ({"TimeToLive": None}, None),
        ({"TimeToLiveTimeSpan": "0.00:00:40"}, 40),
        ({"TimeToLiveTimeSpan": "01:30"}, 5400),
        ({"TimeToLiveTimeSpan": "1.02:03:04.5"}, 93784.5),
        ({"TimeToLiveTimeSpan": "10675199.02:48:05.4775807"}, None),
        ({}, None),
    ],
)
def test_time_to_live_is_seconds_or_a_duration(
    given: Mapping[str, Any], seconds: float | None
) -> None:
    assert read(given).time_to_live == seconds


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        " Sun, 06 Nov 1994 08:49:37 GMT",
        "1994-11-06T08:49:37Z",
        "1994-11-06T08:49:37",
        "1994-11-06T09:49:37+01:00",
    ],
)
def test_scheduled_time_is_a_date_in_utc(text: str) -> None:
    found = annotations(read({"ScheduledEnqueueTimeUtc": text}))
    assert found == {"x-opt-scheduled-enqueue-time": Timestamp(NOVEMBER)}


def test_partition_keys_are_annotations() -> None:
    found = annotations(read({"PartitionKey": "p", "ViaPartitionKey": "v"}))
    assert found == {"x-opt-partition-key": "p", "x-opt-via-partition-key": "v"}


def test_what_only_the_broker_sets_is_ignored_and_so_is_what_nobody_knows() -> None:
    given = read({"SequenceNumber": 7, "LockToken": "x", "ForcePersistence": "false", "Mood": 1})
    assert (given.properties.message_id, given.annotations) == (None, {})


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"TimeToLive": "soon"}, "TimeToLive 'soon' is no number of seconds."),
        ({"TimeToLive": 0}, "TimeToLive '0' is not longer than no time."),
        ({"TimeToLive": -1}, "TimeToLive '-1' is not longer than no time."),
        ({"TimeToLive": float("nan")}, "TimeToLive 'nan' is not longer than no time."),
        ({"TimeToLive": 10**400}, f"TimeToLive '1{'0' * 79}' is no number of seconds."),
        ({"TimeToLive": []}, "TimeToLive '[]' is no number of seconds."),
        (
            {"TimeToLiveTimeSpan": "40"},
            "TimeToLiveTimeSpan '40' is no duration such as 0.00:00:40.",
        ),
        ({"Label": {}}, "Label '{}' is no text."),
        ({"Label": True}, "Label 'True' is no text."),
        (
            {"ScheduledEnqueueTimeUtc": "soon"},
            "ScheduledEnqueueTimeUtc 'soon' is no date such as Sun, 06 Nov 1994 08:49:37 GMT.",
        ),
    ],
)
def test_value_that_cannot_be_read_is_refused_by_name(
    given: Mapping[str, Any], sentence: str
) -> None:
    with pytest.raises(BrokerError) as refusal:
        read(given)
    assert (refusal.value.code, refusal.value.message) == (ErrorCode.ARGUMENT_ERROR, sentence)


@pytest.mark.parametrize("text", ["{", "[]", "1", "{“Label”: 1}", "[" * 100_000])
def test_header_that_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(BrokerError, match=r"^BrokerProperties '"):
        parse_header(text)


def test_header_that_is_not_there_says_nothing() -> None:
    assert parse_header("") == {}
