import os
import sys
from pathlib import Path

import pytest

from sbtutorial.setup import uv
from sbtutorial.setup.installing import LATEST, LOCKED
from sbtutorial.setup.uv import Words, words_for

PYTHON = Path("environment", "bin", "python")


def options(*settings: str) -> tuple[str, ...]:
    words = words_for(settings)
    assert words, "uv has no words for it"
    return words.options


def test_who_has_told_pip_nothing_has_nothing_to_tell_uv() -> None:
    assert words_for([]) == Words((), {})


def test_where_packages_come_from_is_told_to_uv() -> None:
    assert options("global.index-url='https://packages.example/simple'") == (
        "--default-index",
        "https://packages.example/simple",
    )
    assert options("global.find-links='/one /two'") == (
        *("--find-links", "/one"),
        *("--find-links", "/two"),
    )
    assert options("install.constraint='known.txt'") == ("--constraint", "known.txt")


def test_of_several_indexes_the_best_version_counts_as_pip_has_it() -> None:
    assert options("global.extra-index-url='\\nhttps://a.example\\nhttps://b.example'") == (
        *("--index", "https://a.example", "--index", "https://b.example"),
        "--index-strategy=unsafe-best-match",
    )


@pytest.mark.parametrize(("value", "said"), [("1", ("--no-index",)), ("false", ())])
def test_a_pip_that_may_ask_no_index_makes_a_uv_that_asks_none(
    value: str, said: tuple[str, ...]
) -> None:
    assert options(f":env:.no-index='{value}'") == said


def test_how_the_network_is_trusted_is_told_by_variables() -> None:
    settings = ["global.cert='/company.pem'", ":env:.proxy='http://proxy.example:3128'"]

    assert words_for(settings) == Words(
        (), {"SSL_CERT_FILE": "/company.pem", "ALL_PROXY": "http://proxy.example:3128"}
    )


def test_the_environment_counts_more_than_the_command_and_that_more_than_all_commands() -> None:
    lines = [
        ":env:.index-url='https://third.example'",
        "install.index-url='https://second.example'",
        "global.index-url='https://first.example'",
        "install.find-links='/second'",
        "global.find-links='/first'",
    ]

    assert set(options(*lines)) >= {"https://third.example", "/second"}
    assert not {"https://first.example", "/first"} & set(options(*lines))


def test_what_changes_nothing_of_what_is_installed_is_passed_over() -> None:
    lines = ["global.timeout='60'", ":env:.disable-pip-version-check='1'", "wheel.pre='true'"]

    assert options(*lines, "WARNING: something else") == ()


@pytest.mark.parametrize("name", ["pre", "only-binary", "client-cert", "keyring-provider", "new"])
def test_a_setting_that_uv_has_no_word_for_leaves_the_work_to_pip(name: str) -> None:
    assert words_for([f"global.{name}='true'"]) is None


def test_the_command_has_the_lock_or_the_newest_as_pip_would() -> None:
    words = Words(("--no-index",), {})
    begin = ["uv", "pip", "install", "--compile-bytecode", "--python", str(PYTHON), "--no-index"]

    assert uv.command("uv", PYTHON, words, [*LOCKED, "--editable", "."]) == [
        *(*begin, *LOCKED, "--editable", ".")
    ]
    assert uv.command("uv", PYTHON, words, [*LATEST, "x"]) == [*begin, "--upgrade", "x"]


def test_the_environments_own_uv_counts_before_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = "uv.exe" if sys.platform == "win32" else "uv"
    for folder in ("own", "users"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / program).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "users"))

    assert uv.find(tmp_path / "own" / "python") == str(tmp_path / "own" / program)
    assert uv.find(tmp_path / "python") == str(tmp_path / "users" / program)
    monkeypatch.setenv("PATH", os.devnull)
    assert uv.find(tmp_path / "python") is None
