"""The background broker, seen from the outside: found if it runs, started if it does not.

One process for each namespace of a user, found again by later kernels and workers through its
record in the run-time folder. It is a process of its own in every sense: it outlives the kernel
that started it, and the terminal, and leaves by itself (`sbtutorial.hosting.__main__`). As long as
it lives it has a claim on its name (`sbtutorial.hosting.claim`): one that does not answer is never
replaced, but told of.
"""

import os
import signal
import site
import subprocess
import sys
import time
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from threading import Timer
from typing import Any, Final, NamedTuple

from sbtutorial.connection_string import parse_connection_string
from sbtutorial.errors import TutorialError
from sbtutorial.folders import DEFAULT_NAMESPACE, HOME_VARIABLE, runtime_folder, told
from sbtutorial.hosting.claim import claim, holder
from sbtutorial.hosting.control_client import BrokerGone, ControlClient
from sbtutorial.hosting.runtime_files import BrokerRecord, RuntimeFiles, namespaces
from sbtutorial.hosting.storage import Storage
from sbtutorial.version import __version__

DEFAULT_TIER: Final = "Standard"
# A working day: clients in a notebook that lies open over lunch, or over a class, find the broker
# where they know it, for none of them would start it again. It takes no processor time meanwhile.
DEFAULT_IDLE_SECONDS = 12 * 3600.0
# A start takes a quarter of a second; on a laptop that wakes up, with a virus scanner, far more.
_START_LIMIT_SECONDS = 30.0
# The broker answers in a millisecond, on a busy computer in some hundred. Before it is given up,
# and what it holds with it, it gets the longer time.
_STATUS_LIMIT_SECONDS = 2.0
_LAST_CALL_LIMIT_SECONDS = 5.0
# How long a broker may take from its claim to its record, or from the end of its port to its own.
_PASSING_SECONDS = 1.5
_NAP_SECONDS = 0.02
# What a broker says while it reads much, before two numbers.
_READING = "reading "


class How(StrEnum):
    """How `ensure` came by its broker."""

    FOUND = "found"
    STARTED = "started"
    RESTARTED = "restarted"  # the one before was gone, without a goodbye
    SILENT = "silent"  # it lives, and does not answer


class Broker(NamedTuple):
    """A background broker that answers; or, when it is `SILENT`, one that lives at least.

    Attributes:
        record: Where it is, and its key.
        queue_count: How many queues it had when it was asked.
        how: How it was come by.
        notice: A sentence for the user when there is something to know, else "".
    """

    record: BrokerRecord
    queue_count: int
    how: How = How.FOUND
    notice: str = ""

    @property
    def connection_string(self) -> str:
        """What the SDK's clients take."""
        return self.record.connection_string

    @property
    def control(self) -> ControlClient:
        """The lab's own calls on it."""
        return ControlClient(self.connection_string)


def ensure(
    namespace: str = DEFAULT_NAMESPACE,
    *,
    tier: str = DEFAULT_TIER,
    idle_seconds: float = DEFAULT_IDLE_SECONDS,
    storage: Storage = Storage.DISK,
) -> Broker:
    """The broker of a namespace: the one that lives, else a new one; the same for all who ask.

    One that lives and does not answer comes back as `SILENT`, with a notice that says what to do.

    Args:
        namespace: Its name; brokers of different names know nothing of each other.
        tier: "Standard" or "Premium", for a broker that has to be started.
        idle_seconds: How long a started broker stays when nobody is connected.
        storage: What outlives a started broker.

    Raises:
        TutorialError: It does not start, or its folder is not private; the text says why.
    """
    files = RuntimeFiles(runtime_folder(), namespace)
    broker = _find(files, _STATUS_LIMIT_SECONDS)
    if broker is None or _is_replaceable(broker):
        broker = _find_or_start(files, namespace, tier, idle_seconds, storage)
    return broker if broker.notice else broker._replace(notice=_notice(broker, tier, storage))


def find(namespace: str = DEFAULT_NAMESPACE) -> Broker | None:
    """The broker of a namespace if one runs and proves that it has the key; starts none.

    The record of a broker that is gone stays: it tells `ensure` that there was one, whose port and
    key the next one takes over.
    """
    return _find(RuntimeFiles(runtime_folder(), namespace), _STATUS_LIMIT_SECONDS)


def find_all() -> list[Broker]:
    """The broker of every namespace that has one, by name."""
    found = (find(namespace) for namespace in namespaces(runtime_folder()))
    return [broker for broker in found if broker is not None]


def silent(namespace: str | None = None) -> list[str]:
    """What to tell of brokers that live and do not answer, or are not found: a sentence for each.

    Args:
        namespace: Only of this one; None for all.
    """
    folder = runtime_folder()
    names = namespaces(folder) if namespace is None else [namespace]
    files = [RuntimeFiles(folder, name) for name in names]
    return [_silence(one, pid) for one in files if (pid := _silent_pid(one)) is not None]


def start(
    namespace: str = DEFAULT_NAMESPACE,
    *,
    tier: str = DEFAULT_TIER,
    idle_seconds: float = DEFAULT_IDLE_SECONDS,
    resume: bool = False,
    storage: Storage = Storage.DISK,
    own_folder: Path | None = None,
) -> Broker:
    """Start a broker and return when it accepts connections; most callers want `ensure`.

    Args:
        namespace: Its name.
        tier: "Standard" or "Premium".
        idle_seconds: How long it stays when nobody is connected.
        resume: Take over key and, if it is free, port of the broker before, so that connection
            strings in use go on working. One that keeps what it has does so anyway.
        storage: What outlives it.
        own_folder: A private folder for its files, where nobody finds it; that of all brokers
            unless given. The certificate is the user's in any case.

    Raises:
        TutorialError: It did not come up; the text has its last words.
    """
    files = RuntimeFiles(own_folder or runtime_folder(), namespace)
    arguments = [f"--namespace={namespace}", f"--tier={tier}", f"--idle-seconds={idle_seconds}"]
    arguments += [f"--folder={files.folder}", f"--storage={storage}"]
    environ = _environment()
    if own_folder is not None:
        from sbtutorial.server import certificates

        environ[HOME_VARIABLE] = str(own_folder)
        arguments.append(f"--certificates={certificates.default_folder()}")
    _spawn([*arguments, *(["--resume"] if resume else [])], files, environ)
    record = files.read()
    if record is None:
        raise TutorialError(_failure(files, "came up and was gone at once"))
    return Broker(record, 0, How.RESTARTED if resume else How.STARTED)


def crash(namespace: str, connection_string: str) -> Broker:
    """Kill the broker of a namespace without a word, and start the next one in its place.

    Args:
        namespace: Its name.
        connection_string: Of the broker that is meant.

    Returns:
        The next one, which holds what the one before had accepted if that kept it.

    Raises:
        TutorialError: No background broker of this user has that name and that string.
    """
    files = RuntimeFiles(runtime_folder(), namespace)
    broker = _find(files, _LAST_CALL_LIMIT_SECONDS)
    meant = parse_connection_string(connection_string)
    if broker is None or (meant.port, meant.key) != (broker.record.port, broker.record.key):
        raise TutorialError(
            f"The broker of '{namespace}' is no background broker of yours that answers, so it is "
            "not killed."
        )
    os.kill(broker.record.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    gone = files.claim(_START_LIMIT_SECONDS)  # it is, when nobody has its name any more
    if gone is not None:
        gone.release()
    return ensure(namespace, tier=broker.record.tier)


def _find(files: RuntimeFiles, limit_seconds: float) -> Broker | None:
    record = files.read()
    if record is None:
        return None
    try:
        status = _control(record, limit_seconds).status()
    except TutorialError:  # gone, or whatever has the port now does not know the key
        return None
    # A stranger on the old port can say anything, but has not read the private record.
    is_same = (status.get("pid"), status.get("started_at")) == (record.pid, record.started_at)
    return Broker(record, status["queues"]) if is_same else None


def _find_or_start(
    files: RuntimeFiles, namespace: str, tier: str, idle_seconds: float, storage: Storage
) -> Broker:
    turn = claim(files.lock_path, _START_LIMIT_SECONDS * 2)
    if turn is None:
        starter = holder(files.lock_path) or "unknown"
        raise TutorialError(_failure(files, f"is still being started by process {starter}"))
    with turn:
        broker = _find(files, _LAST_CALL_LIMIT_SECONDS)
        if broker and not _is_replaceable(broker):
            return broker
        if broker:
            _retire(broker)
        elif (pid := _silent_pid(files)) is not None:
            return _silent_broker(files, pid)
        resume = files.read() is not None
        return start(
            namespace, tier=tier, idle_seconds=idle_seconds, resume=resume, storage=storage
        )


def _silent_pid(files: RuntimeFiles) -> int | None:
    """The process of a broker that lives and is not to be reached; None when there is none.

    One that is just coming or going is given the time for that.
    """
    end = time.monotonic() + _PASSING_SECONDS
    while files.record_path.exists() and (pid := files.holder()) is not None:
        if _find(files, _STATUS_LIMIT_SECONDS):
            return None
        if time.monotonic() >= end:
            return pid
        time.sleep(_NAP_SECONDS)
    return None


def _silent_broker(files: RuntimeFiles, pid: int) -> Broker:
    """A broker that is left alone.

    Raises:
        TutorialError: It cannot be reached ever again, as its record is damaged.
    """
    record = files.read()
    if record is None:
        raise TutorialError(_silence(files, pid))
    return Broker(record, 0, How.SILENT, _silence(files, pid))


def _silence(files: RuntimeFiles, pid: int) -> str:
    """What to tell of a broker that lives and is not to be reached."""
    process = f" (process {pid})" if pid else ""
    end = f"end it (`{_how_to_end(pid)}`; what it keeps on disk stays)"
    if damage := files.damage():
        return (
            f"The broker of '{files.namespace}'{process} lives, but nobody can find it, as its "
            f"record, {files.record_path}, {damage}: {end}, and connect again."
        )
    return (
        f"The broker of '{files.namespace}'{process} lives, but does not answer: it is stopped, or "
        f"very busy. Its queues are still there: wait and connect again, or {end}."
    )


def _how_to_end(pid: int) -> str:
    number = pid or "its process id"
    return f"taskkill /F /PID {number}" if sys.platform == "win32" else f"kill -9 {number}"


def _is_replaceable(broker: Broker) -> bool:
    """Whether it runs another version and nothing would be lost with it."""
    return broker.record.version != __version__ and broker.queue_count == 0


def _retire(broker: Broker) -> None:
    with suppress(BrokerGone):  # which is the purpose
        _control(broker.record, _LAST_CALL_LIMIT_SECONDS).shutdown()


def _notice(broker: Broker, wanted_tier: str, storage: Storage) -> str:
    record = broker.record
    if broker.how is How.RESTARTED and storage is Storage.MEMORY:
        return "The broker from before was gone, and its queues with it; this is a new, empty one."
    if broker.how is How.RESTARTED:
        return "The broker from before was gone; this one goes on with all that it held."
    if record.version != __version__:
        return (
            f"It still runs sbtutorial {record.version}, and {__version__} is "
            "installed: `sbtutorial stop` and connect() again change to that."
        )
    if record.tier != wanted_tier:
        return f"It runs as {record.tier}, not as {wanted_tier}: use another namespace for that."
    return ""


def _control(record: BrokerRecord, limit_seconds: float) -> ControlClient:
    return ControlClient(record.connection_string, timeout_seconds=limit_seconds)


# --- starting the process -------------------------------------------------------------------------


def _spawn(arguments: list[str], files: RuntimeFiles, environ: dict[str, str]) -> None:
    """Start the process and wait, blocked on its standard output, until it reports for duty."""
    log = files.open_log()
    try:
        with told(f"The broker of '{files.namespace}' cannot be started"):
            child = subprocess.Popen(
                # -P: a learner's own queue.py or types.py must not become the broker's.
                [_python(), "-P", "-m", "sbtutorial.hosting", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=files.folder,
                env=environ,
                **_detached(),
            )
    finally:
        os.close(log)
    if not _reported(child):
        child.wait()
        is_told = bool(files.last_complaint())
        raise TutorialError(_failure(files, "did not start" if is_told else _SILENT_START))
    # Those that have ended are reaped here; Popen would complain of one dropped while it runs.
    _children[:] = [one for one in (*_children, child) if one.poll() is None]


_children: list[subprocess.Popen[bytes]] = []


def _reported(child: subprocess.Popen[bytes]) -> bool:
    assert child.stdout is not None
    try:
        while (said := _line(child)) and (counts := said.removeprefix(_READING)) != said:
            read, total = map(int, counts.split())
            print(f"The broker reads what it kept: {read:,} of {total:,} messages.", flush=True)
        return said != ""
    except BaseException:  # an impatient Ctrl-C too: half a broker is worse than none
        child.kill()
        raise
    finally:
        child.stdout.close()


def _line(child: subprocess.Popen[bytes]) -> str:
    """The next line that it says within the limit; "" at its end, to which it is then brought."""
    assert child.stdout is not None
    watchdog = Timer(_START_LIMIT_SECONDS, child.kill)
    watchdog.start()
    try:
        return child.stdout.readline().decode()
    finally:
        watchdog.cancel()


# Its log is beside what it keeps: what keeps it from writing there keeps it from saying so, too.
_SILENT_START = (
    "did not start, and has not said why (see that the disk of its log has room and may be written)"
)


def _failure(files: RuntimeFiles, what: str) -> str:
    said = files.last_complaint()
    return (
        f"The broker of '{files.namespace}' {what}. "
        + (f"It said: {said.rstrip('.')}. " if said else "")
        + f"The whole story is in {files.log_path}; try again, or run `sbtutorial doctor`."
    )


def _python() -> str:
    if not sys.executable:
        raise TutorialError(
            "This Python does not know its own program file (sys.executable), so it cannot start "
            "the broker: run `python -m sbtutorial serve` in a terminal instead."
        )
    return sys.executable


def _detached() -> dict[str, Any]:
    if sys.platform == "win32":
        # A console of its own without a window: DETACHED_PROCESS would have none, and the
        # launcher of a virtual environment would then open a visible one.
        return {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def _environment() -> dict[str, str]:
    """Ours, and this very package on the path where it is not installed."""
    home = str(Path(__file__).resolve().parents[2])
    if home in (*site.getsitepackages(), site.getusersitepackages()):
        return dict(os.environ)
    before = os.environ.get("PYTHONPATH")
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (home, before)))}
