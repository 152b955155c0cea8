import pytest

from tests.short_ids import short_id


@pytest.mark.parametrize("value", ["", "x" * 100, b"\xff" * 100, 10**200, ["x" * 200], None])
def test_what_is_short_or_no_text_is_named_as_pytest_likes(value: object) -> None:
    assert short_id(value) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("x" * 10**7, "x" * 100 + "... (10000000)"),
        (b"x" * 101, "x" * 100 + "... (101)"),
        (b"\xff\n" * 100, r"\xff\n" * 50 + "... (200)"),
        ("€\n" * 100, r"\u20ac\n" * 50 + "... (200)"),
    ],
)
def test_a_long_text_is_named_by_its_beginning(value: str | bytes, expected: str) -> None:
    assert short_id(value) == expected


LONG = "x" * 1000


@pytest.mark.parametrize("value", [LONG + "a", LONG + "b"])
def test_names_are_those_and_never_two_alike(request: pytest.FixtureRequest, value: str) -> None:
    assert request.node.name.startswith(f"{request.node.originalname}[{'x' * 100}... (1001)")
    here = request.node.location[:2]
    siblings = [item.name for item in request.session.items if item.location[:2] == here]
    assert len(siblings) == len({*siblings})
