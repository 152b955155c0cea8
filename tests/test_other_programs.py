"""The page about other people's programs: each program on it is run by a test of that client."""

from pathlib import Path

from tests.clients.page import PAGE, PROGRAMS

ROOT = Path(__file__).parents[1]


def test_each_program_of_the_page_is_run_by_a_test() -> None:
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests/clients").glob("test_*.py"))
    assert len(PROGRAMS) == 5
    assert [name for name in PROGRAMS if f'"{name}"' not in tests] == []


def test_readers_of_the_readme_find_the_page() -> None:
    assert f"({PAGE.relative_to(ROOT).as_posix()})" in (ROOT / "README.md").read_text("utf-8")
