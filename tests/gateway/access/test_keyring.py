import pytest

from sbtutorial.broker.descriptions import (
    AuthorizationRule,
    QueueDescription,
    SubscriptionDescription,
    TopicDescription,
)
from sbtutorial.broker.namespace import Namespace
from sbtutorial.gateway.access.keyring import Keyring
from sbtutorial.gateway.access.resource import Resource
from sbtutorial.gateway.access.sas import ALL_RIGHTS, Key, TokenError, TokenProblem, sign

HOST = "sb://127.0.0.1:5672"
ORDERS = Resource.of(f"{HOST}/orders")
LISTENER = AuthorizationRule("reader", ("Listen",), "first", "spare")


@pytest.fixture
def namespace() -> Namespace:
    namespace = Namespace("tutorial")
    rules = {"authorization_rules": (LISTENER,)}
    namespace.create("orders", QueueDescription(**rules), now=0)
    namespace.create("letters", QueueDescription(), now=0)
    namespace.create("news", TopicDescription(**rules), now=0)
    namespace.create("news/Subscriptions/all", SubscriptionDescription(), now=0)
    return namespace


@pytest.fixture
def keyring(namespace: Namespace) -> Keyring:
    return Keyring({"root": Key("secret", ALL_RIGHTS)}, namespace)


def token(path: str, name: str = "reader", key: str = "first") -> str:
    return sign(f"{HOST}/{path}", name, key, 1000)


@pytest.mark.parametrize("key", ["first", "spare"])
@pytest.mark.parametrize(
    "path",
    [
        "orders",
        "Orders/$DeadLetterQueue",
        "orders/$management",
        "news/Subscriptions/all",
        "news/Subscriptions/all/$DeadLetterQueue",
        "news/subscriptions/all/$management",
    ],
)
def test_both_keys_of_a_rule_open_its_entity_and_what_is_below(
    keyring: Keyring, path: str, key: str
) -> None:
    verified = keyring.verify(token(path, key=key), f"{HOST}/{path}", now=0)
    assert verified.rights == {"Listen"}


@pytest.mark.parametrize("key", ["first", "spare"])
@pytest.mark.parametrize(
    ("entity", "path"),
    [
        ("orders", "orders/messages"),
        ("Orders", "orders/Messages/head?timeout=5"),
        ("orders", "orders/messages/1/0f0e"),
        ("news/Subscriptions/all", "news/Subscriptions/all/messages/head"),
        ("news", "news/subscriptions"),
        ("news", "news/subscriptions/all/rules/$Default"),
    ],
)
def test_both_keys_of_a_rule_open_what_is_below_its_entity_over_http(
    keyring: Keyring, entity: str, path: str, key: str
) -> None:
    resource = Resource.of(f"{HOST}/{path}")
    given = token(path, key=key)
    verified = keyring.authorize(given, resource, entity=entity, now=0, right="Listen")
    assert verified.rights == {"Listen"}


@pytest.mark.parametrize("entity", ["letters", "nowhere", "orders/messages/new", ""])
def test_rules_key_opens_no_other_entity_over_http(keyring: Keyring, entity: str) -> None:
    resource = Resource.of(f"{HOST}/orders/messages/new")
    with pytest.raises(TokenError) as caught:
        keyring.authorize(token("orders"), resource, entity=entity, now=0, right="Listen")
    assert caught.value.kind is TokenProblem.UNKNOWN_KEY


@pytest.mark.parametrize(
    "path", ["letters", "letters/messages", "messages/x", "orders/messages", "nowhere", "$cbs", ""]
)
def test_rules_key_opens_nothing_else(keyring: Keyring, path: str) -> None:
    with pytest.raises(TokenError) as caught:
        keyring.verify(token(path), f"{HOST}/{path}", now=0)
    assert caught.value.kind is TokenProblem.UNKNOWN_KEY


def test_rules_key_for_the_whole_namespace_is_unknown_there_and_too_wide_below(
    keyring: Keyring,
) -> None:
    wide = sign(HOST, "reader", "first", 1000)
    assert keyring.verify(wide, f"{HOST}/orders", now=0).rights == {"Listen"}
    with pytest.raises(TokenError):
        keyring.verify(wide, HOST, now=0)


def test_key_of_the_namespace_opens_everything(keyring: Keyring) -> None:
    for path in ("orders", "letters", "news", ""):
        verified = keyring.verify(token(path, "root", "secret"), f"{HOST}/{path}", now=0)
        assert verified.rights == ALL_RIGHTS


def test_changed_rule_counts_at_once(keyring: Keyring, namespace: Namespace) -> None:
    namespace.update(namespace.directory.queue("orders"), QueueDescription(), now=0)
    with pytest.raises(TokenError):
        keyring.verify(token("orders"), f"{HOST}/orders", now=0)


def test_right_that_the_rule_does_not_give_is_refused_over_http(keyring: Keyring) -> None:
    with pytest.raises(TokenError, match="Manage claim is required") as caught:
        keyring.authorize(token("orders"), ORDERS, entity="orders", now=0)
    assert caught.value.kind is TokenProblem.MISSING_RIGHT


@pytest.mark.parametrize("text", ["eyJhbGciOi.eyJzdWIi.x", ""])
def test_bearer_token_is_refused_with_the_setting_that_accepts_it(
    keyring: Keyring, text: str
) -> None:
    with pytest.raises(TokenError, match="--accept-bearer-tokens"):
        keyring.verify(text, f"{HOST}/orders", now=0)
    with pytest.raises(TokenError, match="--accept-bearer-tokens"):
        keyring.authorize(f"Bearer {text}", ORDERS, now=0)


def test_bearer_token_opens_everything_where_it_is_accepted(namespace: Namespace) -> None:
    keyring = Keyring({}, namespace, accepts_bearer=True)
    assert keyring.verify("eyJhbGciOi", f"{HOST}/orders", now=0).rights == ALL_RIGHTS
    assert keyring.authorize("bearer eyJhbGciOi", ORDERS, now=0).rights == ALL_RIGHTS
    with pytest.raises(TokenError):
        keyring.authorize(None, ORDERS, now=0)
