"""Cells that are read as they are meant elsewhere: see `workers.rewriting`."""

import ast
import os
from typing import Any

from sbtutorial.workers.rewriting import Rewriting, is_wanted


def install(shell: Any) -> None:
    """Have every cell read so from now on, where a variable asks for it; once is enough."""
    if not any(isinstance(one, _WhereWanted) for one in shell.ast_transformers):
        shell.ast_transformers.append(_WhereWanted())


class _WhereWanted(Rewriting):
    def visit(self, node: ast.AST) -> Any:
        """A tree; offline it is not even looked at."""
        if isinstance(node, ast.Module) and not is_wanted(os.environ):
            return node
        return super().visit(node)
