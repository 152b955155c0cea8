"""What a worker's process and its notebook have in common: the cell, and how they talk.

The channel between the two is described in `workers.child`.
"""

import ast
import linecache
import os
from ast import PyCF_ALLOW_TOP_LEVEL_AWAIT
from types import CodeType
from typing import Any

from sbtutorial.workers.rewriting import is_wanted, rewritten

CONNECTION_STRING_VARIABLE = "SBTUTORIAL_WORKER_CONNECTION_STRING"
FRAME_MARK = "\x1e"  # ASCII's "record separator"; JSON has no such character in it


def compile_cell(name: str, source: str) -> CodeType:
    """A worker's cell as code; with `await` outside functions, as everywhere in a notebook.

    Raises:
        SyntaxError: As Python says it.
    """
    _keep_for_tracebacks(name, source)
    program: Any = source
    if is_wanted(os.environ):
        program = rewritten(ast.parse(source, filename(name)))
    code: CodeType = compile(
        program, filename(name), "exec", flags=PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True
    )
    return code


def needs_lab(source: str) -> bool:
    """Whether a cell goes by the notebook's `lab`, and makes none of its own."""
    try:
        tree = ast.parse(source)
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
