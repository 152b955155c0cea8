"""The line that a learner can hand in."""

from pathlib import Path

import pytest

from sbtutorial.errors import TutorialError
from sbtutorial.exercises import registry
from sbtutorial.exercises.course import course
from sbtutorial.exercises.handing_in import HandedIn, read, written
from sbtutorial.folders import HOME_VARIABLE
from sbtutorial.lab import journal
from sbtutorial.lab.journal import PASSED, PREDICTED

ADA = HandedIn("Ada Lovelace", ("start.there_and_back", "send.order"), 13, 4, 7)


def test_line_is_one_line_with_all_there_is_to_say() -> None:
    line = written(ADA)
    assert line.startswith(
        "sbtutorial 1 | Ada Lovelace | passed 2 of 13: start.there_and_back send.order "
        "| predictions 4 of 7 | "
    )
    assert "\n" not in line
    assert written(ADA) == line


@pytest.mark.parametrize("course", [ADA, HandedIn("", (), 13, 0, 0)])
def test_line_is_read_as_it_was_written_however_it_was_broken_on_the_way(course: HandedIn) -> None:
    line = written(course)
    assert read(line) == course
    assert read(f"> Here it is:\n {line.replace(' ', chr(10))}  \n-- \nAda") == course


@pytest.mark.parametrize("at", range(0, len(written(ADA)), 3))
def test_letter_that_is_mistyped_is_found(at: int) -> None:
    line = written(ADA)
    other = "x" if line[at] != "x" else "y"
    with pytest.raises(TutorialError, match=r"is no line|not as it was written"):
        read(line[:at] + other + line[at + 1 :])


def test_line_that_was_cut_is_found() -> None:
    with pytest.raises(TutorialError, match="is no line"):
        read(written(ADA)[:-3])


def test_name_cannot_break_the_line() -> None:
    assert read(written(ADA._replace(name="Ada | the\nfirst " + "x" * 500))).name.startswith(
        "Ada / the first xx"
    )


def test_shown_it_says_what_it_is_and_that_nothing_was_sent() -> None:
    line = written(ADA)
    text = repr(line).replace("\n", " ")
    assert text.startswith(line)
    assert "Nothing has been sent." in text
    assert "no proof" in text
    assert "Nothing has been sent." in line._repr_html_()


def test_course_is_exported_as_the_journal_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    journal.note(PASSED, "send.order")
    journal.note(PREDICTED, "How many?", "03", said="3", right=True)
    journal.note(PREDICTED, "How many more?", right=False)
    exported = read(course().export("Ada"))
    names = [name for topic in registry.topics() for name in registry.names_of(topic)]
    assert exported == HandedIn("Ada", ("send.order",), len(names), 1, 2)
    assert read(course().export()).name == ""
