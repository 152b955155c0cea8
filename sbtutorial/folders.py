"""Where this user's brokers are found: their host and names, and the private folder they share.

The folder holds keys, so only its owner may read it: mode 0700. Windows knows no such modes; there
a folder is private when it lies in the user's profile, or lets in none of the groups of everybody.

What the system refuses (a full disk, a read-only folder, too many open files) is told here, once,
in sentences.
"""

import errno
import os
import stat
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sbtutorial.errors import TutorialError

HOST = "127.0.0.1"  # loopback only: nobody on the network can reach a learner's broker
DEFAULT_NAMESPACE = "tutorial"  # the one that `connect()` and the lessons use
SERVED_NAMESPACE = "local"  # the one of `sbtutorial serve`; a second one is called local-2
HOME_VARIABLE = "SBTUTORIAL_HOME"

_RUNTIME = "run-time files"
_ELSEWHERE = f"set {HOME_VARIABLE} to a folder of your own that can be written, on a local disk"
_FULL = ("the disk is full", "make room and try again")
_FORBIDDEN = ("this user may not write there", _ELSEWHERE)
_NO_LOCKS = ("its file system knows no locks, by which brokers are told apart", _ELSEWHERE)
_IN_THE_WAY = ("something else is in its place", "move that away and try again")
_TOO_MANY_FILES = (
    "this process has as many files and connections open as the system allows",
    "close clients, senders and receivers that are no longer needed, or restart the kernel; "
    "`ulimit -n` shows the limit",
)
# What the system says → what that means, and the remedy.
_REFUSALS = {
    "ENOSPC": _FULL,
    "EDQUOT": _FULL,
    "EROFS": ("its disk is read-only", _ELSEWHERE),
    "EACCES": _FORBIDDEN,
    "EPERM": _FORBIDDEN,
    "ENOLCK": _NO_LOCKS,
    "ENOSYS": _NO_LOCKS,
    "ENOTSUP": _NO_LOCKS,
    "EOPNOTSUPP": _NO_LOCKS,
    "ENOENT": ("a folder on that path is not there", "make it, or choose another place"),
    "EISDIR": _IN_THE_WAY,
    "ENOTDIR": _IN_THE_WAY,
    "EEXIST": _IN_THE_WAY,
    "ENOTEMPTY": _IN_THE_WAY,
    "ENAMETOOLONG": ("its name is too long for the file system", _ELSEWHERE),
    "ELOOP": ("links there lead in a circle", _ELSEWHERE),
    "EMFILE": _TOO_MANY_FILES,
    "ENFILE": ("the whole system has too many files open", "close some programs and try again"),
    "ENOMEM": ("the system is out of memory", "close some programs and try again"),
    "EAGAIN": ("this user has as many processes as the system allows", "end some and try again"),
}
# Everyone, Authenticated Users, Users, Guests: as Windows numbers them in every language.
_GROUPS_OF_EVERYBODY = ("S-1-1-0", "S-1-5-11", "S-1-5-32-545", "S-1-5-32-546")


def refusal(error: OSError, what: str) -> TutorialError:
    """What the system's refusal means, and what to do.

    Args:
        error: As it was raised.
        what: What cannot be done, as the beginning of a sentence: "X cannot be written".
    """
    name = errno.errorcode.get(error.errno or 0, "")
    reason, remedy = _REFUSALS.get(
        name, (error.strerror or str(error), "see `sbtutorial doctor` for what else is wrong")
    )
    return TutorialError(f"{what}: {reason}. What to do: {remedy}.")


def is_shortage(error: OSError) -> bool:
    """Whether a connection failed for want of descriptors or memory, not for want of a peer."""
    return error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS)


@contextmanager
def told(what: str) -> Iterator[None]:
    """Tell what the system refuses within the block, as `refusal` does."""
    try:
        yield
    except OSError as error:
        raise refusal(error, what) from None


def runtime_folder() -> Path:
    """The user's private folder for run-time files, made if need be.

    Without a folder of the session's it lies in the temporary one, which is everybody's: where
    somebody else was there first, it is one in the user's home.

    Raises:
        TutorialError: It cannot be made, or others could read or replace what is in it.
    """
    if chosen := _chosen_folder():
        return _private(chosen, _RUNTIME)
    own = _own_runtime_folder()
    if own is None or _is_of_others(own):
        from platformdirs import user_data_path

        own = user_data_path("sbtutorial", appauthor=False) / "run"
    return _private(own, _RUNTIME)


def data_folder() -> Path:
    """The user's private folder for what outlives the brokers, made if need be.

    Where a folder was chosen for everything, it is one inside of that.

    Raises:
        TutorialError: As `runtime_folder`.
    """
    return _lasting("data", "brokers", "what brokers keep")


def learner_folder() -> Path:
    """The user's private folder for what they have done so far, made if need be.

    Raises:
        TutorialError: As `runtime_folder`.
    """
    return _lasting("learner", "learner", "what you have done so far")


def for_owner_alone(path: str, flags: int) -> int:
    """An `opener` for `open`: a file that it makes is its owner's alone from its first byte."""
    return os.open(path, flags, 0o600)


def _lasting(in_chosen: str, in_own: str, what: str) -> Path:
    """A folder that outlives the session: within the one chosen for everything, or the user's."""
    if _chosen_folder() is not None:
        return _private(runtime_folder() / in_chosen, what)
    from platformdirs import user_data_path

    return _private(user_data_path("sbtutorial", appauthor=False) / in_own, what)


def _private(folder: Path, what: str) -> Path:
    """A folder that only its owner can look into, made if need be."""
    with told(f"The folder for {what}, {folder}, cannot be made or looked at"):
        with suppress(FileExistsError):  # a file, which is told of below
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        complaint = _complaint(folder)
    if complaint:
        raise TutorialError(
            f"The folder for {what}, {folder}, {complaint}, and the broker's key must stay "
            f"private: {_how_to_make_private(folder)}, or set {HOME_VARIABLE} to a folder of your "
            "own."
        )
    return folder


def _chosen_folder() -> Path | None:
    """The folder that somebody has chosen; brokers run in folders of their own."""
    chosen = os.environ.get(HOME_VARIABLE)
    return Path(os.path.abspath(os.path.expanduser(chosen))) if chosen else None


def _own_runtime_folder() -> Path | None:
    """Where this system has run-time files; None where somebody else has taken that place."""
    from platformdirs import user_runtime_path  # 30 ms that not every process need spend

    with warnings.catch_warnings():
        # Containers have no XDG_RUNTIME_DIR; the folder that stands in for it is checked as well.
        warnings.simplefilter("ignore")
        try:
            return user_runtime_path("sbtutorial")
        except PermissionError:
            return None


def _is_of_others(folder: Path) -> bool:
    """Whether a folder is somebody else's, or lies where this user may make none."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return hasattr(os, "getuid") and folder.lstat().st_uid != os.getuid()
    except PermissionError:
        return True
    except OSError:  # which is told of when it is made
        return False


def _complaint(folder: Path) -> str:
    """What is wrong with a folder that is to be private; "" when nothing is."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        return "is a link or a file, not a folder"
    if not hasattr(os, "getuid"):
        return _complaint_on_windows(folder)
    if status.st_uid != os.getuid():
        return "belongs to another user"
    if status.st_mode & 0o077:
        return f"is open to others (mode {stat.S_IMODE(status.st_mode):o}, wanted 700)"
    return ""


def _complaint_on_windows(folder: Path) -> str:
    """The same where permissions are lists; asking for one takes a program, so not in vain."""
    profiles = (os.environ.get(name) for name in ("USERPROFILE", "LOCALAPPDATA", "TEMP"))
    place = folder.resolve()
    if any(place.is_relative_to(Path(profile).resolve()) for profile in profiles if profile):
        return ""  # Windows lets nobody else into these
    import subprocess

    for group in _GROUPS_OF_EVERYBODY:
        command = ["icacls", str(folder), "/findsid", f"*{group}"]
        found = subprocess.run(command, capture_output=True, text=True, errors="replace")
        if str(folder) in found.stdout:  # it lists the folders whose lists have the group
            return "is open to others (icacls shows to whom)"
    return ""


def _how_to_make_private(folder: Path) -> str:
    if sys.platform == "win32":
        return f'make it private (icacls "{folder}" /inheritance:r /grant:r "%USERNAME%:(OI)(CI)F")'
    return "make it private (chmod 700)"
