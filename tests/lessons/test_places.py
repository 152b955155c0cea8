import shutil
from pathlib import Path

import pytest

from sbtutorial.errors import TutorialError
from sbtutorial.lessons import places
from sbtutorial.lessons.places import working_copy
from sbtutorial.lessons.working_copy import FOLDER
from tests.notebooks.lessons import LESSONS

FIRST = LESSONS[0].name


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, in which a wheel's command is run."""
    installed, here = tmp_path / "installed", tmp_path / "here"
    for folder in (installed, here):
        folder.mkdir()
    shutil.copy(LESSONS[0], installed)
    monkeypatch.setattr(places, "installed_lessons", lambda: installed)
    monkeypatch.setattr(places, "clone_folder", lambda: None)
    monkeypatch.chdir(here)
    return here


def test_in_a_clone_both_are_in_the_clone(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "clone_folder", lambda: tmp_path / "clone")
    (tmp_path / "clone").mkdir()

    assert working_copy().folder == tmp_path / "clone" / FOLDER


def test_a_wheels_copy_goes_into_the_folder_where_it_is_asked_for(here: Path) -> None:
    told = working_copy().update()

    assert told == [f"Your own copy of the lessons: {here / FOLDER}"]
    assert 'execution_count": null' in (here / FOLDER / FIRST).read_text("utf-8")


def test_a_file_that_was_there_before_is_somebodys_and_stays(here: Path) -> None:
    (here / FOLDER).mkdir()
    (here / FOLDER / FIRST).write_text("precious")

    working_copy().update()

    assert (here / FOLDER / FIRST).read_text() == "precious"
    assert (here / FOLDER / FIRST).with_stem("00_start_here_new").exists()


@pytest.mark.parametrize("inside", [".", "images/more"])
def test_within_a_copy_it_is_that_one(
    here: Path, inside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kernel runs in the folder of its notebook."""
    working_copy().update()
    folder = here / FOLDER / inside
    folder.mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(folder)

    assert working_copy().folder == here / FOLDER


def test_where_nothing_can_be_written_it_goes_to_the_users_home(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    (here / FOLDER).write_text("in the way of a folder")

    assert working_copy().folder == tmp_path / "home" / "sbtutorial_lessons"


def test_an_installation_without_lessons_says_what_to_do(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "installed_lessons", lambda: None)

    with pytest.raises(TutorialError, match="without its lessons here: install its wheel"):
        working_copy()
