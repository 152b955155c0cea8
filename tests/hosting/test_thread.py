import socket

import pytest

from sbtutorial.connection_string import parse_connection_string
from sbtutorial.hosting.thread import ThreadedBroker


def port_of(broker: ThreadedBroker) -> int:
    port = parse_connection_string(broker.connection_string).port
    assert port is not None
    return port


def test_it_answers_while_the_block_runs_and_not_after() -> None:
    with ThreadedBroker() as broker:
        port = port_of(broker)
        socket.create_connection(("127.0.0.1", port)).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_two_of_them_know_nothing_of_each_other() -> None:
    with ThreadedBroker() as first, ThreadedBroker() as second:
        assert port_of(first) != port_of(second)
        assert first.local.key != second.local.key


def test_what_it_cannot_start_with_is_raised_where_it_was_started() -> None:
    with pytest.raises(TypeError, match="colour"), ThreadedBroker(colour="red"):
        pass


def test_a_call_runs_on_its_thread_and_raises_here() -> None:
    with ThreadedBroker() as broker:
        broker.advance(60)
        assert broker.call(lambda broker: broker.clock.advanced_seconds) == 60
        with pytest.raises(ValueError, match="moves forward"):
            broker.advance(-1)


def test_further_ports_answer_too_and_not_after() -> None:
    with ThreadedBroker(also=[0, 0]) as broker:
        ports = [port_of(broker), *broker.further_ports]
        assert len(set(ports)) == 3
        for port in ports:
            socket.create_connection(("127.0.0.1", port)).close()
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


def test_a_port_can_be_asked_for_and_had_again() -> None:
    with ThreadedBroker() as broker:
        port = port_of(broker)
        with pytest.raises(OSError), ThreadedBroker(port=port):
            pass
        with pytest.raises(OSError), ThreadedBroker(also=[port]):
            pass
    with ThreadedBroker(port=port) as broker:
        assert port_of(broker) == port
