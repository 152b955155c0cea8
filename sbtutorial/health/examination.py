"""What a lesson needs, looked at piece by piece, in plain words.

A finding is in order, worth knowing, or a problem with its remedy. To look takes nothing but
Python: where packages are missing that is said, and left out what cannot be looked at without.
"""

import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

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
from sbtutorial.version import __version__

_TLS_LIMIT_SECONDS = 3.0


class Kind(StrEnum):
    """How serious a finding is."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "PROBLEM"


class Finding(NamedTuple):
    """One thing that was found; a problem comes with a remedy.

    Attributes:
        kind: How serious it is.
        text: What it is.
        remedy: What to do; "" if nothing is.
        subject: What was looked at.
    """

    kind: Kind
    text: str
    remedy: str = ""
    subject: str = ""

    def __str__(self) -> str:
        line = f"{self.kind:8} {self.text}"
        return f"{line}\n{'':8} → {self.remedy}" if self.remedy else line


Look = Callable[[], Iterator[Finding]]


def examine() -> Iterator[Finding]:
    """Look at everything, whatever one look comes to; what several find is told once."""
    told: set[str] = set()
    for subject, look in LOOKS.items():
        for finding in _looked_at(subject, look):
            if finding.text not in told:
                told.add(finding.text)
                yield finding._replace(subject=subject)


def verdict(findings: Sequence[Finding]) -> str:
    """All in all, in a sentence."""
    problem_count = sum(one.kind is Kind.PROBLEM for one in findings)
    if problem_count:
        return f"{problem_count} to put right: what to do stands behind the arrows."
    return "Everything is in order."


def _looked_at(subject: str, look: Look) -> Iterator[Finding]:
    try:
        yield from look()
    except TutorialError as error:
        yield Finding(Kind.PROBLEM, str(error))
    except ModuleNotFoundError as error:
        # The missing package itself is a finding of `_packages`.
        yield Finding(Kind.NOTE, f"{subject} not looked at: {error.name} is missing")
    except OSError as error:
        yield Finding(Kind.PROBLEM, f"{subject}: {error}")


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
    yield Finding(Kind.OK, f"{requirements.PACKAGE} {__version__}")
    extras = ("lab",) if _is_for_lessons() else ()
    wanted = [one for one in requirements.requirements(*extras) if one.name != requirements.PACKAGE]
    versions = {one: requirements.installed_version(one.name) for one in wanted}
    for one, version in versions.items():
        if version and one.accepts(version):
            yield Finding(Kind.OK, f"{one.name} {version}")
        elif version:
            text = f"{one.name} is {version}, and {one} is wanted"
            yield Finding(Kind.PROBLEM, text, _what_installs())
    if missing := [one.name for one, version in versions.items() if version is None]:
        yield Finding(Kind.PROBLEM, f"not installed: {', '.join(missing)}", _what_installs())
    if not extras:
        remedy = f"if you want them, {_what_installs()}"
        yield Finding(Kind.NOTE, "a broker for programs, without the lessons' packages", remedy)


def _is_for_lessons() -> bool:
    """Whether lessons are to run here: not where somebody has a wheel, and no JupyterLab.

    Which release of the SDK is there is then their own affair.
    """
    if requirements.clone_folder() is not None:
        return True
    return requirements.installed_version("jupyterlab") is not None


def _what_installs() -> str:
    if requirements.clone_folder() is None:
        return f"run `{requirements.install_command('lab')}`"
    return "run `python -m sbtutorial lab` in the clone, which installs what is needed"


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


def _run_time_files() -> Iterator[Finding]:
    import tempfile

    from sbtutorial.folders import runtime_folder, told

    folder = runtime_folder()
    with told(f"The folder for run-time files, {folder}, cannot be used"):
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            try_lock(file.fileno())
        yield Finding(Kind.OK, f"run-time files are private and can be written: {folder}")


LOOKS: Mapping[str, Look] = {
    "Python": _python,
    "environment": _environment,
    "packages": _packages,
    "run-time files": _run_time_files,
    "records of brokers": _records,
    "where lessons run": _mode,
    "broker": _broker,
    "certificate": _certificate,
}
