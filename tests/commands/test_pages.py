"""The pages about `serve`: what stands on them is understood, and the script does what it says."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sbtutorial import cli

ROOT = Path(__file__).parents[2]
PAGES = {
    name: (ROOT / f"sbtutorial/docs/{name}.md").read_text("utf-8")
    for name in ("serving", "containers")
}
DOCKERFILE = re.findall(r"```dockerfile\n(.+?)```", PAGES["containers"], re.DOTALL)[0].splitlines()
SCRIPTS = dict(re.findall(r"```sh\n# (\w+\.sh)\n(.+?)```", "".join(PAGES.values()), re.DOTALL))


def command_lines() -> Iterator[str]:
    for page in PAGES.values():
        for line in re.findall(r"^ *(sbtutorial [a-z][^|\n]*)$", page, re.MULTILINE):
            yield re.split(r" [>&]| 2>", line)[0]
    for line in re.findall(r"^ +command: (.+)$", PAGES["containers"], re.MULTILINE):
        yield shlex.join([*of_dockerfile("ENTRYPOINT"), *shlex.split(line)])


def of_dockerfile(instruction: str) -> list[str]:
    """The arguments of an instruction that has them as JSON."""
    line = next(line for line in DOCKERFILE if line.startswith(instruction))
    arguments: list[str] = json.loads(line[line.index("[") :])
    return arguments


LINES = sorted({*command_lines()})


@pytest.mark.parametrize("line", LINES)
def test_a_command_on_a_page_is_understood(line: str) -> None:
    program, name, *arguments = shlex.split(line)
    assert program == "sbtutorial"
    assert cli.parse([name, *arguments]).command == name


def test_the_commands_on_the_pages_are_found() -> None:
    assert len(LINES) >= 9


def test_the_container_serves_what_it_exposes_and_looks_after() -> None:
    command = [*of_dockerfile("ENTRYPOINT"), *of_dockerfile("CMD")]
    options = cli.parse(command[1:])
    assert (options.emulator, options.host, options.allow_plain) == (True, "0.0.0.0", True)
    assert f"COPY Config.json {options.config}" in DOCKERFILE
    assert "EXPOSE 5672 5300" in DOCKERFILE
    assert ":5300/health" in of_dockerfile("HEALTHCHECK")[-1]
    compile(of_dockerfile("HEALTHCHECK")[-1], "healthcheck", "exec")
    assert len(DOCKERFILE) <= 10


def test_every_option_of_serve_is_on_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["serve", "--help"])
    options = set(re.findall(r"^  (--[a-z-]+)", capsys.readouterr().out, re.MULTILINE))
    said = "".join(PAGES.values()) + (ROOT / "README.md").read_text("utf-8")
    assert len(options) > 15
    assert {option for option in options if option not in said} == set()


@pytest.mark.skipif(os.name == "nt", reason="a script for POSIX shells")
def test_the_script_on_the_page_starts_a_broker_waits_for_it_and_stops_it(tmp_path: Path) -> None:
    known = f'sbtutorial() {{ "{sys.executable}" -m sbtutorial "$@"; }}\n'
    known += f'python() {{ "{sys.executable}" "$@"; }}\nset -e\n'
    environ = os.environ | {"SBTUTORIAL_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", known + SCRIPTS["serve.sh"]],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        encoding="utf-8",
        timeout=100,
    )
    first, last = done.stdout.splitlines()
    assert first.startswith(f"tests run with {tmp_path / 'home'}")
    assert last == "The broker of 'script' is stopped, and its queues are gone."
    assert done.returncode == 0
