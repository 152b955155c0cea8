"""A learner's system: one file of Python that defines a function for each who works in it."""

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sbtutorial.errors import TutorialError
from sbtutorial.workers.cell import compile_cell, tree_of

if TYPE_CHECKING:
    from sbtutorial.attacks.scene import Scene


@dataclass(frozen=True, slots=True, repr=False)
class System:
    """A program with a name.

    Attributes:
        name: What tracebacks call it.
        source: Its text.
    """

    name: str
    source: str

    def __repr__(self) -> str:
        functions = ", ".join(self.functions) or "no functions"
        return f"{self.name} ▸ {functions}"

    @property
    def functions(self) -> list[str]:
        """The functions that it defines, in order."""
        body = tree_of(self.source).body
        return [node.name for node in body if isinstance(node, ast.FunctionDef)]


def system_of(value: object) -> System:
    """The system that is meant: one that is at hand, or a file's path.

    Raises:
        TutorialError: It is neither, or the file cannot be read, or is no Python.
    """
    if isinstance(value, System):
        return value
    if not isinstance(value, str | Path) or not str(value).endswith(".py"):
        raise TutorialError(
            "lab.attack takes the program of a %%program cell, by its name, or the path of a file, "
            f'as in lab.attack("cafe.py"); {value!r:.60} is neither.'
        )
    path = Path(value)
    try:
        source = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TutorialError(f"{path} cannot be read: {error}.") from None
    return make_system(path.stem, source)


def make_system(name: str, source: str) -> System:
    """A system of that source.

    Raises:
        TutorialError: The name cannot be one.
        SyntaxError: The source is no Python.
    """
    if not name.isidentifier():
        raise TutorialError(f"'{name}' cannot be a program's name: use letters, digits and _.")
    compile_cell(name, source)
    return System(name, source)


def empty_functions(system: System, scene: "Scene") -> list[str]:
    """What a scene calls and has no more than a docstring, `...` or `pass` in it."""
    return [
        node.name
        for node in tree_of(system.source).body
        if isinstance(node, ast.FunctionDef) and node.name in scene.functions
        if all(_does_nothing(statement) for statement in node.body)
    ]


def _does_nothing(statement: ast.stmt) -> bool:
    is_constant = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return is_constant or isinstance(statement, ast.Pass)


def _coroutines(system: System) -> list[str]:
    body = tree_of(system.source).body
    return [node.name for node in body if isinstance(node, ast.AsyncFunctionDef)]


def require_functions(system: System, scene: "Scene") -> None:
    """See that a system defines what a scene calls.

    Raises:
        TutorialError: Something is missing; the text says what.
    """
    if coroutines := [name for name in scene.functions if name in _coroutines(system)]:
        raise TutorialError(
            f"{', '.join(coroutines)} of {system.name} is written with `async def`, and the day "
            "calls plain functions: let `def` stand there, with asyncio.run(…) in it."
        )
    if missing := [name for name in scene.functions if name not in system.functions]:
        raise TutorialError(
            f"{system.name} does not define {', '.join(missing)}: the day calls "
            f"{', '.join(scene.functions)}, each a function of the file itself."
        )
