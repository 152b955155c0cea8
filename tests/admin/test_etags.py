import pytest

from sbtutorial.broker.descriptions import (
    QueueDescription,
    SubscriptionDescription,
    TopicDescription,
)
from sbtutorial.broker.message import Message
from sbtutorial.broker.namespace import Namespace
from tests.admin.asking import ask, body_of, detail_of, etag_of

PLACES = {
    "/q": body_of("<UserMetadata>m</UserMetadata>"),
    "/t": body_of("<UserMetadata>m</UserMetadata>", "TopicDescription"),
    "/t/subscriptions/s": body_of("<UserMetadata>m</UserMetadata>", "SubscriptionDescription"),
    "/t/subscriptions/s/rules/$Default": body_of(
        '<Filter i:type="FalseFilter"/>', "RuleDescription"
    ),
}


@pytest.fixture
def namespace() -> Namespace:
    namespace = Namespace("tutorial")
    namespace.create("q", QueueDescription(), now=1.0)
    namespace.create("t", TopicDescription(), now=1.0)
    namespace.create("t/Subscriptions/s", SubscriptionDescription(), now=1.0)
    return namespace


every_place = pytest.mark.parametrize(("path", "body"), PLACES.items(), ids=list(PLACES))


@every_place
def test_an_etag_stays_until_something_is_changed(namespace, path, body):
    before = etag_of(ask(namespace, "GET", path))
    assert etag_of(ask(namespace, "GET", path, now=200.0)) == before
    after = etag_of(ask(namespace, "PUT", path, body, if_match="*"))
    assert after != before
    assert etag_of(ask(namespace, "GET", path)) == after


@every_place
def test_who_saw_the_state_that_is_may_change_it_and_nobody_else(namespace, path, body):
    seen = etag_of(ask(namespace, "GET", path))
    assert ask(namespace, "PUT", path, body, if_match=f'"other", {seen}').status == 200
    for method in ("PUT", "DELETE"):
        late = ask(namespace, method, path, body, if_match=seen)
        assert late.status == 412
        assert "SubCode=41200. The entity has changed" in detail_of(late)
        assert seen in detail_of(late)
    now = etag_of(ask(namespace, "GET", path))
    assert ask(namespace, "DELETE", path, if_match=now).status == 200


@every_place
def test_what_was_deleted_and_made_again_is_something_else(namespace, path, body):
    ask(namespace, "DELETE", path)
    first = etag_of(ask(namespace, "PUT", path, body, now=200.0))
    ask(namespace, "DELETE", path)
    assert etag_of(ask(namespace, "PUT", path, body, now=300.0)) != first


def test_messages_are_no_change(namespace):
    before = etag_of(ask(namespace, "GET", "/q"))
    message = Message(content=b"", size_bytes=10, header_bytes=0)
    namespace.directory.queue("q").ingress.send([message], now=100.0)
    assert etag_of(ask(namespace, "GET", "/q")) == before


def test_what_is_missing_is_missing_whatever_its_etag(namespace):
    assert ask(namespace, "PUT", "/x", body_of(), if_match='"old"').status == 404
