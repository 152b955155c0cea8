import time

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.servicebus import ServiceBusMessage
from azure.servicebus.exceptions import ServiceBusAuthenticationError, ServiceBusAuthorizationError

from sbtutorial.server.security import Key, sign
from tests.sdk.conftest import Bench, reason_for


def with_key(bench: Bench, name: str, key: str) -> str:
    endpoint = bench.broker.connection_string.partition(";")[0]
    return (
        f"{endpoint};SharedAccessKeyName={name};SharedAccessKey={key};UseDevelopmentEmulator=true;"
    )


async def send_with(bench: Bench, connection_string: str) -> None:
    client = bench.flavour.client(connection_string, retry_total=0)
    async with client, client.get_queue_sender("orders") as sender:
        await sender.send_messages(ServiceBusMessage("x"))


@pytest.mark.parametrize("name", ["RootManageSharedAccessKey", "Stranger"])
async def test_a_wrong_key_opens_nothing(bench: Bench, name: str) -> None:
    wrong = with_key(bench, name, "d3Jvbmc=")
    with pytest.raises(ServiceBusAuthenticationError) as failure:
        await send_with(bench, wrong)
    assert "lab.connection_string" in reason_for(failure)
    with pytest.raises(ClientAuthenticationError):
        async with bench.administration(wrong) as administration:
            await administration.get_queue("orders")
    assert bench.counts().total == 0


async def test_a_key_without_the_right_is_refused_at_the_link(bench: Bench) -> None:
    listen_only = Key("secret", frozenset({"Listen"}))
    bench.broker.call(lambda emulator: emulator.keys.update(reader=listen_only))
    with pytest.raises(ServiceBusAuthorizationError, match="Send"):
        await send_with(bench, with_key(bench, "reader", "secret"))
    reading = with_key(bench, "reader", "secret")
    client = bench.flavour.client(reading)
    async with client, client.get_queue_receiver("orders") as receiver:
        assert await receiver.peek_messages() == []


@pytest.mark.parametrize(("age_seconds", "is_accepted"), [(-60, True), (60, False)])
async def test_a_ready_made_token_counts_until_it_ends(
    bench: Bench, age_seconds: int, is_accepted: bool
) -> None:
    emulator = bench.broker.emulator
    host = bench.broker.connection_string.partition("//")[2].partition(";")[0]
    token = sign(
        f"sb://{host}", "RootManageSharedAccessKey", emulator.key, time.time() - age_seconds
    )
    string = f"Endpoint=sb://{host};SharedAccessSignature={token};UseDevelopmentEmulator=true;"
    if is_accepted:
        await send_with(bench, string)
    else:
        with pytest.raises(ServiceBusAuthenticationError) as failure:
            await send_with(bench, string)
        assert "ExpiredToken" in reason_for(failure)
