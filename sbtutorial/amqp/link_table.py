"""The links of one session, by our handle, by the peer's handle and by name.

Source: AMQP 1.0, 2.6.2.
"""

from sbtutorial.amqp.errors import Condition, Level, LocalProtocolError, RemoteProtocolError
from sbtutorial.amqp.link import Link


class LinkTable:
    """Which link is meant.

    Args:
        max_links: How many a session may have at a time.
    """

    def __init__(self, max_links: int) -> None:
        self._max_links = max_links
        self._by_handle: dict[int, Link] = {}
        self._by_remote_handle: dict[int, Link] = {}
        self._by_name: dict[tuple[str, bool], Link] = {}
        self._retired_remote_handles: set[int] = set()
        self._free_handles: list[int] = []

    def __len__(self) -> int:
        return len(self._by_handle)

    @property
    def is_over_full(self) -> bool:
        """Whether there are more links than a session may have."""
        return len(self._by_handle) > self._max_links

    def take_handle(self) -> int:
        """A handle of ours that no link has."""
        return self._free_handles.pop() if self._free_handles else len(self._by_handle)

    def add(self, link: Link) -> None:
        """Keep a link.

        Raises:
            LocalProtocolError: There is one of that name and direction.
        """
        key = (link.name, link.role)
        if key in self._by_name:
            self._free_handles.append(link.handle)
            raise LocalProtocolError(f"the session has a link '{link.name}' of this direction")
        self._by_handle[link.handle] = self._by_name[key] = link

    def named(self, name: str, role: bool) -> Link | None:
        """Our end with that name and role."""
        return self._by_name.get((name, role))

    def bind(self, link: Link, remote_handle: int) -> None:
        """Have the peer's handle stand for a link."""
        self._retired_remote_handles.discard(remote_handle)
        self._by_remote_handle[remote_handle] = link

    def check_free(self, remote_handle: int) -> None:
        """Make sure that the peer's handle stands for no link yet.

        Raises:
            RemoteProtocolError: It does: the peer has mistaken its own handles.
        """
        if remote_handle in self._by_remote_handle:
            raise RemoteProtocolError(
                f"handle {remote_handle} is attached already",
                Condition.HANDLE_IN_USE,
                Level.SESSION,
            )

    def find(self, remote_handle: int) -> Link | None:
        """The link that the peer's handle stands for; None when that link is detached.

        What a peer sent just before it learned of a detach, or on its way out, means nothing.

        Raises:
            RemoteProtocolError: The handle was never attached.
        """
        link = self._by_remote_handle.get(remote_handle)
        if link is None and remote_handle not in self._retired_remote_handles:
            raise RemoteProtocolError(
                f"handle {remote_handle} is not attached",
                Condition.UNATTACHED_HANDLE,
                Level.SESSION,
            )
        return link

    def forget_name(self, link: Link) -> None:
        """Let another link have the name of one that is leaving."""
        if self._by_name.get((link.name, link.role)) is link:
            del self._by_name[link.name, link.role]

    def remove(self, link: Link) -> None:
        """Let go of a link that both sides have detached."""
        self.forget_name(link)
        if self._by_handle.pop(link.handle, None) is not None:
            self._free_handles.append(link.handle)
        if link.remote_handle is not None:
            self._by_remote_handle.pop(link.remote_handle, None)
            self._retired_remote_handles.add(link.remote_handle)

    def clear(self) -> list[Link]:
        """Let go of all links and give them."""
        links = list(self._by_handle.values())
        self._by_handle.clear()
        self._by_remote_handle.clear()
        self._by_name.clear()
        return links
