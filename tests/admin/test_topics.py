"""Topics, subscriptions and rules over HTTP, as values."""

from datetime import timedelta
from xml.etree.ElementTree import fromstring

import pytest

from sbtutorial.broker.descriptions import (
    QueueDescription,
    SubscriptionDescription,
    TopicDescription,
)
from sbtutorial.broker.namespace import Namespace
from sbtutorial.broker.rules.filters.correlation import CorrelationFilter
from sbtutorial.broker.rules.filters.sql import parse_filter
from sbtutorial.broker.rules.rule import Rule
from tests.admin.asking import (
    ATOM,
    SB,
    VERSION,
    ask,
    body_of,
    detail_of,
    id_of,
    next_of,
    titles_of,
)

SPORT = "/news/Subscriptions/sport"
SQL = '<Filter i:type="SqlFilter"><SqlExpression>{}</SqlExpression></Filter>'


@pytest.fixture
def namespace() -> Namespace:
    namespace = Namespace("tutorial")
    namespace.create("news", TopicDescription(), now=1.0)
    namespace.create("news/Subscriptions/sport", SubscriptionDescription(), now=1.0)
    return namespace


def topic_body(inner: str = "") -> bytes:
    return body_of(inner, "TopicDescription")


def subscription_body(inner: str = "") -> bytes:
    return body_of(inner, "SubscriptionDescription")


def rule_body(inner: str = "") -> bytes:
    return body_of(inner, "RuleDescription")


def rules_of(namespace: Namespace, name: str = "sport") -> list[Rule]:
    return list(namespace.directory.subscription("news", name).rules)


# -- Topics -----------------------------------------------------------------------------------


def test_the_description_in_a_put_says_that_it_is_a_topic(namespace):
    response = ask(
        namespace, "PUT", f"/a%2Fb?{VERSION}", topic_body("<UserMetadata>m</UserMetadata>")
    )
    assert response.status == 201
    assert namespace.directory.topic("a/b").description == TopicDescription(user_metadata="m")
    assert id_of(response) == f"https://127.0.0.1:5672/a/b?{VERSION}"
    assert fromstring(response.body).find(f"{ATOM}content/{SB}TopicDescription") is not None


def test_get_tells_of_a_topic_what_put_said(namespace):
    found = fromstring(ask(namespace, "GET", f"/NEWS?enrich=false&{VERSION}").body)
    assert found.findtext(f"{ATOM}title") == "news"
    description = found.find(f"{ATOM}content/{SB}TopicDescription")
    assert description.findtext(f"{SB}SubscriptionCount") == "1"
    assert description.findtext(f"{SB}SqlFilterCount") == "1"


def test_topic_is_updated_and_deleted(namespace):
    body = topic_body("<DefaultMessageTimeToLive>PT1M</DefaultMessageTimeToLive>")
    assert ask(namespace, "PUT", "/news", body, if_match="*").status == 200
    after = namespace.directory.topic("news").description
    assert after.default_message_time_to_live == timedelta(minutes=1)
    assert ask(namespace, "DELETE", "/news").status == 200
    assert namespace.directory.topics() == []


def test_queues_and_topics_are_listed_apart(namespace):
    namespace.create("orders", QueueDescription(), now=1.0)
    assert titles_of(ask(namespace, "GET", "/$Resources/Topics?$skip=0&$top=100")) == ["news"]
    assert titles_of(ask(namespace, "GET", "/$Resources/queues?$skip=0&$top=100")) == ["orders"]


# -- Subscriptions ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/news/subscriptions/fun", "/News/Subscriptions/fun"])
def test_subscription_is_made_with_the_rule_that_takes_everything(namespace, path):
    response = ask(namespace, "PUT", path, subscription_body("<LockDuration>PT7S</LockDuration>"))
    assert response.status == 201
    description = namespace.directory.subscription("news", "fun").description
    assert description == SubscriptionDescription(lock_duration=timedelta(seconds=7))
    assert [rule.name for rule in rules_of(namespace, "fun")] == ["$Default"]
    # SDKs take the names out of this: JavaScript's by capital letters, that of 2019 by small ones.
    assert id_of(response) == f"https://127.0.0.1:5672{path.replace('News', 'news')}"
    assert fromstring(response.body).findtext(f"{ATOM}title") == "fun"


def test_subscription_can_be_made_with_another_first_rule(namespace):
    inner = f"<DefaultRuleDescription>{SQL.format('a = 1')}<Name>r</Name></DefaultRuleDescription>"
    assert ask(namespace, "PUT", "/news/subscriptions/fun", subscription_body(inner)).status == 201
    assert [(r.name, r.filter) for r in rules_of(namespace, "fun")] == [
        ("r", parse_filter("a = 1"))
    ]
    refused = ask(namespace, "PUT", SPORT, subscription_body(inner), if_match="*")
    assert refused.status == 400
    assert "for new subscriptions" in detail_of(refused)


def test_a_bad_first_rule_leaves_no_subscription_behind(namespace):
    for rule in (SQL.format("a ="), "<Name>a/b</Name>"):
        inner = f"<DefaultRuleDescription>{rule}</DefaultRuleDescription>"
        response = ask(namespace, "PUT", "/news/subscriptions/fun", subscription_body(inner))
        assert response.status == 400
    assert [one.name for one in namespace.directory.topic("news").subscriptions()] == ["sport"]


def test_subscription_is_updated_and_deleted(namespace):
    body = subscription_body("<MaxDeliveryCount>3</MaxDeliveryCount>")
    assert ask(namespace, "PUT", SPORT, body, if_match="*").status == 200
    assert namespace.directory.subscription("news", "sport").description.max_delivery_count == 3
    assert ask(namespace, "DELETE", "/news/subscriptions/SPORT").status == 200
    assert namespace.directory.topic("news").subscriptions() == []


@pytest.mark.parametrize("target", ["news/Subscriptions/fun", "nowhere"])
def test_nothing_is_forwarded_to_where_nobody_can_send(namespace, target):
    inner = f"<ForwardTo>sb://127.0.0.1:5672/{target}</ForwardTo>"
    response = ask(namespace, "PUT", "/news/subscriptions/fun", subscription_body(inner))
    assert response.status == 400
    assert f"forward_to is 'sb://127.0.0.1:5672/{target}'" in detail_of(response)


def test_a_forwarding_target_is_told_as_it_was_sent(namespace):
    inner = "<ForwardTo>sb://127.0.0.1:5672/news</ForwardTo>"
    response = ask(namespace, "PUT", "/orders", body_of(inner))
    assert response.status == 201
    assert inner.encode() in response.body
    cleared = ask(namespace, "PUT", "/orders", body_of(), if_match="*")
    assert b"ForwardTo" not in cleared.body


def test_subscriptions_are_listed_in_pages(namespace):
    for name in ("a", "c", "b"):
        namespace.create(f"news/Subscriptions/{name}", SubscriptionDescription(), now=1.0)
    response = ask(namespace, "GET", f"/news/subscriptions?$skip=1&$top=2&{VERSION}")
    assert titles_of(response) == ["b", "c"]
    there = "https://127.0.0.1:5672/news/subscriptions?$skip=3&$top=2&" + VERSION
    assert next_of(response) == there
    rest = ask(namespace, "GET", there.removeprefix("https://127.0.0.1:5672"))
    assert (titles_of(rest), next_of(rest)) == (["sport"], None)


# -- Rules ------------------------------------------------------------------------------------


def test_rule_is_made_got_changed_and_deleted(namespace):
    path = f"{SPORT}/Rules/my%20rule"
    made = ask(namespace, "PUT", path, rule_body(SQL.format("a = 1") + "<Name>my rule</Name>"))
    assert made.status == 201
    assert id_of(made) == "https://127.0.0.1:5672/news/Subscriptions/sport/Rules/my%20rule"
    assert [(r.name, r.filter, r.created_at) for r in rules_of(namespace)][1:] == [
        ("my rule", parse_filter("a = 1"), 100.0)
    ]
    assert ask(namespace, "GET", f"{path}?enrich=false").body == made.body
    inner = '<Filter i:type="CorrelationFilter"><Label>x</Label></Filter>'
    changed = ask(namespace, "PUT", path, rule_body(inner), now=200.0, if_match="*")
    assert changed.status == 200
    (_, rule) = rules_of(namespace)
    assert rule == Rule("my rule", CorrelationFilter(label="x"), created_at=100.0)
    assert ask(namespace, "DELETE", path).status == 200
    assert [rule.name for rule in rules_of(namespace)] == ["$Default"]


def test_the_default_rule_is_one_like_any_other(namespace):
    path = f"{SPORT}/rules/$Default"
    assert b'i:type="TrueFilter"' in ask(namespace, "GET", path).body
    assert ask(namespace, "DELETE", path.replace("$", "%24")).status == 200
    assert titles_of(ask(namespace, "GET", f"{SPORT}/rules")) == []
    assert ask(namespace, "PUT", path, rule_body()).status == 201
    assert titles_of(ask(namespace, "GET", f"{SPORT}/rules")) == ["$Default"]


def test_rules_are_listed_in_pages(namespace):
    for name in ("a", "c", "b"):
        ask(namespace, "PUT", f"{SPORT}/rules/{name}", rule_body())
    response = ask(namespace, "GET", f"{SPORT}/rules?$skip=0&$top=3")
    assert titles_of(response) == ["$Default", "a", "b"]
    assert f"{SPORT}/rules?$skip=3&$top=3" in next_of(response)


# -- What is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "target", "body", "headers", "status", "words"),
    [
        ("PUT", "/news", topic_body(), {}, 409, ["SubCode=40900", "Topic 'news' exists"]),
        ("PUT", "/NEWS", body_of(), {}, 409, ["SubCode=40900", "Topic 'news' exists"]),
        ("PUT", "/news", body_of(), {"if_match": "*"}, 409, ["'news' is a topic"]),
        ("PUT", "/gone", topic_body(), {"if_match": "*"}, 404, ["'gone'", "'news'"]),
        ("PUT", "/-", topic_body(), {}, 400, ["cannot name a topic"]),
        ("PUT", "/x", topic_body("<LockDuration>PT1M</LockDuration>"), {}, 400, ["A topic has no"]),
        (
            "PUT",
            SPORT,
            subscription_body(),
            {},
            409,
            ["SubCode=40900", "'news/Subscriptions/sport'"],
        ),
        ("PUT", SPORT, body_of(), {}, 400, ["'QueueDescription'", "SubscriptionDescription"]),
        ("PUT", "/gone/subscriptions/x", subscription_body(), {}, 404, ["'gone'", "'news'"]),
        ("PUT", "/news/subscriptions/x", subscription_body(), {"if_match": "*"}, 404, ["'sport'"]),
        ("GET", "/news/subscriptions/x", b"", {}, 404, ["SubCode=40400", "'sport'"]),
        ("GET", "/gone/subscriptions/x", b"", {}, 404, ["SubCode=40400", "'gone'"]),
        ("GET", "/gone/subscriptions", b"", {}, 404, ["SubCode=40400", "'gone'"]),
        ("DELETE", "/news/subscriptions/x", b"", {}, 404, ["'news/Subscriptions/x'"]),
        ("PUT", "/news/subscriptions/a%20b", subscription_body(), {}, 400, ["cannot name a sub"]),
        (
            "PUT",
            f"/news/subscriptions/{'s' * 51}",
            subscription_body(),
            {},
            400,
            ["51 characters", "50 are allowed"],
        ),
        (
            "PUT",
            SPORT,
            subscription_body("<RequiresSession>true</RequiresSession>"),
            {"if_match": "*"},
            400,
            ["requires_session is False and cannot be changed"],
        ),
        (
            "PUT",
            "/news",
            topic_body("<RequiresDuplicateDetection>true</RequiresDuplicateDetection>"),
            {"if_match": "*"},
            400,
            ["requires_duplicate_detection is False and cannot be changed"],
        ),
        ("PUT", f"{SPORT}/rules/$Default", rule_body(), {}, 409, ["SubCode=40900", "'$Default'"]),
        ("PUT", f"{SPORT}/rules/x", subscription_body(), {}, 400, ["RuleDescription"]),
        ("PUT", f"{SPORT}/rules/x", rule_body(SQL.format("a =")), {}, 400, ["filter"]),
        ("PUT", f"{SPORT}/rules/x", rule_body("<Name>y</Name>"), {}, 400, ["'y'", "'x'"]),
        ("PUT", f"{SPORT}/rules/x%23", rule_body(), {}, 400, ["cannot name a rule"]),
        ("PUT", f"{SPORT}/rules/x", rule_body(), {"if_match": "*"}, 404, ["'$Default'"]),
        ("PUT", "/news/subscriptions/x/rules/x", rule_body(), {}, 404, ["'sport'"]),
        ("GET", f"{SPORT}/rules/x", b"", {}, 404, ["SubCode=40400", "sport/Rules/x'"]),
        ("DELETE", f"{SPORT}/rules/x", b"", {}, 404, ["SubCode=40400", "'$Default'"]),
        ("GET", "/news/subscriptions/x/rules", b"", {}, 404, ["SubCode=40400"]),
        ("GET", f"{SPORT}/rules?$top=-1", b"", {}, 400, ["$top is '-1'"]),
        ("POST", f"{SPORT}/rules/x", b"", {}, 405, ["use PUT, GET, DELETE"]),
        ("DELETE", f"{SPORT}/rules", b"", {}, 405, ["use GET"]),
    ],
)
def test_refusals_name_the_thing_and_change_nothing(
    namespace, method, target, body, headers, status, words
):
    response = ask(namespace, method, target, body, **headers)
    assert response.status == status
    detail = detail_of(response)
    assert [word for word in words if word not in detail] == []
    assert [topic.name for topic in namespace.directory.topics()] == ["news"]
    assert [one.name for one in namespace.directory.topic("news").subscriptions()] == ["sport"]
    assert [(rule.name, rule.created_at) for rule in rules_of(namespace)] == [("$Default", 1.0)]
