"""What a state means for the bytes that come next."""

import pytest

from sbtutorial.amqp.connection_state import ConnectionStateMachine
from sbtutorial.amqp.errors import LocalProtocolError, RemoteProtocolError
from sbtutorial.amqp.states import ConnectionInput as Input
from sbtutorial.amqp.states import ConnectionState as State


def test_header_then_sasl_frames_then_header_are_due() -> None:
    machine = ConnectionStateMachine()
    assert (machine.header_is_due, machine.takes_sasl) == (True, False)
    for on in (Input.RECV_SASL_HEADER, Input.SEND_SASL_HEADER, Input.SEND_MECHANISMS):
        machine.step(on)
    assert (machine.header_is_due, machine.takes_sasl) == (False, True)
    for on in (Input.RECV_INIT, Input.SEND_OUTCOME_OK):
        machine.step(on)
    assert (machine.header_is_due, machine.takes_sasl) == (True, False)


def test_connection_is_closing_from_its_own_close_to_the_end() -> None:
    machine = ConnectionStateMachine()
    for on in (Input.SEND_HEADER, Input.RECV_HEADER, Input.SEND_OPEN):
        machine.step(on)
    assert not machine.is_closing
    machine.step(Input.SEND_CLOSE)
    assert machine.is_closing
    machine.end()
    assert (machine.state, machine.is_closing) == (State.END, False)


def test_input_without_a_row_leaves_the_connection_where_it_is() -> None:
    machine = ConnectionStateMachine()
    for on, broken in (
        (Input.SEND_CLOSE, LocalProtocolError),
        (Input.RECV_CLOSE, RemoteProtocolError),
    ):
        with pytest.raises(broken):
            machine.step(on)
        assert machine.state is State.START
