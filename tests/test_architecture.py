"""Who may import whom, read from the source with `ast`: atop a module and inside its functions."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import sbtutorial

ROOT = Path(sbtutorial.__file__).parent
MAX_LINE_COUNT = 450

BASICS = {"errors", "connection_string"}
STARTERS = {"python_version", "requirements", "foreground", "installing", "bootstrap"}
BROKER_CALLS = {"control_client", "server.security", "server.process", "server.certificates"}
LESSON = {
    "lab",
    "administration",
    "remote",
    "notebook",
    "checkpoints",
    "event_table",
    "picture",
    "hints",
    "magic",
}
LESSON |= {"workers", "worker_process", "worker_channel", "worker_record", "worker_triggers"}
LESSON |= {"tracebacks", "exercises"}
HEAVY = {"azure", "IPython", "ipywidgets", "matplotlib"}  # imported when used, never before

# Package or module → what it may import beside the standard library and its own package.
MAY_IMPORT = {
    "amqp": set(),
    "broker": {"sortedcontainers"},
    "broker.filters.reading": {"broker", "lark"},
    "trace": set(),
    "clock": set(),
    "admin": {"broker", "defusedxml"},
    "server": {"amqp", "broker", "admin", "trace", "clock", "control_client"}
    | {"h11", "wsproto", "trustme", "certifi", "filelock", "platformdirs"}
    | BASICS,
    "control_client": BROKER_CALLS | BASICS,
    "broker_status": set(),
    **dict.fromkeys(LESSON, LESSON | BROKER_CALLS | BASICS | HEAVY | {"trace", "views"}),
    "views": LESSON | HEAVY | {"trace"},
    "exercises": LESSON | HEAVY | BASICS | {"trace"},
    **dict.fromkeys(BASICS, frozenset[str]()),
    **dict.fromkeys(STARTERS, STARTERS | BASICS),  # they run where nothing is installed
}
# What is above all these imports anything, when it gets to it, and only starters and basics before.
ABOVE = {"__init__", "__main__", "cli", "doctor", "bench", "suite"}

MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in ROOT.rglob("*.py")
}


def imports(source: str) -> Iterator[tuple[str, bool]]:
    """Each import: what, from `sbtutorial` on down or a package's name, and whether lazily."""
    tree = ast.parse(source)
    lazy = {id(inner) for node in tree.body if is_lazy(node) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            package, _, rest = name.partition(".")
            if package not in sys.stdlib_module_names and name != "sbtutorial.__version__":
                yield (rest if package == "sbtutorial" else package), id(node) in lazy


def is_lazy(node: ast.stmt) -> bool:
    is_for_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
    return is_for_types or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


def violations(module: str, source: str) -> list[str]:
    owner = module if module in MAY_IMPORT else module.partition(".")[0]
    allowed = MAY_IMPORT.get(owner, set()) | {owner, ""}
    found = []
    for name, lazy in imports(source):
        parts = name.split(".")
        prefixes = {".".join(parts[:end]) for end in range(1, len(parts) + 1)}
        is_allowed = (
            lazy or prefixes & (STARTERS | BASICS) if owner in ABOVE else prefixes & allowed
        )
        if not is_allowed or (prefixes & HEAVY and not lazy):
            found.append(f"{module} imports {name}{'' if lazy else ' at once'}")
    return found


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_what_its_layer_may_and_nothing_else(module: str) -> None:
    assert violations(module, MODULES[module].read_text("utf-8")) == []


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_its_row_in_the_table(module: str) -> None:
    assert module.partition(".")[0] in MAY_IMPORT.keys() | ABOVE


@pytest.mark.parametrize("module", MODULES)
def test_a_module_fits_into_one_head(module: str) -> None:
    assert len(MODULES[module].read_text("utf-8").splitlines()) <= MAX_LINE_COUNT


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("broker.queue", "import sbtutorial.amqp.types"),
        ("broker.queue", "def f():\n    import lark"),
        ("amqp.link", "def f():\n    from sbtutorial import broker"),
        ("lab", "from sbtutorial.server import emulator"),
        ("lab", "import azure.servicebus"),
        ("clock", "import h11"),
        ("cli", "from sbtutorial.server import process"),
        ("bootstrap", "def f():\n    import packaging"),
    ],
)
def test_a_forbidden_import_is_found(module: str, source: str) -> None:
    assert len(violations(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("broker.queue", "from sbtutorial.broker.message import Message"),
        ("lab", "from sbtutorial.server.process import ensure"),
        ("lab", "def f():\n    import azure.servicebus"),
        ("cli", "def f():\n    from sbtutorial.server import process"),
        ("server.tls", "import asyncio, ssl\nimport sbtutorial"),
    ],
)
def test_an_allowed_import_is_not_objected_to(module: str, source: str) -> None:
    assert violations(module, source) == []
