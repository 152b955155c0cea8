"""uv in pip's place, where it is there: the same packages in a fraction of the time.

uv reads none of pip's settings, and who has told pip where packages come from has a reason. So pip
is asked for them, and uv is told the same. Where it has no word for one, the work is pip's.
Standard library only.

Source: uv, "Compatibility with pip and pip-tools".
"""

import ast
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

# What pip is told → what uv is told. Each may have several values, with blanks between them.
_OPTIONS = {
    "index-url": "--default-index",
    "extra-index-url": "--index",
    "find-links": "--find-links",
    "constraint": "--constraint",
}
_VARIABLES = {"cert": "SSL_CERT_FILE", "proxy": "ALL_PROXY"}
# What changes nothing of what is installed: how pip looks, how long it waits, what it keeps.
_NEUTRAL = {
    *("timeout", "default-timeout", "retries", "resume-retries", "disable-pip-version-check"),
    *("no-color", "progress-bar", "quiet", "verbose", "log", "no-input", "root-user-action"),
    *("no-warn-script-location", "no-python-version-warning", "cache-dir", "no-cache-dir"),
    *(
        "config-file",
        "user",
        "require-virtualenv",
        "break-system-packages",
        "no-compile",
        "use-feature",
    ),
}
# In the order in which pip goes by them; `install` is the command that uv stands in for.
_SECTIONS = ("global", "install", ":env:")
_OFF = {"0", "false", "no", "off", ""}
# Settings of a user's with which uv would install something else, or elsewhere: as of pip's, they
# are for other installations than this one.
DIVERTING = (
    *("UV_SYSTEM_PYTHON", "UV_BREAK_SYSTEM_PACKAGES", "UV_NO_EDITABLE", "UV_REQUIRE_HASHES"),
    *("UV_NO_DEPS", "UV_RESOLUTION", "UV_PRERELEASE", "UV_EXCLUDE_NEWER", "UV_OVERRIDE"),
    *("UV_CONSTRAINT", "UV_EXCLUDE", "UV_WORKING_DIR", "UV_PROJECT", "UV_PYTHON", "UV_VENV_CLEAR"),
)


class Words(NamedTuple):
    """What uv is told so that it goes by pip's settings: options, and variables beside them."""

    options: tuple[str, ...]
    variables: Mapping[str, str]


def find(python: Path) -> str | None:
    """The program: that of an environment, or one that the user has."""
    path = os.pathsep.join(filter(None, (str(python.parent), os.environ.get("PATH"))))
    return shutil.which("uv", path=path)


def words_for(settings: Iterable[str]) -> Words | None:
    """What says to uv what pip is told; None if that cannot be said.

    Args:
        settings: The lines of `pip config list`.
    """
    options: list[str] = []
    variables: dict[str, str] = {}
    for name, value in _counting(settings).items():
        if name in _OPTIONS:
            options += [part for one in value.split() for part in (_OPTIONS[name], one)]
        elif name in _VARIABLES:
            variables[_VARIABLES[name]] = value
        elif name == "no-index":
            options += ["--no-index"] * (value.lower() not in _OFF)
        elif name not in _NEUTRAL:
            return None
    if "--index" in options:  # pip takes the best version that any index has
        options.append("--index-strategy=unsafe-best-match")
    return Words(tuple(options), variables)


def command(uv: str, python: Path, words: Words, wanted: Sequence[str]) -> list[str]:
    """The command line that installs into an environment, with bytecode, as pip would.

    Else the kernels that are started first would all make it, each for itself.

    Args:
        uv: The program.
        python: The environment's interpreter.
        words: Of pip's settings.
        wanted: What pip would be told: packages, a constraint, or to take the newest.
    """
    own = [one for one in wanted if not one.startswith("--upgrade-strategy")]  # it has one only
    options = ("--compile-bytecode", "--python", str(python))
    return [uv, "pip", "install", *options, *words.options, *own]


def _counting(settings: Iterable[str]) -> dict[str, str]:
    """The settings that count for an installation: of several of a name, the last."""
    read = sorted(_read(settings), key=lambda one: _SECTIONS.index(one[0]))
    return {name: value for _, name, value in read}


def _read(settings: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Section, name and value of each line; those of pip's other commands are left out."""
    for line in settings:
        key, is_setting, value = line.partition("=")
        section, _, name = key.strip().rpartition(".")
        if is_setting and section in _SECTIONS:
            yield section, name, str(ast.literal_eval(value))
