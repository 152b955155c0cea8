"""The SDK's public interface: nothing of it is left out."""

from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import azure.servicebus
import azure.servicebus.aio
import azure.servicebus.aio.management
import azure.servicebus.amqp
import azure.servicebus.exceptions
import azure.servicebus.management
import pytest

from tests.sdk.public_api import Usage, public_parts

pytestmark = [pytest.mark.feature("The whole of the SDK"), pytest.mark.client("Python", "asyncio")]

MODULES = (
    azure.servicebus,
    azure.servicebus.aio,
    azure.servicebus.amqp,
    azure.servicebus.exceptions,
    azure.servicebus.management,
    azure.servicebus.aio.management,
)
LEFT_OUT = {
    "*.get(default)": "a record as a dictionary: no wire",
    "*.has_key": "a record as a dictionary: no wire",
    "MessageCountDetails*": "nothing public returns it; see the runtime properties",
    "ServiceBusSender(*": "made by get_queue_sender and get_topic_sender only",
    "ServiceBusReceiver(*": "made by get_queue_receiver and get_subscription_receiver only",
    "ServiceBusMessageBatch(*": "made by create_message_batch only",
    "ServiceBusReceivedMessage(*": "made by the receiver only",
    "ServiceBusConnectionStringProperties(*": "made by parse_connection_string only",
    "ServiceBusSessionFilter.NEXT_AVAILABLE": "the same as NEXT_AVAILABLE_SESSION",
    "AutoLockRenewer(loop)": "the loop of an asyncio program of Python 3.9 and before",
    "ServiceBusClient*(uamqp_transport)": "needs another library; see tests/clients",
    "EntityStatus.*ING": "what Azure tells while it moves an entity; nothing moves here",
    "EntityStatus.UNKNOWN": "never told",
    "EntityAvailabilityStatus.[!A]*": "what Azure tells of a fault of its own",
    "MessagingSku.BASIC": "a tier that this broker does not have",
    "NamespaceType.[!M]*": "namespaces of other services",
    "NamespaceType.MIXED": "namespaces of other services",
}
# What the SDK hands on by itself.
CLIENTS = ("ServiceBusClient", "ServiceBusAdministrationClient")
HANDS_ON = {"from_connection_string": CLIENTS}


@cache
def usage_of_tests() -> Usage:
    usage = Usage(HANDS_ON)
    here = Path(__file__)
    for path in sorted(here.parent.glob("*.py")):
        if path != here:
            usage.read(path)
    return usage


def missing(usage: Usage) -> list[str]:
    return [str(part) for part in public_parts(*MODULES) if not usage.has(part)]


def is_left_out(part: str) -> bool:
    return any(fnmatchcase(part, pattern) for pattern in LEFT_OUT)


def test_whatever_is_public_is_used_in_these_tests() -> None:
    """All that is public in `azure-servicebus` 7 is used by these tests, with few exceptions."""
    assert [part for part in missing(usage_of_tests()) if not is_left_out(part)] == []


def test_without_any_test_all_of_it_would_be_missing() -> None:
    """A public part that no test used would be noticed."""
    assert len(missing(Usage(HANDS_ON))) == len(public_parts(*MODULES)) > 500


@pytest.mark.parametrize("pattern", LEFT_OUT)
def test_nothing_is_left_out_that_is_used(pattern: str) -> None:
    """Each of these exceptions is listed in the tests with its reason."""
    assert any(fnmatchcase(part, pattern) for part in missing(usage_of_tests()))
