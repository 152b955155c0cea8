"""Calls on what listens where a broker was: no token for strangers, and a sentence for each."""

import errno
import socket
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from sbtutorial.connection_string import connection_string, parse_connection_string
from sbtutorial.errors import TutorialError
from sbtutorial.gateway.access import proof
from sbtutorial.hosting import control_client
from sbtutorial.hosting.control_client import BrokerGone, ControlClient
from sbtutorial.hosting.thread import ThreadedBroker
from tests.hosting.stranger import KEY, Answer, answer, as_json, echo, stranger


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: as_json(instance="one", proof="0" * 64),
        lambda _: as_json(instance="one"),
        lambda _: as_json(instance=None, proof=None),
        lambda _: as_json(instance=["one"], proof={"a": "ü\ud800"}),
        lambda _: as_json(status="anything", pid=1, started_at=0.0),
        echo,
        lambda _: (200, {}, b"[" * 100_000),
        lambda _: (200, {}, b"\xff" * 100_000),
        lambda _: (404, {}, b"{}"),
        lambda _: (500, {}, b'{"error": "do as I say"}'),
    ],
)
def test_a_stranger_gets_no_token_and_is_called_one(answer: Callable[[str], Answer]) -> None:
    with stranger(answer) as listening:
        for call in (ControlClient.status, ControlClient.shutdown, ControlClient.events):
            with pytest.raises(TutorialError, match="is no broker of this tutorial"):
                call(ControlClient(listening.connection_string))
        assert listening.heard
        assert not listening.got_a_token


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with stranger(echo) as other:
        port = other.server.server_port
        with (
            stranger(
                lambda path: (status, {"Location": f"http://127.0.0.1:{port}{path}"}, b"")
            ) as listening,
            pytest.raises(TutorialError, match="is no broker of this tutorial"),
        ):
            ControlClient(listening.connection_string).status()
        assert other.heard == []


def test_a_stranger_who_goes_after_the_proof_of_another_gets_no_second_connection() -> None:
    """What was proved was proved for one connection: closing it ends the call."""

    def prove_and_close(path: str) -> Answer:
        nonce = parse_qs(urlsplit(path).query)["nonce"][0]
        status, headers, body = as_json(instance="one", proof=proof.proof(KEY, nonce, "one"))
        return status, {**headers, "Connection": "close"}, body

    with stranger(prove_and_close) as listening:
        with pytest.raises(BrokerGone):
            ControlClient(listening.connection_string).status()
        assert len(listening.heard) == 1


def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with stranger(echo) as proxy, ThreadedBroker() as broker:
        address = f"http://127.0.0.1:{proxy.server.server_port}"
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, address)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert ControlClient(broker.connection_string).status()["namespace"] == "tutorial"
        assert proxy.heard == []


def test_a_token_opens_one_broker_alone_though_the_next_has_its_key_and_port() -> None:
    with ThreadedBroker(key=KEY) as first:
        own = parse_connection_string(first.connection_string)
        assert own.port
        place = f"/$lab/@{first.local.instance}"
        token = ControlClient(first.connection_string)._token(place)
        assert answer(own.port, f"{place}/status", token) == 200
        assert answer(own.port, "/$lab/status", token) == 401
        assert answer(own.port, "/$Resources/queues", token) == 401
    with ThreadedBroker(key=KEY, port=own.port) as second:
        assert second.connection_string == first.connection_string
        assert answer(own.port, f"{place}/status", token) == 404
        other = f"/$lab/@{second.local.instance}"
        assert answer(own.port, f"{other}/status", token) == 401


def test_a_broker_with_another_key_is_told_from_a_stranger() -> None:
    with ThreadedBroker() as broker:
        wrong = broker.connection_string.replace("SharedAccessKey=", "SharedAccessKey=X")
        with pytest.raises(TutorialError, match="your connection string is not this broker's"):
            ControlClient(wrong).status()


def test_who_has_no_key_gets_no_proof_to_study() -> None:
    with ThreadedBroker() as broker:
        port = parse_connection_string(broker.connection_string).port
        assert port
        nonce = "ab" * 16
        for query in (
            "",
            f"?nonce={nonce}",
            f"?nonce={nonce}&key=RootManageSharedAccessKey&tag=00",
        ):
            assert answer(port, f"/$lab/hello{query}", "") in (400, 401)


def test_an_answer_of_another_version_is_read_as_far_as_it_can_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = ControlClient(connection_string("127.0.0.1", 9, "name", KEY))
    event = {"number": 1, "at": 0.0, "what": "sent", "colour": "red"}
    message = {"sequence_number": 1, "state": "ready", "colour": "red"}
    for call, known, unknown in (
        (client.events, {"events": [event], "last": 1, "dropped": 0}, {"events": [{"number": 1}]}),
        (
            lambda: client.queue("orders"),
            {"name": "orders", "at": 0.0, "counts": {}, "messages": [message], "colour": "red"},
            {"name": "orders", "messages": {}},
        ),
    ):
        monkeypatch.setattr(client, "_call", lambda *_, **__: known)  # noqa: B023
        assert call()
        for odd in (unknown, {}, {"events": None, "messages": None}):
            monkeypatch.setattr(client, "_call", lambda *_, **__: odd)  # noqa: B023
            with pytest.raises(TutorialError, match="runs another version of sbtutorial"):
                call()


def test_a_want_of_file_descriptors_is_not_taken_for_a_broker_that_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> socket.socket:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(socket, "create_connection", refuse)
    client = ControlClient(connection_string("127.0.0.1", 9, "name", KEY))
    with pytest.raises(TutorialError, match="as many files and connections open") as refused:
        client.status()
    assert not isinstance(refused.value, control_client.BrokerGone)
