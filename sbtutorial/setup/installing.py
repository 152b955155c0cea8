"""Making an environment and filling it: `venv`, `ensurepip`, pip or uv; what their failures mean.

Nobody shall think that it hangs, and nobody has to read pip's pages: one line tells how far it is,
and a failure is a sentence with a remedy. Standard library only.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from sbtutorial.errors import TutorialError
from sbtutorial.setup import uv
from sbtutorial.setup.file_lock import try_lock
from sbtutorial.setup.locking import LOCK

LOCKED = ("--constraint", str(LOCK))
LATEST = ("--upgrade", "--upgrade-strategy=eager")

_PROGRESS_CHARS = 70
_FAR_BYTES = 1 << 30  # behind the end of any file
_LINE_COUNT = 8  # of a failure's output that are shown
_MAX_LINE_CHARS = 300
# Settings of a user's with which pip would install elsewhere than into the environment, or not all,
# or nothing: they are for other installations than this one.
_DIVERTING = (
    *("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON", "PYTHONHOME", "PYTHONPATH"),
    *("PIP_NO_DEPS", "PIP_DRY_RUN", "PIP_REQUIRE_HASHES"),
    *uv.DIVERTING,
)

# What pip or uv says when it is at it → what to tell of it.
_STAGES = {
    "Collecting ": "choosing versions",
    "Downloading ": "downloading",
    "Installing build dependencies": "preparing",
    "Installing collected packages": "unpacking, the last step",
    "WARNING: Retrying": "the package index does not answer; trying again",
    "Resolved ": "downloading",
    "Prepared ": "unpacking, the last step",
}

# What a failure leaves in the output → what to tell of it; the first match counts.
_FAILURES = {
    ("No space left on device", "WinError 112", "Disk quota exceeded"): (
        "The disk is full: make room, or move the folder to another disk, and run the command "
        "again."
    ),
    ("CERTIFICATE_VERIFY_FAILED", "certificate verify failed", "invalid peer certificate"): (
        "The package index cannot be trusted, which is what a company's proxy looks like: ask for "
        "its certificate and name the file in the variable PIP_CERT."
    ),
    ("Permission denied", "PermissionError", "Read-only file system", "Access is denied"): (
        "A folder cannot be written: copy the clone to a place of your own and run the command "
        "from the copy."
    ),
    (
        *("connection broken by", "Connection refused", "ConnectTimeout", "ProxyError"),
        "error sending request",
    ): (
        "The package index cannot be reached: connect to the internet (behind a proxy set the "
        "variable HTTPS_PROXY) and run the command again."
    ),
    ("No matching distribution", "Could not find a version"): (
        "The package index that pip is set to use does not have all packages: look at "
        "PIP_NO_INDEX, PIP_INDEX_URL and `pip config list`, and run the command again. Where "
        "it no longer has the versions that are known to work, `lab --latest` takes others."
    ),
    ("Failed to build", "Failed building wheel", "metadata-generation-failed"): (
        "A package would have to be compiled: for this Python there is no ready one of the "
        "versions that are known to work. Take Python 3.11, 3.12 or 3.13, or run "
        "`lab --latest` for the newest versions."
    ),
}
_UNKNOWN_FAILURE = "See what it says, put that right and run the command again."


class SetupError(TutorialError):
    """The environment cannot be had; the text says why and what to do."""


class Installer:
    """Makes one environment.

    Args:
        clone: The folder with pyproject.toml.
        python: The environment's interpreter, which may be yet to come.

    Every method raises SetupError when it fails.
    """

    def __init__(self, clone: Path, python: Path) -> None:
        self._clone = clone
        self._python = python

    def make_environment(self, folder: Path) -> None:
        """Put the interpreter into a folder."""
        self._run("venv", [sys.executable, "-m", "venv", "--without-pip", folder])

    def install_pip(self) -> None:
        """Unpack the pip that comes with Python; needs no network."""
        self._run("ensurepip", [self._python, "-m", "ensurepip", "--upgrade", "--default-pip"])

    def install(self, extras: Sequence[str], versions: Sequence[str]) -> None:
        """Install the package from the clone, editable, with these extras.

        Args:
            extras: Which.
            versions: What pip is told of them: `LOCKED` or `LATEST`.
        """
        package = f".[{','.join(extras)}]" if extras else "."
        wanted = [*versions, "--editable", package]
        if not self._install_by_uv(extras, wanted, versions):
            say(f"Installing {_things(extras)}; this takes a minute or two …")
            self._fill("pip", self._pip_install(*wanted))

    def _install_by_uv(
        self, extras: Sequence[str], wanted: Sequence[str], versions: Sequence[str]
    ) -> bool:
        """Whether uv is here or can be had, can be told what pip is told, and has done it."""
        program = uv.find(self._python)
        if program is None and not extras:  # the broker alone is here before a uv would be
            return False
        words = uv.words_for(self._settings_of_pip())
        if words is None:
            return False
        program = program or self._fetch_uv(versions)
        if program is None:
            return False
        say(f"Installing {_things(extras)} by uv, which is here …")
        try:
            self._fill("uv", uv.command(program, self._python, words, wanted), words.variables)
        except SetupError as error:
            _, *said = str(error).splitlines()
            say("\n".join(["uv does not manage, so pip is asked.", *said]))
            return False
        return True

    def _fetch_uv(self, versions: Sequence[str]) -> str | None:
        """Have pip bring uv: both together take a fifth of the time that pip alone does.

        Who cannot have it, or not from this index, does without.
        """
        say("Fetching uv, which installs quickly …")
        with suppress(SetupError):
            self._run("pip", self._pip_install(*versions, "uv"))
        return uv.find(self._python)

    def _pip_install(self, *wanted: str) -> list[str | Path]:
        options = ("--disable-pip-version-check", "--no-input")
        return [self._python, "-m", "pip", "install", *options, *wanted]

    def _settings_of_pip(self) -> list[str]:
        return self._run("pip", [self._python, "-m", "pip", "config", "list"])

    def _fill(
        self, name: str, command: Sequence[str | Path], variables: Mapping[str, str] | None = None
    ) -> None:
        """Run what installs, and show how far it is."""
        with Progress(sys.stderr.isatty()) as progress:
            self._run(name, command, progress.show, variables or {})

    def _run(
        self,
        name: str,
        command: Sequence[str | Path],
        show: Callable[[str], None] = lambda _: None,
        variables: Mapping[str, str] | None = None,
    ) -> list[str]:
        """Run a program to its end; what it has said, line by line."""
        environ = {key: value for key, value in os.environ.items() if key not in _DIVERTING}
        ours = {"PIP_USER": "0", "PYTHONIOENCODING": "utf-8"}
        try:
            process = subprocess.Popen(
                command,
                cwd=self._clone,
                env=environ | ours | dict(variables or {}),
                close_fds=False,  # it inherits the lock of `one_at_a_time`, and nothing else
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
            )
        except OSError as error:
            raise SetupError(f"{command[0]} cannot be started: {error.strerror}.") from None
        assert process.stdout
        lines = []
        with process:
            for line in process.stdout:
                lines.append(line.rstrip())
                show(line)
        if process.returncode:
            raise SetupError(explain(name, lines))
        return lines


def say(text: str) -> None:
    """Tell the user; never on standard output, which is for what the command itself says."""
    print(text, file=sys.stderr, flush=True)


def _things(extras: Sequence[str]) -> str:
    """What comes, in words."""
    names = {
        "lab": "the Azure SDK, JupyterLab (about 450 MB)",
        "bench": "what `bench` measures with",
        "test": "the test tools (about 250 MB)",
    }
    return ", ".join(["the broker", *(names[extra] for extra in extras)])


class Progress:
    """How far pip is: in a terminal one line that changes, elsewhere a line for each stage."""

    def __init__(self, is_terminal: bool) -> None:
        self._is_terminal = is_terminal
        self._seen: set[str] = set()

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def show(self, line: str) -> None:
        """Say what a line of pip's means, if it means anything."""
        begin = next((begin for begin in _STAGES if line.lstrip().startswith(begin)), None)
        if begin is None:
            return
        stage = _STAGES[begin]
        if self._is_terminal:
            subject = line.lstrip()[len(begin) :].split()[:1] if begin.endswith(" ") else []
            self._rewrite(f"  {stage} {''.join(subject)}")
        elif stage not in self._seen:
            self._seen.add(stage)
            say(f"  {stage} …")

    def __exit__(self, *_: object) -> None:
        """Leave the line to others."""
        if self._is_terminal:
            self._rewrite("")
            print("\r", end="", file=sys.stderr, flush=True)

    def _rewrite(self, text: str) -> None:
        # Blanks, not escape sequences: not every console on Windows knows those.
        print(f"\r{text[:_PROGRESS_CHARS]:{_PROGRESS_CHARS}}", end="", file=sys.stderr, flush=True)


def explain(name: str, lines: Sequence[str]) -> str:
    """What a program's failure means, what to do, and what it said.

    Args:
        name: The program's.
        lines: All of its output.
    """
    output = "\n".join(lines)
    remedies = (text for marks, text in _FAILURES.items() if any(mark in output for mark in marks))
    remedy = next(remedies, None)
    errors = [line for line in lines if "ERROR:" in line]  # as pip marks them
    telling = errors if errors and remedy else list(filter(None, lines))
    said = "".join(f"\n    {line.strip()[:_MAX_LINE_CHARS]}" for line in telling[-_LINE_COUNT:])
    return f"The set-up failed. {remedy or _UNKNOWN_FAILURE}\n{name} said:{said}"


@contextmanager
def one_at_a_time(clone: Path) -> Iterator[None]:
    """Wait until no other process sets this clone up; a lock that ends with its process.

    What is locked is pyproject.toml, or rather a byte far behind its end: no file to leave behind.
    Where locks are inherited, what we start has it, too: who is killed may leave a uv that goes on.
    """
    with (clone / "pyproject.toml").open("rb") as file:
        os.set_inheritable(file.fileno(), True)
        if not _lock(file.fileno(), wait=False):
            say("Another set-up of this folder is at work: waiting for it …")
            while not _lock(file.fileno(), wait=True):
                pass
        yield


def _lock(descriptor: int, *, wait: bool) -> bool:
    try:
        return try_lock(descriptor, at=_FAR_BYTES, wait=wait)
    except OSError:  # some network file systems know no locks: then there is none
        return True
