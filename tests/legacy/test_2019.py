"""The tutorial's code of 2019, as it was: every call is HTTP.

Beside the namespace's name and key the client takes `host_base`, by which it finds a Service Bus
that is not Azure's.
"""

import json
from typing import Any

import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage
from azure.servicebus.amqp import AmqpAnnotatedMessage

from sbtutorial.broker.descriptions import (
    QueueDescription,
    SubscriptionDescription,
    TopicDescription,
)
from sbtutorial.server.broker_server import BrokerServer
from tests.legacy.conftest import Tutorial

pytestmark = [pytest.mark.feature("The tutorial of 2019"), pytest.mark.client("SDK of 2019")]

CLIENT = """
import json, os
from datetime import datetime
from azure.common import AzureConflictHttpError, AzureHttpError, AzureMissingResourceHttpError
from azure.servicebus import Message, Queue, ServiceBusService
from azure.servicebus.models import AzureServiceBusPeekLockError, AzureServiceBusResourceNotFound

bus_service = ServiceBusService(
    service_namespace=os.environ["SERVICE_NAMESPACE"],
    host_base=os.environ["HOST_BASE"],
    shared_access_key_name=os.environ["KEY_NAME"],
    shared_access_key_value=os.environ["KEY_VALUE"],
)
"""


def run(tutorial: Tutorial, program: str) -> list[str]:
    return tutorial.run(CLIENT + program)


def make_queue(tutorial: Tutorial, name: str = "taskqueue", **properties: Any) -> None:
    def make(broker: BrokerServer) -> None:
        with broker.reactor.turn() as now:
            broker.namespace.create(name, QueueDescription(**properties), now=now)

    tutorial.broker.call(make)


def count(tutorial: Tutorial, name: str = "taskqueue") -> int:
    counts = tutorial.broker.call(
        lambda broker: broker.namespace.directory.queue(name).receivable.counts()
    )
    return counts.total


def today(tutorial: Tutorial) -> ServiceBusClient:
    return ServiceBusClient.from_connection_string(tutorial.broker.connection_string)


# -- Queues ---------------------------------------------------------------------------------


def test_a_queue_is_created_with_options_and_shown(tutorial: Tutorial) -> None:
    printed = run(
        tutorial,
        """
queue_options = Queue()
queue_options.max_size_in_megabytes = '5120'
queue_options.default_message_time_to_live = 'PT1M'
queue_options.lock_duration = 'PT30S'
print(bus_service.create_queue('taskqueue', queue_options))
queue = bus_service.get_queue('taskqueue')
print(queue.name, queue.max_size_in_megabytes, queue.default_message_time_to_live)
print(queue.lock_duration, queue.max_delivery_count, queue.message_count, queue.requires_session)
print([queue.name for queue in bus_service.list_queues()])
""",
    )
    assert printed == [
        "True",
        "taskqueue 5120 PT1M",
        "PT30S 10 0 False",
        "['taskqueue']",
    ]


def test_second_creation_is_silent_unless_it_should_fail(tutorial: Tutorial) -> None:
    """Creating a queue again says nothing, unless `fail_on_exist` is set."""
    printed = run(
        tutorial,
        """
print(bus_service.create_queue('taskqueue'))
print(bus_service.create_queue('taskqueue'))
try:
    bus_service.create_queue('taskqueue', fail_on_exist=True)
except AzureConflictHttpError as error:
    print(error.status_code, 'exists already' in str(error))
""",
    )
    assert printed == ["True", "False", "409 True"]


def test_second_deletion_is_silent_unless_it_should_fail(tutorial: Tutorial) -> None:
    """Deleting a queue again says nothing, unless `fail_not_exist` is set."""
    make_queue(tutorial)
    printed = run(
        tutorial,
        """
print(bus_service.delete_queue('taskqueue'))
print(bus_service.delete_queue('taskqueue'))
try:
    bus_service.delete_queue('taskqueue', fail_not_exist=True)
except AzureMissingResourceHttpError as error:
    print(error.status_code)
try:
    bus_service.get_queue('taskqueue')
except AzureServiceBusResourceNotFound as error:
    print(error)
""",
    )
    assert printed == ["True", "False", "404", "Queue was not found"]


def test_durations_may_be_written_as_python_prints_them(tutorial: Tutorial) -> None:
    """Durations may be given as Python prints them."""
    printed = run(
        tutorial,
        """
bus_service.create_queue('taskqueue', Queue(lock_duration='0:01:00'), fail_on_exist=True)
print(bus_service.get_queue('taskqueue').lock_duration)
""",
    )
    assert printed == ["PT1M"]


# -- Messages -------------------------------------------------------------------------------


def test_a_message_is_sent_received_and_deleted(tutorial: Tutorial) -> None:
    """A message is sent, received and deleted."""
    make_queue(tutorial)
    printed = run(
        tutorial,
        """
msg = Message(b'Test Message')
bus_service.send_queue_message('taskqueue', msg)
msg = bus_service.receive_queue_message('taskqueue', peek_lock=True)
print(msg.body, msg.type, msg.broker_properties['DeliveryCount'], msg.custom_properties)
msg.delete()
msg = bus_service.receive_queue_message('taskqueue', timeout=0)
print(msg.body)
""",
    )
    assert printed == [
        "b'Test Message' application/atom+xml;type=entry;charset=utf-8 1 {}",
        "None",
    ]
    assert count(tutorial) == 0


def test_an_unlocked_message_comes_again_and_a_renewed_lock_holds(tutorial: Tutorial) -> None:
    make_queue(tutorial)
    printed = run(
        tutorial,
        """
bus_service.send_queue_message('taskqueue', Message(b'Test Message'))
msg = bus_service.receive_queue_message('taskqueue')
msg.renew_lock()
print(bus_service.receive_queue_message('taskqueue', timeout=0).body)
msg.unlock()
msg = bus_service.receive_queue_message('taskqueue')
print(msg.body, msg.broker_properties['DeliveryCount'])
msg.delete()
""",
    )
    assert printed == ["None", "b'Test Message' 2"]
    assert count(tutorial) == 0


def test_a_message_that_was_received_and_deleted_has_no_lock(tutorial: Tutorial) -> None:
    make_queue(tutorial)
    printed = run(
        tutorial,
        """
bus_service.send_queue_message('taskqueue', Message(b'Test Message'))
msg = bus_service.receive_queue_message('taskqueue', peek_lock=False)
print(msg.body)
try:
    msg.delete()
except AzureServiceBusPeekLockError as error:
    print(error)
""",
    )
    assert printed == ["b'Test Message'", "Message is not peek locked and cannot be deleted."]
    assert count(tutorial) == 0


def test_a_lock_that_has_run_out_raises_an_error(tutorial: Tutorial) -> None:
    make_queue(tutorial)
    (lock,) = run(
        tutorial,
        """
bus_service.send_queue_message('taskqueue', Message(b'Test Message'))
print(json.dumps(bus_service.receive_queue_message('taskqueue').broker_properties))
""",
    )
    tutorial.broker.advance(61)
    held = json.loads(lock)
    printed = run(
        tutorial,
        f"""
try:
    bus_service.delete_queue_message(
        'taskqueue', {held["SequenceNumber"]}, {held["LockToken"]!r})
except AzureMissingResourceHttpError as error:
    print(error.status_code, 'The lock supplied is invalid' in str(error))
""",
    )
    assert printed == ["404 True"]
    assert count(tutorial) == 1


def test_custom_properties_and_broker_properties_arrive(tutorial: Tutorial) -> None:
    make_queue(tutorial)
    printed = run(
        tutorial,
        """
sent = {'table': 4, 'price': 3.14, 'hot': True, 'cold': False, 'large': 8555111000,
        'born': datetime(2011, 12, 14), 'who': 'Zoë', 'says': 'a "b" c', 'path': 'C:\\\\new'}
system = {'MessageId': 'order-17', 'Label': 'coffee', 'TimeToLive': 1800, 'To': 'bar'}
msg = Message(b'coffee', custom_properties=sent, broker_properties=system, type='text/plain')
bus_service.send_queue_message('taskqueue', msg)
msg = bus_service.receive_queue_message('taskqueue', peek_lock=False)
print(msg.custom_properties == sent, msg.type)
print([msg.broker_properties[name] for name in system])
""",
    )
    assert printed == ["True text/plain", "['order-17', 'coffee', 1800.0, 'bar']"]


def test_a_batch_is_sent_in_one_request(tutorial: Tutorial) -> None:
    make_queue(tutorial)
    printed = run(
        tutorial,
        """
msgs = [
    Message(b'one', broker_properties={'Label': 'M1', 'TimeToLiveTimeSpan': '0.00:00:40'}),
    Message(b'two', custom_properties={'Priority': 'Low'}),
]
bus_service.send_queue_message_batch('taskqueue', msgs)
for _ in msgs:
    msg = bus_service.receive_queue_message('taskqueue', peek_lock=False)
    print(msg.body, msg.broker_properties.get('Label'), msg.custom_properties)
""",
    )
    assert printed == ["b'one' M1 {}", "b'two' None {'priority': 'Low'}"]


@pytest.mark.parametrize("size", [262_144, 2_000_000])
def test_a_message_that_is_too_large_raises_an_error(tutorial: Tutorial, size: int) -> None:
    make_queue(tutorial)
    printed = run(
        tutorial,
        f"""
try:
    bus_service.send_queue_message('taskqueue', Message(b'x' * {size}))
except AzureHttpError as error:
    print(error.status_code)
""",
    )
    assert printed == ["413"]
    assert count(tutorial) == 0


def test_a_queue_that_does_not_exist_raises_an_error(tutorial: Tutorial) -> None:
    printed = run(
        tutorial,
        """
for call in (
    lambda: bus_service.send_queue_message('nowhere', Message(b'x')),
    lambda: bus_service.receive_queue_message('nowhere', timeout=0),
):
    try:
        call()
    except AzureMissingResourceHttpError as error:
        print(error.status_code, "'nowhere' could not be found" in str(error))
""",
    )
    assert printed == ["404 True"] * 2


def test_receiving_waits_for_a_message(tutorial: Tutorial) -> None:
    make_queue(tutorial)
    printed = run(
        tutorial,
        """
from threading import Thread

received = []
receiver = Thread(target=lambda: received.append(bus_service.receive_queue_message('taskqueue')))
receiver.start()
bus_service.send_queue_message('taskqueue', Message(b'Test Message'))
receiver.join()
print(received[0].body)
""",
    )
    assert printed == ["b'Test Message'"]


def test_dead_letters_are_received_and_deleted(tutorial: Tutorial) -> None:
    make_queue(tutorial, max_delivery_count=1)
    printed = run(
        tutorial,
        """
bus_service.send_queue_message('taskqueue', Message(b'Test Message'))
bus_service.receive_queue_message('taskqueue').unlock()
dead_letters = ServiceBusService.format_dead_letter_queue_name('taskqueue')
msg = bus_service.receive_queue_message(dead_letters)
print(msg.body, msg.custom_properties['deadletterreason'])
msg.delete()
""",
    )
    assert printed == ["b'Test Message' MaxDeliveryCountExceeded"]
    assert count(tutorial) == 0


def test_a_queue_may_have_slashes_in_its_name(tutorial: Tutorial) -> None:
    printed = run(
        tutorial,
        """
bus_service.create_queue('my/Task/queue', fail_on_exist=True)
bus_service.send_queue_message('my/Task/queue', Message('Grüße'))
msg = bus_service.receive_queue_message('my/Task/queue')
print(msg.body.decode() == 'Grüße')
msg.delete()
""",
    )
    assert printed == ["True"]
    assert count(tutorial, "my/Task/queue") == 0


def test_a_wrong_key_is_unauthorized(tutorial: Tutorial) -> None:
    make_queue(tutorial)
    printed = run(
        tutorial,
        """
bus_service.authentication.key_value = 'wrong'
try:
    bus_service.send_queue_message('taskqueue', Message(b'x'))
except AzureHttpError as error:
    print(error.status_code, 'InvalidSignature' in str(error))
""",
    )
    assert printed == ["401 True"]


def test_topics_subscriptions_and_rules_are_created_listed_and_deleted(tutorial: Tutorial) -> None:
    """Topics, subscriptions and rules are created, listed and deleted."""
    printed = run(
        tutorial,
        """
from azure.servicebus import DEFAULT_RULE_NAME, Rule, Subscription, Topic

topic_options = Topic()
topic_options.max_size_in_megabytes = '5120'
topic_options.default_message_time_to_live = 'PT1M'
print(bus_service.create_topic('mytopic', topic_options), bus_service.create_topic('mytopic'))
print(bus_service.get_topic('mytopic').max_size_in_megabytes)
options = Subscription(lock_duration='PT30S', max_delivery_count=3)
print(bus_service.create_subscription('mytopic', 'HighMessages', options))
print(bus_service.create_subscription('mytopic', 'HighMessages'))
subscription = bus_service.get_subscription('mytopic', 'HighMessages')
print(subscription.name, subscription.lock_duration, subscription.max_delivery_count)
rule = Rule(filter_type='SqlFilter', filter_expression='messagenumber > 3')
print(bus_service.create_rule('mytopic', 'HighMessages', 'HighMessageFilter', rule))
bus_service.delete_rule('mytopic', 'HighMessages', DEFAULT_RULE_NAME)
print([(rule.name, rule.filter_expression)
       for rule in bus_service.list_rules('mytopic', 'HighMessages')])
for number in range(5):
    msg = Message(b'Msg', custom_properties={'messagenumber': number})
    bus_service.send_topic_message('mytopic', msg)
msg = bus_service.receive_subscription_message('mytopic', 'HighMessages', peek_lock=False)
print(msg.custom_properties, bus_service.get_subscription('mytopic', 'HighMessages').message_count)
print([topic.name for topic in bus_service.list_topics()],
      [subscription.name for subscription in bus_service.list_subscriptions('mytopic')])
print(bus_service.delete_topic('mytopic'), bus_service.delete_topic('mytopic'))
""",
    )
    assert printed == [
        "True False",
        "5120",
        "True",
        "False",
        "HighMessages PT30S 3",
        "True",
        "[('HighMessageFilter', 'messagenumber > 3')]",
        "{'messagenumber': 4} 0",
        "['mytopic'] ['HighMessages']",
        "True False",
    ]


def test_a_message_is_received_unlocked_and_deleted_on_a_subscription(tutorial: Tutorial) -> None:
    """A message of a subscription is received, unlocked, received again and deleted."""

    def make(broker: BrokerServer) -> None:
        namespace = broker.namespace
        with broker.reactor.turn() as now:
            namespace.create("mytopic", TopicDescription(), now=now)
            namespace.create("mytopic/Subscriptions/All", SubscriptionDescription(), now=now)

    tutorial.broker.call(make)
    printed = run(
        tutorial,
        """
bus_service.send_topic_message('mytopic', Message(b'Test Message'))
msg = bus_service.receive_subscription_message('mytopic', 'All', peek_lock=True)
print(msg.body)
msg.unlock()
msg = bus_service.receive_subscription_message('mytopic', 'All')
msg.renew_lock()
msg.delete()
print(bus_service.receive_subscription_message('mytopic', 'All', timeout=0).body)
""",
    )
    assert printed == ["b'Test Message'", "None"]


# -- With the SDK of today --------------------------------------------------------------------


def test_what_2019_sends_is_received_by_the_sdk_of_today(tutorial: Tutorial) -> None:
    make_queue(tutorial)
    run(
        tutorial,
        """
msg = Message(
    b'coffee', type='text/plain', custom_properties={'Table': 4, 'who': 'Anna', 'hot': True},
    broker_properties={'MessageId': 'order-17', 'Label': 'drinks', 'CorrelationId': 'c'},
)
bus_service.send_queue_message('taskqueue', msg)
""",
    )
    with today(tutorial) as client, client.get_queue_receiver("taskqueue") as receiver:
        (message,) = receiver.receive_messages(1, max_wait_time=5)
        receiver.complete_message(message)
    assert (str(message), message.content_type, message.delivery_count) == (
        "coffee",
        "text/plain",
        0,
    )
    assert (message.message_id, message.subject) == ("order-17", "drinks")
    assert message.correlation_id == "c"
    assert message.application_properties == {b"Table": 4, b"who": b"Anna", b"hot": True}


def test_what_the_sdk_of_today_sends_is_received_by_2019(tutorial: Tutorial) -> None:
    make_queue(tutorial)
    message = ServiceBusMessage(
        "coffee",
        message_id="order-17",
        subject="drinks",
        application_properties={"table": 4, "who": "Anna", "hot": True},
    )
    text = AmqpAnnotatedMessage(value_body="tea")
    with today(tutorial) as client, client.get_queue_sender("taskqueue") as sender:
        sender.send_messages(message)
        sender.send_messages(text)
    printed = run(
        tutorial,
        """
msg = bus_service.receive_queue_message('taskqueue')
print(msg.body, msg.custom_properties)
print([msg.broker_properties[name] for name in ('MessageId', 'Label', 'SequenceNumber')])
msg.delete()
print(bus_service.receive_queue_message('taskqueue', peek_lock=False).body)
""",
    )
    assert printed == [
        "b'coffee' {'table': 4, 'who': 'Anna', 'hot': True}",
        "['order-17', 'drinks', 1]",
        "b'tea'",
    ]
