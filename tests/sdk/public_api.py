"""What the SDK lets everybody use, and what the tests here use of it."""

import ast
import inspect
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

_KEYWORD = re.compile(r":keyword\s+[^:]*?(\w+):")
# What a class has from its bases outside of the SDK is no part of it.
_SDK = "azure.servicebus"


class Part(NamedTuple):
    """One thing that a program can name: a class, a member of one, or an optional parameter.

    Attributes:
        owner: A class or a function of a module.
        member: "" for the owner itself.
        parameter: "" for the member, or the owner, itself.
        place: Of a parameter, among those that may be given without a name; None for no place.
    """

    owner: str
    member: str = ""
    parameter: str = ""
    place: int | None = None

    def __str__(self) -> str:
        name = f"{self.owner}.{self.member}" if self.member else self.owner
        return f"{name}({self.parameter})" if self.parameter else name


def public_parts(*modules: ModuleType) -> list[Part]:
    """Everything; the two halves of the SDK have most of their names in common."""
    parts = {part for module in modules for name in _names(module) for part in _parts(module, name)}
    return sorted(parts, key=str)


def _names(module: ModuleType) -> list[str]:
    return getattr(module, "__all__", None) or [
        name
        for name, thing in vars(module).items()
        if inspect.isclass(thing) and thing.__module__.startswith(_SDK) and name[0] != "_"
    ]


def _parts(module: ModuleType, name: str) -> list[Part]:
    thing = getattr(module, name)
    if not inspect.isclass(thing):
        return [Part(name)]
    parts = [part for member in _members(thing) for part in _member_parts(thing, member)]
    if not issubclass(thing, Enum | Exception):
        documented = thing.__doc__ or ""
        parts += [Part(name, "", *one) for one in _parameters(thing.__init__, documented)]
        parts += [Part(name, field) for field in _fields(thing)]
    return parts or [Part(name)]  # who uses a part of a class uses the class


def _member_parts(kind: type, member: str) -> Iterator[Part]:
    yield Part(kind.__name__, member)
    if inspect.isroutine(method := getattr(kind, member)):
        for one in _parameters(method, method.__doc__ or ""):
            yield Part(kind.__name__, member, *one)


def _members(kind: type) -> set[str]:
    if issubclass(kind, Enum):
        return set(kind.__members__)
    ours = [base for base in kind.__mro__ if base.__module__.startswith(_SDK)]
    return {name for base in ours for name in vars(base) if name[0] != "_"}


def _fields(kind: type) -> Iterator[str]:
    """Of a record: what its constructor wants by name is what it has."""
    for one in inspect.signature(kind).parameters.values():
        if one.kind is one.KEYWORD_ONLY and one.default is one.empty:
            yield one.name


def _parameters(method: Any, documented: str) -> Iterator[tuple[str, int | None]]:
    """The name and the place of each that a caller may leave out: who calls passes the others."""
    given = [one for one in inspect.signature(method).parameters.values() if one.name != "self"]
    for place, one in enumerate(given):
        if one.default is not one.empty:
            yield one.name, None if one.kind is one.KEYWORD_ONLY else place
    for name in {*_KEYWORD.findall(documented)} - {one.name for one in given}:
        yield name, None


class Usage(ast.NodeVisitor):
    """What the source of some modules names, calls and passes.

    A function that hands its own `**options` on is not the end of it: what it is given counts for
    whom it gives it to.

    Args:
        hands_on: Functions that do so without a `**` that could be seen here.
    """

    def __init__(self, hands_on: Mapping[str, Iterable[str]]) -> None:
        self.names: set[str] = set()
        self.strings: set[str] = set()
        self._keys_here: set[str] = set()  # of dictionaries, in the module at hand
        self._passed: dict[str, set[str]] = defaultdict(set)
        self._hands_on: dict[str, set[str]] = defaultdict(set)
        self._hands_on.update({giver: set(takers) for giver, takers in hands_on.items()})
        self._most_positional: dict[str, int] = defaultdict(int)
        self._functions: list[ast.FunctionDef | ast.AsyncFunctionDef] = []

    def read(self, path: Path) -> None:
        """Take note of one module."""
        tree = ast.parse(path.read_text("utf-8"))
        self._keys_here = {key for node in ast.walk(tree) for key in _keys(node)}
        self.visit(tree)

    def has(self, part: Part) -> bool:
        """Whether it is used at all."""
        name = part.member or part.owner
        if not part.parameter:
            return name in self.names or name in self.strings
        return self._has_place(name, part.place) or self._is_passed(name, part.parameter)

    def _has_place(self, function: str, place: int | None) -> bool:
        return place is not None and self._most_positional[function] > place

    def _is_passed(self, function: str, parameter: str) -> bool:
        """Whether it is called, or whoever hands on to it is, with this keyword."""
        seen: set[str] = set()
        to_see = {function}
        while to_see:
            name = to_see.pop()
            if parameter in self._passed[name]:
                return True
            seen.add(name)
            to_see |= {giver for giver, takers in self._hands_on.items() if name in takers} - seen
        return False

    def visit_Import(self, node: ast.Import) -> None:
        """An import alone is no use."""

    visit_ImportFrom = visit_Import  # noqa: N815

    def visit_Name(self, node: ast.Name) -> None:
        self.names.add(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.names.add(node.attr)
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.strings.add(node.value)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._functions.append(node)
        self.generic_visit(node)
        self._functions.pop()

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_Call(self, node: ast.Call) -> None:
        callee = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
        self._most_positional[callee] = max(self._most_positional[callee], len(node.args))
        for keyword in node.keywords:
            if keyword.arg is not None:
                self._passed[callee].add(keyword.arg)
            elif giver := self._giver_of(keyword.value):
                self._hands_on[giver].add(callee)
            else:
                self._passed[callee] |= self._keys_here
        self.generic_visit(node)

    def _giver_of(self, value: ast.expr) -> str | None:
        """The function around here whose `**` this is."""
        for function in reversed(self._functions):
            many = function.args.kwarg
            if many is not None and isinstance(value, ast.Name) and value.id == many.arg:
                return function.name
        return None


def _keys(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Dict):
        for key in node.keys:
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value
