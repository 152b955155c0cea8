import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sbtutorial.setup.file_lock import try_lock


@pytest.fixture
def descriptors(tmp_path: Path) -> Iterator[tuple[int, int]]:
    """Two of one file, opened apart, as two processes would."""
    opened = [os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT) for _ in range(2)]
    yield opened[0], opened[1]
    for descriptor in opened:
        os.close(descriptor)


def test_a_file_is_locked_once(descriptors: tuple[int, int]) -> None:
    first, second = descriptors
    assert try_lock(first)
    assert not try_lock(second)


def test_a_lock_ends_with_its_descriptor(tmp_path: Path) -> None:
    first, second = (os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT) for _ in range(2))
    assert try_lock(first, at=7)
    os.close(first)
    assert try_lock(second, at=7, wait=True)
    os.close(second)
