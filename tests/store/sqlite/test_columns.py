from collections.abc import Hashable
from uuid import UUID

import pytest

from sbtutorial.broker.message import AssignedId
from sbtutorial.store.sqlite.columns import column, value_of

VALUES: list[Hashable] = [
    None,
    "plain",
    "",
    "größer ✓",
    "half \ud800",
    7,
    2**64 - 1,
    -(2**63),
    b"",
    b"\x00\xff",
    UUID(int=5),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_comes_back_in_its_own_type(value: Hashable) -> None:
    again = value_of(column(value))
    assert again == value
    assert type(again) is type(value)


def test_an_id_that_the_broker_has_given_is_known_as_such() -> None:
    assert isinstance(value_of(column(AssignedId("a"))), AssignedId)


def test_what_can_be_no_id_is_refused() -> None:
    with pytest.raises(TypeError):
        column(1.5)
