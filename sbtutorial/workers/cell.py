"""What a worker's process and its notebook have in common: the cell, and how they talk.

The channel between the two is described in `workers.child`.
"""

import ast
import linecache
import os
from ast import PyCF_ALLOW_TOP_LEVEL_AWAIT
from threading import Lock
from types import CodeType
from typing import Any

from sbtutorial.workers.rewriting import is_wanted, rewritten

CONNECTION_STRING_VARIABLE = "SBTUTORIAL_WORKER_CONNECTION_STRING"
# CPython 3.11 counts for all threads together how deep in a tree it is, and fails in one of two
# that parse at the same moment: "AST constructor recursion depth mismatch" (its issue 106905).
_ONE_AT_A_TIME = Lock()
FRAME_MARK = "\x1e"  # ASCII's "record separator"; JSON has no such character in it


def compile_cell(name: str, source: str) -> CodeType:
    """A worker's cell as code; with `await` outside functions, as everywhere in a notebook.

    Raises:
        SyntaxError: As Python says it.
    """
    _keep_for_tracebacks(name, source)
    program: Any = source
    if is_wanted(os.environ):
        program = rewritten(tree_of(source, filename(name)))
    code: CodeType = compile(
        program, filename(name), "exec", flags=PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True
    )
    return code


def tree_of(source: str, file: str = "<unknown>") -> ast.Module:
    """A program's syntax tree; several threads may ask.

    Raises:
        SyntaxError: As Python says it.
    """
    with _ONE_AT_A_TIME:
        return ast.parse(source, file)


def needs_lab(source: str) -> bool:
    """Whether a cell goes by the notebook's `lab`, and makes none of its own."""
    try:
        tree = tree_of(source)
    except SyntaxError:  # which the worker tells
        return False
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "lab"]
    return bool(names) and all(isinstance(name.ctx, ast.Load) for name in names)


def filename(name: str) -> str:
    """What a worker's code goes by in a traceback."""
    return f"<{name}>"


def _keep_for_tracebacks(name: str, source: str) -> None:
    """Let whatever prints a traceback find the source, in the worker as in the notebook."""
    own = filename(name)
    linecache.cache[own] = (len(source), None, source.splitlines(keepends=True), own)
