"""One mark for all tests of a folder."""

import os
from collections.abc import Iterable
from pathlib import Path

import pytest


def mark_below(
    folder: Path, items: Iterable[pytest.Item], mark: str | pytest.MarkDecorator
) -> None:
    """Mark the tests of a folder and of those in it.

    Texts are compared: to take ten thousand paths apart costs each process that runs tests a
    second.
    """
    beginning = f"{folder}{os.sep}"
    for item in items:
        if str(item.path).startswith(beginning):
            item.add_marker(mark)
