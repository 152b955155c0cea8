import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager

from sbtutorial.lessons import surroundings
from sbtutorial.lessons.surroundings import surrounded
from sbtutorial.lessons.working_copy import FOLDER
from tests.notebooks.lessons import LESSONS, ROOT

WORKSPACES = "JUPYTERLAB_WORKSPACES_DIR"
SAY_KERNEL = """
from jupyter_client.kernelspec import KernelSpecManager

print(KernelSpecManager().get_kernel_spec("python3").argv)
"""
SAY_ALL = f"""
{SAY_KERNEL}
from jupyterlab.commands import get_workspaces_dir
from jupyterlab_server.settings_utils import _get_overrides

overrides, _ = _get_overrides("")
print(overrides["@jupyterlab/apputils-extension:notification"])
print(overrides["@jupyterlab/notebook-extension:tracker"])
print(get_workspaces_dir())
"""


def say(program: str, environ: dict[str, str]) -> list[str]:
    """What Jupyter makes of an environment."""
    said = subprocess.run(
        [sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True
    )
    return said.stdout.splitlines()


def test_jupyter_starts_kernels_with_our_extension_asks_nobody_and_remembers_in_the_copy(
    tmp_path: Path,
) -> None:
    kernel, notification, tracker, workspaces = say(SAY_ALL, surrounded(os.environ, tmp_path))

    assert kernel.startswith(f"['{sys.executable}', ")
    assert kernel.endswith("'--ext=sbtutorial']")
    assert notification == "{'checkForUpdates': False, 'fetchNews': 'false'}"
    assert tracker == "{'codeCellConfig': {'lineWrap': True}, 'kernelShutdown': True}"
    assert Path(workspaces).parent.parent == tmp_path
    assert [path.suffix for path in Path(workspaces).iterdir()] == [".jupyterlab-workspace"]


def test_what_is_remembered_stays(tmp_path: Path) -> None:
    folder = Path(surrounded({}, tmp_path)[WORKSPACES])
    [workspace] = folder.iterdir()
    workspace.write_text("where I was")

    surrounded({}, tmp_path)

    assert workspace.read_text() == "where I was"


def test_what_is_set_already_still_counts(tmp_path: Path) -> None:
    before = {"JUPYTER_PATH": "theirs", "JUPYTER_CONFIG_PATH": "theirs", WORKSPACES: "theirs"}

    around = surrounded({"HOME": "h", **before}, tmp_path)

    assert around["JUPYTER_PATH"].split(os.pathsep)[1:] == ["theirs"]
    assert around["JUPYTER_CONFIG_PATH"].split(os.pathsep)[:1] == ["theirs"]
    assert (around[WORKSPACES], around["HOME"]) == ("theirs", "h")


def test_within_itself_it_adds_nothing(tmp_path: Path) -> None:
    once = surrounded({}, tmp_path)
    assert surrounded(once, tmp_path) == once


def test_the_kernel_is_the_installed_one_in_all_else(tmp_path: Path) -> None:
    """What it says it can, as encryption, is what decides how Jupyter talks with it."""
    surrounded({}, tmp_path)
    [path] = tmp_path.rglob("kernel.json")
    installed = KernelSpecManager().get_kernel_spec("python3").to_dict()
    ours = json.loads(path.read_text("utf-8"))

    assert ours["argv"][1:-1] == installed["argv"][1:]
    assert ours["metadata"] == installed["metadata"]


def test_where_no_kernel_is_installed_there_is_one_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surroundings.sysconfig, "get_path", lambda _: str(tmp_path / "nothing"))
    (kernel,) = say(SAY_KERNEL, surrounded(os.environ, tmp_path))
    assert kernel.endswith("'-f', '{connection_file}', '--ext=sbtutorial']")


def test_the_command_of_a_hub_runs_on_a_copy_and_its_exit_code_is_ours(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "sbtutorial", tmp_path / "sbtutorial")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "notebooks").mkdir()
    shutil.copy(LESSONS[0], tmp_path / "notebooks")
    code = f"import os; print(os.environ['{WORKSPACES}']); raise SystemExit(5)"

    done = subprocess.run(
        [sys.executable, "-m", "sbtutorial.lessons", sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 5
    assert Path(done.stdout.strip()).parent.parent == tmp_path / FOLDER
    assert done.stderr == f"Your own copy of the lessons: {tmp_path / FOLDER}\n"
    assert (tmp_path / FOLDER / LESSONS[0].name).exists()


def test_without_a_command_it_says_what_it_is_for() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sbtutorial.lessons"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "sbtutorial.lessons COMMAND" in done.stderr
