"""What lies there for the next: how many, for how long, for whom, and that it is closed then."""

from threading import Event

from sbtutorial.explorer.keeping.kept_links import IDLE_SECONDS, KeptLinks, Key, close_behind

PATIENCE_SECONDS = 30
ORDERS, NEWS = Key("receiver", "orders"), Key("receiver", "news")


class Link:
    """Something that is open until it is closed."""

    def __init__(self) -> None:
        self.closed = Event()

    def close(self) -> None:
        self.closed.set()


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def ended(*links: Link) -> bool:
    return all(link.closed.wait(PATIENCE_SECONDS) for link in links)


def test_who_takes_a_link_has_it_alone() -> None:
    kept, link = KeptLinks(), Link()
    assert kept.take(ORDERS) is None
    kept.keep(ORDERS, link, kept.era)
    assert kept.take(NEWS) is None
    assert kept.take(Key("sender", "orders")) is None
    assert kept.take(ORDERS) is link
    assert kept.take(ORDERS) is None
    assert not link.closed.is_set()


def test_the_one_that_was_used_last_is_given_out_first_and_closed_last() -> None:
    kept, links = KeptLinks(most=2), [Link() for _ in range(3)]
    for link in links:
        kept.keep(ORDERS, link, kept.era)
    assert ended(links[0])
    assert len(kept) == 2
    assert [kept.take(ORDERS), kept.take(ORDERS)] == [links[2], links[1]]
    kept.keep(ORDERS, links[1], kept.era)
    kept.keep(ORDERS, links[2], kept.era)
    kept.keep(ORDERS, last := Link(), kept.era)
    assert ended(links[1])
    assert not links[2].closed.is_set() and not last.closed.is_set()


def test_what_has_lain_there_for_long_is_closed_by_whoever_comes_next() -> None:
    clock = Clock()
    kept, old, new = KeptLinks(now=clock), Link(), Link()
    kept.keep(ORDERS, old, kept.era)
    clock.now = 1
    kept.keep(ORDERS, new, kept.era)
    clock.now = IDLE_SECONDS
    assert kept.take(NEWS) is None
    assert ended(old)
    assert kept.take(ORDERS) is new
    kept.keep(ORDERS, new, kept.era)
    clock.now += IDLE_SECONDS
    assert kept.take(ORDERS) is None
    assert ended(new)


def test_what_is_forgotten_is_closed_and_what_is_in_use_meanwhile_is_not_kept() -> None:
    kept, orders, news, used = KeptLinks(), Link(), Link(), Link()
    era = kept.era
    kept.keep(ORDERS, orders, era)
    kept.keep(NEWS, news, era)
    kept.forget(lambda key: key == ORDERS)
    assert ended(orders)
    kept.keep(ORDERS, used, era)
    assert ended(used)
    assert kept.take(ORDERS) is None
    assert kept.take(NEWS) is news


def test_one_that_cannot_be_closed_keeps_no_other_open() -> None:
    class Broken(Link):
        def close(self) -> None:
            raise OSError

    link = Link()
    close_behind([Broken(), link])
    assert ended(link)
