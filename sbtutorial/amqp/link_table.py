"""Link table: the links of one session, by our handle, by the peer's handle and by name.

Source: AMQP 1.0, 2.6.2.
"""

from collections.abc import Iterator

from sbtutorial.amqp.errors import Condition, Level, LocalProtocolError, RemoteProtocolError
from sbtutorial.amqp.limits import ResourceUse
from sbtutorial.amqp.link import Link

# What comes late on a handle comes soon after its detach.
_MAX_RETIRED_HANDLES = 1024


class LinkTable:
    """Maps handles and names to links.

    Args:
        use: What the peer makes this side keep, and its limits.
    """

    def __init__(self, use: ResourceUse) -> None:
        self._use = use
        self._by_handle: dict[int, Link] = {}
        self._by_remote_handle: dict[int, Link] = {}
        self._by_name: dict[tuple[str, bool], Link] = {}
        # The last of the peer's handles that were detached, the oldest first.
        self._retired_remote_handles: dict[int, None] = {}
        self._free_handles: list[int] = []

    def __iter__(self) -> Iterator[Link]:
        return iter(self._by_handle.values())

    def __len__(self) -> int:
        return len(self._by_handle)

    @property
    def is_over_full(self) -> bool:
        """Whether there are more links than the limits allow."""
        limits = self._use.limits
        return (
            len(self._by_handle) > limits.max_links_per_session
            or self._use.link_count > limits.max_links
        )

    def check_room(self) -> None:
        """Make sure that refused links, whose detach the peer never answers, do not pile up.

        Raises:
            RemoteProtocolError: There are twice as many links as the limits allow.
        """
        limits = self._use.limits
        if (
            len(self._by_handle) >= 2 * limits.max_links_per_session
            or self._use.link_count >= 2 * limits.max_links
        ):
            raise RemoteProtocolError(
                "too many links were refused and never detached",
                Condition.RESOURCE_LIMIT_EXCEEDED,
                Level.SESSION,
            )

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
        self._use.link_count += 1

    def named(self, name: str, role: bool) -> Link | None:
        """Our end with that name and role."""
        return self._by_name.get((name, role))

    def bind(self, link: Link, remote_handle: int) -> None:
        """Have the peer's handle stand for a link."""
        self._retired_remote_handles.pop(remote_handle, None)
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
        """Remove a link that both sides have detached."""
        self.forget_name(link)
        if self._by_handle.pop(link.handle, None) is not None:
            self._free_handles.append(link.handle)
            self._use.link_count -= 1
        if link.remote_handle is not None:
            self._by_remote_handle.pop(link.remote_handle, None)
            self._retire(link.remote_handle)

    def clear(self) -> list[Link]:
        """Remove all links; returns them."""
        links = list(self._by_handle.values())
        self._use.link_count -= len(links)
        self._by_handle.clear()
        self._by_remote_handle.clear()
        self._by_name.clear()
        return links

    def _retire(self, remote_handle: int) -> None:
        self._retired_remote_handles[remote_handle] = None
        if len(self._retired_remote_handles) > _MAX_RETIRED_HANDLES:
            del self._retired_remote_handles[next(iter(self._retired_remote_handles))]
