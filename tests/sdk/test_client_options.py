"""Settings of clients, senders and receivers."""

import asyncio
import logging
import ssl
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential
from azure.servicebus import (
    ServiceBusMessage,
    ServiceBusReceiveMode,
    TransportType,
    parse_connection_string,
)
from azure.servicebus.management import ApiVersion, EntityAvailabilityStatus, NamespaceType

from sbtutorial.gateway.access.sas import sign
from sbtutorial.server.broker_server import KEY_NAME
from tests.sdk.conftest import Bench
from tests.sdk.flavours import Sync
from tests.sdk.proxies import HttpProxy, Recorder, standing_before
from tests.sdk.side_by_side import side_by_side
from tests.sdk.test_lock_renewer import renewing
from tests.sdk.test_receive import take
from tests.sdk.test_renewal import SOON_RENEWED_LOCK, next_time
from tests.sdk.test_schedule import in_an_hour

pytestmark = pytest.mark.feature("Options of the clients")


def port_of(bench: Bench) -> int:
    return int(bench.broker.connection_string.partition(";")[0].rpartition(":")[2])


def host_of(bench: Bench) -> str:
    return f"127.0.0.1:{port_of(bench)}"


def without_emulator(bench: Bench) -> str:
    return bench.broker.connection_string.replace("UseDevelopmentEmulator=true;", "")


async def goes_there_and_back(client: Any) -> None:
    links = (client.get_queue_sender("orders"), client.get_queue_receiver("orders"))
    async with client, side_by_side(*links) as (sender, receiver):
        await sender.send_messages(ServiceBusMessage("coffee"))
        message = await take(receiver)
        assert str(message) == "coffee"
        await receiver.complete_message(message)


# -- Who is who -------------------------------------------------------------------------------


async def test_a_sender_and_a_receiver_are_known_by_the_identifiers_that_they_choose(
    bench: Bench,
) -> None:
    """`client_identifier` is the name by which the broker knows a sender or a receiver."""
    async with bench.administration() as administration:
        await administration.create_topic("news")
        await administration.create_subscription("news", "all")
    async with bench.client() as client:
        senders = (
            client.get_queue_sender("orders", client_identifier="till"),
            client.get_topic_sender("news", client_identifier="reporter"),
        )
        receivers = (
            client.get_queue_receiver("orders", client_identifier="cook"),
            client.get_subscription_receiver("news", "all", client_identifier="reader"),
        )
        async with side_by_side(*senders, *receivers):
            for sender, receiver in zip(senders, receivers, strict=True):
                await sender.send_messages(ServiceBusMessage("x"))
                await receiver.complete_message(await take(receiver))
        names = [one.client_identifier for one in (*senders, *receivers)]
    assert names == ["till", "reporter", "cook", "reader"]
    events = bench.broker.call(lambda broker: broker.trace.after(0))
    did = {(event.who, event.what) for event in events}
    assert {("till", "sent"), ("reporter", "sent"), ("cook", "completed")} <= did
    assert ("reader", "completed") in did


async def test_without_an_identifier_each_gets_its_own(bench: Bench) -> None:
    links = (bench.sender(), bench.sender(), bench.receiver())
    async with side_by_side(*links) as (one, another, receiver):
        names = {one.client_identifier, another.client_identifier, receiver.client_identifier}
    assert len(names) == 3


async def test_the_user_agent_goes_before_the_sdks_own(bench: Bench) -> None:
    """`user_agent` goes before the SDK's own."""
    recorder = Recorder(port_of(bench))
    async with standing_before(recorder) as port:
        string = bench.broker.connection_string.replace(str(port_of(bench)), str(port))
        await goes_there_and_back(bench.flavour.client(string, user_agent="shop/1.0"))
    assert b"shop/1.0 azsdk-python-servicebus/" in recorder.said


async def test_network_traces_show_the_frames(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """`logging_enable` shows the frames."""
    caplog.set_level(logging.DEBUG, "azure.servicebus")
    await goes_there_and_back(bench.client(logging_enable=True))
    assert "OpenFrame(" in caplog.text
    assert "TransferFrame(" in caplog.text


# -- Ways to the broker -----------------------------------------------------------------------


@pytest.mark.feature("Transports")
async def test_a_client_goes_through_a_proxy_and_says_who_it_is(bench: Bench) -> None:
    """`http_proxy` leads a client through a proxy, with user name and password."""
    proxy = HttpProxy(port_of(bench))
    async with standing_before(proxy) as port:
        # The asyncio half takes the host as a URL, the other one as a name.
        host = "127.0.0.1" if isinstance(bench.flavour, Sync) else "http://127.0.0.1"
        client = bench.client(
            http_proxy={
                "proxy_hostname": host,
                "proxy_port": port,
                "username": "me",
                "password": "secret",
            },
            custom_endpoint_address="sb://broker.localhost:5671",
        )
        await goes_there_and_back(client)
    assert len(proxy.asked) == 2  # a sender and a receiver
    for head in proxy.asked:
        assert b"broker.localhost:5671" in head.splitlines()[0]
        assert b"Proxy-Authorization: Basic " + b64encode(b"me:secret") in head


@pytest.mark.feature("Transports")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_tls_goes_by_a_context_or_by_a_certificate(
    bench: Bench, ca_pem: Path, host: str
) -> None:
    """A certificate is trusted by `ssl_context` or by `connection_verify`."""
    for trust in (
        {"ssl_context": ssl.create_default_context(cafile=ca_pem)},
        {"connection_verify": str(ca_pem)},
    ):
        client = bench.flavour.client(
            without_emulator(bench),
            custom_endpoint_address=f"sb://{host}:{port_of(bench)}",
            transport_type=TransportType.Amqp,
            **trust,
        )
        await goes_there_and_back(client)


@pytest.mark.parametrize("way", [TransportType.Amqp, TransportType.AmqpOverWebsocket])
async def test_a_longer_socket_timeout_changes_nothing_else(
    bench: Bench, way: TransportType
) -> None:
    """A longer `socket_timeout` changes nothing else."""
    address = f"sb://{host_of(bench)}"
    client = bench.client(custom_endpoint_address=address, transport_type=way)
    body = "x" * 200_000
    async with (
        client,
        side_by_side(
            client.get_queue_sender("orders", socket_timeout=2),
            client.get_queue_receiver("orders", socket_timeout=2),
        ) as (sender, receiver),
    ):
        await sender.send_messages(ServiceBusMessage(body))
        assert str(await take(receiver)) == body


@pytest.mark.feature("Keys and tokens")
@pytest.mark.parametrize("kind", ["key", "signature"])
async def test_credentials_of_the_sdk_open_what_a_connection_string_opens(
    bench: Bench, ca_pem: Path, kind: str
) -> None:
    """`AzureNamedKeyCredential` and `AzureSasCredential` open what a connection string opens."""
    key = bench.broker.local.key
    credential: Any = AzureNamedKeyCredential(KEY_NAME, key)
    if kind == "signature":
        in_an_hour_seconds = in_an_hour().timestamp()
        token = sign(f"sb://{host_of(bench)}", KEY_NAME, key, in_an_hour_seconds)
        credential = AzureSasCredential(token)
    client = bench.flavour.client_with(
        credential,
        "127.0.0.1",
        custom_endpoint_address=f"sb://{host_of(bench)}",
        transport_type=TransportType.Amqp,
        connection_verify=str(ca_pem),
    )
    await goes_there_and_back(client)


async def test_the_sdk_reads_the_connection_string(bench: Bench) -> None:
    """`parse_connection_string` reads the connection string; an `EntityPath` in it counts."""
    string = f"{bench.broker.connection_string}EntityPath=orders"
    parts = parse_connection_string(string.replace("UseDevelopmentEmulator=true;", ""))
    assert parts.fully_qualified_namespace == host_of(bench)
    assert parts.endpoint == f"sb://{host_of(bench)}/"
    assert (parts.shared_access_key_name, parts.shared_access_key) == (
        KEY_NAME,
        bench.broker.local.key,
    )
    assert (parts.entity_path, parts.shared_access_signature) == ("orders", None)
    await goes_there_and_back(bench.flavour.client(string))
    async with bench.flavour.client(string) as client:
        with pytest.raises(ValueError, match="EntityPath"):
            client.get_queue_sender("kitchen")


@pytest.mark.feature("Administration: queues and the namespace")
@pytest.mark.parametrize("version", [ApiVersion.V2017_04, ApiVersion.V2021_05, ApiVersion.V2024_05])
async def test_every_version_of_the_administration_is_answered(
    bench: Bench, version: ApiVersion
) -> None:
    """Every `ApiVersion` of the administration client is answered."""
    async with bench.administration(api_version=version) as administration:
        queue = await administration.create_queue("kitchen", max_delivery_count=7)
        queue.max_delivery_count = 8
        await administration.update_queue(queue)
        got = await administration.get_queue("kitchen")
        assert got.max_delivery_count == 8
        assert got.availability_status == EntityAvailabilityStatus.AVAILABLE
        namespace = await administration.get_namespace_properties()
        assert namespace.namespace_type == NamespaceType.MESSAGING
        assert namespace.alias is None


async def test_a_subscription_receiver_takes_every_setting(bench: Bench) -> None:
    """A receiver of a subscription takes every setting."""
    async with bench.administration() as administration:
        await administration.create_topic("news")
        await administration.create_subscription("news", "slow", lock_duration=SOON_RENEWED_LOCK)
    renewed = next_time(bench.broker, "lock_renewed")
    async with (
        renewing(bench) as renewer,
        side_by_side(
            bench.publisher("news", socket_timeout=1),
            bench.subscriber(
                "news",
                "slow",
                receive_mode=ServiceBusReceiveMode.PEEK_LOCK,
                max_wait_time=1,
                socket_timeout=1,
                auto_lock_renewer=renewer,
            ),
        ) as (sender, receiver),
    ):
        await sender.send_messages(ServiceBusMessage("rain"))
        message = await take(receiver)
        assert str(message) == "rain"
        assert await asyncio.to_thread(renewed.wait, 20)
        await receiver.complete_message(message)
        assert [message async for message in receiver] == []  # after a second
