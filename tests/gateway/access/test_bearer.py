"""Bearer tokens of the broker's own, and what a keyring makes of them."""

import pytest

from sbtutorial.broker.namespace import Namespace
from sbtutorial.gateway.access.bearer import OWNER, ROLES, is_own, issue, verify
from sbtutorial.gateway.access.keyring import Keyring
from sbtutorial.gateway.access.resource import Resource
from sbtutorial.gateway.access.sas import ALL_RIGHTS, LISTEN, MANAGE, SEND, Key, TokenError

SENDER = "Azure Service Bus Data Sender"
QUEUE = "sb://127.0.0.1/orders"
A_STRANGERS = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL3N0cyJ9.c2ln"


def keyring(*, accepts_bearer: bool = False, **keys: Key) -> Keyring:
    root = keys or {"root": Key("secret", ALL_RIGHTS)}
    return Keyring(root, Namespace("tutorial"), accepts_bearer=accepts_bearer)


@pytest.mark.parametrize(
    ("role", "rights"),
    [(OWNER, ALL_RIGHTS), (SENDER, {SEND}), (SENDER[:-6] + "Receiver", {LISTEN})],
)
def test_a_token_gives_the_rights_of_its_role_until_it_is_over(
    role: str, rights: frozenset[str]
) -> None:
    token = issue(role, "secret", expires_at=100)
    assert is_own(token)
    assert verify(token, "secret", now=99) == ("a bearer token", rights, 100.0)
    assert keyring().verify(token, QUEUE, now=99).rights == rights
    with pytest.raises(TokenError, match="ExpiredToken"):
        verify(token, "secret", now=100)


def test_a_role_that_nobody_knows_gives_nothing() -> None:
    assert verify(issue("King", "secret", expires_at=100), "secret", now=0).rights == frozenset()


@pytest.mark.parametrize("accepts_bearer", [False, True])
def test_a_token_of_another_key_or_with_a_changed_role_opens_nothing(accepts_bearer: bool) -> None:
    ring = keyring(accepts_bearer=accepts_bearer)
    sender, owner = issue(SENDER, "secret", expires_at=100), issue(OWNER, "x", expires_at=100)
    head, _, signature = sender.split(".")
    forged = ".".join((head, owner.split(".")[1], signature))
    for token in (owner, forged, forged.rpartition(".")[0] + ".", forged + "é\ud800"):
        with pytest.raises(TokenError, match="InvalidSignature"):
            ring.verify(token, QUEUE, now=0)


def test_only_a_key_that_may_do_everything_signs_tokens() -> None:
    weak = keyring(reader=Key("secret", frozenset({LISTEN})))
    for key in ("secret", ""):
        with pytest.raises(TokenError, match="no key here"):
            weak.verify(issue(OWNER, key, expires_at=100), QUEUE, now=0)


def test_over_http_a_role_must_give_the_right_that_is_asked_for() -> None:
    resource = Resource.of(QUEUE)
    header = "Bearer " + issue(SENDER, "secret", expires_at=100)
    assert keyring().authorize(header, resource, now=0, right=SEND).rights == {SEND}
    with pytest.raises(TokenError, match="does not give 'Manage'"):
        keyring().authorize(header, resource, now=0, right=MANAGE)


def test_a_strangers_token_opens_everything_where_the_broker_is_told_so_and_nothing_elsewhere() -> (
    None
):
    told = keyring(accepts_bearer=True)
    assert told.verify(A_STRANGERS, QUEUE, now=0).rights == ALL_RIGHTS
    assert told.authorize("Bearer x", Resource.of(QUEUE), now=0).rights == ALL_RIGHTS
    with pytest.raises(TokenError, match="accept-bearer-tokens"):
        keyring().verify(A_STRANGERS, QUEUE, now=0)


@pytest.mark.parametrize(
    "text", ["", "a", "a.b", "a.b.c", "a.bnVsbA.c", "a.WzFd.c", "é.é.é", "a." + "W" * 9000 + ".c"]
)
def test_what_is_no_token_of_ours_is_told_apart(text: str) -> None:
    assert not is_own(text)


def test_the_roles_are_azures_own_names() -> None:
    assert all(role.startswith("Azure Service Bus Data ") for role in ROLES)
