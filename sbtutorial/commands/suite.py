"""`python -m sbtutorial test`: everything that must hold, the quickest to fail first.

Three doors: `test` runs all of it; `test --fast` what says most in a minute, and names what it left
out; `test --long` what searches for hours, for the night.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from sbtutorial.commands.steps import Finished, Step, beside, timed
from sbtutorial.errors import TutorialError
from sbtutorial.setup.foreground import run
from sbtutorial.setup.requirements import clone_folder

FAST, LONG = "--fast", "--long"

# Clients and kernels wait more than they work: tests that run side by side wait together, and the
# longest begin first (tests/order.py).
_SIDE_BY_SIDE = ("--dist=loadgroup", "--no-loadscope-reorder")
# Each process that runs tests has to find all of them first, also those that it never runs. So two
# kinds are apart: thousands that need no other process, and have one for each third, to which
# nobody deals them out (that took a fifth of their time); and real clients, which sleep most of the
# time, so that very many of them are heard at once.
_OF_THE_RULES = ("tests/amqp", "tests/broker", "tests/http", "tests/store", "tests/admin")
_OF_THE_GATEWAY = ("tests/gateway", "tests/server")
_OF_THE_WHOLE = (
    *("tests/fuzz", "tests/health", "tests/lessons", "tests/properties", "tests/simulation"),
    *("tests/test_architecture.py", "tests/test_cli.py", "tests/test_clock.py"),
    *("tests/test_connection_string.py", "tests/test_folders.py", "tests/test_order.py"),
    *("tests/test_packaging.py", "tests/test_readme.py", "tests/test_same_examples.py"),
    *("tests/test_security_page.py", "tests/test_short_ids.py", "tests/test_snapshot.py"),
    *("tests/test_sources.py", "tests/test_text.py", "tests/test_trace.py"),
)
_OF_CLIENTS = ("tests/clients", "tests/legacy", "tests/sdk")
_OF_THE_BROWSER = "tests/browser"
_BY_DAY, _BY_NIGHT = ("-m", "not overnight"), ("-m", "overnight")
_SHARED_OUT = tuple(
    f"--ignore={folder}"
    for folder in (*_OF_THE_RULES, *_OF_THE_GATEWAY, *_OF_THE_WHOLE, _OF_THE_BROWSER)
)
_OTHERS = (*_SHARED_OUT, *(f"--ignore={folder}" for folder in _OF_CLIENTS))

_LINT = (
    Step("mypy", ("mypy",)),
    Step("ruff check", ("ruff", "check", ".")),
    Step("ruff format", ("ruff", "format", "--check", ".")),
)
# What stands together runs side by side; the next begins when all of it has passed.
EVERYTHING = (
    (
        *_LINT,
        # Other makers' clients, as far as they can be had here; without one its tests skip.
        Step("other clients", ("tests.clients.installed",)),
        # The bytecode of tests that several processes share: each of them would make its own.
        Step("collection", ("pytest", "--collect-only", "--quiet", "--quiet", *_SHARED_OUT)),
    ),
    (
        Step("pytest", ("pytest", "-n", "9", *_SIDE_BY_SIDE, *_BY_DAY, *_OTHERS)),
        Step("pytest of the rules", ("pytest", *_BY_DAY, *_OF_THE_RULES)),
        Step("pytest of the gateway", ("pytest", *_BY_DAY, *_OF_THE_GATEWAY)),
        Step("pytest of the whole", ("pytest", *_BY_DAY, *_OF_THE_WHOLE)),
        Step("pytest of clients", ("pytest", "-n", "7", *_SIDE_BY_SIDE, *_BY_DAY, *_OF_CLIENTS)),
        Step("browser tests", ("pytest", *_BY_DAY, _OF_THE_BROWSER)),
    ),
)

# Folders without a socket, a process or a real client, and one test each of what has those.
FAST_TESTS = (
    *("tests/amqp", "tests/broker", "tests/gateway", "tests/http", "tests/store"),
    *("tests/test_architecture.py", "tests/test_cli.py", "tests/test_packaging.py"),
    *("tests/test_sources.py", "tests/test_text.py", "tests/test_trace.py"),
    *("tests/test_connection_string.py", "tests/test_clock.py", "tests/test_folders.py"),
    "tests/sdk/test_receive.py::test_peek_lock_hides_a_message_until_it_is_completed",
    "tests/notebooks/test_lessons.py"
    "::test_a_lesson_says_what_is_saved_each_cell_twice_and_each_section_again[00_start_here]",
)
QUICKLY = (
    (
        Step("pytest", ("pytest", "--numprocesses=2", *_SIDE_BY_SIDE, *_BY_DAY, *FAST_TESTS)),
        *_LINT,
    ),
)

_PROPERTIES = ("tests/properties", "tests/gateway/test_odd_messages.py", "tests/server")
# For the night, one after the other. What is not in this clone is left out, and named.
OVERNIGHT = (
    *(
        # Much stands behind `if sys.platform == …: return`, which a system of this name never sees.
        Step(f"mypy for {name}", ("mypy", "--platform", name, "--no-warn-unreachable"))
        for name in ("win32", "darwin")
    ),
    Step("new examples", ("pytest", "--hypothesis-profile=search", "--timeout=0", *_PROPERTIES)),
    Step("simulation", ("tests.simulation", "--seeds", "0:100000")),
    Step("simulation on files", ("tests.simulation", "--file", "--seeds", "0:5000")),
    Step("fuzzing", ("tests.fuzz", "--minutes", "60")),
    Step("kills", ("tests.durability.kill", "--kills", "200")),
    Step("fresh machine", ("pytest", "-m", "bootstrap", "tests/setup")),
    Step("lessons side by side", ("tests.notebooks.rehearsal",)),
    Step("lessons by nbconvert", ("tests.notebooks.converting",)),
    Step("a room of learners", ("tests.workshop", "--learners", "30")),
    Step("more clients", ("tests.clients.installed", "overnight")),
    Step(
        "what takes long",
        (
            *("pytest", "-n", "4", *_SIDE_BY_SIDE, *_BY_NIGHT, "--timeout=0"),
            f"--ignore={_OF_THE_BROWSER}",
        ),
    ),
    Step("lessons in the browser", ("pytest", *_BY_NIGHT, _OF_THE_BROWSER)),
)


def main(arguments: Sequence[str]) -> int:
    """Run every step; after a failure, none that is not running yet.

    Args:
        arguments: `--fast` or `--long` by itself, or arguments for pytest. Who names tests wants
            these and nothing else: then pytest runs alone, and in one process, where a debugger
            can be.

    Returns:
        The exit code of the first step that failed; 0 if none did.

    Raises:
        TutorialError: There are no tests here.
    """
    clone = tested_clone()
    if list(arguments) == [FAST]:
        return _run_fast(clone)
    if list(arguments) == [LONG]:
        return _run_overnight(clone)
    if arguments:
        return _run_all(((Step("pytest", ("pytest", *arguments)),),), clone)
    return _run_all(EVERYTHING, clone)


def tested_clone() -> Path:
    """The clone with the tests.

    Raises:
        TutorialError: There is none.
    """
    clone = clone_folder()
    if clone is None:
        raise TutorialError("It is installed without its tests: run this in a clone.")
    return clone


def _run_fast(clone: Path) -> int:
    code = _run_all(QUICKLY, clone)
    print(f"--- left out: {', '.join(left_out(clone))}", flush=True)
    return code


def left_out(clone: Path) -> list[str]:
    """The folders and files of tests of which `--fast` runs nothing, or one test only."""
    whole = {name for name in FAST_TESTS if "::" not in name}
    partly = {name.split("/")[1] for name in FAST_TESTS if "::" in name}
    here = [path for path in (clone / "tests").iterdir() if _has_tests(path)]
    return [
        f"most of tests/{path.name}" if path.name in partly else f"tests/{path.name}"
        for path in sorted(here)
        if f"tests/{path.name}" not in whole
    ]


def _has_tests(path: Path) -> bool:
    if path.is_dir():
        return any(path.rglob("test_*.py"))
    return path.name.startswith("test_")


def _run_overnight(clone: Path) -> int:
    """Run the long steps that are in this clone one after the other, all of them."""
    here = [step for step in OVERNIGHT if step.is_in(clone)]
    code = _run_each(here, clone)
    if missing := [step.name for step in OVERNIGHT if step not in here]:
        print(f"--- not in this clone: {', '.join(missing)}", flush=True)
    return code


def _run_each(steps: Sequence[Step], clone: Path) -> int:
    """Steps of which each is worth its own answer, whatever became of those before it."""
    done = [one for step in steps for one in _run_stage((step,), clone)]
    return _sum_up(done)


def _run_all(stages: Sequence[Sequence[Step]], clone: Path) -> int:
    done: list[Finished] = []
    for stage in stages:
        done += _run_stage(stage, clone)
        if any(one.code for one in done):
            break
    return _sum_up(done)


def _run_stage(stage: Sequence[Step], clone: Path) -> list[Finished]:
    """Run steps side by side; the first is heard at once, the others when it has ended."""
    first, *others = stage
    environ = _environment()

    def at_once(step: Step) -> int:
        print(f"--- {step.name}: {' '.join(step.command)}", flush=True)
        return run(step.words, cwd=clone, environ=environ)

    with beside(others, cwd=clone, environ=environ) as ended:
        return [timed(first, at_once), *ended]


def _environment() -> Mapping[str, str]:
    """This one's, and bytecode is kept.

    The tests start some hundreds of processes, each of which would compile the package anew.
    """
    return {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _sum_up(done: Sequence[Finished]) -> int:
    """Say what took how long, and what failed; the exit code of the first that did."""
    seconds = ", ".join(f"{one.step.name} {one.seconds:.1f} s" for one in done)
    failed = [one for one in done if one.code]
    if not failed:
        print(f"--- all passed: {seconds}", flush=True)
        return 0
    failures = ", ".join(f"{one.step.name} failed (exit code {one.code})" for one in failed)
    print(f"--- {failures}; {seconds}", flush=True)
    return failed[0].code
