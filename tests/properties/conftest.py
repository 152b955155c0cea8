"""A property is given time: one that is stopped half-way would be taken for a counterexample."""

from pathlib import Path

import pytest

from tests.marking import mark_below

_HERE = Path(__file__).parent
_SECONDS = 900  # with every other process of a busy machine before it


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    mark_below(_HERE, items, pytest.mark.timeout(_SECONDS))
