"""Nobody gets further than a token goes, whatever a request says of itself: plane by plane."""

import json
from collections.abc import Awaitable
from typing import Any

import pytest

from sbtutorial.broker.descriptions import AuthorizationRule, TopicDescription
from sbtutorial.http.request import Response
from sbtutorial.server import router
from tests.admin.asking import body_of
from tests.server.webtalk import HOST, WebTalk

KITCHEN_KEYS = (
    AuthorizationRule("sender", ("Send",), "send key", "x"),
    AuthorizationRule("listener", ("Listen",), "listen key", "x"),
    AuthorizationRule("manager", ("Manage", "Send", "Listen"), "manage key", "x"),
)
KEYS = {rule.key_name: rule.primary_key for rule in KITCHEN_KEYS}


@pytest.fixture
async def talk() -> WebTalk:
    """Two queues, one of which has keys of its own."""
    talk = WebTalk()
    talk.make_queue("orders")
    talk.make_queue("kitchen", authorization_rules=KITCHEN_KEYS)
    return talk


def own(talk: WebTalk, name: str, path: str = "kitchen") -> str:
    """A token of the kitchen's own."""
    return talk.sign(path, name, str(KEYS[name]))


async def status(talk: WebTalk, method: str, target: str, body: bytes = b"", **given: Any) -> int:
    return (await talk.ask(method, target, body, **given)).status


# -- What a request says of itself ----------------------------------------------------------------

# Each is a way to say "kitchen" in a request for something else.
FORGED: list[dict[str, str]] = [
    {},
    {"Host": f"{HOST}/kitchen"},
    {"Host": "127.0.0.1/kitchen"},
    {"Host": "127.0.0.1:5672/kitchen?"},
    {"Host": "127.0.0.1/kitchen#"},
    {"X_Forwarded_Host": f"{HOST}/kitchen"},
    {"X_Forwarded_Prefix": "/kitchen"},
    {"X_Original_URL": "/kitchen/messages"},
    {"Forwarded": "host=kitchen"},
    {"X_HTTP_Method_Override": "GET"},
]


@pytest.mark.parametrize("forged", FORGED)
async def test_key_of_one_queue_sends_to_no_other(talk: WebTalk, forged: dict[str, str]) -> None:
    token = own(talk, "sender")
    assert await status(talk, "POST", "/kitchen/messages", b"x", token=token) == 201
    answer = await status(talk, "POST", "/orders/messages", b"x", token=token, **forged)
    assert answer in (400, 401)
    assert talk.counts("orders").total == 0


@pytest.mark.parametrize("forged", FORGED)
@pytest.mark.parametrize(
    "target", ["/orders/messages/head?timeout=0", "/orders/$DeadLetterQueue/messages/head"]
)
async def test_key_of_one_queue_receives_from_no_other(
    talk: WebTalk, target: str, forged: dict[str, str]
) -> None:
    await talk.send(target="/orders")
    answer = await status(talk, "DELETE", target, token=own(talk, "listener"), **forged)
    assert answer in (400, 401)
    assert talk.counts("orders").total == 1


@pytest.mark.parametrize("forged", FORGED)
@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("PUT", "/new"),
        ("PUT", "/kitchenette"),
        ("PUT", "/kitchen/new"),
        ("PUT", "/kitchen/messages/new"),
        ("DELETE", "/orders"),
        ("GET", "/orders"),
        ("GET", "/$Resources/queues"),
        ("GET", "/$namespaceinfo"),
    ],
)
async def test_key_that_manages_one_queue_manages_nothing_else(
    talk: WebTalk, method: str, target: str, forged: dict[str, str]
) -> None:
    token = own(talk, "manager")
    answer = await status(talk, method, target, body_of(), token=token, **forged)
    assert answer in (400, 401)
    names = [queue.name for queue in talk.broker.namespace.directory.queues()]
    assert names == ["kitchen", "orders"]


@pytest.mark.parametrize("forged", FORGED)
@pytest.mark.parametrize(
    ("method", "call"),
    [
        ("GET", "status"),
        ("POST", "reset"),
        ("POST", "advance"),
        ("GET", "events"),
        ("POST", "faults"),
        ("GET", "faults"),
        ("DELETE", "faults"),
        ("POST", "cut"),
        ("POST", "delay"),
        ("POST", "outage"),
    ],
)
async def test_token_for_a_queue_does_not_steer_the_lab(
    talk: WebTalk, method: str, call: str, forged: dict[str, str]
) -> None:
    body = json.dumps({"seconds": 60, "occasion": "send", "who": None}).encode()
    for token in (own(talk, "manager"), own(talk, "manager", ""), talk.sign("kitchen")):
        answer = await status(talk, method, f"/$lab/{call}", body, token=token, **forged)
        assert answer in (400, 401)
    assert talk.clock.advanced_seconds == 0
    faults = talk.broker.faults
    assert (faults.planned, faults.delay_seconds, faults.is_out) == ([], 0, False)


async def test_token_for_the_lab_steers_it_and_opens_no_queue(talk: WebTalk) -> None:
    token = talk.sign("$lab")
    assert await status(talk, "GET", "/$lab/status", token=token) == 200
    assert await status(talk, "GET", "/orders", token=token) == 401


# -- Spellings of a path --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/kitchen/../orders",
        "/kitchen%2F..%2Forders",
        "/kitchen/%2e%2e/orders",
        "//orders",
        "/./orders",
        "/kitchen/messages/../../orders",
        "/kitchen?x=/../orders",
        "/kitchen;/../orders",
        "/kitchen\\..\\orders",
        "/ORDERS",
        "/%6frders",
        "/orders/",
    ],
)
async def test_no_spelling_of_a_path_leads_elsewhere(talk: WebTalk, path: str) -> None:
    for token in (own(talk, "sender"), talk.sign("kitchen")):
        answer = await status(talk, "POST", f"{path}/messages", b"x", token=token)
        # Found where the token goes, or not at all.
        assert answer in (400, 401, 404, 405)
    assert talk.counts("orders").total == 0


@pytest.mark.parametrize("path", ["/kitchen", "/KITCHEN", "/kitchen/", "/%6bitchen"])
async def test_every_spelling_of_its_own_path_is_open(talk: WebTalk, path: str) -> None:
    assert await status(talk, "POST", f"{path}/messages", b"x", token=own(talk, "sender")) == 201


async def test_token_for_a_name_covers_no_longer_name(talk: WebTalk) -> None:
    talk.make_queue("kitchen2")
    talk.make_queue("kitchen/oven")
    narrow = talk.sign("kitchen")
    assert await status(talk, "POST", "/kitchen2/messages", b"x", token=narrow) == 401
    # A path covers what is below it, as on Azure; the queue's own keys do not.
    assert await status(talk, "POST", "/kitchen/oven/messages", b"x", token=narrow) == 201
    token = own(talk, "sender")
    assert await status(talk, "POST", "/kitchen/oven/messages", b"x", token=token) == 401


async def test_token_for_a_subscription_does_not_send_to_its_topic(talk: WebTalk) -> None:
    talk.make_subscription()
    narrow = talk.sign("news/subscriptions/all")
    receive = "/news/subscriptions/all/messages/head?timeout=0"
    assert await status(talk, "DELETE", receive, token=narrow) == 204
    assert await status(talk, "POST", "/news/messages", b"x", token=narrow) == 401
    assert await status(talk, "GET", "/news", token=narrow) == 401


async def test_key_of_a_topic_opens_its_subscriptions_only(talk: WebTalk) -> None:
    namespace = talk.broker.namespace
    talk.make_subscription()
    with talk.broker.reactor.turn() as now:
        description = TopicDescription(authorization_rules=KITCHEN_KEYS)
        namespace.update(namespace.directory.topic("News"), description, now=now)
    token = own(talk, "listener", "news")
    receive = "/news/subscriptions/all/messages/head?timeout=0"
    assert await status(talk, "DELETE", receive, token=token) == 204
    assert await status(talk, "DELETE", "/orders/messages/head?timeout=0", token=token) == 401


# -- Rights ---------------------------------------------------------------------------------------

LOCK = "/kitchen/messages/1/00000000-0000-0000-0000-000000000000"
NEEDED = {
    ("POST", "/kitchen/messages"): "sender",
    ("POST", "/kitchen/messages/head?timeout=0"): "listener",
    ("DELETE", "/kitchen/messages/head?timeout=0"): "listener",
    ("DELETE", LOCK): "listener",
    ("GET", "/kitchen"): "manager",
    ("PUT", "/kitchen"): "manager",
    ("DELETE", "/kitchen"): "manager",
}


@pytest.mark.parametrize("name", sorted(KEYS))
@pytest.mark.parametrize("call", NEEDED)
async def test_each_call_takes_its_right(talk: WebTalk, call: tuple[str, str], name: str) -> None:
    answer = await status(talk, *call, token=own(talk, name))
    is_allowed = name in (NEEDED[call], "manager")
    assert (answer != 401) is is_allowed


FORWARDING = "<ForwardTo>sb://127.0.0.1:5672/orders</ForwardTo>"
DEAD_LETTERS = "<ForwardDeadLetteredMessagesTo>ORDERS</ForwardDeadLetteredMessagesTo>"


@pytest.mark.parametrize("setting", [FORWARDING, DEAD_LETTERS])
async def test_who_manages_a_queue_cannot_send_elsewhere_by_forwarding(
    talk: WebTalk, setting: str
) -> None:
    rules = talk.broker.namespace.directory.queue("kitchen").description.authorization_rules
    for token in (own(talk, "manager"), talk.sign("kitchen")):
        update = body_of(setting)
        given: dict[str, Any] = {"If_Match": "*", "token": token}
        assert await status(talk, "PUT", "/kitchen", update, **given) == 401
        given["ServiceBusSupplementaryAuthorization"] = token
        given["ServiceBusDlqSupplementaryAuthorization"] = token
        assert await status(talk, "PUT", "/kitchen", update, **given) == 401
    description = talk.broker.namespace.directory.queue("kitchen").description
    assert (description.forward_to, description.authorization_rules) == (None, rules)


# -- Proof, and nothing to learn ------------------------------------------------------------------


@pytest.mark.parametrize("token", ["", "nonsense", "SharedAccessSignature sr=a&sig=b&se=1&skn=c"])
@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/{}"),
        ("DELETE", "/{}"),
        ("PUT", "/{}"),
        ("POST", "/{}/messages"),
        ("DELETE", "/{}/messages/head?timeout=0"),
        ("PUT", "/{}/messages/1/00000000-0000-0000-0000-000000000000"),
        ("GET", "/{}/subscriptions/all/rules"),
        ("GET", "/$lab/queues/{}"),
    ],
)
async def test_who_has_no_token_learns_nothing_of_what_there_is(
    talk: WebTalk, method: str, target: str, token: str
) -> None:
    there, missing = [
        await talk.ask(method, target.format(name), token=token or " ")
        for name in ("kitchen", "nothing")
    ]
    assert there.status == missing.status == 401
    assert there.body == missing.body


async def test_key_that_an_entity_has_is_as_unknown_as_one_that_it_has_not(talk: WebTalk) -> None:
    answers = [
        await talk.ask("GET", f"/{name}", token=talk.sign(name, "manager", "guessed"))
        for name in ("kitchen", "orders", "nothing")
    ]
    assert {answer.status for answer in answers} == {401}
    assert len({answer.body for answer in answers}) == 1


# -- Pages in browsers ----------------------------------------------------------------------------

CALLS = [
    ("GET", "/health"),
    ("GET", "/orders"),
    ("POST", "/orders/messages"),
    ("GET", "/$lab/status"),
    ("POST", "/$lab/reset"),
    ("OPTIONS", "/orders"),
    ("GET", "/$servicebus/websocket"),
]


@pytest.mark.parametrize("origin", ["null", "https://evil.example", "http://127.0.0.1:8888"])
@pytest.mark.parametrize("call", CALLS)
async def test_no_page_gets_an_answer_and_none_is_told_that_it_may_ask(
    talk: WebTalk, call: tuple[str, str], origin: str
) -> None:
    answer = await talk.ask(*call, Origin=origin)
    assert answer.status == 403
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    assert talk.counts("orders").total == 0


@pytest.mark.parametrize("call", CALLS)
async def test_nobody_calls_the_broker_by_a_name_that_leads_elsewhere(
    talk: WebTalk, call: tuple[str, str]
) -> None:
    """A page whose own name leads here now (DNS rebinding) sends no Origin with its GET."""
    page = {"Host": "evil.example:5672", "User_Agent": "Mozilla/5.0 (X11; Linux x86_64)"}
    assert await status(talk, *call, **page) == 421


async def test_program_behind_a_proxy_calls_a_websocket_as_the_proxy_knows_it(
    talk: WebTalk,
) -> None:
    """`custom_endpoint_address` and `http_proxy` of the Python SDK, which sends an Origin, too."""
    own_name = {"Host": "broker.example:5671", "Origin": "http://broker.example:5671"}
    assert await status(talk, "GET", "/$servicebus/websocket", **own_name) == 426
    assert await status(talk, "GET", "/orders", **own_name) == 421


async def test_origin_of_the_broker_itself_is_let_through(talk: WebTalk) -> None:
    """Python's websocket-client sends it."""
    assert await status(talk, "GET", "/orders", Origin=f"http://{HOST}") == 200


@pytest.mark.parametrize("host", ["localhost:5672", "127.0.0.1", "[::1]:5672", "LOCALHOST"])
async def test_broker_answers_by_all_of_its_names(talk: WebTalk, host: str) -> None:
    assert await status(talk, "GET", "/orders", Host=host) == 200


async def test_head_alone_says_whether_a_body_may_follow(talk: WebTalk) -> None:
    def admitted(method: str, target: str, **headers: str) -> object:
        answer = router.admit(talk.request(method, target, **headers), talk.broker)
        return answer.status if isinstance(answer, Response) else answer

    assert admitted("POST", "/orders/messages") is True
    assert admitted("PUT", "/new") is True
    assert admitted("POST", "/$lab/reset") is True
    assert admitted("GET", "/health") is False
    assert admitted("GET", "/$servicebus/websocket") is False
    for target in ("/orders/messages", "/new", "/$lab/reset"):
        assert admitted("POST", target, Authorization="nonsense") == 401
    assert admitted("PATCH", "/orders/messages/head") == 405
    assert admitted("POST", "/orders/messages", Host="a/b") == 400


# -- Faults on order ------------------------------------------------------------------------------


async def answered(answer: Any) -> Response:
    return await answer if isinstance(answer, Awaitable) else answer


@pytest.mark.parametrize(
    ("method", "target"),
    [("POST", "/orders/messages"), ("GET", "/orders"), ("DELETE", "/orders/messages/head")],
)
async def test_fault_for_http_reaches_administration_and_messages(
    talk: WebTalk, method: str, target: str
) -> None:
    order = json.dumps({"occasion": "http", "path": "Orders", "status_code": 503, "text": "Busy."})
    assert await status(talk, "POST", "/$lab/faults", order.encode()) == 200
    assert await status(talk, method, target, token="nonsense") == 401
    assert await status(talk, "GET", "/kitchen") == 200
    answer = await talk.ask(method, target)
    assert (answer.status, b"<Detail>Busy.</Detail>" in answer.body) == (503, True)
    assert talk.broker.faults.planned == []


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"occasion": "lunch"},
        {"occasion": ["send"]},
        {"occasion": "send", "when": 1},
        {"occasion": "send", "times": 0},
        {"occasion": "send", "times": 1.5},
        {"occasion": "send", "condition": 1},
        {"occasion": "send", "condition": "café"},
        {"occasion": "send", "text": "x" * 1001},
        {"occasion": "sent", "path": "oders"},
        {"occasion": "settled", "path": "oders"},
        {"occasion": "send", "path": "oders"},
        {"occasion": "http", "status_code": 200},
        {"occasion": "http", "status_code": True},
        {"occasion": "send", "status_code": 200},
        [],
        None,
    ],
)
async def test_fault_that_makes_no_sense_is_refused_in_a_sentence(
    talk: WebTalk, order: Any
) -> None:
    answer = await talk.ask("POST", "/$lab/faults", json.dumps(order).encode())
    assert answer.status in (400, 404)
    assert json.loads(answer.body)["error"].endswith(".")
    assert talk.broker.faults.planned == []


@pytest.mark.parametrize("number", ["2", "-1", "1.0", "one", "9" * 400, "1/2"])
async def test_fault_that_is_not_planned_is_not_taken_back(talk: WebTalk, number: str) -> None:
    talk.broker.faults.plan("send")
    answer = await talk.ask("DELETE", f"/$lab/faults/{number}")
    assert answer.status == 404
    assert json.loads(answer.body)["error"].startswith("There is no fault ")
    assert len(talk.broker.faults.planned) == 1
    assert await status(talk, "DELETE", "/$lab/faults/1") == 200
    assert talk.broker.faults.planned == []


async def test_only_so_many_faults_are_planned(talk: WebTalk) -> None:
    order = json.dumps({"occasion": "send"}).encode()
    for _ in range(100):
        assert await status(talk, "POST", "/$lab/faults", order) == 200
    assert await status(talk, "POST", "/$lab/faults", order) == 409
    assert len(talk.broker.faults.planned) == 100


@pytest.mark.parametrize(
    ("call", "body"),
    [
        (call, body)
        for call, bodies in {
            "delay": (b"", b"[]", b'{"seconds": "1"}', b'{"seconds": true}', b'{"seconds": -1}'),
            "outage": (b"{}", b'{"seconds": 0}', b'{"seconds": NaN}', b'{"seconds": 601}'),
            "cut": (b"{}", b'{"who": ""}', b'{"who": 7}', b'{"who": "nobody"}'),
        }.items()
        for body in bodies
    ]
    + [(call, b'{"seconds": 1%s}' % (b"0" * 400)) for call in ("delay", "outage")]
    + [("cut", b'{"who": "%s"}' % (b"x" * 257))],
)
async def test_what_lasts_or_cuts_and_makes_no_sense_is_refused_in_a_sentence(
    talk: WebTalk, call: str, body: bytes
) -> None:
    answer = await talk.ask("POST", f"/$lab/{call}", body)
    assert answer.status in (400, 404)
    assert json.loads(answer.body)["error"].endswith(".")
    assert (talk.broker.faults.delay_seconds, talk.broker.faults.is_out) == (0, False)


async def test_in_an_outage_the_lab_is_answered_and_nobody_else(talk: WebTalk) -> None:
    assert await status(talk, "POST", "/$lab/outage", b'{"seconds": 60}') == 200
    assert await status(talk, "GET", "/orders") == 0
    assert await status(talk, "GET", "/health") == 0
    assert await status(talk, "POST", "/orders/messages", b"x") == 0
    assert await status(talk, "GET", "/$lab/status") == 200
    assert await status(talk, "GET", "/$lab/status", token="nonsense") == 401
    talk.clock.tick(60)
    assert await status(talk, "GET", "/orders") == 200
