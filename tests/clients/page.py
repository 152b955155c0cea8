"""The page about other people's programs: what it shows is run as it stands there."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "sbtutorial/docs/other_programs.md"
_BLOCK = re.compile(r"```(?:python|javascript)\n(?:#|//) (\w+\.\w+)\n(.+?)```", re.DOTALL)
PROGRAMS = dict(_BLOCK.findall(PAGE.read_text("utf-8")))


def write(name: str, folder: Path) -> Path:
    """Put a program of the page into a folder."""
    path = folder / name
    path.write_text(PROGRAMS[name], "utf-8")
    return path
