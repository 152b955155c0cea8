from dataclasses import FrozenInstanceError
from datetime import timedelta

import pytest

from sbtutorial.broker.descriptions import (
    FOR_EVER,
    AuthorizationRule,
    Description,
    EntityStatus,
    QueueDescription,
    SubscriptionDescription,
    TopicDescription,
)
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.limits import PREMIUM, STANDARD, Limits
from sbtutorial.broker.validation import validate, validate_name, validate_update


def refusal(limits: Limits = STANDARD, **properties: object) -> BrokerError:
    with pytest.raises(BrokerError) as caught:
        validate(QueueDescription(**properties), limits)
    return caught.value


def accept(limits: Limits = STANDARD, **properties: object) -> None:
    validate(QueueDescription(**properties), limits)


def test_defaults_are_azures_and_valid_in_both_tiers() -> None:
    description = QueueDescription()
    assert description.lock_duration == timedelta(minutes=1)
    assert description.max_delivery_count == 10
    assert description.default_message_time_to_live == FOR_EVER
    assert description.duplicate_detection_history_time_window == timedelta(minutes=10)
    assert description.status is EntityStatus.ACTIVE
    validate(description, STANDARD)
    validate(description, PREMIUM)


def test_description_cannot_be_changed_in_place() -> None:
    with pytest.raises(FrozenInstanceError):
        QueueDescription().max_delivery_count = 3  # type: ignore[misc]


def test_duration_as_long_as_net_has_them_means_for_ever() -> None:
    longest = timedelta(days=10_675_199, hours=2, minutes=48, seconds=5, microseconds=477539)
    assert QueueDescription(auto_delete_on_idle=longest).auto_delete_on_idle == FOR_EVER
    almost = timedelta(days=10_675_198)
    assert QueueDescription(auto_delete_on_idle=almost).auto_delete_on_idle == almost


BOUNDS = [
    ("lock_duration", timedelta(seconds=5), timedelta(minutes=5), timedelta(seconds=1)),
    ("default_message_time_to_live", timedelta(seconds=1), FOR_EVER, timedelta(milliseconds=1)),
    (
        "duplicate_detection_history_time_window",
        timedelta(seconds=20),
        timedelta(days=7),
        timedelta(seconds=1),
    ),
    ("max_delivery_count", 1, 2**31 - 1, 1),
    ("auto_delete_on_idle", timedelta(minutes=5), FOR_EVER, timedelta(seconds=1)),
]


@pytest.mark.parametrize(("name", "lowest", "highest", "step"), BOUNDS)
def test_property_is_accepted_at_its_bounds_and_refused_beyond(
    name: str, lowest: timedelta, highest: timedelta, step: timedelta
) -> None:
    accept(**{name: lowest})
    accept(**{name: highest})
    outside = [lowest - step] + ([] if highest == FOR_EVER else [highest + step])
    for value in outside:
        error = refusal(**{name: value})
        assert error.code is ErrorCode.ARGUMENT_OUT_OF_RANGE
        assert error.message.startswith(f"{name} is ")


def test_refusal_of_a_range_names_property_value_and_range_in_words() -> None:
    error = refusal(lock_duration=timedelta(minutes=10))
    assert error.message == "lock_duration is 10 minutes; it may be 5 seconds to 5 minutes."
    error = refusal(auto_delete_on_idle=timedelta(seconds=1))
    assert error.message == "auto_delete_on_idle is 1 second; it may be 5 minutes to for ever."


@pytest.mark.parametrize("size", [1024, 2048, 3072, 4096, 5120])
def test_standard_queue_sizes_are_whole_gigabytes_up_to_five(size: int) -> None:
    accept(max_size_in_megabytes=size)


@pytest.mark.parametrize("size", [0, 1000, 1025, 6144])
def test_other_queue_sizes_are_refused_with_the_list(size: int) -> None:
    message = refusal(max_size_in_megabytes=size).message
    assert str(size) in message
    assert "1024, 2048, 3072, 4096, 5120" in message


def test_premium_queue_may_have_eighty_gigabytes() -> None:
    accept(PREMIUM, max_size_in_megabytes=81_920)
    assert "max_size_in_megabytes" in refusal(max_size_in_megabytes=81_920).message


def test_message_size_can_be_chosen_in_premium_only() -> None:
    accept(PREMIUM, max_message_size_in_kilobytes=1024)
    accept(PREMIUM, max_message_size_in_kilobytes=102_400)
    for kilobytes in (1023, 102_401):
        assert "1024 to 102400" in refusal(PREMIUM, max_message_size_in_kilobytes=kilobytes).message
    assert "Standard" in refusal(max_message_size_in_kilobytes=1024).message


def test_standard_accepts_its_own_message_size_so_that_a_queue_read_can_be_written_back() -> None:
    accept(max_message_size_in_kilobytes=256)


def test_express_and_duplicate_detection_exclude_each_other_in_azures_words() -> None:
    error = refusal(enable_express=True, requires_duplicate_detection=True)
    assert error.code is ErrorCode.ARGUMENT_ERROR
    assert error.message.startswith(
        "Both DelayedPersistence property and RequiresDuplicateDetection property cannot be "
        "enabled together."
    )


def test_user_metadata_may_have_1024_characters() -> None:
    accept(user_metadata="x" * 1024)
    assert "1025" in refusal(user_metadata="x" * 1025).message


def test_partitioning_is_accepted_and_multiplies_the_size() -> None:
    description = QueueDescription(enable_partitioning=True)
    validate(description, STANDARD)
    assert description.max_size_bytes(STANDARD) == 16 * 1024 * 1024 * 1024


def test_twelve_authorization_rules_are_the_most() -> None:
    rules = tuple(AuthorizationRule(f"reader{number}", ("Listen",)) for number in range(13))
    accept(authorization_rules=rules[:12])
    assert "13" in refusal(authorization_rules=rules).message


def test_authorization_rules_have_names_each_its_own() -> None:
    rule = AuthorizationRule("reader", ("Listen",))
    assert "'reader'" in refusal(authorization_rules=(rule, rule)).message
    assert "key_name" in refusal(authorization_rules=(AuthorizationRule(None, ("Send",)),)).message


@pytest.mark.parametrize("rights", [("Manage",), ("Manage", "Send"), ("Read",)])
def test_authorization_rule_with_odd_rights_is_refused_by_name(rights: tuple[str, ...]) -> None:
    assert "'odd'" in refusal(authorization_rules=(AuthorizationRule("odd", rights),)).message


def test_manage_with_send_and_listen_is_accepted() -> None:
    accept(authorization_rules=(AuthorizationRule("all", ("Manage", "Send", "Listen")),))


@pytest.mark.parametrize("name", ["requires_duplicate_detection", "enable_partitioning"])
def test_what_is_fixed_at_creation_cannot_be_updated(name: str) -> None:
    with pytest.raises(BrokerError, match=f"{name} is False and cannot be changed") as caught:
        validate_update(QueueDescription(), QueueDescription(**{name: True}), STANDARD)
    assert caught.value.code is ErrorCode.ARGUMENT_ERROR


def test_update_is_checked_like_a_creation() -> None:
    with pytest.raises(BrokerError, match="max_delivery_count is 0; it may be 1 to 2147483647"):
        validate_update(QueueDescription(), QueueDescription(max_delivery_count=0), STANDARD)


@pytest.mark.parametrize("name", ["q", "Orders", "a/b", "a.b-c_d", "0", "x" * 260])
def test_good_queue_names_are_accepted(name: str) -> None:
    validate_name("queue", name)


@pytest.mark.parametrize("name", ["", "-q", "q/", "a b", "q$", "$cbs", "größe", "q\n", "x" * 261])
def test_bad_queue_names_are_refused(name: str) -> None:
    with pytest.raises(BrokerError, match="cannot name a queue") as caught:
        validate_name("queue", name)
    assert caught.value.code is ErrorCode.ARGUMENT_ERROR


@pytest.mark.parametrize(
    ("status", "can_send", "can_receive"),
    [
        (EntityStatus.ACTIVE, True, True),
        (EntityStatus.DISABLED, False, False),
        (EntityStatus.SEND_DISABLED, False, True),
        (EntityStatus.RECEIVE_DISABLED, True, False),
    ],
)
def test_status_says_what_a_queue_does(
    status: EntityStatus, can_send: bool, can_receive: bool
) -> None:
    assert (status.can_send, status.can_receive) == (can_send, can_receive)


@pytest.mark.parametrize(
    ("kind", "status", "allowed"),
    [
        (TopicDescription, EntityStatus.RECEIVE_DISABLED, "Active, Disabled, SendDisabled"),
        (SubscriptionDescription, EntityStatus.SEND_DISABLED, "Active, Disabled, ReceiveDisabled"),
    ],
)
def test_a_status_that_means_nothing_to_its_kind_is_refused(
    kind: type[Description], status: EntityStatus, allowed: str
) -> None:
    with pytest.raises(BrokerError, match=f"status is {status.value}") as caught:
        validate(kind(status=status), STANDARD)  # type: ignore[call-arg]
    assert caught.value.message.endswith(f"it may be {allowed}.")
    assert caught.value.code is ErrorCode.ARGUMENT_ERROR
    for other in set(EntityStatus) - {status}:
        validate(kind(status=other), STANDARD)  # type: ignore[call-arg]
