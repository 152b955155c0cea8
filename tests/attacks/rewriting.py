"""Right answers to incidents that look unusual: how each comes out of the broken program."""

import ast
from textwrap import dedent
from typing import NamedTuple

from sbtutorial.attacks.incidents.catalogue import INCIDENTS
from sbtutorial.attacks.incidents.programs import changed


class Right(NamedTuple):
    """A program that mends an incident in another way than ours.

    Attributes:
        incident: Its name.
        what: How.
        source: The program.
    """

    incident: str
    what: str
    source: str


def by_changes(incident: str, what: str, *changes: tuple[str, str]) -> Right:
    """The broken program with a few pieces replaced, as somebody does who edits its cell."""
    return Right(incident, what, changed(INCIDENTS[incident].broken + "\n", *changes))


def by_functions(incident: str, what: str, functions: str) -> Right:
    """The broken program with whole functions written anew.

    Args:
        incident: Its name.
        what: How.
        functions: What takes the place of those of the same names; the rest goes on top.
    """
    new, lines = dedent(functions).strip(), INCIDENTS[incident].broken.split("\n")
    names = {node.name for node in ast.parse(new).body if isinstance(node, ast.FunctionDef)}
    for node in reversed(ast.parse("\n".join(lines)).body):
        if isinstance(node, ast.FunctionDef) and node.name in names:
            del lines[node.lineno - 1 : node.end_lineno]
    return Right(incident, what, "\n".join([*lines, "", new, ""]))
