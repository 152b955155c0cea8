"""What applications keep with their sessions: a few bytes each, whether there are messages or not.

Source: Azure Service Bus, "Message sessions", session state.
"""

from math import inf, nextafter
from typing import NamedTuple

from sortedcontainers import SortedList


class State(NamedTuple):
    """The state of one session."""

    content: bytes
    updated_at: float


class SessionStates:
    """The states of one line's sessions."""

    def __init__(self) -> None:
        self._by_id: dict[str, State] = {}
        self._by_time: SortedList[tuple[float, str]] = SortedList()

    def __contains__(self, session_id: str) -> bool:
        return session_id in self._by_id

    def get(self, session_id: str) -> bytes | None:
        """The state of a session; None when it has none."""
        state = self._by_id.get(session_id)
        return state.content if state is not None else None

    def set(self, session_id: str, content: bytes | None, at: float) -> int:
        """Give a session a state, or none.

        Returns:
            By how many bytes the states have grown.
        """
        before = self._by_id.pop(session_id, None)
        if before is not None:
            self._by_time.remove((before.updated_at, session_id))
        if content is not None:
            self._by_id[session_id] = State(content, at)
            self._by_time.add((at, session_id))
        return len(content or b"") - len(before.content if before is not None else b"")

    def updated_after(self, at: float, skip: int, top: int) -> list[str]:
        """A page of the sessions whose state was set later than this, in that order."""
        start = self._by_time.bisect_left((nextafter(at, inf),)) + skip
        return [session_id for _, session_id in self._by_time[start : start + top]]
