"""Keys and tokens."""

import time
from pathlib import Path

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from azure.servicebus import ServiceBusMessage, TransportType
from azure.servicebus.exceptions import ServiceBusAuthenticationError, ServiceBusAuthorizationError

from sbtutorial.broker.descriptions import AuthorizationRule
from sbtutorial.gateway.access.sas import Key, sign
from sbtutorial.hosting.thread import ThreadedBroker
from tests.sdk.conftest import Bench, reason_for
from tests.sdk.flavours import Flavour, Sync

pytestmark = pytest.mark.feature("Keys and tokens")


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


async def test_a_key_with_the_right_to_listen_may_peek_and_may_not_send(bench: Bench) -> None:
    listen_only = Key("secret", frozenset({"Listen"}))
    bench.broker.call(lambda broker: broker.keys.update(reader=listen_only))
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
    """A ready-made SAS token in the connection string counts until it ends."""
    broker = bench.broker.local
    host = bench.broker.connection_string.partition("//")[2].partition(";")[0]
    token = sign(f"sb://{host}", "RootManageSharedAccessKey", broker.key, time.time() - age_seconds)
    string = f"Endpoint=sb://{host};SharedAccessSignature={token};UseDevelopmentEmulator=true;"
    if is_accepted:
        await send_with(bench, string)
    else:
        with pytest.raises(ServiceBusAuthenticationError) as failure:
            await send_with(bench, string)
        assert "ExpiredToken" in reason_for(failure)


RULE = AuthorizationRule("reader", ("Listen",), "cHJpbWFyeQ==", "c3BhcmU=")


@pytest.mark.parametrize("key", [RULE.primary_key, RULE.secondary_key])
async def test_a_key_of_one_queue_opens_that_queue_as_far_as_its_rule_goes(
    bench: Bench, key: str
) -> None:
    """A key of one queue, primary or secondary, opens that queue only, as far as its rule goes."""
    bench.make_queue("letters", authorization_rules=(RULE,))
    await bench.send("hello", queue="letters")
    reading = with_key(bench, "reader", key)
    async with bench.flavour.client(reading, retry_total=0) as client:
        async with client.get_queue_receiver("letters") as receiver:
            assert len(await receiver.receive_messages(max_wait_time=5)) == 1
        with pytest.raises(ServiceBusAuthorizationError, match="'Send' claim"):
            async with client.get_queue_sender("letters") as sender:
                await sender.send_messages(ServiceBusMessage("x"))
        with pytest.raises(ServiceBusAuthenticationError):
            async with client.get_queue_receiver("orders") as receiver:
                await receiver.receive_messages(max_wait_time=1)
    async with bench.administration(reading) as administration:
        with pytest.raises(ClientAuthenticationError):
            await administration.get_queue("letters")


class AnyCredential:
    """A credential as Azure Identity has them, with a token that nobody could verify."""

    def get_token(self, *_scopes: str, **_options: object) -> AccessToken:
        return AccessToken("eyJhbGciOiJub25lIn0.e30.", int(time.time()) + 3600)


class AnyAioCredential:
    """The same for asyncio."""

    async def get_token(self, *_scopes: str, **_options: object) -> AccessToken:
        return AnyCredential().get_token()

    async def close(self) -> None:
        """Nothing to close."""


def credential_for(flavour: Flavour) -> object:
    return AnyCredential() if isinstance(flavour, Sync) else AnyAioCredential()


@pytest.mark.differs("Otherwise than on Azure")
@pytest.mark.parametrize("is_accepted", [True, False])
async def test_a_credential_opens_everything_where_the_broker_is_told_so(
    flavour: Flavour, certificates_folder: Path, ca_pem: Path, is_accepted: bool
) -> None:
    """Any bearer token, the broker's own apart, opens everything where told so, else nothing."""
    with ThreadedBroker(
        certificates_folder=certificates_folder, accept_bearer_tokens=is_accepted
    ) as broker:
        host = broker.connection_string.partition("//")[2].partition(";")[0]
        administration = flavour.administration_with(
            credential_for(flavour), host, connection_verify=str(ca_pem)
        )
        client = flavour.client_with(
            credential_for(flavour),
            "127.0.0.1",
            custom_endpoint_address=f"sb://{host}",
            transport_type=TransportType.Amqp,
            connection_verify=str(ca_pem),
            retry_total=0,
        )
        async with administration, client:
            if not is_accepted:
                with pytest.raises(ClientAuthenticationError):
                    await administration.create_queue("orders")
                return
            await administration.create_queue("orders")
            async with client.get_queue_sender("orders") as sender:
                await sender.send_messages(ServiceBusMessage("coffee"))
            async with client.get_queue_receiver("orders") as receiver:
                (message,) = await receiver.receive_messages(max_wait_time=5)
    assert str(message) == "coffee"
