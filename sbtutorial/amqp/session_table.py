"""The sessions of one connection, by our channel and by the peer's. Source: AMQP 1.0, 2.5.1."""

from collections.abc import Iterator

from sbtutorial.amqp.errors import Condition, LocalProtocolError, RemoteProtocolError
from sbtutorial.amqp.performatives import Begin
from sbtutorial.amqp.session import Carrier, Session


class SessionTable:
    """Which session is meant.

    Args:
        carrier: What the sessions are on.
        channel_max: The highest channel that the peer may use.
        max_sessions: How many sessions there may be at a time.
        max_links_per_session: How many links each of them may have.
    """

    def __init__(
        self, carrier: Carrier, *, channel_max: int, max_sessions: int, max_links_per_session: int
    ) -> None:
        self._carrier = carrier
        self._channel_max = channel_max
        self._most = min(channel_max + 1, max_sessions)
        self._max_links_per_session = max_links_per_session
        self._by_channel: dict[int, Session] = {}
        self._by_remote_channel: dict[int, Session] = {}
        self._ended_remote_channels: set[int] = set()

    def __iter__(self) -> Iterator[Session]:
        return iter(self._by_channel.values())

    def limit_channels(self, remote_channel_max: int) -> None:
        """Keep to the channels that the peer takes."""
        self._most = min(self._most, remote_channel_max + 1)

    def begin(self) -> Session:
        """Begin a session of our own.

        Raises:
            LocalProtocolError: There is no channel left for it.
        """
        session = self._add_session()
        session.begin()
        return session

    def on_begin(self, remote_channel: int, begin: Begin) -> None:
        """Take in the peer's begin: its wish for a session, or its answer to one of ours.

        Raises:
            RemoteProtocolError: The channel is not free, nothing of ours waits for an answer, or
                there are as many sessions as there may be.
        """
        self._check_free(remote_channel)
        if begin.remote_channel is None:
            session = self._add_remote_session()
        else:
            session = self._waiting_on(begin.remote_channel)
        self._ended_remote_channels.discard(remote_channel)
        self._by_remote_channel[remote_channel] = session
        session.on_begin(remote_channel, begin)

    def find(self, remote_channel: int) -> Session | None:
        """The session that the peer's channel stands for, if any."""
        return self._by_remote_channel.get(remote_channel)

    def has_ended(self, remote_channel: int) -> bool:
        """Whether the peer's channel had a session: some clients detach links after the end."""
        return remote_channel in self._ended_remote_channels

    def remove(self, session: Session) -> None:
        """Let go of a session that both sides have ended."""
        del self._by_channel[session.channel]
        if session.remote_channel is not None:
            del self._by_remote_channel[session.remote_channel]
            self._ended_remote_channels.add(session.remote_channel)

    def _add_session(self) -> Session:
        session = Session(self._carrier, self._free_channel(), self._max_links_per_session)
        self._by_channel[session.channel] = session
        return session

    def _add_remote_session(self) -> Session:
        try:
            return self._add_session()
        except LocalProtocolError as error:
            raise RemoteProtocolError(str(error), Condition.RESOURCE_LIMIT_EXCEEDED) from error

    def _free_channel(self) -> int:
        if len(self._by_channel) >= self._most:
            raise LocalProtocolError(
                f"the connection has {self._most} sessions, and can have no more"
            )
        channel = len(self._by_channel)
        if channel in self._by_channel:
            channel = next(free for free in range(self._most) if free not in self._by_channel)
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
