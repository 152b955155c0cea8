from dataclasses import replace

import pytest

from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.limits import EMULATOR, STANDARD
from sbtutorial.gateway.connection_quota import ConnectionQuota
from sbtutorial.testing import SteppedBroker
from tests.gateway.talk import Talk


def test_name_is_here_as_long_as_one_of_its_connections_is() -> None:
    presence = ConnectionQuota(STANDARD)
    presence.enter("cashier")
    presence.enter("cashier")
    presence.leave("cashier")
    assert presence.is_here("cashier")
    presence.leave("cashier")
    assert not presence.is_here("cashier")


def test_connection_beyond_the_tiers_number_is_refused_and_counts_nothing() -> None:
    presence = ConnectionQuota(EMULATOR)
    for number in range(10):
        presence.enter(f"client {number}")
    with pytest.raises(BrokerError, match="10 connections, all that the Emulator tier") as caught:
        presence.enter("one more")
    assert caught.value.code is ErrorCode.QUOTA_EXCEEDED
    assert not presence.is_here("one more")
    presence.leave("client 0")
    presence.enter("one more")


async def test_refused_connection_is_closed_with_the_reason_and_the_others_stay() -> None:
    limits = replace(EMULATOR, max_connections=1)
    broker = SteppedBroker(limits=limits)
    first = Talk(broker)
    second = Talk(broker, put_token=False)
    assert second.is_closed
    assert not first.is_closed
    first.wire.break_off()
    assert not Talk(broker).is_closed
