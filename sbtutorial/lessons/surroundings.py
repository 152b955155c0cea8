"""The JupyterLab around the lessons: settings that stand beside the user's own, and touch none.

All of it goes by environment variables, so that it ends with the program that is given them. Its
kernels have `%%worker` and hints from the first cell on; nobody is asked about news; the first look
has no sidebar. What the user has chosen in the settings still counts. Standard library only.
"""

import json
import os
import shutil
import sys
import sysconfig
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

_OURS = Path(__file__).parent / "jupyter"
_FOLDER = ".jupyter"  # hidden, in the working copy
_KERNEL = Path("kernels", "python3", "kernel.json")  # the kernel that notebooks ask for
_EXTENSION = "--ext=sbtutorial"
_PLAIN_KERNEL = {
    "argv": ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
    "display_name": "Python 3 (ipykernel)",
    "language": "python",
}


def surrounded(environ: Mapping[str, str], copy: Path) -> dict[str, str]:
    """An environment whose JupyterLab suits the lessons.

    Args:
        environ: The one that there is.
        copy: The folder of the working copy, where what Jupyter reads and remembers has a place.
    """
    own = copy / _FOLDER
    _write_kernel(own / _KERNEL)
    workspaces = _workspaces(own)
    return {
        "JUPYTERLAB_WORKSPACES_DIR": str(workspaces),
        **environ,
        # Before others: a kernel of the same name may be another Python's.
        "JUPYTER_PATH": _joined(str(own), environ.get("JUPYTER_PATH")),
        "JUPYTER_CONFIG_PATH": _joined(environ.get("JUPYTER_CONFIG_PATH"), str(_OURS / "config")),
    }


def _write_kernel(path: Path) -> None:
    """This Python's kernel as it is installed, with our extension."""
    kernel = _installed_kernel()
    kernel["argv"] = [sys.executable, *kernel["argv"][1:], _EXTENSION]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kernel, indent=1), "utf-8")


def _installed_kernel() -> dict[str, Any]:
    """As ipykernel has said what it can; where it has not, what every release of it can."""
    path = Path(sysconfig.get_path("data"), "share", "jupyter", _KERNEL)
    with suppress(OSError, ValueError):
        kernel: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if "ipykernel_launcher" in kernel["argv"]:
            return kernel
    return dict(_PLAIN_KERNEL)


def _workspaces(own: Path) -> Path:
    """Where JupyterLab remembers what was open; at first, that nothing was."""
    folder = own / "workspaces"
    if not folder.exists():
        shutil.copytree(_OURS / "workspaces", folder)
    return folder


def _joined(*paths: str | None) -> str:
    """Search paths in one, each folder once."""
    folders = os.pathsep.join(filter(None, paths)).split(os.pathsep)
    return os.pathsep.join(dict.fromkeys(folders))
