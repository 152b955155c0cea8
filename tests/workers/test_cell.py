"""What a cell is read into."""

import gc
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from sbtutorial.workers.cell import needs_lab, tree_of

NESTED = "\n".join(f"x = {'(1 + ' * 20}1{')' * 20}" for _ in range(20))


@pytest.fixture
def interrupted() -> Iterator[None]:
    """While something is built, other threads have a turn: the collector runs, and lets go."""

    def let_go(phase: str, info: object) -> None:
        time.sleep(0)

    before = gc.get_threshold()
    gc.callbacks.append(let_go)
    gc.set_threshold(50)
    yield
    gc.set_threshold(*before)
    gc.callbacks.remove(let_go)


def test_threads_that_read_programs_at_the_same_time_do_not_disturb_each_other(
    interrupted: None,
) -> None:
    with ThreadPoolExecutor(4) as pool:
        trees = list(pool.map(tree_of, [NESTED] * 12))
    assert {len(tree.body) for tree in trees} == {20}


@pytest.mark.parametrize(
    ("source", "needs"),
    [("lab.show('q')", True), ("lab = 1\nlab", False), ("print()", False), ("a b", False)],
)
def test_a_cell_needs_the_lab_that_it_does_not_make(source: str, needs: bool) -> None:
    assert needs_lab(source) is needs
