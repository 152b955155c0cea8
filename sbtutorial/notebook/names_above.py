"""Names that cells further up in a notebook give to something.

Whoever opens a lesson and begins in its middle meets `name 'open_shop' is not defined`. The
notebook's own file says in which cells such a name is made.
"""

import ast
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

_NEW_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def is_given_above(name: str, notebook: Path, cell_id: str) -> bool:
    """Whether a cell of a notebook's file gives something that name.

    Args:
        name: Of a variable, a function, a module.
        notebook: The file; one that cannot be read has no cells.
        cell_id: The cell that wants it: only those above it count. One that is not in the file
            is newer than the file, and all cells count.
    """
    cells = _cells(notebook)
    ids = [cell.get("id") for cell in cells]
    above = cells[: ids.index(cell_id)] if cell_id in ids else cells
    return any(name in _names_given(_source(cell)) for cell in above)


def _cells(notebook: Path) -> Sequence[Mapping[str, Any]]:
    try:
        return json.loads(notebook.read_text("utf-8"))["cells"]  # type: ignore[no-any-return]
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def _source(cell: Mapping[str, Any]) -> str:
    """The Python of a cell; "" where it is text, or a program of its own."""
    source = "".join(cell["source"])
    if cell["cell_type"] != "code" or source.startswith("%%"):
        return ""
    return "\n".join("" if line.startswith(("%", "!")) else line for line in source.split("\n"))


def _names_given(source: str) -> frozenset[str]:
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return frozenset()
    return frozenset(name for node in _outside_of_scopes(tree) for name in _names_of(node))


def _outside_of_scopes(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those in a function or a class: what is named in there stays in there."""
    yield node
    if not isinstance(node, _NEW_SCOPES):
        for child in ast.iter_child_nodes(node):
            yield from _outside_of_scopes(child)


def _names_of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (one.asname or one.name.partition(".")[0] for one in node.names)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
