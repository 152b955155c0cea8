"""The three tables: every pair of state and input, and every row fired in a real exchange."""

from collections.abc import Iterator, Mapping
from enum import Enum
from itertools import product
from typing import Any

import pytest

from sbtutorial.amqp import connection_state as life_module
from sbtutorial.amqp import link as link_module
from sbtutorial.amqp import session as session_module
from sbtutorial.amqp.errors import Level, LocalProtocolError, RemoteProtocolError
from sbtutorial.amqp.events import LinkAttached
from sbtutorial.amqp.frames import HEARTBEAT, ProtocolId, protocol_header
from sbtutorial.amqp.messaging import Source, Target
from sbtutorial.amqp.performatives import Attach, Begin, Close, Detach, Error, Open
from sbtutorial.amqp.states import (
    CONNECTION,
    LINK,
    SESSION,
    ConnectionInput,
    ConnectionState,
    LinkInput,
    LinkState,
    SessionInput,
    SessionState,
    step,
)
from tests.wire import (
    RawClient,
    client_sends,
    connect,
    frame,
    make_client,
    make_server,
    opened,
    server_sends,
    with_session,
)

TABLES: list[tuple[Any, type[Enum], type[Enum]]] = [
    (CONNECTION, ConnectionState, ConnectionInput),
    (SESSION, SessionState, SessionInput),
    (LINK, LinkState, LinkInput),
]
PAIRS = [
    (table, state, on) for table, states, inputs in TABLES for state, on in product(states, inputs)
]
AMQP, SASL, TLS = map(protocol_header, (ProtocolId.AMQP, ProtocolId.SASL, ProtocolId.TLS))


@pytest.mark.parametrize(
    ("table", "state", "on"), PAIRS, ids=lambda each: getattr(each, "name", "")
)
def test_pair_leads_on_or_says_who_broke_the_protocol(table: Any, state: Enum, on: Enum) -> None:
    if (state, on) in table:
        assert step(table, state, on) is table[state, on]
        return
    broken = RemoteProtocolError if on.name.startswith("RECV_") else LocalProtocolError
    with pytest.raises(broken, match=f"{on.name} is not allowed in state {state.name}"):
        step(table, state, on)


def test_link_input_out_of_place_ends_the_session_only() -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        step(LINK, LinkState.DETACHED, LinkInput.RECV_DETACH)
    assert caught.value.level is Level.SESSION


@pytest.mark.parametrize(("table", "states", "inputs"), TABLES)
def test_every_state_can_be_reached_and_left(table: Any, states: Any, inputs: Any) -> None:
    first = next(iter(states))
    assert {state for state, _ in table} | {ConnectionState.END} >= set(states)
    assert set(table.values()) | {first} == set(states)
    assert {on for _, on in table} == set(inputs)


class Recording(Mapping[Any, Any]):
    """A table that notes which of its rows were used."""

    def __init__(self, table: Mapping[Any, Any]) -> None:
        self._table = table
        self.fired: set[Any] = set()

    def __getitem__(self, row: Any) -> Any:
        following = self._table[row]
        self.fired.add(row)
        return following

    def __iter__(self) -> Iterator[Any]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)


def test_every_row_of_the_connection_fires(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Recording(CONNECTION)
    monkeypatch.setattr(life_module, "CONNECTION", table)
    open_and_close_with_sasl_and_without()
    fail_to_authenticate()
    meet_headers_of_other_protocols()
    close_before_the_peer_has_opened()
    open_late()
    fail_before_and_after_opening()
    assert table.fired == set(CONNECTION)


def open_and_close_with_sasl_and_without() -> None:
    for options in ({}, {"sasl_mechanisms": ()}):
        wire = opened(client=options)
        wire.client.connection.close()
        wire.pump()
        assert wire.client.connection.finished
        assert wire.server.connection.finished


def fail_to_authenticate() -> None:
    wire = opened(server={"authenticate": lambda *_: False})
    assert wire.client.connection.finished
    assert wire.server.connection.finished


def meet_headers_of_other_protocols() -> None:
    make_server().receive_data(TLS, now=0)
    make_client().receive_data(TLS, now=0)
    no_sasl = [make_client(sasl_mechanisms=()) for _ in range(3)]
    no_sasl[1].open()
    no_sasl[2].open()
    no_sasl[2].close()
    for client in no_sasl:
        client.receive_data(TLS, now=0)
        assert client.finished
    wire = connect()
    while wire.server.connection.state is not ConnectionState.SASL_DONE:
        wire._carry(wire.client, wire.server)
        wire._carry(wire.server, wire.client)
    wire.server.connection.receive_data(TLS, now=0)
    assert wire.server.connection.finished


def close_before_the_peer_has_opened() -> None:
    wire = connect(client={"sasl_mechanisms": ()})
    wire.client.connection.open()
    wire.client.connection.close()
    wire.pump()
    assert wire.client.connection.finished
    client = make_client(sasl_mechanisms=())
    client.open()
    client.receive_data(AMQP, now=0)
    client.close()
    client.receive_data(frame(Open("server")) + frame(Close()), now=0)
    assert client.finished


def open_late() -> None:
    wire = connect(client={"sasl_mechanisms": ()})
    wire.pump()
    wire.client.connection.open()
    wire.pump()
    assert wire.client.connection.state is ConnectionState.OPENED


def fail_before_and_after_opening() -> None:
    server = make_server()
    server.receive_data(AMQP + frame(Begin(None, 0, 1, 1)), now=0)
    assert server.finished
    raw = RawClient()
    raw.send(frame(Begin(None, 0, 1, 1), channel=1))
    assert raw.server.connection.state is ConnectionState.DISCARDING
    raw.send(HEARTBEAT + frame(Close()))
    assert raw.server.connection.finished


def test_every_row_of_the_session_fires(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Recording(SESSION)
    monkeypatch.setattr(session_module, "SESSION", table)
    wire, session, _ = with_session()
    session.end()
    wire.pump()
    wire.client.connection.begin().end()
    wire.pump()
    raw = RawClient()
    raw.say(Detach(9))
    raw.say(session_module.End())
    assert table.fired == set(SESSION)


def test_every_row_of_the_link_fires(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Recording(LINK)
    monkeypatch.setattr(link_module, "LINK", table)
    wire, sender, _ = client_sends()
    sender.detach()
    wire.pump()
    wire, sender, _ = server_sends()
    sender.detach(Error("amqp:link:detach-forced"))
    wire.pump()
    wire, session, _ = with_session()
    session.attach_receiver("gave-up", source=Source("q")).detach()
    wire.pump()
    assert table.fired == set(LINK)


def test_link_that_the_peer_gave_up_is_answered_all_the_same() -> None:
    raw = RawClient()
    answers = raw.say(Attach("l", 4, True, 0, 0, Source("q"), Target("t")), Detach(4, True))
    assert [type(each) for each in answers] == [Attach, Detach]
    assert answers[0].source is None
    assert answers[1].closed
    link = raw.server.last(LinkAttached).link
    link.accept()
    assert raw.answers() == []
