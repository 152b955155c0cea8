from pathlib import Path

import pytest

from tests.order import GROUPS, SECONDS, group, longest_first, weight

ROOT = Path(__file__).parents[1]
RELEASES = "tests/clients/test_releases.py"


class Item(pytest.Item):
    def runtest(self) -> None:
        raise AssertionError("is only named")


@pytest.fixture
def item(request: pytest.FixtureRequest):
    def make(node_id: str, **indices: int) -> pytest.Item:
        item = Item.from_parent(request.node.parent, name=node_id, nodeid=node_id)
        if indices:
            item.callspec = type("Spec", (), {"indices": indices})
        return item

    return make


@pytest.mark.parametrize("beginning", sorted({*SECONDS, *GROUPS}))
def test_what_has_a_weight_or_a_group_is_there(beginning: str) -> None:
    path, _, name = beginning.partition("::")
    files = [ROOT / path] if (ROOT / path).exists() else list(ROOT.glob(f"{path}*.py"))
    assert files
    if name:
        assert f"def {name}" in files[0].read_text("utf-8")


def test_the_beginning_that_says_most_counts() -> None:
    assert weight("tests/notebooks/test_lessons.py::test_x[00]") == 15
    assert weight("tests/notebooks/test_saved.py::test_x") == 5
    assert weight("tests/amqp/test_frames.py::test_x") == 0


def test_the_longest_begin_and_equals_stay_as_they_are(item) -> None:
    light = ["tests/amqp/test_link.py::b", "tests/amqp/test_link.py::a"]
    heavy = ["tests/sdk/test_x.py::y", "tests/notebooks/test_lessons.py::z"]
    ordered = longest_first([item(node_id) for node_id in [*light, *heavy]])
    assert [one.nodeid for one in ordered] == [*reversed(heavy), *light]


def test_tests_of_one_client_stay_together_and_those_of_another_elsewhere(item) -> None:
    first = item(f"{RELEASES}::a", case=0)
    again, other = item(f"{RELEASES}::b", case=0), item(f"{RELEASES}::b", case=1)
    assert group(first) == group(again) != group(other)
    assert group(item("tests/amqp/test_link.py::a")) is None
