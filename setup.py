"""The one step of building that pyproject.toml has no words for: the lessons go into the wheel.

They stand beside the package, where people read them on the web. Where there is no clone,
`sbtutorial.lessons.places` finds them in the package.
"""

import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

_CLONE = Path(__file__).parent
sys.path.insert(0, str(_CLONE))  # a build looks for build tools only

from sbtutorial.lessons.edition import Edition
from sbtutorial.lessons.places import INSTALLED

_LESSONS = Path("notebooks")  # commands run in the clone, and want paths in it
_INSIDE = INSTALLED.relative_to(_CLONE)


class BuildWithLessons(build_py):
    """Copies the package, and the lessons into it; an editable install has its clone's."""

    def run(self) -> None:
        """Copy."""
        super().run()
        for source, target in self._copies():
            self.mkpath(str(target.parent))
            self.copy_file(str(source), str(target))

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """What a build has made."""
        made = [str(target) for _, target in self._copies()]
        return [*super().get_outputs(include_bytecode), *made]

    def get_source_files(self) -> list[str]:
        """What a source distribution has to bring along."""
        return [*super().get_source_files(), *(path.as_posix() for path, _ in self._copies())]

    def _copies(self) -> list[tuple[Path, Path]]:
        """Each part of the lessons, and where it goes."""
        inside = Path(self.build_lib, _INSIDE)
        names = [] if self.editable_mode else Edition(_LESSONS).names()
        return [(_LESSONS / name, inside / name) for name in names]


setup(cmdclass={"build_py": BuildWithLessons})
