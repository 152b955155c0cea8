from math import inf

import pytest

from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.gateway.access.claims import Claims


def refusal(claims: Claims, right: str, path: str) -> str:
    with pytest.raises(BrokerError) as refused:
        claims.require(right, path)
    assert refused.value.code is ErrorCode.UNAUTHORIZED
    return refused.value.message


def test_nothing_is_allowed_before_a_token() -> None:
    assert "No valid token covers 'orders'" in refusal(Claims(), "Send", "orders")


@pytest.mark.parametrize("granted", ["", "orders", "ORDERS"])
@pytest.mark.parametrize("path", ["orders", "Orders/$DeadLetterQueue"])
def test_a_claim_covers_its_path_and_all_below(granted: str, path: str) -> None:
    claims = Claims()
    claims.grant(granted, {"Listen"})
    claims.require("Listen", path)


def test_a_claim_covers_no_neighbour_with_a_longer_name() -> None:
    claims = Claims()
    claims.grant("orders", {"Listen"})
    refusal(claims, "Listen", "orders2")


def test_a_claim_gives_its_rights_only() -> None:
    claims = Claims()
    claims.grant("", {"Listen"})
    assert "'Send' claim(s) are required" in refusal(claims, "Send", "orders")


def test_a_newer_token_replaces_the_older_for_its_path() -> None:
    claims = Claims()
    claims.grant("orders", {"Send"}, expires_at=10.0)
    claims.grant("orders", {"Send"}, expires_at=20.0)
    assert claims.next_expiry == 20.0
    claims.drop_expired(15.0)
    claims.require("Send", "orders")
    claims.drop_expired(20.0)
    assert claims.next_expiry == inf
    refusal(claims, "Send", "orders")
