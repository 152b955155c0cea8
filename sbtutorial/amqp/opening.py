"""Protocol header exchange (2.2) and SASL negotiation (5.3): what comes before the open frame.

A client speaks first. A server answers in the same layer: SASL, or AMQP at once for a client that
leaves SASL out. Whatever ends the dialogue is raised, and the last that is said.
Source: AMQP 1.0, 2.2 and 5.3.
"""

from abc import ABC, abstractmethod
from typing import NoReturn

from sbtutorial.amqp.connection_state import ConnectionStateMachine
from sbtutorial.amqp.errors import Condition, RemoteProtocolError
from sbtutorial.amqp.frame_writer import FrameWriter
from sbtutorial.amqp.frames import SUPPORTED_HEADERS, ProtocolId, protocol_header
from sbtutorial.amqp.performatives import SaslCode, SaslInit, SaslMechanisms, SaslOutcome
from sbtutorial.amqp.sasl import SaslClient, SaslServer
from sbtutorial.amqp.states import ConnectionInput, ConnectionState
from sbtutorial.amqp.types.composites import Composite

_State, _Input = ConnectionState, ConnectionInput

_SASL_HEADER = protocol_header(ProtocolId.SASL)
_AMQP_HEADER = protocol_header(ProtocolId.AMQP)


class Opening(ABC):
    """One side of the exchange.

    Args:
        machine: Where the connection is; moved on here.
        frame_writer: Where this side's part goes.
    """

    def __init__(self, machine: ConnectionStateMachine, frame_writer: FrameWriter) -> None:
        self._machine = machine
        self._frame_writer = frame_writer

    @abstractmethod
    def on_header(self, header: bytes) -> None:
        """Take in the peer's protocol header, and answer it if it is this side's turn.

        Raises:
            RemoteProtocolError: The peer speaks another protocol.
        """

    @abstractmethod
    def on_sasl_frame(self, performative: Composite) -> None:
        """Take in a SASL frame and answer it.

        Raises:
            RemoteProtocolError: It is out of place, or nobody is let in.
        """

    def _send_sasl_header(self) -> None:
        self._machine.step(_Input.SEND_SASL_HEADER)
        self._frame_writer.write(_SASL_HEADER)

    def _send_amqp_header(self) -> None:
        self._machine.step(_Input.SEND_HEADER)
        self._frame_writer.write(_AMQP_HEADER)

    def _refuse_header(self) -> NoReturn:
        self._machine.step(_Input.RECV_UNKNOWN_HEADER)
        raise RemoteProtocolError("the peer speaks another protocol", Condition.NOT_IMPLEMENTED)


class ServerOpening(Opening):
    """The server's side, which answers; `sasl` decides who is let in."""

    def __init__(
        self, machine: ConnectionStateMachine, frame_writer: FrameWriter, sasl: SaslServer
    ) -> None:
        super().__init__(machine, frame_writer)
        self._sasl = sasl

    def on_header(self, header: bytes) -> None:
        """Answer with the same header, or with SASL's when the client's is none of ours."""
        is_first = self._machine.state is _State.START
        protocol = SUPPORTED_HEADERS.get(header)
        if protocol is ProtocolId.AMQP:
            self._machine.step(_Input.RECV_HEADER)
            self._send_amqp_header()
        elif protocol is ProtocolId.SASL and is_first:
            self._offer_mechanisms()
        else:
            if is_first:
                # AMQP 1.0, 2.2: say which protocol is spoken here, and close.
                self._frame_writer.write(_SASL_HEADER)
            self._refuse_header()

    def on_sasl_frame(self, performative: Composite) -> None:
        """Judge what the client chose."""
        if not isinstance(performative, SaslInit):
            raise _out_of_place()
        self._machine.step(_Input.RECV_INIT)
        outcome = self._sasl.judge(performative)
        self._frame_writer.write_sasl(outcome)
        if outcome.code != SaslCode.OK:
            self._machine.step(_Input.SEND_OUTCOME_FAILURE)
            raise _unauthorized(f"{performative.mechanism} did not let the client in")
        self._machine.step(_Input.SEND_OUTCOME_OK)

    def _offer_mechanisms(self) -> None:
        self._machine.step(_Input.RECV_SASL_HEADER)
        self._send_sasl_header()
        self._machine.step(_Input.SEND_MECHANISMS)
        self._frame_writer.write_sasl(self._sasl.offer())


class ClientOpening(Opening):
    """The client's side, which begins when it is made; `sasl` says how to get in."""

    def __init__(
        self, machine: ConnectionStateMachine, frame_writer: FrameWriter, sasl: SaslClient
    ) -> None:
        super().__init__(machine, frame_writer)
        self._sasl = sasl
        if sasl.has_mechanisms:
            self._send_sasl_header()
        else:
            self._send_amqp_header()

    def on_header(self, header: bytes) -> None:
        """The server must answer in the layer that it was spoken to in."""
        in_sasl = self._machine.state is _State.SASL_HDR_SENT
        if header != (_SASL_HEADER if in_sasl else _AMQP_HEADER):
            self._refuse_header()
        self._machine.step(_Input.RECV_SASL_HEADER if in_sasl else _Input.RECV_HEADER)

    def on_sasl_frame(self, performative: Composite) -> None:
        """Choose a mechanism; then hear how it went."""
        state = self._machine.state
        if isinstance(performative, SaslMechanisms) and state is _State.SASL_HDR_EXCH:
            self._on_offer(performative)
        elif isinstance(performative, SaslOutcome) and state is _State.INIT_SENT:
            self._on_outcome(performative)
        else:
            raise _out_of_place()

    def _on_offer(self, offer: SaslMechanisms) -> None:
        self._machine.step(_Input.RECV_MECHANISMS)
        init = self._sasl.choose(offer)
        if init is None:
            raise _unauthorized("the server offers no mechanism that can be used")
        self._machine.step(_Input.SEND_INIT)
        self._frame_writer.write_sasl(init)

    def _on_outcome(self, outcome: SaslOutcome) -> None:
        if outcome.code != SaslCode.OK:
            self._machine.step(_Input.RECV_OUTCOME_FAILURE)
            raise _unauthorized("the server did not let this client in")
        self._machine.step(_Input.RECV_OUTCOME_OK)
        self._send_amqp_header()


def _out_of_place() -> RemoteProtocolError:
    return RemoteProtocolError("a SASL frame is out of place", Condition.ILLEGAL_STATE)


def _unauthorized(description: str) -> RemoteProtocolError:
    return RemoteProtocolError(description, Condition.UNAUTHORIZED_ACCESS)
