"""A property is given time: one that is stopped half-way would be taken for a counterexample."""

from pathlib import Path

import pytest

_HERE = Path(__file__).parent
_SECONDS = 900  # with every other process of a busy machine before it


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.timeout(_SECONDS))
