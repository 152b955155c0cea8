"""Every plane of the broker refuses every token that is wrong: plane by plane, fault by fault.

A plane is a way to the broker; each tries one thing that changes something or tells something. A
fault is a token (a key, for SASL) that must not open it. The same try with a good one succeeds, so
no refusal here comes of anything else. Then the same on a connection that is open already, when the
token on which it was opened has ended.
"""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from sbtutorial.amqp.connection import Connection, ConnectionRole
from sbtutorial.amqp.errors import LocalProtocolError
from sbtutorial.amqp.events import DispositionReceived, LinkDetached, LinkRefused
from sbtutorial.amqp.messaging import Accepted, Source, Target
from sbtutorial.amqp.types import Symbol
from sbtutorial.broker.descriptions import AuthorizationRule, QueueDescription
from sbtutorial.gateway.access.sas import LATE_RENEWAL_SECONDS, sign
from sbtutorial.gateway.core import KEY_NAME
from sbtutorial.gateway.rest import data_plane
from sbtutorial.server import router
from sbtutorial.server.http_endpoint import HttpEndpoint
from sbtutorial.testing import SteppedBroker
from tests.admin.asking import body_of
from tests.gateway.talk import HOST, Talk

KEY = "the key of this namespace"
SENDER, LISTENER = "may send", "may listen"
RULES = (
    AuthorizationRule(SENDER, ("Send",), "send key", "x"),
    AuthorizationRule(LISTENER, ("Listen",), "listen key", "x"),
)
# What tries a plane with a token; whether it got through.
Plane = Callable[[SteppedBroker, str], bool]
# Makes a token for one plane's resource, given the right that the plane asks for.
Fault = Callable[[SteppedBroker, str, str], str]


@pytest.fixture
def broker() -> SteppedBroker:
    broker = SteppedBroker(key=KEY)
    with broker.reactor.turn() as now:
        for name in ("kitchen", "orders"):
            description = QueueDescription(authorization_rules=RULES)
            broker.namespace.create(name, description, now=now)
    return broker


def count(broker: SteppedBroker, name: str = "kitchen") -> int:
    return broker.namespace.directory.queue(name).receivable.counts().total


# -- Planes ---------------------------------------------------------------------------------------


def put(talk: Talk, token: str, audience: str = f"{HOST}/kitchen") -> int:
    named = {"operation": "put-token", "name": audience}
    return int(talk.ask("$cbs", named, token).status["status-code"])


def by_cbs(broker: SteppedBroker, token: str) -> bool:
    talk = Talk(broker, put_token=False)
    put(talk, token)
    link = talk.attach_sender("kitchen")
    if not talk.is_attached(link):
        assert talk.of(LinkRefused)
        return False
    talk.send(link)
    return True


def by_management(broker: SteppedBroker, token: str) -> bool:
    talk = Talk(broker, put_token=False)
    put(talk, token)
    link = talk.attach_receiver("kitchen/$management")
    if not talk.is_attached(link):
        return False
    request = {"operation": "com.microsoft:peek-message"}
    body = {"from-sequence-number": 0, "message-count": 1}
    answer = talk.ask("kitchen/$management", request, body)
    return bool(answer.status["statusCode"] != 401)


def by_http_administration(broker: SteppedBroker, token: str) -> bool:
    return _status(broker, "PUT", "/kitchen", token, body_of(), {"If-Match": "*"}) != 401


def by_http_data_plane(broker: SteppedBroker, token: str) -> bool:
    return _status(broker, "POST", "/kitchen/messages", token, b"x") != 401


def by_http_receiving(broker: SteppedBroker, token: str) -> bool:
    return _status(broker, "DELETE", "/kitchen/messages/head?timeout=0", token) != 401


def by_the_labs_calls(broker: SteppedBroker, token: str) -> bool:
    return _status(broker, "GET", "/$lab/status", token) != 401


def _status(
    broker: SteppedBroker,
    method: str,
    target: str,
    token: str,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> int:
    exchange = broker.http(method, target, body, {"Authorization": token, **(headers or {})})
    assert exchange.response is not None
    return exchange.response.status


def by_websocket(broker: SteppedBroker, token: str) -> bool:
    """CBS again, inside the frames of a WebSocket."""
    tunnel = Tunnel(broker)
    return tunnel.puts(token) and tunnel.attaches("kitchen")


class Tunnel:
    """A client engine behind HTTP's upgrade and wsproto's frames."""

    def __init__(self, broker: SteppedBroker) -> None:
        from wsproto import ConnectionType, WSConnection
        from wsproto.events import Request

        self._broker = broker
        self._web = WSConnection(ConnectionType.CLIENT)
        self._written = bytearray()
        self.events: list[Any] = []
        self._endpoint = HttpEndpoint(
            lambda request: router.handle(request, broker),  # type: ignore[arg-type,return-value]
            self._written.extend,
            lambda: None,
            admit=lambda head: router.admit(head, broker),
            spawn=lambda coroutine: pytest.fail("nothing waits"),
            later=lambda seconds, action: Silent(),
        )
        asked = Request("127.0.0.1", "/$servicebus/websocket", subprotocols=["AMQPWSB10"])
        self._endpoint.receive_data(self._web.send(asked))
        self.client = Connection(ConnectionRole.CLIENT, container_id="tunnel")
        self.client.open()
        self.session = self.client.begin()
        self.pump()

    def pump(self) -> None:
        from wsproto.events import BytesMessage

        for _ in range(20):
            self._broker.run()
            data, self._written[:] = bytes(self._written), b""
            if data:
                self._web.receive_data(data)
            for event in self._web.events():
                if isinstance(event, BytesMessage):
                    self.client.receive_data(bytes(event.data), now=0)
            self.events += self.client.events()
            if said := self.client.data_to_send():
                self._endpoint.receive_data(self._web.send(BytesMessage(said)))

    def puts(self, token: str) -> bool:
        from tests.fuzz.targets.broker import cbs_sections

        session = self.session
        answers = session.attach_receiver("a", source=Source("$cbs"), target=Target("back"))
        requests = session.attach_sender("q", source=Source("back"), target=Target("$cbs"))
        self.pump()
        answers.grant(1)
        payload = cbs_sections(token, f"{HOST}/kitchen")
        requests.send(payload, delivery_tag=b"t", settled=False)
        self.pump()
        assert any(isinstance(event, DispositionReceived) for event in self.events)
        return True

    def attaches(self, address: str) -> bool:
        sender = self.session.attach_sender("s", source=Source("x"), target=Target(address))
        self.pump()
        return sender.is_attached and sender.credit > 0


class Silent:
    def cancel(self) -> None: ...


# Each plane with the right that its try takes.
PLANES: dict[Plane, str] = {
    by_cbs: "Send",
    by_management: "Listen",
    by_websocket: "Send",
    by_http_administration: "Manage",
    by_http_data_plane: "Send",
    by_http_receiving: "Listen",
    by_the_labs_calls: "Manage",
}


# -- Faults ---------------------------------------------------------------------------------------

PATHS = {by_the_labs_calls: "$lab"}


def good(broker: SteppedBroker, path: str, _right: str) -> str:
    return sign(f"{HOST}/{path}", KEY_NAME, KEY, broker.clock.wall() + 60)


def missing(_broker: SteppedBroker, _path: str, _right: str) -> str:
    return ""


def another_key(broker: SteppedBroker, path: str, _right: str) -> str:
    return sign(f"{HOST}/{path}", KEY_NAME, "guessed", broker.clock.wall() + 60)


def another_name(broker: SteppedBroker, path: str, _right: str) -> str:
    return sign(f"{HOST}/{path}", "Root", KEY, broker.clock.wall() + 60)


def of_another_namespace(broker: SteppedBroker, path: str, right: str) -> str:
    return another_key(broker, path, right).replace("guessed", SteppedBroker(seed=9).key)


def expired(broker: SteppedBroker, path: str, _right: str) -> str:
    end = broker.clock.wall() - LATE_RENEWAL_SECONDS - 1
    return sign(f"{HOST}/{path}", KEY_NAME, KEY, end)


def prolonged(broker: SteppedBroker, path: str, _right: str) -> str:
    """Somebody wrote a later end into a token that has ended."""
    token = expired(broker, path, _right)
    head, _, rest = token.partition("&se=")
    return f"{head}&se={int(broker.clock.wall()) + 60}&{rest.partition('&')[2]}"


def for_another_entity(broker: SteppedBroker, _path: str, right: str) -> str:
    return good(broker, "orders", right)


def for_another_entity_renamed(broker: SteppedBroker, path: str, right: str) -> str:
    """Somebody wrote this entity's name into a token for another."""
    return good(broker, "orders", right).replace("orders", path.replace("$", "%24"))


def for_a_longer_name(broker: SteppedBroker, path: str, right: str) -> str:
    return good(broker, f"{path}2", right)


def with_the_wrong_right(broker: SteppedBroker, path: str, right: str) -> str:
    name, key = (LISTENER, "listen key") if right == "Send" else (SENDER, "send key")
    return sign(f"{HOST}/{path}", name, key, broker.clock.wall() + 60)


def a_bearers(_broker: SteppedBroker, _path: str, _right: str) -> str:
    return "Bearer eyJhbGciOiJub25lIn0.e30."


FAULTS: list[Fault] = [
    missing,
    another_key,
    another_name,
    of_another_namespace,
    expired,
    prolonged,
    for_another_entity,
    for_another_entity_renamed,
    for_a_longer_name,
    with_the_wrong_right,
    a_bearers,
]


@pytest.mark.parametrize("plane", PLANES, ids=lambda plane: plane.__name__)
def test_good_token_opens_each_plane(broker: SteppedBroker, plane: Plane) -> None:
    assert plane(broker, good(broker, PATHS.get(plane, "kitchen"), PLANES[plane]))


@pytest.mark.parametrize("plane", PLANES, ids=lambda plane: plane.__name__)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_no_wrong_token_opens_any_plane(broker: SteppedBroker, plane: Plane, fault: Fault) -> None:
    token = fault(broker, PATHS.get(plane, "kitchen"), PLANES[plane])
    before = broker.namespace.directory.queue("kitchen").description
    assert not plane(broker, token)
    assert (count(broker), count(broker, "orders")) == (0, 0)
    assert broker.namespace.directory.queue("kitchen").description == before


@pytest.mark.parametrize("plane", PLANES, ids=lambda plane: plane.__name__)
def test_no_beginning_of_a_token_opens_any_plane(broker: SteppedBroker, plane: Plane) -> None:
    token = good(broker, PATHS.get(plane, "kitchen"), PLANES[plane])
    # The name of the key stands last: without its end it is another name.
    for length in (*range(0, len(token), 7), *range(len(token) - 7, len(token))):
        assert not plane(broker, token[:length]), token[:length]


# -- SASL: a name and a key, and no token --------------------------------------------------------


def plain(broker: SteppedBroker, name: str, password: str) -> bool:
    response = b"\0" + name.encode() + b"\0" + password.encode()
    wire = broker.connect(sasl_mechanisms=("PLAIN",), sasl_response=response)
    try:
        link = wire.session.attach_sender("s", source=Source("x"), target=Target("kitchen"))
    except LocalProtocolError:  # the connection is over
        assert not wire.endpoint.is_proved
        return False
    wire.pump()
    return link.is_attached and link.credit > 0


def test_the_key_opens_sasl(broker: SteppedBroker) -> None:
    assert plain(broker, KEY_NAME, KEY)


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("", ""),
        (KEY_NAME, ""),
        ("", KEY),
        (KEY_NAME, "guessed"),
        (KEY_NAME, KEY + "x"),
        (KEY_NAME, KEY + "\0x"),
        (KEY_NAME.lower(), KEY),
        (SENDER, "send key"),  # an entity's keys make tokens, and are no passwords
        (KEY_NAME, base64.b64encode(KEY.encode()).decode()),
    ],
)
def test_nothing_else_opens_sasl(broker: SteppedBroker, name: str, password: str) -> None:
    assert not plain(broker, name, password)
    assert count(broker) == 0


def test_no_beginning_of_the_key_opens_sasl(broker: SteppedBroker) -> None:
    for length in range(len(KEY)):
        assert not plain(broker, KEY_NAME, KEY[:length])


def test_keys_are_random_for_each_namespace() -> None:
    keys = {SteppedBroker(seed=seed, key=None).key for seed in range(100)}  # type: ignore[arg-type]
    assert len(keys) == 100
    assert min(map(len, keys)) >= 43  # 32 bytes in base64


# -- A token that ends on an open connection -----------------------------------------------------


def opened(broker: SteppedBroker, *paths: str, seconds: float = 30) -> Talk:
    """A client with a token for each of these, for so long."""
    talk = Talk(broker, put_token=False)
    for path in paths:
        assert talk.put_token(f"{HOST}/{path}", KEY, seconds).status["status-code"] == 202
    return talk


def let_end(talk: Talk) -> None:
    talk.broker.tick(31)
    talk.pump()


def test_sender_is_sent_away_when_its_token_ends(broker: SteppedBroker) -> None:
    talk = opened(broker, "kitchen")
    link = talk.attach_sender("kitchen")
    talk.send(link)
    let_end(talk)
    (end,) = talk.of(LinkDetached)
    assert end.error.condition == "amqp:unauthorized-access"
    assert count(broker) == 1
    assert not talk.is_attached(talk.attach_sender("kitchen"))


def test_receiver_is_sent_away_when_its_token_ends(broker: SteppedBroker) -> None:
    talk = opened(broker, "kitchen")
    receiver = talk.attach_receiver("kitchen")
    receiver.grant(10)
    talk.pump()
    let_end(talk)
    other = opened(broker, "kitchen")
    other.send(other.attach_sender("kitchen"))
    talk.pump()
    assert not receiver.is_attached
    assert talk.received(receiver) == []


def test_what_it_had_received_is_settled_no_more(broker: SteppedBroker) -> None:
    talk = opened(broker, "kitchen")
    talk.send(talk.attach_sender("kitchen"))
    receiver = talk.attach_receiver("kitchen")
    receiver.grant(1)
    talk.pump()
    (event,) = talk.received(receiver)
    receiver.settle(event.delivery_id, Accepted(), settled=False)
    broker.clock.tick(31)  # both are on their way at once
    broker.run()
    talk.pump()
    assert count(broker) == 1


def test_management_is_refused_when_its_token_ends(broker: SteppedBroker) -> None:
    talk = opened(broker, "kitchen")
    request = {"operation": "com.microsoft:schedule-message"}
    assert talk.ask("kitchen/$management", request, {"messages": []}).status["statusCode"] == 200
    with talk._request_links("kitchen/$management"):
        let_end(talk)
        assert not talk.is_attached(talk.attach_receiver("kitchen/$management"))
    assert count(broker) == 0


@pytest.mark.parametrize("ends", ["kitchen", "orders"])
def test_who_sends_through_a_queue_needs_tokens_for_both(broker: SteppedBroker, ends: str) -> None:
    (stays,) = {"kitchen", "orders"} - {ends}
    talk = opened(broker, ends)
    assert talk.put_token(f"{HOST}/{stays}", KEY, 600).status["status-code"] == 202
    link = talk.session.attach_sender(
        "through",
        source=Source("here"),
        target=Target("kitchen"),
        properties={Symbol("com.microsoft:transfer-destination-address"): "orders"},
    )
    talk.pump()
    talk.send(link)
    assert count(broker, "orders") == 1
    let_end(talk)
    assert not link.is_attached
    assert talk.of(LinkDetached)[-1].error.condition == "amqp:unauthorized-access"


def test_a_newer_token_in_time_keeps_links_open(broker: SteppedBroker) -> None:
    talk = opened(broker, "kitchen")
    link = talk.attach_sender("kitchen")
    assert talk.put_token(f"{HOST}/kitchen", KEY, 600).status["status-code"] == 202
    let_end(talk)
    assert link.is_attached
    talk.send(link)
    assert count(broker) == 1


def test_who_waits_over_http_is_given_nothing_when_the_token_has_ended(
    broker: SteppedBroker,
) -> None:
    token = sign(f"{HOST}/kitchen", KEY_NAME, KEY, broker.clock.wall() + 30)
    target = "/kitchen/messages/head?timeout=100000"
    waiting = broker.http("DELETE", target, headers={"Authorization": token})
    assert waiting.response is None
    broker.tick(30 + LATE_RENEWAL_SECONDS)
    assert waiting.response is not None
    assert waiting.response.status == 204
    assert (
        _status(broker, "POST", "/kitchen/messages", good(broker, "kitchen", "Send"), b"x") == 201
    )
    assert count(broker) == 1


def test_each_request_of_a_connection_is_asked_for_its_token(broker: SteppedBroker) -> None:
    token = sign(f"{HOST}/kitchen", KEY_NAME, KEY, broker.clock.wall() + 30)
    assert by_http_data_plane(broker, token)
    broker.tick(31 + LATE_RENEWAL_SECONDS)
    assert not by_http_data_plane(broker, token)
    assert not by_http_administration(broker, token)


def test_waiting_is_for_as_long_as_asked_where_the_token_lasts(broker: SteppedBroker) -> None:
    waiting = broker.http("DELETE", "/kitchen/messages/head?timeout=50")
    broker.tick(49)
    assert waiting.response is None
    broker.tick(2)
    assert waiting.response is not None
    assert data_plane.DEFAULT_WAIT_SECONDS == 60
