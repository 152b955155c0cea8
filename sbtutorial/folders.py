"""Where this user's brokers are found: their host and names, and the private folder they share.

The folder holds keys, so only its owner may read it: mode 0700. Windows knows no such modes; there
the user's own profile keeps others out.
"""

import os
import stat
import warnings
from pathlib import Path

from sbtutorial.errors import TutorialError

HOST = "127.0.0.1"  # loopback only: nobody on the network can reach a learner's broker
DEFAULT_NAMESPACE = "tutorial"  # the one that `connect()` and the lessons use
HOME_VARIABLE = "SBTUTORIAL_HOME"


def runtime_folder() -> Path:
    """The user's private folder for run-time files, made if need be.

    Raises:
        TutorialError: Others could read or replace what is in it.
    """
    folder = _chosen_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _require_private(folder)
    return folder


def _chosen_folder() -> Path:
    if chosen := os.environ.get(HOME_VARIABLE):
        return Path(chosen)
    from platformdirs import user_runtime_path  # 30 ms that not every process need spend

    with warnings.catch_warnings():
        # Containers have no XDG_RUNTIME_DIR; the folder that stands in for it is checked as well.
        warnings.simplefilter("ignore")
        return user_runtime_path("sbtutorial")


def _require_private(folder: Path) -> None:
    if not hasattr(os, "getuid"):
        return
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        complaint = "is a link or a file, not a folder"
    elif status.st_uid != os.getuid():
        complaint = "belongs to another user"
    elif status.st_mode & 0o077:
        complaint = f"is open to others (mode {stat.S_IMODE(status.st_mode):o}, wanted 700)"
    else:
        return
    raise TutorialError(
        f"The folder for run-time files, {folder}, {complaint}, and the broker's key must stay "
        f"private: make it private (chmod 700), or set {HOME_VARIABLE} to a folder of your own."
    )
