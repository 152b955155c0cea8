"""The links of one connection that have something behind them, found by their session, too."""

from collections.abc import Iterator

from sbtutorial.amqp.link import Link, LinkCarrier


class OpenLinks:
    """All of them, those of one session together, in the order in which they came."""

    def __init__(self) -> None:
        self._by_session: dict[LinkCarrier, dict[Link, None]] = {}

    def __iter__(self) -> Iterator[Link]:
        for links in self._by_session.values():
            yield from links

    def __contains__(self, link: Link) -> bool:
        return link in self._by_session.get(link.session, ())

    def of(self, session: LinkCarrier) -> list[Link]:
        """Those of one session."""
        return list(self._by_session.get(session, ()))

    def add(self, link: Link) -> None:
        """One more."""
        self._by_session.setdefault(link.session, {})[link] = None

    def discard(self, link: Link) -> None:
        """One less, if it is there."""
        links = self._by_session.get(link.session)
        if links is not None:
            links.pop(link, None)
            if not links:
                del self._by_session[link.session]
