import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbtutorial.broker.paths import entity_path
from sbtutorial.gateway.access.resource import Resource


@pytest.mark.parametrize(
    ("uri", "host", "path"),
    [
        ("sb://h/orders", "h", "orders"),
        ("amqps://H:5671/Orders/", "h", "orders"),
        ("https://[::1]:5672/a%2Fb?x=1", "::1", "a/b"),
        ("https://h:5443", "h", ""),
        ("sb://h//orders//", "h", "orders"),
        ("h/orders", "h", "orders"),
        ("orders", "orders", ""),
        ("", "", ""),
        ("sb:///orders", "", "orders"),
        # A second address in the query is no address.
        ("sb://h/a?to=sb://h/b", "h", "a"),
        ("h/a?to=sb://h/b", "h", "a"),
        # Nothing is walked up, and a percent sign is decoded once.
        ("sb://h/a/../b", "h", "a/../b"),
        ("sb://h/a%252Fb", "h", "a%2fb"),
        ("sb://h@g/a", "h@g", "a"),
    ],
)
def test_address_is_read_in_one_way(uri: str, host: str, path: str) -> None:
    assert Resource.of(uri) == (host, path)


@pytest.mark.parametrize(
    ("granted", "asked"),
    [
        ("sb://h", "sb://h/a"),
        ("sb://h/a", "sb://h/a"),
        ("sb://h/a", "https://h:1/A/messages/head"),
        ("sb://h/a", "sb://h/a/$DeadLetterQueue"),
        ("sb://localhost/a", "sb://127.0.0.1/a"),
        ("sb://[::1]/a", "sb://localhost/a"),
    ],
)
def test_resource_covers_itself_and_what_is_below(granted: str, asked: str) -> None:
    assert Resource.of(granted).covers(Resource.of(asked))


@pytest.mark.parametrize(
    ("granted", "asked"),
    [
        ("sb://h/a", "sb://h/ab"),
        ("sb://h/a/", "sb://h/ab"),
        ("sb://h/a", "sb://h"),
        ("sb://h/a/b", "sb://h/a"),
        ("sb://h/a", "sb://g/a"),
        ("sb://localhost/a", "sb://h/a"),
        ("a", "sb://h/a"),
        ("sb://h/t/Subscriptions/s", "sb://h/t"),
        ("sb://h/t/Subscriptions/s", "sb://h/t/Subscriptions/s2"),
        ("sb://h/a/$management", "sb://h/a"),
    ],
)
def test_resource_covers_nothing_else(granted: str, asked: str) -> None:
    assert not Resource.of(granted).covers(Resource.of(asked))


@given(st.text(max_size=60), st.sampled_from(["", "sb://h/", "sb://", "h/", "x?y=sb://"]))
def test_who_checks_and_who_acts_read_the_same_path(text: str, start: str) -> None:
    uri = f"sb://h/{start}{text}"
    assert Resource.of(uri).path == entity_path(uri).lower()
