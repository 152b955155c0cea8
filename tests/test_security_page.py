"""SECURITY.md names a test for each promise, and each of them is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "SECURITY.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py(?:::\w+)?)`", PAGE)))


@pytest.mark.parametrize("named", NAMED)
def test_a_test_that_is_named_is_there(named: str) -> None:
    path, _, name = named.partition("::")
    source = (ROOT / path).read_text("utf-8")
    assert re.search(
        rf"^(async )?def {name}\(" if name else "^def test_|^async def test_", source, re.M
    )


def test_every_promise_names_one() -> None:
    promised = PAGE.partition("## What is promised")[2].partition("\n## ")[0]
    rows = [row for row in promised.splitlines() if row.startswith("| ")][1:]
    assert len(rows) > 10
    assert [row for row in rows if "`tests/" not in row] == []
