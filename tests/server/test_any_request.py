"""Whatever is asked over HTTP is answered, and never with a bug of ours: random requests."""

import asyncio
import json
from collections.abc import Awaitable
from typing import Any
from xml.etree.ElementTree import fromstring

from hypothesis import given, settings
from hypothesis import strategies as st

from sbtutorial.http.request import Request, Response
from sbtutorial.server.http_endpoint import HttpEndpoint
from tests.admin.asking import body_of
from tests.examples import examples
from tests.server.webtalk import WebTalk

# Texts that XML and HTTP can carry, and those that they cannot.
TEXTS = st.text(max_size=20) | st.sampled_from(
    [
        "\x00",
        "\ud800",
        "é\n",
        "1e308",
        "NaN",
        "-1",
        "9" * 400,
        "P1Y",
        "0001-01-01T00:00:00+23:59",
        "$",
    ]
)
NUMBERS = (
    st.integers()
    | st.floats()
    | st.sampled_from([1e308, -1e308, 1e-300, 2**63, -(2**63) - 1, 10**400, 0])
)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
SYSTEM = st.sampled_from(
    [
        *("ContentType", "CorrelationId", "Label", "MessageId", "ReplyTo", "ReplyToSessionId"),
        *("SessionId", "To", "PartitionKey", "ViaPartitionKey", "TimeToLive", "LockToken"),
        *("TimeToLiveTimeSpan", "ScheduledEnqueueTimeUtc", "EnqueuedTimeUtc", "Nobody"),
    ]
)
DATES = st.sampled_from(
    [
        *("Sun, 06 Nov 1994 08:49:37 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "9999-12-31"),
        *(
            "Sat, 01 Jan 0000 00:00:00 GMT",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
        ),
    ]
)
SPANS = st.sampled_from(
    ["99999999.99:99:99.9999999", "0:0", "10675199.02:48:05.4775807", "0.0:0:0"]
)


def run(check: Any) -> None:
    asyncio.run(check())


def require_answer(response: Response) -> None:
    """What a client can read, whoever is to blame."""
    assert 200 <= response.status < 500, response.body
    kind = dict(response.headers).get("Content-Type", "")
    if "xml" in kind and response.body and response.status >= 400:
        detail = fromstring(response.body).findtext("Detail")
        assert detail
        assert detail.endswith((".", "…")), detail
    for name, text in response.headers:
        assert text == text.strip()
        assert not set(f"{name}{text}") & set("\r\n\0")
        text.encode("latin-1")


async def ask(
    talk: WebTalk, method: str, target: str, body: bytes = b"", **headers: str
) -> Response:
    reply = await talk.ask(method, target, body, **headers)
    response = Response(reply.status, tuple(reply.headers.items()), reply.body)
    require_answer(response)
    return response


async def require_delivery(talk: WebTalk) -> None:
    """What was accepted can be shown, exported, and received over AMQP and HTTP."""
    assert (await ask(talk, "GET", "/$lab/queues/orders")).status == 200
    assert (await ask(talk, "GET", "/orders")).status == 200
    amqp = talk.amqp()
    link = amqp.attach_receiver()
    link.grant(100)
    amqp.pump()
    for event in amqp.received(link):
        link.settle(event.delivery_id, None)
    amqp.client.close()
    amqp.pump()
    amqp.endpoint.connection_lost()


@settings(max_examples=examples(200))
@given(given_=st.dictionaries(SYSTEM, JSON | DATES | SPANS, max_size=4))
def test_system_properties_of_any_values(given_: dict[str, Any]) -> None:
    async def check() -> None:
        talk = WebTalk()
        talk.make_queue()
        text = json.dumps(given_)
        sent = await ask(talk, "POST", "/orders/messages", b"x", BrokerProperties=text)
        assert sent.status in (201, 400, 413)
        if sent.status == 201:
            await require_delivery(talk)
            assert (await ask(talk, "DELETE", "/orders/messages/head?timeout=0")).status < 300

    run(check)


@settings(max_examples=examples(100))
@given(
    items=st.lists(
        st.dictionaries(
            st.sampled_from(["Body", "BrokerProperties", "UserProperties", "Other"]),
            JSON | st.dictionaries(SYSTEM | TEXTS, JSON | DATES, max_size=2),
            max_size=3,
        )
        | JSON,
        max_size=3,
    )
)
def test_batches_of_any_items(items: list[Any]) -> None:
    async def check() -> None:
        talk = WebTalk()
        talk.make_queue()
        kind = "application/vnd.microsoft.servicebus.json"
        body = json.dumps(items).encode()
        sent = await ask(talk, "POST", "/orders/messages", body, Content_Type=kind)
        assert sent.status in (201, 400, 413)
        if sent.status == 201:
            await require_delivery(talk)

    run(check)


HEADER_VALUES = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=30
)


@settings(max_examples=examples(100))
@given(
    headers=st.dictionaries(
        st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,10}", fullmatch=True), HEADER_VALUES
    ),
    kind=HEADER_VALUES,
)
def test_headers_of_any_values(headers: dict[str, str], kind: str) -> None:
    async def check() -> None:
        talk = WebTalk()
        talk.make_queue()
        own = {"Host", "Authorization", "BrokerProperties", "Origin", "Content-Type"}
        given_ = {n: v for n, v in headers.items() if n.title() not in own}
        sent = await ask(talk, "POST", "/orders/messages", b"x", Content_Type=kind, **given_)
        assert sent.status == 201
        taken = await ask(talk, "DELETE", "/orders/messages/head?timeout=0")
        assert taken.status == 200

    run(check)


TARGETS = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=30
) | st.sampled_from(
    [
        *(
            "/",
            "/orders",
            "/$lab/queues/%00",
            "/$lab/shrink/%ff",
            "/%ff",
            "/orders/messages/head?timeout=1e999",
        ),
        *(
            "/orders/messages/x/{}",
            "/orders/messages/%00/%00",
            "/$Resources/queues?$skip=-1&$top=%ff",
        ),
        *(
            "/orders?api-version=%00",
            "/orders/subscriptions/x/rules/y",
            "/$namespaceinfo?api-version=9",
        ),
        *("/$lab/events?after=1e400", "/$lab/events?entity=%ff&after=5e300", "/%2F/messages"),
    ]
)
METHODS = st.sampled_from(["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"])


@settings(max_examples=examples(300))
@given(
    method=METHODS,
    target=TARGETS,
    body=st.binary(max_size=20) | JSON.map(json.dumps).map(str.encode),
)
def test_targets_and_bodies_of_any_kind(method: str, target: str, body: bytes) -> None:
    async def check() -> None:
        talk = WebTalk()
        talk.make_queue()
        target_ = target if target.startswith("/") else f"/{target}"
        if target_.startswith("/$lab/shutdown") or ("timeout" not in target_ and "head" in target_):
            return
        request = talk.request(method, target_, body)
        answer: Any = talk.answer(request)
        response = await answer if isinstance(answer, Awaitable) else answer
        if response.status not in (501, 504):
            require_answer(response)

    run(check)


ELEMENTS = st.sampled_from(
    [
        *("LockDuration", "MaxSizeInMegabytes", "DefaultMessageTimeToLive", "MaxDeliveryCount"),
        *("RequiresSession", "AutoDeleteOnIdle", "Status", "ForwardTo", "UserMetadata", "Nothing"),
        *("ForwardDeadLetteredMessagesTo", "DuplicateDetectionHistoryTimeWindow", "MessageCount"),
        *("MaxMessageSizeInKilobytes", "EnablePartitioning", "CountDetails", "AuthorizationRules"),
    ]
)
VALUES = st.sampled_from(
    [
        *(
            "",
            "P1Y",
            "P9999999999999999999999Y",
            "-P1D",
            "PT0.0000001S",
            "P10675199DT2H48M5.4775807S",
        ),
        *(
            "9" * 30,
            "-1",
            "0",
            "1e9",
            "true",
            "maybe",
            "&#233;",
            "&#x1F600;",
            "&lt;x&gt;",
            "]]&gt;",
        ),
        *("<b/>", "<i><i><i/></i></i>", "sb://h/orders", "://", "orders?x=://h/y", "a" * 3000),
        *(
            "<AuthorizationRule/>",
            "<AuthorizationRule><Rights>x</Rights></AuthorizationRule>",
            "\t\n",
        ),
    ]
)


@settings(max_examples=examples(200))
@given(
    settings_=st.lists(st.tuples(ELEMENTS, VALUES), max_size=4),
    kind=st.sampled_from(["QueueDescription", "TopicDescription", "RuleDescription", "X"]),
    update=st.booleans(),
)
def test_descriptions_of_any_settings(
    settings_: list[tuple[str, str]], kind: str, update: bool
) -> None:
    async def check() -> None:
        talk = WebTalk()
        talk.make_queue()
        inner = "".join(f"<{name}>{value}</{name}>" for name, value in settings_)
        headers = {"If_Match": "*"} if update else {}
        name = "orders" if update else "new"
        made = await ask(talk, "PUT", f"/{name}", body_of(inner, kind), **headers)
        shown = await ask(talk, "GET", f"/{name}")
        fromstring(shown.body)
        if made.status in (200, 201):
            assert b"<entry" in shown.body
        assert (await ask(talk, "GET", "/$lab/config")).status == 200

    run(check)


TYPES = st.sampled_from(
    [
        *("string", "int", "long", "double", "boolean", "dateTime", "duration", "decimal", "float"),
        *("short", "byte", "unsignedByte", "unsignedLong", "guid", "base64Binary", "char", ""),
    ]
)
TYPED = st.sampled_from(
    [
        *("1", "-1", "300", "9223372036854775807", "9223372036854775808", "18446744073709551615"),
        *("1E+999999999", "1E-999999999", "NaN", "INF", "1e400", "true", "P1D", "P1Y" * 50, "x"),
        *("0001-01-01T00:00:00", "9999-12-31T23:59:59.9999999Z", "2024-02-30", "AAAA", "\t"),
        *("{00000000-0000-0000-0000-000000000000}", "0" * 1000, "&#233;"),
    ]
)
FILTERS = st.sampled_from(
    [
        "amount &gt; @p",
        "@p = @p",
        "amount",
        "((((",
        "1=1",
        "",
        "x LIKE @p",
        "SET x = @p",
        "REMOVE x",
    ]
)


@settings(max_examples=examples(200))
@given(
    kind=TYPES, value=TYPED, sql=FILTERS, action=FILTERS, name=st.sampled_from(["p", "@p", "é", ""])
)
def test_rules_of_any_expressions_and_parameters(
    kind: str, value: str, sql: str, action: str, name: str
) -> None:
    async def check() -> None:
        talk = WebTalk()
        talk.make_subscription()
        pair = (
            f'<KeyValueOfstringanyType><Key>{name}</Key><Value i:type="d:{kind}">{value}</Value>'
            "</KeyValueOfstringanyType>"
        )
        correlation = f'<Filter i:type="CorrelationFilter"><Properties>{pair}</Properties></Filter>'
        by_sql = (
            f'<Filter i:type="SqlFilter"><SqlExpression>{sql}</SqlExpression>'
            f"<Parameters>{pair}</Parameters></Filter>"
            f'<Action i:type="SqlRuleAction"><SqlExpression>{action}</SqlExpression>'
            f"<Parameters>{pair}</Parameters></Action>"
        )
        rules = "/news/subscriptions/all/rules"
        for number, inner in enumerate((correlation, by_sql)):
            await ask(talk, "PUT", f"{rules}/r{number}", body_of(inner, "RuleDescription"))
        shown = await ask(talk, "GET", rules)
        assert shown.status == 200
        assert len(shown.body) < 20_000
        fromstring(shown.body)
        assert (await ask(talk, "GET", "/$lab/config")).status == 200
        request = {"operation": "com.microsoft:enumerate-rules"}
        answer = talk.amqp().ask(
            "news/Subscriptions/all/$management", request, {"top": 100, "skip": 0}
        )
        assert answer.status["statusCode"] == 200
        assert (await ask(talk, "POST", "/news/messages", b"x", amount="5")).status == 201

    run(check)


PIECES = st.sampled_from(
    [
        *(b"GET ", b"POST /orders/messages", b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", b" HTTP/9.9\r\n"),
        *(
            b"Host: 127.0.0.1\r\n",
            b"Host: \xff\r\n",
            b"Content-Length: 5\r\n",
            b"\r\n",
            b"\n",
            b"\0",
        ),
        *(b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n", b"0\r\n\r\n", b"ffffffffffff\r\n"),
        *(
            b"Expect: 100-continue\r\n",
            b"Upgrade: websocket\r\nConnection: Upgrade\r\n",
            b": x\r\n",
        ),
        *(
            b"/health",
            b" ",
            b"Origin: null\r\n",
            b"hello",
            b"X: " + b"x" * 5000 + b"\r\n",
            b"\xff\xfe",
        ),
    ]
)


@settings(max_examples=examples(300))
@given(pieces=st.lists(PIECES, max_size=12), is_open=st.booleans())
def test_bytes_of_any_kind(pieces: list[bytes], is_open: bool) -> None:
    written: list[bytes] = []
    closed: list[bool] = []

    class Timer:
        def cancel(self) -> None: ...

    def write(data: bytes) -> None:
        assert not closed
        written.append(data)

    def admit(request: Request) -> bool | Response:
        return is_open or Response(401)

    endpoint = HttpEndpoint(
        lambda request: Response(200, (), request.path.encode(errors="replace")),
        write,
        lambda: closed.append(True),
        admit=admit,
        spawn=lambda coroutine: Timer(),
        later=lambda seconds, action: Timer(),
    )
    for piece in pieces:
        endpoint.receive_data(piece)
    assert b"500 Internal" not in b"".join(written)
    assert len(closed) <= 1
    endpoint.connection_lost()
