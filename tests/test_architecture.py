"""How the house is built, read from the source with `ast`: nothing of the package is run.

Imports count wherever they stand: atop a module, inside a function, or for type checkers only.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

import sbtutorial

ROOT = Path(sbtutorial.__file__).parent
MAX_IN_ROOT = 12
MAX_IN_FOLDER = 30

# Lowest first: a room imports from itself and from rooms that stand before it. A module of the
# root is a room of its own.
STAIR = (
    "version text errors clock connection_string trace snapshot setup lessons folders",
    "amqp broker store http admin gateway server hosting testing",
    "views workers attacks explorer lab health exercises notebook local",
    "plugin commands cli __init__ __main__",
)
ROOMS = " ".join(STAIR).split()

# Somebody else's packages that a room may use. `LAZY` ones only inside functions: `connect()` and
# the commands must not pay for what is not used yet.
LAZY = {"azure", "IPython", "matplotlib", "numpy", "PIL", "requests", "tqdm", "urllib3"}
LAZY |= {"anywidget", "sidecar", "traitlets"}
# Modules that need one of them to be defined at all: whoever imports such a module does it lazily.
HEAVY = {"views.widget", "views.beside", "views.live.widget", "explorer.view.widget"}
HEAVY |= {"views.question.widget", "hosting.client_transport"}
PACKAGES = {
    "folders": {"platformdirs"},
    "broker": {"sortedcontainers", "lark"},
    "admin": {"defusedxml"},
    "local": {"defusedxml"},
    "server": {"h11", "wsproto", "trustme", "certifi", "filelock"},
    "hosting": {"filelock", "platformdirs", "azure", "requests", "urllib3"},
    "views": {"IPython", "matplotlib", "numpy", "PIL", "anywidget", "sidecar", "traitlets"},
    "plugin": {"pytest", "pluggy"},
    "workers": {"IPython"},
    "attacks": {"azure", "matplotlib"},
    "explorer": {"azure"},
    "lab": {"azure", "IPython", "tqdm"},
    "exercises": {"azure", "IPython"},
    "notebook": {"azure", "IPython"},
    "commands": {"azure", "psutil", "proton"},
}

# What touches the world. Rooms without it can be stepped in a plain loop, with the same result
# every time: time, ids and randomness are arguments.
OF_THE_WORLD = {"asyncio", "socket", "ssl", "threading", "subprocess", "multiprocessing", "signal"}
OF_THE_WORLD |= {"time", "random", "secrets", "os", "selectors", "tempfile", "shutil"}
PURE = {"amqp", "broker", "store", "http", "admin", "gateway", "text", "snapshot", "errors"}
# A worker runs its cell's `await`s, the benchmark the asyncio half of the SDK; a notebook knows an
# `await` that was stopped by its error; an exercise has something to be awaited.
WITH_AN_EVENT_LOOP = {"server", "hosting", "workers", "notebook", "commands", "exercises"}

# The ways back up the stair: a lab has its exercises checked, by a checker that uses the lab's
# service, and says how far the learner is with them. Breaches
# that are still to be mended stand here too, and only ever get fewer.
DECLARED = {("lab.lab", "exercises.checker"), ("lab.lab", "exercises.course")}


# What a notebook imports with its first cell, and a worker with its lab, has nothing of these: the
# broker is another process.
FIRST_CELL = ("lab.connecting", "notebook.")
ONLY_IN_A_BROKER = {"amqp", "store", "admin", "server"}


class Import(NamedTuple):
    """One import: what (`broker.message`, or `lark` with `is_ours` False), and whether lazily."""

    what: str
    is_ours: bool
    is_lazy: bool


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and parts[:-1] else parts)


MODULES = {name_of(path): path for path in sorted(ROOT.rglob("*.py"))}


def room_of(module: str) -> str:
    return module.partition(".")[0]


def imports(source: str) -> Iterator[Import]:
    tree = ast.parse(source)
    lazy = {id(inner) for node in tree.body if is_lazy(node) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert not node.level, "relative imports hide where they lead"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            package, _, rest = name.partition(".")
            is_ours = package == "sbtutorial"
            yield Import(module_in(rest) if is_ours else package, is_ours, id(node) in lazy)


def is_lazy(node: ast.stmt) -> bool:
    is_for_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
    return is_for_types or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


def module_in(name: str) -> str:
    """The module that a dotted name below `sbtutorial` leads to, without a name inside of it."""
    while name and name not in MODULES:
        name = name.rpartition(".")[0]
    return name or "__init__"


def violations(module: str, source: str) -> list[str]:
    found = (breach(module, one) for one in imports(source))
    return [f"{module} imports {text}" for text in found if text]


def breach(module: str, one: Import) -> str:
    """What is wrong with an import; empty if nothing is."""
    room, target = room_of(module), room_of(one.what)
    if one.is_ours:
        is_up = ROOMS.index(target) > ROOMS.index(room)
        if is_up and (module, one.what) not in DECLARED:
            return f"{one.what}, up the stair"
        return f"{one.what} at once" * (one.what in HEAVY and is_eager(module, one))
    if target in sys.stdlib_module_names:
        if target in OF_THE_WORLD and room in PURE:
            return f"{target}, from a room that touches nothing of the world"
        return f"{target}" * (target == "asyncio" and room not in WITH_AN_EVENT_LOOP)
    if target not in PACKAGES.get(room, ()):
        return f"{target}, which is no package of its room"
    return f"{target} at once" * (target in LAZY and is_eager(module, one))


def is_eager(module: str, one: Import) -> bool:
    """Whether an import costs whoever imports the module, though it need not."""
    return not one.is_lazy and module not in HEAVY


def circle(edges: Iterable[tuple[str, str]]) -> list[str]:
    """Modules that import each other in a circle; none if there is none."""
    graph = defaultdict(set)
    for importer, imported in edges:
        graph[importer].add(imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def edges() -> Iterator[tuple[str, str]]:
    for module, path in MODULES.items():
        for one in imports(path.read_text("utf-8")):
            if one.is_ours and one.what != module and (module, one.what) not in DECLARED:
                yield module, one.what


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_what_its_room_may_and_nothing_else(module: str) -> None:
    assert violations(module, MODULES[module].read_text("utf-8")) == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circle(edges()) == []


def imported_at_once(beginnings: tuple[str, ...]) -> set[str]:
    """Modules that begin so, and all that they import before anything of them is called."""
    found: set[str] = set()
    new = {module for module in MODULES if module.startswith(beginnings)}
    while new:
        found |= new
        eager = (one for module in new for one in imports(MODULES[module].read_text("utf-8")))
        new = {one.what for one in eager if one.is_ours and not one.is_lazy} - found
    return found


def test_a_first_cell_imports_nothing_of_the_broker() -> None:
    found = imported_at_once(FIRST_CELL)
    assert {"hosting.background", "notebook.program_magic"} <= found
    assert [module for module in found if room_of(module) in ONLY_IN_A_BROKER] == []


def test_what_is_declared_is_needed() -> None:
    seen = {
        (module, one.what)
        for module, path in MODULES.items()
        for one in imports(path.read_text("utf-8"))
    }
    assert seen >= DECLARED


def test_every_room_has_its_place_on_the_stair() -> None:
    assert {room_of(module) for module in MODULES} == {*ROOMS}


def test_the_root_can_be_read_at_a_glance() -> None:
    assert len(list(ROOT.glob("*.py"))) <= MAX_IN_ROOT


@pytest.mark.parametrize("folder", sorted({path.parent for path in MODULES.values()}), ids=str)
def test_a_folder_can_be_read_at_a_glance(folder: Path) -> None:
    assert len(list(folder.glob("*.py"))) <= MAX_IN_FOLDER


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("broker.namespace", "import sbtutorial.amqp.messaging\nimport sbtutorial.server.sniff"),
        ("broker.namespace", "import asyncio"),
        ("broker.namespace", "def f():\n    from time import time"),
        ("amqp.link", "import socket"),
        ("amqp.link", "def f():\n    from sbtutorial import broker"),
        ("broker.errors", "if TYPE_CHECKING:\n    from sbtutorial.store import store"),
        ("gateway.reactor", "import random"),
        ("gateway.reactor", "import h11"),
        ("lab.offline", "import azure.servicebus"),
        ("lab.offline", "import asyncio"),
        ("lab.lab", "from sbtutorial.exercises import registry"),
        ("views.queue_text", "from sbtutorial.lab import lab"),
        ("views.queue_text", "import anywidget"),
        ("views.queue_text", "from sbtutorial.views.widget import LiveWidget"),
        ("clock", "import h11"),
        ("setup.bootstrap", "def f():\n    import packaging"),
        ("setup.bootstrap", "from sbtutorial.hosting import background"),
    ],
)
def test_a_forbidden_import_is_found(module: str, source: str) -> None:
    assert len(violations(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("broker.namespace", "from sbtutorial.broker.message import Message"),
        ("broker.namespace", "import enum, math"),
        ("lab.offline", "from sbtutorial.hosting.background import ensure"),
        ("lab.offline", "def f():\n    import azure.servicebus"),
        ("lab.lab", "def f():\n    from sbtutorial.exercises import checker"),
        ("lab.lab", "def f():\n    from sbtutorial.views.widget import LiveWidget"),
        ("views.widget", "import anywidget"),
        ("server.tls", "import asyncio, ssl\nimport sbtutorial.errors"),
    ],
)
def test_an_allowed_import_is_not_objected_to(module: str, source: str) -> None:
    assert violations(module, source) == []


@pytest.mark.parametrize(
    "found",
    [
        [("a", "b"), ("b", "a")],
        [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")],
    ],
)
def test_a_circle_is_found(found: list[tuple[str, str]]) -> None:
    assert circle(found)


def test_a_way_that_parts_and_joins_is_no_circle() -> None:
    assert circle([("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")]) == []
