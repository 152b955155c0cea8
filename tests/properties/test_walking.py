"""What is walked over in steps ends where it ends at once, and is refused with the same words."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.types import encode, skip, skip_in_steps, skipping

LEAVES = st.sampled_from([None, True, 7, 2**40, "", "coffee", b"tea", 1.5, [], {}]).map(encode)


def wide(code: int, count: int, items: bytes) -> bytes:
    return bytes([code]) + (4 + len(items)).to_bytes(4, "big") + count.to_bytes(4, "big") + items


def lists(items: list[bytes]) -> bytes:
    return wide(0xD0, len(items), b"".join(items))


def maps(items: list[bytes]) -> bytes:
    return wide(0xD1, len(items) // 2 * 2, b"".join(items[: len(items) // 2 * 2]))


def arrays_of_lists(elements: list[bytes]) -> bytes:
    return wide(0xF0, len(elements), b"\xd0" + b"".join(lists([each])[1:] for each in elements))


def described(items: list[bytes]) -> bytes:
    return b"\x00" + lists(items) + lists(items)


def long_text(text: str) -> bytes:
    return b"\xb1" + len(text.encode()).to_bytes(4, "big") + text.encode()


LEAVES |= st.text(max_size=5).map(long_text)
BUILDERS = st.sampled_from([lists, maps, arrays_of_lists, described])
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.builds(lambda build, items: build(items), BUILDERS, st.lists(inner)),
    max_leaves=20,
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    value = bytearray(draw(VALUES))
    for _ in range(draw(st.integers(0, 2))):
        value[draw(st.integers(0, len(value) - 1))] = draw(st.integers(0, 255))
    return bytes(value[: draw(st.integers(1, len(value)))] if draw(st.booleans()) else value)


def in_steps(value: bytes) -> int:
    steps = skip_in_steps(value, 0)
    try:
        while True:
            next(steps)
    except StopIteration as end:
        return int(end.value)


def outcome(walk: Callable[[], int]) -> object:
    try:
        return walk()
    except DecodeError as error:
        return str(error)


@given(damaged())
def test_walked_over_in_steps_as_at_once(value: bytes) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(skipping, "STEP_BYTES", 0)  # nothing is too short to go into
        assert outcome(lambda: in_steps(value)) == outcome(lambda: skip(value, 0))


@given(VALUES)
def test_whole_values_are_walked_to_their_end(value: bytes) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(skipping, "STEP_BYTES", 0)
        assert in_steps(value) == len(value)
