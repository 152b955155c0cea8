from sbtutorial.broker.states import MessageState
from tests.broker.conftest import make


def test_new_message_is_nobodys_yet() -> None:
    message = make("body", message_id="id")
    assert message.state is MessageState.NEW
    assert message.sequence_number == message.delivery_count == 0
    assert message.lock_token is message.expires_at is message.properties is None


def test_merged_properties_leave_the_given_mappings_alone() -> None:
    message, first = make(), {"a": 1}
    message.merge_properties(first)
    message.merge_properties({"b": 2})
    message.merge_properties(None)
    assert message.properties == {"a": 1, "b": 2}
    assert first == {"a": 1}


def test_message_has_no_dictionary_so_that_a_million_fit() -> None:
    assert not hasattr(make(), "__dict__")
