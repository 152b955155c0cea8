"""What sbtutorial needs installed, and what of it is lacking. Standard library only.

It is written down once, in pyproject.toml, where this module finds it in a clone; without a clone
it is in the installed package's metadata. Both use two bounds at most, `>=` and `<`, in plain
numbers: the whole language of version specifiers is for pip.
"""

import os
import re
import shlex
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

PACKAGE = "sbtutorial"
BASE = ""  # the extra of what is always needed

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_AT_LEAST = re.compile(r">=\s*([0-9.]+)")
_BELOW = re.compile(r"<\s*([0-9.]+)")
_EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")
_NOT_ON = re.compile(r"sys_platform\s*!=\s*['\"](\w+)['\"]")
_RELEASE = re.compile(r"\d+(?:\.\d+)*")


class Requirement(NamedTuple):
    """A package, and the versions that will do: from `at_least` on, `below` not included."""

    name: str
    at_least: str = ""
    below: str = ""

    def accepts(self, version: str) -> bool:
        """Whether this version will do."""
        number = _number(version)
        return number >= _number(self.at_least) and (not self.below or number < _number(self.below))

    def __str__(self) -> str:
        bounds = (f">={self.at_least}" * bool(self.at_least), f"<{self.below}" * bool(self.below))
        return self.name + ",".join(filter(None, bounds))


class Lack(NamedTuple):
    """A requirement that is not met; `found` is the version that will not do, if there is any."""

    requirement: Requirement
    found: str | None


def install_command(*extras: str) -> str:
    """What installs the package with these extras into this Python, to be copied from a sentence.

    It is installed already, perhaps from a file: then only what the extras need is looked for.
    """
    from importlib.util import find_spec

    program = shlex.join([sys.executable]) if os.name == "posix" else f'"{sys.executable}"'
    has_pip = find_spec("pip") is not None
    begin = f"{program} -m pip install" if has_pip else f"uv pip install --python {program}"
    return f'{begin} "{PACKAGE}[{",".join(extras)}]"' if extras else f"{begin} {PACKAGE}"


def clone_folder() -> Path | None:
    """The folder with the lessons, when this package runs from a clone."""
    folder = Path(__file__).resolve().parents[2]
    is_clone = (folder / "pyproject.toml").is_file() and (folder / "notebooks").is_dir()
    return folder if is_clone else None


def project_table(clone: Path) -> dict[str, Any]:
    """The `[project]` table of a clone's pyproject.toml."""
    import tomllib

    table: dict[str, Any] = tomllib.loads((clone / "pyproject.toml").read_text("utf-8"))["project"]
    return table


def requirements(*extras: str) -> list[Requirement]:
    """What the package and these extras of it need, the package itself included."""
    declared = _declared()
    lines = [line for extra in (BASE, *extras) for line in declared.get(extra, ())]
    return [*map(parse, filter(is_for_this_system, lines)), Requirement(PACKAGE)]


def lacking(wanted: Iterable[Requirement], path: Sequence[str] | None = None) -> list[Lack]:
    """Those that are not met by what is installed on a path: this Python's, if none is given."""
    where = _own_path() if path is None else list(path)
    found = ((requirement, _installed_version(requirement.name, where)) for requirement in wanted)
    return [Lack(one, version) for one, version in found if not (version and one.accepts(version))]


def installed_version(name: str) -> str | None:
    """The version of a package that this Python imports."""
    return _installed_version(name, _own_path())


def parse(line: str) -> Requirement:
    """Read a requirement as pyproject.toml and package metadata write it."""
    specifier, _, _ = line.partition(";")
    name, at_least, below = (one.search(specifier) for one in (_NAME, _AT_LEAST, _BELOW))
    assert name, line
    return Requirement(name[0], at_least[1] if at_least else "", below[1] if below else "")


def is_for_this_system(line: str) -> bool:
    """Whether what a requirement says of systems, if anything, includes this one."""
    elsewhere = _NOT_ON.search(line)
    return elsewhere is None or elsewhere[1] != sys.platform


def _declared() -> dict[str, list[str]]:
    """Requirement lines for each extra."""
    if clone := clone_folder():
        project = project_table(clone)
        return {BASE: project["dependencies"], **project["optional-dependencies"]}

    from importlib import metadata

    declared = defaultdict(list)
    for line in metadata.requires(PACKAGE) or ():
        extra = _EXTRA.search(line)
        declared[extra[1] if extra else BASE].append(line)
    return declared


def _own_path() -> list[str]:
    """Where this Python imports from, but for the clone: what lies there is not yet installed."""
    clone = clone_folder()
    return [entry for entry in sys.path if Path(entry).resolve() != clone]


def _installed_version(name: str, path: list[str]) -> str | None:
    from importlib import metadata

    # A half-removed package has a folder of metadata with nothing in it.
    found = (one.metadata for one in metadata.distributions(name=name, path=path))
    return next((one["Version"] for one in found if one and "Version" in one), None)


def _number(version: str) -> tuple[int, ...]:
    """A version's release number, for comparing: 4.10.0rc1 is (4, 10), as 4.10 is."""
    release = _RELEASE.match(version)
    text = release[0] if release else "0"
    number = [int(part) for part in text.split(".")]
    while number and not number[-1]:
        number.pop()
    return tuple(number)
