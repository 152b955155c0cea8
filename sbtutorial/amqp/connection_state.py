"""Connection state: where a connection is, and what that means for the bytes that come next.

The rows are in `states`; what follows from a state is worked out once for each step, because it is
asked for each frame. Source: AMQP 1.0, 2.4.6 and 5.3.2.
"""

from sbtutorial.amqp.states import CONNECTION, ConnectionInput, ConnectionState, step

_State = ConnectionState

_HEADER_DUE = frozenset(
    {
        _State.START,
        _State.SASL_HDR_SENT,
        _State.SASL_DONE,
        _State.HDR_SENT,
        _State.OPEN_PIPE,
        _State.OC_PIPE,
    }
)
_SASL = frozenset({_State.SASL_HDR_EXCH, _State.MECHANISMS_SENT, _State.INIT_SENT})
_CLOSING = frozenset({_State.OC_PIPE, _State.CLOSE_PIPE, _State.CLOSE_SENT, _State.DISCARDING})


class ConnectionStateMachine:
    """The state machine of one connection (2.4.6).

    Attributes:
        state: Where it is.
        header_is_due: The peer's next bytes are a protocol header, not a frame.
        takes_sasl: SASL frames are in place.
        is_closing: We have sent a close and wait for the peer's.
    """

    __slots__ = ("header_is_due", "is_closing", "state", "takes_sasl")

    def __init__(self) -> None:
        self._enter(_State.START)

    def step(self, on: ConnectionInput) -> None:
        """Move on, as the table says.

        Raises:
            LocalProtocolError: We may not send that now.
            RemoteProtocolError: The peer may not send that now.
        """
        self._enter(step(CONNECTION, self.state, on))

    def end(self) -> None:
        """Stop here and now: the byte stream is gone, or not worth reading."""
        self._enter(_State.END)

    def _enter(self, state: ConnectionState) -> None:
        self.state = state
        self.header_is_due = state in _HEADER_DUE
        self.takes_sasl = state in _SASL
        self.is_closing = state in _CLOSING
