"""State machines of connections, sessions and links, as three tables of transitions.

A row reads: in this state, on this input, go to that state. Inputs are named from this side:
SEND_x is our doing, RECV_x the peer's; the tables are the same for both roles. Where a row is
missing, the input is not allowed; `step` says who broke the protocol. Losing the byte stream, and
bytes whose borders cannot be trusted, end a connection from any state, without a row.
Source: AMQP 1.0, 2.4.6 and 2.4.7 (connection), 2.5.5 (session), 2.6 (link), 5.3.2 (SASL).
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import TypeVar

from sbtutorial.amqp.errors import Condition, Level, LocalProtocolError, RemoteProtocolError

_S = TypeVar("_S", bound=Enum)
_I = TypeVar("_I", bound=Enum)


class ConnectionState(Enum):
    """Where a connection is; the names from HDR_RCVD on are the specification's."""

    START = auto()
    SASL_HDR_SENT = auto()
    SASL_HDR_RCVD = auto()
    SASL_HDR_EXCH = auto()
    MECHANISMS_SENT = auto()
    MECHANISMS_RCVD = auto()
    INIT_SENT = auto()
    INIT_RCVD = auto()
    SASL_DONE = auto()
    HDR_RCVD = auto()
    HDR_SENT = auto()
    HDR_EXCH = auto()
    OPEN_PIPE = auto()
    OC_PIPE = auto()
    OPEN_RCVD = auto()
    OPEN_SENT = auto()
    CLOSE_PIPE = auto()
    OPENED = auto()
    CLOSE_RCVD = auto()
    CLOSE_SENT = auto()
    DISCARDING = auto()
    END = auto()


class ConnectionInput(Enum):
    """What moves a connection on. A failure is an outcome that is not ok, or a close for cause."""

    SEND_SASL_HEADER = auto()
    RECV_SASL_HEADER = auto()
    SEND_MECHANISMS = auto()
    RECV_MECHANISMS = auto()
    SEND_INIT = auto()
    RECV_INIT = auto()
    SEND_OUTCOME_OK = auto()
    RECV_OUTCOME_OK = auto()
    SEND_OUTCOME_FAILURE = auto()
    RECV_OUTCOME_FAILURE = auto()
    SEND_HEADER = auto()
    RECV_HEADER = auto()
    RECV_UNKNOWN_HEADER = auto()
    SEND_OPEN = auto()
    RECV_OPEN = auto()
    SEND_CLOSE = auto()
    SEND_CLOSE_FAILURE = auto()
    RECV_CLOSE = auto()


class SessionState(Enum):
    """Where a session is; END_PIPE is ours: ended before the peer has answered our begin."""

    UNMAPPED = auto()
    BEGIN_SENT = auto()
    BEGIN_RCVD = auto()
    MAPPED = auto()
    END_PIPE = auto()
    END_SENT = auto()
    END_RCVD = auto()
    DISCARDING = auto()


class SessionInput(Enum):
    """What moves a session on."""

    SEND_BEGIN = auto()
    RECV_BEGIN = auto()
    SEND_END = auto()
    SEND_END_FAILURE = auto()
    RECV_END = auto()


class LinkState(Enum):
    """Where a link is. ABANDONED: the peer detached before we had answered its attach."""

    DETACHED = auto()
    ATTACH_SENT = auto()
    ATTACH_RCVD = auto()
    ATTACHED = auto()
    DETACH_PIPE = auto()
    ABANDONED = auto()
    DETACH_SENT = auto()
    DETACH_RCVD = auto()


class LinkInput(Enum):
    """What moves a link on."""

    SEND_ATTACH = auto()
    RECV_ATTACH = auto()
    SEND_DETACH = auto()
    RECV_DETACH = auto()


_C, _CI = ConnectionState, ConnectionInput
_SS, _SI = SessionState, SessionInput
_L, _LI = LinkState, LinkInput

CONNECTION: Mapping[tuple[ConnectionState, ConnectionInput], ConnectionState] = {
    # SASL, the server's side.
    (_C.START, _CI.RECV_SASL_HEADER): _C.SASL_HDR_RCVD,
    (_C.SASL_HDR_RCVD, _CI.SEND_SASL_HEADER): _C.SASL_HDR_EXCH,
    (_C.SASL_HDR_EXCH, _CI.SEND_MECHANISMS): _C.MECHANISMS_SENT,
    (_C.MECHANISMS_SENT, _CI.RECV_INIT): _C.INIT_RCVD,
    (_C.INIT_RCVD, _CI.SEND_OUTCOME_OK): _C.SASL_DONE,
    (_C.INIT_RCVD, _CI.SEND_OUTCOME_FAILURE): _C.END,
    # SASL, the client's side.
    (_C.START, _CI.SEND_SASL_HEADER): _C.SASL_HDR_SENT,
    (_C.SASL_HDR_SENT, _CI.RECV_SASL_HEADER): _C.SASL_HDR_EXCH,
    (_C.SASL_HDR_EXCH, _CI.RECV_MECHANISMS): _C.MECHANISMS_RCVD,
    (_C.MECHANISMS_RCVD, _CI.SEND_INIT): _C.INIT_SENT,
    (_C.INIT_SENT, _CI.RECV_OUTCOME_OK): _C.SASL_DONE,
    (_C.INIT_SENT, _CI.RECV_OUTCOME_FAILURE): _C.END,
    # AMQP's header, with SASL before it or without.
    (_C.START, _CI.RECV_HEADER): _C.HDR_RCVD,
    (_C.START, _CI.SEND_HEADER): _C.HDR_SENT,
    (_C.SASL_DONE, _CI.RECV_HEADER): _C.HDR_RCVD,
    (_C.SASL_DONE, _CI.SEND_HEADER): _C.HDR_SENT,
    (_C.HDR_RCVD, _CI.SEND_HEADER): _C.HDR_EXCH,
    (_C.HDR_SENT, _CI.RECV_HEADER): _C.HDR_EXCH,
    # A header that is none of ours.
    (_C.START, _CI.RECV_UNKNOWN_HEADER): _C.END,
    (_C.SASL_HDR_SENT, _CI.RECV_UNKNOWN_HEADER): _C.END,
    (_C.SASL_DONE, _CI.RECV_UNKNOWN_HEADER): _C.END,
    (_C.HDR_SENT, _CI.RECV_UNKNOWN_HEADER): _C.END,
    (_C.OPEN_PIPE, _CI.RECV_UNKNOWN_HEADER): _C.END,
    (_C.OC_PIPE, _CI.RECV_UNKNOWN_HEADER): _C.END,
    # Opening; a pipe is what was sent before the peer's header or open was seen.
    (_C.HDR_SENT, _CI.SEND_OPEN): _C.OPEN_PIPE,
    (_C.HDR_EXCH, _CI.SEND_OPEN): _C.OPEN_SENT,
    (_C.HDR_EXCH, _CI.RECV_OPEN): _C.OPEN_RCVD,
    (_C.OPEN_PIPE, _CI.RECV_HEADER): _C.OPEN_SENT,
    (_C.OPEN_PIPE, _CI.SEND_CLOSE): _C.OC_PIPE,
    (_C.OC_PIPE, _CI.RECV_HEADER): _C.CLOSE_PIPE,
    (_C.OPEN_SENT, _CI.RECV_OPEN): _C.OPENED,
    (_C.OPEN_SENT, _CI.SEND_CLOSE): _C.CLOSE_PIPE,
    (_C.OPEN_RCVD, _CI.SEND_OPEN): _C.OPENED,
    (_C.CLOSE_PIPE, _CI.RECV_OPEN): _C.CLOSE_SENT,
    # Closing.
    (_C.OPENED, _CI.SEND_CLOSE): _C.CLOSE_SENT,
    (_C.OPENED, _CI.SEND_CLOSE_FAILURE): _C.DISCARDING,
    (_C.OPENED, _CI.RECV_CLOSE): _C.CLOSE_RCVD,
    (_C.CLOSE_RCVD, _CI.SEND_CLOSE): _C.END,
    (_C.CLOSE_SENT, _CI.RECV_CLOSE): _C.END,
    (_C.DISCARDING, _CI.RECV_CLOSE): _C.END,
}

SESSION: Mapping[tuple[SessionState, SessionInput], SessionState] = {
    (_SS.UNMAPPED, _SI.SEND_BEGIN): _SS.BEGIN_SENT,
    (_SS.UNMAPPED, _SI.RECV_BEGIN): _SS.BEGIN_RCVD,
    (_SS.BEGIN_SENT, _SI.RECV_BEGIN): _SS.MAPPED,
    (_SS.BEGIN_SENT, _SI.SEND_END): _SS.END_PIPE,
    (_SS.BEGIN_RCVD, _SI.SEND_BEGIN): _SS.MAPPED,
    (_SS.END_PIPE, _SI.RECV_BEGIN): _SS.END_SENT,
    (_SS.MAPPED, _SI.SEND_END): _SS.END_SENT,
    (_SS.MAPPED, _SI.SEND_END_FAILURE): _SS.DISCARDING,
    (_SS.MAPPED, _SI.RECV_END): _SS.END_RCVD,
    (_SS.END_RCVD, _SI.SEND_END): _SS.UNMAPPED,
    (_SS.END_SENT, _SI.RECV_END): _SS.UNMAPPED,
    (_SS.DISCARDING, _SI.RECV_END): _SS.UNMAPPED,
}

# States in which frames of the session may be sent.
SESSION_OPEN = frozenset({_SS.MAPPED, _SS.BEGIN_SENT})

LINK: Mapping[tuple[LinkState, LinkInput], LinkState] = {
    (_L.DETACHED, _LI.SEND_ATTACH): _L.ATTACH_SENT,
    (_L.DETACHED, _LI.RECV_ATTACH): _L.ATTACH_RCVD,
    (_L.ATTACH_SENT, _LI.RECV_ATTACH): _L.ATTACHED,
    (_L.ATTACH_SENT, _LI.SEND_DETACH): _L.DETACH_PIPE,
    (_L.ATTACH_RCVD, _LI.SEND_ATTACH): _L.ATTACHED,
    (_L.ATTACH_RCVD, _LI.RECV_DETACH): _L.ABANDONED,
    (_L.ABANDONED, _LI.SEND_ATTACH): _L.DETACH_RCVD,
    (_L.ATTACHED, _LI.SEND_DETACH): _L.DETACH_SENT,
    (_L.ATTACHED, _LI.RECV_DETACH): _L.DETACH_RCVD,
    (_L.DETACH_PIPE, _LI.RECV_ATTACH): _L.DETACH_SENT,
    (_L.DETACH_RCVD, _LI.SEND_DETACH): _L.DETACHED,
    (_L.DETACH_SENT, _LI.RECV_DETACH): _L.DETACHED,
}


def step(table: Mapping[tuple[_S, _I], _S], state: _S, on: _I) -> _S:
    """The state that follows.

    Raises:
        LocalProtocolError: We may not send that now.
        RemoteProtocolError: The peer may not send that now.
    """
    following = table.get((state, on))
    if following is not None:
        return following
    sentence = f"{on.name} is not allowed in state {state.name}"
    if on.name.startswith("RECV_"):
        level = Level.SESSION if isinstance(state, LinkState) else Level.CONNECTION
        raise RemoteProtocolError(sentence, Condition.ILLEGAL_STATE, level)
    raise LocalProtocolError(sentence)
