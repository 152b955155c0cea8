import pytest

from sbtutorial.broker.entities.acceptance import check_message
from sbtutorial.broker.errors import BrokerError, ErrorCode
from tests.broker.conftest import World, make

ORDERS = World().queue("orders")


def refusal(**fields: object) -> BrokerError:
    with pytest.raises(BrokerError) as caught:
        check_message(make(**fields), ORDERS.context)
    return caught.value


def test_message_at_every_limit_is_accepted() -> None:
    message = make(
        size_bytes=262_144, header_bytes=65_536, message_id="x" * 128, session_id="x" * 128
    )
    check_message(message, ORDERS.context)


def test_message_too_large_is_refused_with_both_sizes() -> None:
    error = refusal(size_bytes=262_145, message_id="big")
    assert error.code is ErrorCode.MESSAGE_SIZE_EXCEEDED
    for part in ("'big'", "262145", "262144 (256 KB)", "'orders'"):
        assert part in error.message


def test_header_too_large_is_refused_as_a_header() -> None:
    error = refusal(size_bytes=70_000, header_bytes=65_537)
    assert error.code is ErrorCode.MESSAGE_SIZE_EXCEEDED
    assert error.message.startswith("The header of message")
    assert "65536 (64 KB)" in error.message


@pytest.mark.parametrize("name", ["message_id", "session_id", "partition_key"])
def test_id_of_more_than_128_characters_is_refused_by_name(name: str) -> None:
    error = refusal(**{name: "x" * 129})
    assert error.code is ErrorCode.ARGUMENT_ERROR
    assert error.message == f"{name} has 129 characters; it may have 128 at most."


def test_ids_without_a_length_are_accepted() -> None:
    check_message(make(message_id=2**63), ORDERS.context)


def test_partition_key_must_be_the_session_id_if_both_are_set() -> None:
    error = refusal(session_id="a", partition_key="b")
    assert error.code is ErrorCode.ARGUMENT_ERROR
    check_message(make(session_id="a", partition_key="a"), ORDERS.context)
