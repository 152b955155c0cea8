"""A function of the notebook as source that runs in a process of its own.

A process that is to be killed knows nothing of the notebook, so the function goes there with what
it uses: its imports, plain values, and other functions of the notebook. What cannot go, a client
that is connected for one, is said in a sentence.
"""

import ast
import inspect
from collections.abc import Iterator
from pickle import PicklingError, dumps
from textwrap import dedent
from types import FunctionType, ModuleType
from typing import Any

from sbtutorial.exercises.task import Answer, not_yet

_NOTEBOOK = "__main__"


def source_of(answer: Answer, *, wanted: str) -> str:
    """Source that defines a function, under its name, with everything that it uses.

    Raises:
        NotYet: It uses something that lives in the notebook only, or its source is not to be had.
    """
    if getattr(answer, "__name__", "") == "<lambda>":
        not_yet(wanted=wanted, seen="your answer is a lambda", hint="Write it with def.")
    try:
        parts = list(_parts(answer, done=set()))
        return "\n\n".join(parts)
    except _CannotGoError as reason:
        not_yet(
            wanted=wanted,
            seen=str(reason),
            hint="Use what the function is called with, and make the rest inside it.",
        )


class _CannotGoError(Exception):
    """Something cannot be had in another process; the text says what."""


def _parts(function: Any, done: set[str]) -> Iterator[str]:
    function = inspect.unwrap(function)  # its source has the decorators on it
    if not isinstance(function, FunctionType):
        raise _CannotGoError(f"your answer is no function, but a {type(function).__name__}")
    if function.__closure__:
        raise _CannotGoError(f"{function.__name__} is defined inside another function")
    done.add(function.__name__)
    source, definition = _definition(function)
    for name in [*_names(function.__code__), *_names_at_definition(definition)]:
        if name not in done and name in function.__globals__:
            yield from _part(name, function.__globals__[name], function, done)
    yield source


def _definition(function: FunctionType) -> tuple[str, ast.stmt]:
    """A function's source, and that parsed."""
    try:
        source = dedent(inspect.getsource(function))
        return source, ast.parse(source).body[0]
    except (OSError, TypeError, SyntaxError):
        raise _CannotGoError(f"the source of {function.__name__} is not to be had") from None


def _names_at_definition(definition: ast.stmt) -> Iterator[str]:
    """Names that are looked up when the function is defined: in its defaults and decorators."""
    if isinstance(definition, ast.FunctionDef):
        defaults = [*definition.args.defaults, *definition.args.kw_defaults]
        for expression in filter(None, [*defaults, *definition.decorator_list]):
            yield from (node.id for node in ast.walk(expression) if isinstance(node, ast.Name))


def _names(code: Any) -> Iterator[str]:
    """Names that code may look up, that of functions inside it, too."""
    yield from code.co_names
    for constant in code.co_consts:
        if inspect.iscode(constant):
            yield from _names(constant)


def _part(name: str, value: Any, user: FunctionType, done: set[str]) -> Iterator[str]:
    if name in ("lab", "checkpoint", "print"):  # every worker has its own
        return
    if isinstance(inspect.unwrap(value), FunctionType) and value.__module__ == user.__module__:
        yield from _parts(value, done)
        return
    done.add(name)
    if isinstance(value, ModuleType):
        yield f"import {value.__name__} as {name}"
    elif isinstance(value, type | FunctionType) and value.__module__ != _NOTEBOOK:
        yield f"from {value.__module__} import {value.__qualname__} as {name}"
    else:
        yield f"{name} = __import__('pickle').loads({_pickled(name, value, user)!r})"


def _pickled(name: str, value: Any, user: FunctionType) -> bytes:
    try:
        return dumps(value)
    except (PicklingError, TypeError, AttributeError, ValueError):
        raise _CannotGoError(
            f"{user.__name__} uses {name} (a {type(value).__name__}), which lives in the notebook; "
            "the exercise runs your function in a process of its own"
        ) from None
