"""What is read and written in steps is what would be read and written at once."""

from collections.abc import Generator
from copy import deepcopy
from typing import Any
from uuid import UUID

import pytest

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.types import Array, Described, Int, Long, Symbol, Timestamp, decode, encode
from sbtutorial.gateway.nodes.long_values import encode_in_steps, read_in_steps

LONG_VALUES: list[Any] = [
    None,
    "a text",
    {},
    {"messages": []},
    {"a": 1, "b": [1, "two", {"three": [4]}], "c": Array([])},
    {"messages": [{"message": b"x" * 300, "lock-token": UUID(int=n)} for n in range(500)]},
    {"messages": [{"message": b"x" * 300_000, "lock-token": UUID(int=n)} for n in range(3)]},
    {"messages": [{"message": b"x" * n, "n": n} for n in (9, 300_000, 8, 7)], "some": b"y"},
    {"lock-tokens": Array([UUID(int=n) for n in range(3000)]), "after": Int(7)},
    {"sequence-numbers": Array([Long(n) for n in range(3000)]), "mode": True},
    {
        "times": Array([Timestamp(n) for n in range(3000)]),
        "texts": Array(["x" * n for n in range(200)]),
    },
    {"described": Array([Described(Symbol("a:b"), "x" * 200) for _ in range(20)]), "z": None},
    {"described": Array([Described(Symbol("a:b"), "x") for _ in range(2000)])},
    {"numbers": list(range(3000))},
    {"numbers": Array(range(3000)), "some large": Array([*range(2000), 2**40])},
    {"sessions-ids": Array(f"customer {n}" for n in range(3000))},
]


def run(steps: Generator[int, float, Any]) -> tuple[Any, int]:
    """What comes of it, and in how many steps."""
    count = 0
    try:
        while True:
            cost = next(steps) if count == 0 else steps.send(0.0)
            assert cost > 0
            count += 1
    except StopIteration as end:
        return end.value, count


@pytest.mark.parametrize("value", LONG_VALUES, ids=lambda value: str(value)[:20])
def test_a_value_is_read_and_written_as_it_would_be_at_once(value: Any) -> None:
    encoded, value = encode(value), deepcopy(value)
    read, _ = run(read_in_steps(b"..." + encoded, 3))
    assert read == decode(encoded)[0] == value
    assert type(read) is type(value)
    assert b"".join(run(encode_in_steps(value))[0]) == encoded


@pytest.mark.parametrize("name", ["messages", "lock-tokens"])
def test_very_many_elements_take_several_steps(name: str) -> None:
    value = next(
        one for one in LONG_VALUES if one and isinstance(one, dict) and name in one and one[name]
    )
    assert run(read_in_steps(encode(value), 0))[1] > 5


def test_few_large_elements_take_several_steps() -> None:
    value = {"messages": [{"message": b"x" * 100_000} for _ in range(30)]}
    assert run(encode_in_steps(value))[1] > 5


def test_an_array_keeps_the_type_of_its_elements() -> None:
    value = {"ends": Array([Timestamp(n) for n in range(2000)])}
    read, _ = run(read_in_steps(encode(value), 0))
    assert (type(read["ends"]), type(read["ends"][-1])) == (Array, Timestamp)
    assert encode(read) == encode(value)


def test_a_map_that_no_dictionary_can_hold_is_refused() -> None:
    twice = encode("a") + encode("x" * 300)
    body = b"\xd1" + (4 + 2 * len(twice)).to_bytes(4, "big") + (4).to_bytes(4, "big") + twice * 2
    with pytest.raises(DecodeError, match="same key twice"):
        run(read_in_steps(body, 0))


NULLS = [None] * 200_000


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"lock-tokens": [NULLS]}, "a field has 200"),
        ({"a": {"b": NULLS}}, "a field has 200"),
        ({"a": Array([[None] * 300] * 700)}, "a field has 2"),
        ({"a": Described(Symbol("own"), NULLS)}, "a field has 200"),
        (NULLS, "a field has 200"),
        ({"sequence-numbers": NULLS}, "a list has 200000 elements"),
        ({"sequence-numbers": Array(range(200_000))}, "a list has 200000 elements"),
        ({"a": {f"{number}": b"" for number in range(20_000)}}, "a field has "),
        ({f"{number}": True for number in range(2000)}, "it has 2000 fields"),
        ({1: "x" * 300}, "names of its fields are texts"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_would_take_long_to_read_is_refused(body: Any, why: str) -> None:
    with pytest.raises(DecodeError, match=why):
        run(read_in_steps(encode(body), 0))


def test_elements_that_are_dear_are_read_few_at_a_time() -> None:
    dear = {"a": [[None] * 10_000] * 64}
    assert run(read_in_steps(encode(dear), 0))[1] > 30
