import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROPERTY = """
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples

seen = set()


@settings(max_examples=examples(30), database=None)
@given(st.integers())
def test_it(number):
    seen.add(number)


def test_how_often():
    assert len(seen) {compared}
"""


@pytest.mark.parametrize(
    ("profile", "compared"), [((), "<= 30"), (("--hypothesis-profile=search",), "> 300")]
)
def test_at_night_a_property_has_twenty_times_its_examples(
    tmp_path: Path, profile: tuple[str, ...], compared: str
) -> None:
    (tmp_path / "test_property.py").write_text(PROPERTY.format(compared=compared))
    options = ["-c", "pyproject.toml", "-p", "no:cacheprovider", "-p", "tests.conftest", *profile]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, tmp_path / "test_property.py"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout
