"""That the examples of a property do not depend on what is loaded."""

import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

SOURCE = "\n".join(f"NUMBER_{number} = {number}" for number in range(31_000, 31_400))


def drawn() -> list[int]:
    """What one property is tried on."""
    numbers: list[int] = []

    @settings(max_examples=300, derandomize=True, database=None)
    @given(st.integers(0, 1_000_000))
    def note(number: int) -> None:
        numbers.append(number)

    note()
    return numbers


def test_a_module_more_changes_no_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = drawn()
    file = tmp_path / "one_more.py"
    file.write_text(SOURCE, encoding="utf-8")
    module = ModuleType("one_more")
    module.__file__ = str(file)
    monkeypatch.setitem(sys.modules, "one_more", module)
    assert drawn() == before
