import ast
import sys
from pathlib import Path

import pytest

import sbtutorial
from sbtutorial.setup.python_version import MINIMUM, complaint

PACKAGE = Path(sbtutorial.__file__).parent


def test_this_python_will_do() -> None:
    assert complaint() == ""


def test_the_oldest_python_that_will_do_gets_no_complaint() -> None:
    assert complaint(MINIMUM) == ""
    assert complaint((*MINIMUM, 0)) == ""


@pytest.mark.parametrize("version", [(3, 6, 15), (3, 10, 13)])
def test_an_older_python_is_told_which_one_it_is_and_which_one_is_wanted(
    version: tuple[int, ...],
) -> None:
    assert ".".join(map(str, version)) in complaint(version)
    assert "needs Python 3.11 or newer" in complaint(version)


@pytest.mark.parametrize(
    "name", ["__init__.py", "__main__.py", "setup/__init__.py", "setup/python_version.py"]
)
def test_what_an_old_python_reads_first_is_readable_to_it(name: str) -> None:
    ast.parse((PACKAGE / name).read_text("utf-8"), feature_version=(3, 6))


def test_the_command_on_an_old_python_is_a_sentence_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from sbtutorial import __main__

    monkeypatch.setattr(__main__, "complaint", lambda: complaint((3, 9, 1)))

    assert __main__.main() == 1
    assert capsys.readouterr().err.startswith("sbtutorial needs Python 3.11 or newer, and this is")


def test_a_name_of_the_package_on_an_old_python_is_refused_with_the_same_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sbtutorial.setup.python_version.complaint", lambda: complaint((3, 9, 1)))
    monkeypatch.delitem(vars(sbtutorial), "Worker", raising=False)

    with pytest.raises(ImportError, match="needs Python 3"):
        sbtutorial.Worker  # noqa: B018


def test_importing_the_package_imports_nothing_else() -> None:
    import subprocess

    code = (
        "import sys; before = set(sys.modules); import sbtutorial; print(set(sys.modules)-before)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent, check=True
    )
    assert said.stdout.strip() == "{'sbtutorial'}"


@pytest.mark.parametrize("name", sbtutorial.__all__)
def test_every_name_of_the_package_can_be_had(name: str) -> None:
    assert name in dir(sbtutorial)
    assert getattr(sbtutorial, name) is not None


def test_a_name_that_the_package_lacks_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="conect"):
        sbtutorial.conect  # type: ignore[attr-defined]  # noqa: B018
