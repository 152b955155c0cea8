import pytest

from sbtutorial.amqp.errors import Level, LocalProtocolError, RemoteProtocolError
from sbtutorial.amqp.limits import ConnectionLimits, ResourceUse
from sbtutorial.amqp.link import Link
from sbtutorial.amqp.link_table import LinkTable
from sbtutorial.amqp.sender import SenderLink
from tests.wire import with_session


def make_link(table: LinkTable, name: str, remote_handle: int) -> Link:
    _, session, _ = with_session()
    link = SenderLink(session, name, table.take_handle())
    link.remote_handle = remote_handle
    table.add(link)
    table.bind(link, remote_handle)
    return link


def test_handles_are_small_and_used_again() -> None:
    table = LinkTable(ResourceUse(ConnectionLimits(max_links_per_session=10)))
    one, two, three = (make_link(table, name, at) for at, name in enumerate("abc"))
    assert [link.handle for link in (one, two, three)] == [0, 1, 2]
    table.remove(two)
    assert make_link(table, "d", 7).handle == 1
    assert make_link(table, "e", 8).handle == 3


def test_handle_of_a_detached_link_means_nothing_and_an_unknown_one_is_an_error() -> None:
    table = LinkTable(ResourceUse(ConnectionLimits(max_links_per_session=10)))
    link = make_link(table, "a", 5)
    assert table.find(5) is link
    table.remove(link)
    assert table.find(5) is None
    with pytest.raises(RemoteProtocolError) as caught:
        table.find(6)
    assert caught.value.level is Level.SESSION


def test_name_is_unique_until_its_link_is_gone() -> None:
    table = LinkTable(ResourceUse(ConnectionLimits(max_links_per_session=10)))
    link = make_link(table, "a", 0)
    with pytest.raises(LocalProtocolError):
        make_link(table, "a", 1)
    table.remove(link)
    assert make_link(table, "a", 1).handle == 0


def test_table_knows_when_there_are_too_many() -> None:
    table = LinkTable(ResourceUse(ConnectionLimits(max_links_per_session=1)))
    make_link(table, "a", 0)
    assert not table.is_over_full
    make_link(table, "b", 1)
    assert table.is_over_full
    assert len(table.clear()) == 2
    assert len(table) == 0
