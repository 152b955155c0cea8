from datetime import timedelta

import pytest
from azure.servicebus.management import ServiceBusAdministrationClient

from sbtutorial.errors import TutorialError
from sbtutorial.explorer.explorer import Explorer
from sbtutorial.lab.lab import Lab


def test_an_empty_namespace_says_so(explorer: Explorer) -> None:
    assert repr(explorer.tree()) == "namespace tutorial: no queue and no topic"


def test_the_tree_counts_what_is_active_scheduled_and_dead(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    explorer.create_topic("news")
    explorer.create_subscription("news/fans")
    explorer.send("orders", "tea", repeat=3)
    explorer.send("news", "rain")
    explorer.receive("orders")[0].dead_letter("cold")
    assert repr(explorer.tree()) == (
        "namespace tutorial\n"
        "              active  scheduled  dead\n"
        "queue orders  2       0          1\n"
        "topic news            0\n"
        "· fans        1                  0"
    )
    assert "<li>queue orders: 2 active, 0 scheduled, 1 dead</li>" in explorer.tree()._repr_html_()
    assert explorer.tree()["news/fans"].active == 1


def test_what_is_created_is_there_for_the_sdk_with_its_properties(
    explorer: Explorer, lab: Lab
) -> None:
    made = explorer.create_queue("orders", lock_duration="30 s", requires_session=True)
    assert made["lock_duration"] == timedelta(seconds=30)
    with ServiceBusAdministrationClient.from_connection_string(lab.connection_string) as admin:
        queue = admin.get_queue("orders")
    assert queue.lock_duration == timedelta(seconds=30)
    assert queue.requires_session


def test_every_property_can_be_written_as_it_is_spelled(explorer: Explorer) -> None:
    explorer.create_queue("target")
    chosen = {
        "lock_duration": "5 min",
        "max_delivery_count": "3",
        "default_message_time_to_live": "1 h",
        "dead_lettering_on_message_expiration": "yes",
        "requires_duplicate_detection": "true",
        "duplicate_detection_history_time_window": "PT20S",
        "status": "senddisabled",
        "auto_delete_on_idle": "2 days",
        "max_size_in_megabytes": "2048",
        "user_metadata": "the shop's",
    }
    made = explorer.create_queue("orders", **chosen)
    assert {name: made[name] for name in chosen} | {"status": made["status"]} == {
        "lock_duration": timedelta(minutes=5),
        "max_delivery_count": 3,
        "default_message_time_to_live": timedelta(hours=1),
        "dead_lettering_on_message_expiration": True,
        "requires_duplicate_detection": True,
        "duplicate_detection_history_time_window": timedelta(seconds=20),
        "status": "SendDisabled",
        "auto_delete_on_idle": timedelta(days=2),
        "max_size_in_megabytes": 2048,
        "user_metadata": "the shop's",
    }
    # What forwards has no end, so that this does not go with the others.
    made = explorer.create_queue("bar", forward_dead_lettered_messages_to="target")
    assert made["forward_dead_lettered_messages_to"] == "target"


@pytest.mark.parametrize(
    ("properties", "sentence"),
    [
        ({"lock_duration": "6 min"}, "lock_duration is 6 minutes; it may be 5 seconds to 5"),
        ({"lock_duration": 30}, "lock_duration takes a duration: .* 30 is a number without a unit"),
        ({"lock_duration": "30"}, "lock_duration takes a duration"),
        ({"lock_duration": "soon"}, "'soon' is none"),
        ({"max_delivery_count": 0}, "max_delivery_count is 0; it may be 1 to 2147483647"),
        ({"max_delivery_count": "many"}, "takes a whole number; 'many' is none"),
        ({"requires_session": "perhaps"}, "takes True or False; 'perhaps' is neither"),
        ({"max_size_in_megabytes": 5}, "max_size_in_megabytes is 5; in the Standard tier"),
        ({"status": "Asleep"}, "status is one of Active, Disabled"),
        ({"user_metadata": "x" * 1025}, "user_metadata has 1025 characters"),
        ({"lock_duraton": "30 s"}, "no property 'lock_duraton'; lock_duration is meant, perhaps"),
        ({"filtering": True}, "A queue has no property 'filtering': lock_duration, "),
    ],
)
def test_a_value_is_refused_with_a_sentence_before_it_is_sent(
    explorer: Explorer, properties: dict[str, object], sentence: str
) -> None:
    with pytest.raises(TutorialError, match=sentence):
        explorer.create_queue("orders", **properties)
    assert not explorer.tree().nodes


@pytest.mark.parametrize("name", ["", "or ders", "-orders", "x" * 261, None])
def test_a_name_is_refused_before_it_is_sent(explorer: Explorer, name: str) -> None:
    with pytest.raises(TutorialError):
        explorer.create_queue(name)


def test_what_is_there_already_is_not_made_again(explorer: Explorer) -> None:
    explorer.create_topic("news")
    with pytest.raises(TutorialError, match="There is a topic 'news' already"):
        explorer.create_topic("news")
    with pytest.raises(TutorialError, match=r"That is there already: .*news"):
        explorer.create_queue("news")


def test_a_subscription_needs_a_topic_that_is_there(explorer: Explorer) -> None:
    with pytest.raises(TutorialError, match="named with its topic before it"):
        explorer.create_subscription("fans")
    with pytest.raises(TutorialError, match="news"):
        explorer.create_subscription("news/fans")


def test_editing_changes_what_was_asked_for_and_nothing_else(explorer: Explorer) -> None:
    explorer.create_queue("orders", lock_duration="30 s", user_metadata="mine")
    edited = explorer.edit("orders", max_delivery_count=2, default_message_time_to_live="for ever")
    assert (edited["max_delivery_count"], edited["user_metadata"]) == (2, "mine")
    assert edited["lock_duration"] == timedelta(seconds=30)


def test_topics_and_subscriptions_are_edited_too(explorer: Explorer) -> None:
    explorer.create_topic("news")
    explorer.create_subscription("news/fans")
    assert explorer.edit("news", user_metadata="a")["user_metadata"] == "a"
    assert explorer.edit("news/fans", max_delivery_count=7)["max_delivery_count"] == 7


def test_what_is_fixed_at_creation_cannot_be_edited(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    with pytest.raises(TutorialError, match="requires_session is False and cannot be changed"):
        explorer.edit("orders", requires_session=True)


def test_deleting_needs_a_word_of_confirmation(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    with pytest.raises(TutorialError, match=r'explorer.delete\("orders", confirm=True\)'):
        explorer.delete("orders")
    assert explorer.delete("orders", confirm=True) == "queue orders deleted"
    assert not explorer.tree().nodes


def test_a_queue_that_was_made_anew_is_used_at_once(explorer: Explorer) -> None:
    for body in ("first", "second"):
        explorer.create_queue("orders")
        explorer.send("orders", body)
        assert [message.body for message in explorer.browse("orders")] == [body]
        explorer.delete("orders", confirm=True)


def test_the_table_of_properties_names_type_limit_and_what_is_fixed(explorer: Explorer) -> None:
    table = explorer.properties("subscription")
    assert table["lock_duration"].limit == "5 s to 5 min"
    assert not table["requires_session"].is_changeable
    assert "requires_session" in repr(table)
    with pytest.raises(TutorialError, match="There are queue"):
        explorer.properties("exchange")


@pytest.mark.parametrize("name", ["nothing", "nothing/at/all", "", None, "/$DeadLetterQueue"])
def test_a_name_that_leads_nowhere_is_named(explorer: Explorer, name: str) -> None:
    with pytest.raises(TutorialError, match=r"no queue, topic or subscription|is no name"):
        explorer.browse(name)


def test_a_queue_may_have_a_slash_in_its_name(explorer: Explorer) -> None:
    explorer.create_queue("shop/orders")
    explorer.send("shop/orders", "tea")
    assert len(explorer.browse("shop/orders")) == 1
