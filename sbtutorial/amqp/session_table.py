"""Session table: the sessions of one connection, by our channel and by the peer's.

Source: AMQP 1.0, 2.5.1.
"""

from collections.abc import Callable

from sbtutorial.amqp.errors import Condition, LocalProtocolError, RemoteProtocolError
from sbtutorial.amqp.limits import ResourceUse
from sbtutorial.amqp.performatives import Begin
from sbtutorial.amqp.session import Carrier, Session


class SessionTable:
    """Maps channels to sessions.

    It does not hold on to its connection, nor do sessions that are over: what a lost connection
    kept is freed at once, not when cycles are looked for.

    Args:
        channel_max: The highest channel that the peer may use.
        use: What the peer makes this side keep, and its limits.

    Attributes:
        find: The session that a channel of the peer's stands for, if any. Hot: a dictionary's own.
    """

    def __init__(self, channel_max: int, use: ResourceUse) -> None:
        self._channel_max = channel_max
        self._highest = channel_max
        self._use = use
        self._by_channel: dict[int, Session] = {}
        self._by_remote_channel: dict[int, Session] = {}
        self.find: Callable[[int], Session | None] = self._by_remote_channel.get
        self._ended_remote_channels: set[int] = set()

    def limit_channels(self, remote_channel_max: int) -> None:
        """Keep to the channels that the peer takes."""
        self._highest = min(self._highest, remote_channel_max)

    def begin(self, carrier: Carrier) -> Session:
        """Begin a session of our own on a connection.

        Raises:
            LocalProtocolError: There is no channel left for it.
        """
        session = self._add_session(carrier)
        session.begin()
        return session

    def on_begin(self, carrier: Carrier, remote_channel: int, begin: Begin) -> None:
        """Take in a begin: a new session, or the answer to one of ours.

        Raises:
            RemoteProtocolError: The channel is not free, nothing of ours waits for an answer, or
                there are as many sessions as there may be.
        """
        self._check_free(remote_channel)
        if begin.remote_channel is None:
            session = self._add_remote_session(carrier)
        else:
            session = self._waiting_on(begin.remote_channel)
        self._ended_remote_channels.discard(remote_channel)
        self._by_remote_channel[remote_channel] = session
        session.on_begin(remote_channel, begin)

    def has_ended(self, remote_channel: int) -> bool:
        """Whether the peer's channel had a session: some clients detach links after the end."""
        return remote_channel in self._ended_remote_channels

    def remove(self, session: Session) -> None:
        """Remove a session that both sides have ended."""
        self._by_channel.pop(session.channel, None)
        if session.remote_channel is not None:
            self._by_remote_channel.pop(session.remote_channel, None)
            self._ended_remote_channels.add(session.remote_channel)

    def clear(self) -> list[Session]:
        """Remove all sessions; returns them."""
        sessions = list(self._by_channel.values())
        self._by_channel.clear()
        self._by_remote_channel.clear()
        return sessions

    def _add_session(self, carrier: Carrier) -> Session:
        session = Session(carrier, self._free_channel(), self._use)
        self._by_channel[session.channel] = session
        return session

    def _add_remote_session(self, carrier: Carrier) -> Session:
        try:
            return self._add_session(carrier)
        except LocalProtocolError as error:
            raise RemoteProtocolError(str(error), Condition.RESOURCE_LIMIT_EXCEEDED) from error

    def _free_channel(self) -> int:
        most = min(self._highest + 1, self._use.limits.max_sessions)
        if len(self._by_channel) >= most:
            raise LocalProtocolError(f"the connection has {most} sessions, and can have no more")
        channel = len(self._by_channel)
        if channel in self._by_channel:
            channel = next(free for free in range(most) if free not in self._by_channel)
        return channel

    def _check_free(self, remote_channel: int) -> None:
        if remote_channel in self._by_remote_channel:
            raise RemoteProtocolError(
                f"channel {remote_channel} has a session already", Condition.ILLEGAL_STATE
            )
        if remote_channel > self._channel_max:
            raise RemoteProtocolError(
                f"channel {remote_channel} is beyond channel-max {self._channel_max}",
                Condition.FRAMING_ERROR,
            )

    def _waiting_on(self, channel: int) -> Session:
        session = self._by_channel.get(channel)
        if session is None or session.remote_channel is not None:
            raise RemoteProtocolError(f"no begin of channel {channel} waits for an answer")
        return session
