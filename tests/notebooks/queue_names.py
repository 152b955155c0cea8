"""The queues that a lesson's code names: read from the code, and told by a broker that ran it."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from sbtutorial.folders import HOME_VARIABLE
from sbtutorial.hosting.control_client import ControlClient
from sbtutorial.hosting.runtime_files import RuntimeFiles
from tests.notebooks.saved import code_cells

_OWN_CREATE = "create"  # a lesson's own function around `create_queue`
OF_EXERCISES = "exercise-"  # a checker's own, random and soon gone
_TAKE_A_NAME = {
    "browse", "create_queue", "delete_queue", "fresh_queue", "get_queue", "get_queue_receiver",
    "get_queue_runtime_properties", "get_queue_sender", "show",
}  # fmt: skip


def named(lesson: Path) -> set[str]:
    """The names of queues in a lesson's code, in calls or in a loop around one."""
    trees = [ast.parse(_python(cell.source)) for cell in code_cells(lesson)]
    return {name for tree in trees for name in _names(tree)}


def created(environment: Mapping[str, str]) -> set[str]:
    """The names of the queues that were created in this environment, but for exercises' own."""
    folder = Path(environment[HOME_VARIABLE])
    records = (RuntimeFiles(folder, path.stem).read() for path in folder.glob("*.json"))
    return {
        name
        for record in records
        if record
        for name in _created(ControlClient(record.connection_string))
        if not name.startswith(OF_EXERCISES)
    }


def _python(source: str) -> str:
    """A cell without IPython's own lines."""
    return "\n".join("" if line.startswith(("%", "!")) else line for line in source.splitlines())


def _names(tree: ast.AST) -> Iterator[str]:
    loops = _loops(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and _takes_a_name(node.func):
            yield from _texts(node.args[0], loops)


def _takes_a_name(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id == _OWN_CREATE
    return isinstance(function, ast.Attribute) and function.attr in _TAKE_A_NAME


def _loops(tree: ast.AST) -> dict[str, list[ast.expr]]:
    """Variables of loops over what is written out."""
    return {
        node.target.id: node.iter.elts
        for node in ast.walk(tree)
        if isinstance(node, ast.For | ast.comprehension)
        and isinstance(node.target, ast.Name)
        and isinstance(node.iter, ast.Tuple | ast.List)
    }


def _texts(node: ast.expr, loops: Mapping[str, list[ast.expr]]) -> Iterator[str]:
    if isinstance(node, ast.Name):
        for one in loops.get(node.id, ()):
            yield from _texts(one, {})
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def _created(control: ControlClient) -> Iterator[str]:
    after = 0
    while (page := control.events(after)).events:
        yield from (one.entity for one in page.events if one.what == "queue_created")
        after = page.last
