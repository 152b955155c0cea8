"""The sessions of one connection, by our channel and by the peer's. Source: AMQP 1.0, 2.5.1."""

from collections.abc import Iterator

from sbtutorial.amqp.errors import Condition, LocalProtocolError, RemoteProtocolError
from sbtutorial.amqp.session import Session


class SessionTable:
    """Which session is meant.

    Args:
        channel_max: The highest channel that the peer may use.
        max_sessions: How many sessions there may be at a time.
    """

    def __init__(self, channel_max: int, max_sessions: int) -> None:
        self._channel_max = channel_max
        self._most = min(channel_max + 1, max_sessions)
        self._by_channel: dict[int, Session] = {}
        self._by_remote_channel: dict[int, Session] = {}
        self._ended_remote_channels: set[int] = set()

    def __iter__(self) -> Iterator[Session]:
        return iter(self._by_channel.values())

    def limit_channels(self, remote_channel_max: int) -> None:
        """Keep to the channels that the peer takes."""
        self._most = min(self._most, remote_channel_max + 1)

    def take_channel(self) -> int:
        """A channel of ours that no session has.

        Raises:
            LocalProtocolError: There is none left.
        """
        if len(self._by_channel) >= self._most:
            raise LocalProtocolError(
                f"the connection has {self._most} sessions, and can have no more"
            )
        channel = len(self._by_channel)
        if channel in self._by_channel:
            channel = next(free for free in range(self._most) if free not in self._by_channel)
        return channel

    def add(self, session: Session) -> None:
        """Keep a session."""
        self._by_channel[session.channel] = session

    def bind(self, session: Session, remote_channel: int) -> None:
        """Have the peer's channel stand for a session."""
        self._ended_remote_channels.discard(remote_channel)
        self._by_remote_channel[remote_channel] = session

    def check_free(self, remote_channel: int) -> None:
        """Make sure that the peer may begin a session on this channel.

        Raises:
            RemoteProtocolError: It has one there, or the number is too high.
        """
        if remote_channel in self._by_remote_channel:
            raise RemoteProtocolError(
                f"channel {remote_channel} has a session already", Condition.ILLEGAL_STATE
            )
        if remote_channel > self._channel_max:
            raise RemoteProtocolError(
                f"channel {remote_channel} is beyond channel-max {self._channel_max}",
                Condition.FRAMING_ERROR,
            )

    def waiting_on(self, channel: int) -> Session:
        """The session of ours that waits for the peer's begin.

        Raises:
            RemoteProtocolError: There is none on that channel.
        """
        session = self._by_channel.get(channel)
        if session is None or session.remote_channel is not None:
            raise RemoteProtocolError(f"no begin of channel {channel} waits for an answer")
        return session

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
