"""`%%worker`: a cell that runs as a process of its own, and can be killed; `%worker`: once more."""

import shlex
from argparse import ArgumentParser, Namespace
from difflib import get_close_matches
from typing import Any, NoReturn

from sbtutorial.errors import TutorialError
from sbtutorial.lab import hints
from sbtutorial.notebook.nothing_received import nothing_received_in
from sbtutorial.notebook.variables import find_lab
from sbtutorial.text import wrapped
from sbtutorial.workers.cell import needs_lab
from sbtutorial.workers.record import Ending, Outcome
from sbtutorial.workers.worker import DEFAULT_TIMEOUT_SECONDS, Worker, running_workers

_CELL, _LINE = "%%worker", "%worker"
_USAGE = "NAME [--kill-at CHECKPOINT[:N]] [--kill-on EVENT[:N]] [--background | --timeout SECONDS]"
_OPTIONS = ("--kill-at", "--kill-on", "--background", "--timeout")


def load(shell: Any) -> None:
    """Add `%%worker` and `%worker` to a notebook; `connect()` does that."""
    shell.register_magic_function(WorkerMagic(shell).worker, "line_cell", "worker")


class WorkerMagic:
    """The magic of one notebook."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell

    def worker(self, line: str, cell: str | None = None) -> None:
        """Run this cell as a consumer of its own: a process, which can be killed for real.

            %%worker cashier --kill-at working       killed the first time it reaches
                                                     checkpoint("working")
            %%worker cashier --kill-at working:3     … the third time
            %%worker cashier --kill-on completed     killed as soon as the broker reports that
            %%worker cashier --background            goes on by itself: cashier.wait(),
                                                     cashier.kill(), print(cashier.output)
            %%worker cashier --timeout 10            killed after 10 seconds, not 60

        The cell finds `lab` and `checkpoint` defined, and none of the notebook's own variables.

        With one %, the program of such a cell runs once more, as a new process:

            %worker cashier                          to its end this time
            %worker cashier --kill-at served         or with any of the options above
        """
        options = _parse(line, _LINE if cell is None else _CELL)
        self._require_free(options.name)
        program = self._program(options.name, cell)
        self._require_lab(program)
        worker = self._make(options, program)
        _replace_earlier(options.name)
        self._shell.push({options.name: worker})
        if options.background:
            worker.start()
            _show(f"{options.name} ▸ running in the background")
        else:
            self._run(worker, options.timeout)

    def _program(self, name: str, cell: str | None) -> str:
        if cell is not None:
            return "\n" + cell  # lines count from the magic's own, as the editor counts them
        earlier = self._shell.user_ns.get(name)
        if earlier is None:
            raise TutorialError(
                f"{_LINE} runs a program once more, and there is none of {name} yet: the cell that "
                f"holds it begins with two %, as in '{_CELL} {name}'."
            )
        return str(earlier.source)

    def _make(self, options: Namespace, source: str) -> Worker:
        lab = find_lab(self._shell.user_ns)
        return Worker(
            options.name,
            source,
            kill_at=options.kill_at,
            kill_on=options.kill_on,
            connection_string=lab.connection_string if lab else None,
        )

    def _run(self, worker: Worker, timeout_seconds: float) -> None:
        try:
            outcome = worker.run(timeout=timeout_seconds, show=_show)
        except KeyboardInterrupt:
            # Still an error, so that "run all cells" stops here too.
            raise TutorialError(repr(worker)) from None
        if outcome.ending is Ending.MISSED:
            raise TutorialError(str(outcome))
        _show(wrapped(str(outcome)))
        if outcome.ending is Ending.FAILED:
            self._print_hint(outcome, worker.source)

    def _print_hint(self, outcome: Outcome, source: str) -> None:
        lab = find_lab(self._shell.user_ns)
        hints.print_hint_for(
            hints.Failure(
                outcome.error_types,
                outcome.sentence,
                outcome.cause,
                in_worker=True,
                service=lab.service if lab else None,
                nothing=nothing_received_in(source, outcome.sentence.partition("\n")[0]),
            )
        )

    def _require_lab(self, program: str) -> None:
        if needs_lab(program) and find_lab(self._shell.user_ns) is None:
            raise TutorialError(hints.CONNECT_FIRST)

    def _require_free(self, name: str) -> None:
        value = self._shell.user_ns.get(name)
        if value is not None and not isinstance(value, Worker):
            raise TutorialError(
                f"'{name}' is the notebook's name for something else ({type(value).__name__}): "
                "give the worker another one."
            )


def _replace_earlier(name: str) -> None:
    for worker in running_workers():
        if worker.name == name:
            worker.end("killed: its cell ran again")
            _show(f"{name} ▸ the one before was still running and has been killed")


def _show(line: str) -> None:
    print(line, flush=True)


# --- the magic's own line -------------------------------------------------------------------------


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise TutorialError(f"{self.prog}: {message}. It is written {self.prog} {_USAGE}")


def _parser(magic: str) -> ArgumentParser:
    parser = _Parser(prog=magic, add_help=False, allow_abbrev=False)
    parser.add_argument("name", nargs="?")
    parser.add_argument("--kill-at")
    parser.add_argument("--kill-on")
    parser.add_argument("--background", action="store_true")
    parser.add_argument("--timeout", type=float, default=DEFAULT_TIMEOUT_SECONDS)
    return parser


def _parse(line: str, magic: str) -> Namespace:
    parser = _parser(magic)
    try:
        words = shlex.split(line)
    except ValueError:
        parser.error("a quotation mark has no partner")
    options, unknown = parser.parse_known_args(words)
    if unknown:
        parser.error(_about_unknown(unknown[0]))
    if options.name is None:
        parser.error(f"the worker has no name, as in '{magic} cashier'")
    if not 0 < options.timeout < float("inf"):
        parser.error("--timeout takes a number of seconds above 0")
    return options


def _about_unknown(word: str) -> str:
    if not word.startswith("-"):
        return f"'{word}' is one word too many"
    close = get_close_matches(word, _OPTIONS, n=1)
    return f"there is no {word}" + (f"; {close[0]} is meant, perhaps" if close else "")
