import re
import sys
from types import ModuleType
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from sbtutorial.errors import TutorialError
from sbtutorial.notebook import tracebacks

LIBRARY = """
def call():
    try:
        deep()
    except KeyError:
        raise RuntimeError("the library's words")

def deep():
    raise KeyError("inner")

def rephrase():
    try:
        deep()
    except KeyError as error:
        raise RuntimeError("in other words") from error

def ask(somebody):
    try:
        somebody()
    except KeyError as error:
        raise RuntimeError("nobody knows") from error

def complain():
    raise RuntimeError("tea is out\\n" + "cup " * 40 + "c" * 100)
"""


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Any:
    library = ModuleType("azure.pretended")
    exec(LIBRARY, library.__dict__)
    monkeypatch.setitem(sys.modules, "azure.pretended", library)
    shell = InteractiveShell()
    shell.run_line_magic("colors", "nocolor")
    tracebacks.install(shell)
    return shell


def shown(shell: Any, capsys: pytest.CaptureFixture[str], cell: str) -> str:
    capsys.readouterr()
    result = shell.run_cell(cell)
    assert result.error_in_exec is not None
    said = capsys.readouterr()
    return said.out + said.err


def test_an_error_of_the_library_shows_the_cells_line_and_the_last_one(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    text = shown(shell, capsys, "import sys\nsys.modules['azure.pretended'].call()")
    assert "----> 2 sys.modules['azure.pretended'].call()" in text
    assert "RuntimeError: the library's words" in text
    assert "KeyError" not in text
    assert "deep" not in text


def test_what_the_library_made_an_error_from_is_left_out_and_stays_with_it(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    text = shown(shell, capsys, "import sys\nsys.modules['azure.pretended'].rephrase()")
    assert "RuntimeError: in other words" in text
    assert "KeyError" not in text
    result = shell.run_cell("sys.modules['azure.pretended'].rephrase()")
    assert isinstance(result.error_in_exec.__cause__, KeyError)


def test_what_it_made_from_an_error_of_the_learners_own_is_shown_with_that(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    cell = "import sys\ndef mine():\n    {}['tea']\nsys.modules['azure.pretended'].ask(mine)"
    text = shown(shell, capsys, cell)
    assert "RuntimeError: nobody knows" in text
    assert "KeyError: 'tea'" in text


def test_the_librarys_long_lines_are_broken_between_words(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    text = shown(shell, capsys, "import sys\nsys.modules['azure.pretended'].complain()")
    words = text[text.index("tea is out") :].rstrip().split("\n")
    assert words == [
        "tea is out",
        *("cup " * 17 + "cup", "cup " * 17 + "cup", "cup cup cup cup"),
        "c" * 100,
    ]


def test_the_colour_of_an_errors_name_takes_no_room(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    cell = "import sys\nsys.modules['azure.pretended'].complain()"
    plain = shown(shell, capsys, cell)
    shell.run_line_magic("colors", "linux")
    coloured = shown(shell, capsys, cell)
    assert coloured != plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured).endswith(
        plain[plain.index("RuntimeError: tea") :]
    )


def test_code_has_no_colours_that_cannot_be_read_on_a_notebooks_red(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_line_magic("colors", "linux")
    text = shown(shell, capsys, "import sys\nsys.modules['azure.pretended'].call()")
    code, name, _ = text.partition("\x1b[")
    assert "----> 2 sys.modules['azure.pretended'].call()" in code
    assert name


def test_our_own_long_sentences_are_broken_between_words(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.user_ns["TutorialError"] = TutorialError
    text = shown(shell, capsys, "raise TutorialError('cup ' * 40)")
    assert "cup " * 17 + "cup\n" in text


def test_a_learners_own_functions_stay_in_the_picture(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    cell = "import sys\ndef mine():\n    sys.modules['azure.pretended'].call()\nmine()"
    text = shown(shell, capsys, cell)
    assert "----> 4 mine()" in text
    assert "sys.modules['azure.pretended'].call()" in text


def test_other_errors_are_shown_whole(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(shell, capsys, "def half(n):\n    return n / 0\nhalf(1)")
    assert "ZeroDivisionError" in text
    assert "return n / 0" in text


def test_our_own_sentences_stay_sentences(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    shell.user_ns["TutorialError"] = TutorialError
    text = shown(shell, capsys, "raise TutorialError('Do this instead.')")
    assert "Do this instead." in text
    assert "Traceback" not in text


def test_verbose_mode_shows_everything(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run_line_magic("xmode", "Verbose")
    text = shown(shell, capsys, "import sys\nsys.modules['azure.pretended'].call()")
    assert "KeyError" in text


def test_the_error_keeps_its_whole_traceback(shell: Any) -> None:
    result = shell.run_cell("import sys\nsys.modules['azure.pretended'].call()")
    names = []
    trace = result.error_in_exec.__traceback__
    while trace is not None:
        names.append(trace.tb_frame.f_code.co_name)
        trace = trace.tb_next
    assert names[-1] == "call"
