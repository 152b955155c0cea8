"""Administration of queues in 2020, and the client of 2019 within that version."""

import pytest

from tests.legacy.conftest import Tutorial

pytestmark = [
    pytest.mark.feature("Administration: queues and the namespace"),
    pytest.mark.client("SDK of 2020"),
]

WHERE = """
import os
where = dict(
    service_namespace=os.environ["SERVICE_NAMESPACE"],
    host_base=os.environ["HOST_BASE"],
    shared_access_key_name=os.environ["KEY_NAME"],
    shared_access_key_value=os.environ["KEY_VALUE"],
)
"""


def test_queues_are_created_shown_listed_and_deleted(later_tutorial: Tutorial) -> None:
    """Queues are created, shown, listed and deleted."""
    printed = later_tutorial.run(
        WHERE
        + """
from datetime import timedelta
from azure.common import AzureConflictHttpError
from azure.servicebus import ServiceBusClient
from azure.servicebus.common.errors import ServiceBusResourceNotFound

client = ServiceBusClient(**where)
print(client.create_queue('taskqueue', max_size_in_megabytes=5120, lock_duration=30,
                          default_message_time_to_live=timedelta(minutes=1)))
try:
    client.create_queue('taskqueue')
except AzureConflictHttpError as error:
    print(error.status_code)
properties = client.get_queue('taskqueue').get_properties()
print(properties['max_size_in_megabytes'], properties['lock_duration'])
print(properties['default_message_time_to_live'])
print([queue.name for queue in client.list_queues()])
client.delete_queue('taskqueue')
try:
    client.get_queue('taskqueue')
except ServiceBusResourceNotFound:
    print('gone')
"""
    )
    assert printed == ["True", "409", "5120 PT30S", "PT1M", "['taskqueue']", "gone"]


@pytest.mark.feature("The tutorial of 2019")
def test_client_of_2019_within_it_sends_and_receives(later_tutorial: Tutorial) -> None:
    """The client of 2019 that came along with version 0.50 sends and receives."""
    printed = later_tutorial.run(
        WHERE
        + """
from azure.servicebus.control_client import Message, ServiceBusService

bus_service = ServiceBusService(**where)
bus_service.create_queue('taskqueue')
bus_service.send_queue_message('taskqueue', Message(b'Test Message'))
msg = bus_service.receive_queue_message('taskqueue', peek_lock=True)
print(msg.body)
msg.unlock()
bus_service.receive_queue_message('taskqueue').delete()
print(bus_service.get_queue('taskqueue').message_count)
"""
    )
    assert printed == ["b'Test Message'", "0"]
