import shutil
from pathlib import Path

import pytest

from sbtutorial.errors import TutorialError
from sbtutorial.lessons import places, restoring
from sbtutorial.lessons.working_copy import FOLDER
from tests.notebooks.lessons import LESSONS


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The clone that the lessons of this kernel are of."""
    (tmp_path / "notebooks").mkdir()
    shutil.copy(LESSONS[0], tmp_path / "notebooks")
    monkeypatch.setattr(places, "clone_folder", lambda: tmp_path)
    return tmp_path


def test_what_to_do_with_a_lesson_that_is_open_is_said_with_it(clone: Path) -> None:
    mine = clone / FOLDER / LESSONS[0].name
    mine.parent.mkdir()
    mine.write_text("my answer")

    said = " ".join(restoring.restore("00").split())

    assert said.startswith(f"{LESSONS[0].name} is at its beginning again. What you had saved is ")
    assert "save it there (Ctrl+S, or ⌘S) and choose Revert" in said
    assert mine.with_stem(f"{mine.stem}_mine").read_text() == "my answer"


@pytest.mark.parametrize("lesson", [3, None, ["00"]])
def test_a_lesson_is_named_by_text(clone: Path, lesson: object) -> None:
    with pytest.raises(TutorialError, match='as in "03"; not '):
        restoring.restore(lesson)  # type: ignore[arg-type]
