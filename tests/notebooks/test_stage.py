"""The process in which lessons run: used again, by one caller at a time, until an error."""

import os
from pathlib import Path

import pytest

from tests.notebooks.stage import stage

pytestmark = pytest.mark.notebooks
QUIETLY = ("-q", "-c", os.devnull, "-p", "no:cacheprovider")
BASE = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
BASE |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # which would take most of the time


def test_a_folder_for_temporary_files_may_be_gone_when_the_next_comes(
    program: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    names = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    with stage() as first:
        first.run([*QUIETLY, str(program)], {**BASE, **names})
    folder.rmdir()
    with stage() as second:
        assert second is first
        assert second.run([*QUIETLY, str(program)], {**BASE, "DRINK": "tea"}).code == 0


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / f"{tmp_path.name}.py"  # a module stays imported: another name for each
    path.write_text("import os\ndef test_it(): assert {**os.environ}.get('DRINK') == 'tea'\n")
    return path


def test_a_free_stage_is_used_again_and_has_only_the_environment_that_it_is_given(
    program: Path,
) -> None:
    arguments = [*QUIETLY, str(program)]
    with stage() as first:
        assert first.run(arguments, {**BASE, "DRINK": "tea"}).code == 0
    with stage() as second:
        assert second is first
        run = second.run(arguments, BASE)
    assert run.code == 1
    assert "assert None == 'tea'" in run.said


def test_two_at_a_time_have_one_each() -> None:
    with stage() as one, stage() as other:
        assert one is not other


def test_after_an_error_a_stage_is_not_used_again() -> None:
    with pytest.raises(KeyboardInterrupt), stage() as stopped:
        raise KeyboardInterrupt
    assert not stopped.is_usable
    with stage() as next_one:
        assert next_one is not stopped
        assert next_one.is_usable


def test_a_stage_that_ends_by_itself_is_told_and_not_used_again(program: Path) -> None:
    program.write_text("import os\ndef test_it(): os._exit(7)\n")
    with stage() as ended:
        run = ended.run([*QUIETLY, str(program)], BASE)
    assert run == (7, "Its process ended by itself, with exit code 7.")
    with stage() as next_one:
        assert next_one is not ended
