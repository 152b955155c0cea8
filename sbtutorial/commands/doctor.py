"""`sbtutorial doctor`: what a lesson needs, looked at piece by piece, in plain words.

A finding is in order, worth knowing, or a problem with its remedy. The doctor itself needs nothing
but Python: where packages are missing it says so, and leaves out what it cannot look at.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from sbtutorial.commands import parsers
from sbtutorial.connection_string import (
    VARIABLE,
    ConnectionStringError,
    chosen,
    parse_connection_string,
)
from sbtutorial.errors import TutorialError
from sbtutorial.folders import HOST
from sbtutorial.setup import python_version, requirements
from sbtutorial.setup.file_lock import try_lock

_TLS_LIMIT_SECONDS = 3.0
_SETUP = "run `python -m sbtutorial lab` in the clone, which installs what is needed"


class Kind(StrEnum):
    """How serious a finding is."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "PROBLEM"


class Finding(NamedTuple):
    """One thing that was looked at; a problem comes with a remedy."""

    kind: Kind
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        line = f"{self.kind:8} {self.text}"
        return f"{line}\n{'':8} → {self.remedy}" if self.remedy else line


Check = Callable[[], Iterator[Finding]]


def add(commands: parsers.Commands) -> None:
    """Add its parser."""
    parsers.add(
        commands,
        "doctor",
        _run,
        help="look for what is wrong, and say what to do",
        examples=["sbtutorial doctor"],
        extras=None,  # without packages of its own: it says which are missing
    )


def _run(_: argparse.Namespace) -> int:
    return main()


def main() -> int:
    """Print every finding; returns 1 if there is a problem, else 0."""
    problem_count = 0
    for finding in examine():
        print(finding, flush=True)
        problem_count += finding.kind is Kind.PROBLEM
    print(
        "\nEverything is in order."
        if not problem_count
        else f"\n{problem_count} to put right: what to do stands behind the arrows."
    )
    return 1 if problem_count else 0


def examine() -> Iterator[Finding]:
    """Look at everything, whatever one look comes to; what several find is told once."""
    told: set[str] = set()
    for check in CHECKS:
        for finding in _looked_at(check):
            if finding.text not in told:
                told.add(finding.text)
                yield finding


def _looked_at(check: Check) -> Iterator[Finding]:
    try:
        yield from check()
    except TutorialError as error:
        yield Finding(Kind.PROBLEM, str(error))
    except ModuleNotFoundError as error:
        # The missing package itself is a finding of `_packages`.
        yield Finding(Kind.NOTE, f"{_subject(check)} not looked at: {error.name} is missing")
    except OSError as error:
        yield Finding(Kind.PROBLEM, f"{_subject(check)}: {error}")


def _subject(check: Check) -> str:
    return check.__name__.strip("_").replace("_", " ")


# --- what is looked at ----------------------------------------------------------------------------


def _python() -> Iterator[Finding]:
    text = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    if complaint := python_version.complaint():
        yield Finding(Kind.PROBLEM, text, complaint)
    else:
        yield Finding(Kind.OK, text)


def _environment() -> Iterator[Finding]:
    yield Finding(Kind.OK, f"{_kind_of_environment(os.environ)}: {sys.prefix}")


def _kind_of_environment(environ: Mapping[str, str]) -> str:
    if "BINDER_LAUNCH_HOST" in environ:
        return "on Binder"
    if "JUPYTERHUB_USER" in environ:
        return "on a JupyterHub"
    if (Path(sys.prefix) / "conda-meta").is_dir():
        return "in a conda environment"
    if sys.prefix != sys.base_prefix:
        return "in a virtual environment"
    return "in the system's own Python"


def _packages() -> Iterator[Finding]:
    wanted = requirements.requirements("lab")
    versions = {one: requirements.installed_version(one.name) for one in wanted}
    for one, version in versions.items():
        if version and one.accepts(version):
            yield Finding(Kind.OK, f"{one.name} {version}")
        elif version:
            yield Finding(Kind.PROBLEM, f"{one.name} is {version}, and {one} is wanted", _SETUP)
    if missing := [one.name for one, version in versions.items() if version is None]:
        yield Finding(Kind.PROBLEM, f"not installed: {', '.join(missing)}", _SETUP)


def _mode() -> Iterator[Finding]:
    found = chosen(os.environ)
    if found is None:
        yield Finding(Kind.OK, f"offline: lessons use the broker of this machine; {VARIABLE} unset")
        return
    variable, text = found
    try:
        connection = parse_connection_string(text)
    except ConnectionStringError as error:
        yield Finding(Kind.PROBLEM, f"{variable} cannot be used", str(error))
        return
    from sbtutorial.lab import azure

    yield Finding(Kind.NOTE, f"{variable} is set: lessons use {connection.host}")
    yield Finding(Kind.OK, azure.describe(connection, variable))


def _broker() -> Iterator[Finding]:
    from sbtutorial.hosting import background
    from sbtutorial.hosting.broker_status import describe

    brokers, silent = background.find_all(), background.silent()
    for broker in brokers:
        text = describe(broker.control.status(), broker.record.port, time.time())
        yield Finding(Kind.OK, text)
    for sentence in silent:
        yield Finding(Kind.PROBLEM, sentence)
    if not brokers and not silent:
        yield Finding(Kind.OK, "no broker runs now: the first connect() starts it")


def _records() -> Iterator[Finding]:
    from sbtutorial.folders import runtime_folder
    from sbtutorial.hosting.runtime_files import RuntimeFiles, namespaces

    folder = runtime_folder()
    for files in (RuntimeFiles(folder, name) for name in namespaces(folder)):
        if damage := files.damage():
            remedy = f"delete {files.record_path}: the next connect() writes it anew"
            text = f"the record of the broker '{files.namespace}' {damage}"
            yield Finding(Kind.PROBLEM, text, remedy)


def _certificate() -> Iterator[Finding]:
    from sbtutorial.hosting import background
    from sbtutorial.server import certificates

    environ = dict(os.environ)
    bundle = certificates.trust(certificates.ensure(certificates.default_folder()), environ).bundle
    broker = next(iter(background.find_all()), None)  # they share one certificate
    if broker is None:
        yield Finding(Kind.OK, f"the broker's certificate is there: {bundle.parent}")
    elif complaint := _distrust(bundle, broker.record.port):
        remedy = f"delete {bundle.parent}, run `sbtutorial stop` and restart the kernels"
        yield Finding(Kind.PROBLEM, f"the broker's certificate is refused: {complaint}", remedy)
    else:
        yield Finding(Kind.OK, f"the broker's certificate is trusted, by {bundle}")


def _distrust(bundle: Path, port: int) -> str:
    """Why a client that goes by this bundle would refuse the broker's TLS; "" when it would not."""
    import socket
    import ssl

    context = ssl.create_default_context(cafile=str(bundle))
    try:
        with (
            socket.create_connection((HOST, port), timeout=_TLS_LIMIT_SECONDS) as tcp,
            context.wrap_socket(tcp, server_hostname=HOST),
        ):
            return ""
    except OSError as error:  # ssl's errors are of its kind
        return str(error)


def _run_time_folder() -> Iterator[Finding]:
    import tempfile

    from sbtutorial.folders import runtime_folder, told

    folder = runtime_folder()
    with told(f"The folder for run-time files, {folder}, cannot be used"):
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            try_lock(file.fileno())
        yield Finding(Kind.OK, f"run-time files are private and can be written: {folder}")


CHECKS: tuple[Check, ...] = (
    _python,
    _environment,
    _packages,
    _run_time_folder,
    _records,
    _mode,
    _broker,
    _certificate,
)
