"""Azure, or Microsoft's emulator, as a lab's service: the same, as far as the SDK goes.

Time cannot be moved there, so advancing is waiting; what happened is not told, so that the evidence
is what peeking and the queues' own counts show (`lab.peeking`). Names have a prefix where one was
chosen, and nothing is deleted that was not made for this learner (`lab.names`). The SDK is imported
when a method runs, never before.
"""

import logging
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

from sbtutorial.connection_string import (
    VARIABLE,
    ConnectionString,
    ConnectionStringError,
    parse_connection_string,
)
from sbtutorial.errors import TutorialError
from sbtutorial.explorer.links import credential, open_admin
from sbtutorial.lab import journal, names
from sbtutorial.lab.peeking import evidence, peeked
from sbtutorial.lab.refusals import Refusal
from sbtutorial.lab.service import Acknowledged, Mode
from sbtutorial.snapshot import PlannedFault, QueueSnapshot
from sbtutorial.trace import Event

_REACH_SECONDS = 2.0
_EMULATOR_PORT = 5672
_MADE = "made"  # in the journal: a queue of the emulator, which may not keep what is written on it
EVIDENCE = (
    "There is no log of events: lab.show and lab.timeline are made from peeking, and from what the "
    "queues count."
)


class AzureService:
    """A namespace that is not ours; see `lab.service.Service`."""

    tells_events = False

    def __init__(self, connection: ConnectionString, prefix: str = "") -> None:
        self.connection_string = connection.text
        self.prefix = prefix
        self.mode = Mode.EMULATOR if connection.is_emulator else Mode.AZURE
        host = connection.host
        self.namespace = host if connection.is_emulator else host.partition(".")[0]

    def whole_name(self, name: str) -> str:
        """The name with the learner's prefix."""
        return names.whole_name(name, self.prefix)

    def address(self) -> dict[str, Any]:
        """The host: all else is as the SDK expects it."""
        return {"fully_qualified_namespace": parse_connection_string(self.connection_string).host}

    def credential(self, role: str) -> Any:
        """DefaultAzureCredential, whatever its role is; the one that is shared."""
        return credential()

    def fresh_queue(self, name: str, **options: Any) -> None:
        """Have an empty queue, created by the SDK; one that is not the learner's is not deleted."""
        self._make_fresh("queue", name, options)

    def fresh_topic(self, name: str, **options: Any) -> None:
        """Have a topic without subscriptions; one that is not the learner's is not deleted."""
        self._make_fresh("topic", name, options)

    def _make_fresh(self, kind: str, name: str, options: Mapping[str, Any]) -> None:
        """Make it under its whole name; the emulator forgets marks, so the journal has them."""
        from sbtutorial.lab.fresh_queue import Kind, make_fresh

        whole = self.whole_name(name)
        make_fresh(
            self.connection_string,
            Kind(kind),
            whole,
            options,
            owner=names.owner(),
            is_known=self._is_known(whole),
        )
        if self.mode is Mode.EMULATOR:
            journal.note(*self._about(whole))

    def has_made(self, queue: str) -> bool:
        """Whether there is a queue of that name that bears the learner's mark."""
        from sbtutorial.lab.fresh_queue import is_theirs

        whole = self.whole_name(queue)
        return is_theirs(
            self.connection_string, whole, owner=names.owner(), is_known=self._is_known(whole)
        )

    def _about(self, whole_name: str) -> journal.About:
        return journal.About(_MADE, f"{self.namespace}/{whole_name}")

    def _is_known(self, whole_name: str) -> bool:
        return self.mode is Mode.EMULATOR and self._about(whole_name) in journal.read()

    def subscriptions(self, topic: str) -> list[str] | None:
        """The names of a topic's subscriptions."""
        from sbtutorial.lab.fresh_queue import subscriptions_of

        return subscriptions_of(self.connection_string, self.whole_name(topic))

    def snapshot(self, queue: str) -> QueueSnapshot:
        """A queue as peeking shows it."""
        return peeked(self.connection_string, self.whole_name(queue))

    def advance(self, seconds: float) -> None:
        """Let time pass the slow way, by waiting."""
        wait(seconds)

    def reset(self) -> None:
        """Delete nothing, and say so."""
        print(f"lab.reset() is for the offline broker: nothing was deleted on {self._where}.")

    def kill_broker(self) -> None:
        """Kill nothing, and say so."""
        print(f"lab.kill_broker() is for the offline broker: nobody kills {self._where} from here.")

    def shrink(self, queue: str, megabytes: int) -> None:
        """Change nothing, and say so."""
        print(f"lab.shrink() is for the offline broker: {queue} keeps its size on {self._where}.")

    def faults(self) -> tuple[PlannedFault, ...]:
        """None is ever planned here."""
        return ()

    def take_back_fault(self, number: int | None) -> None:
        """Take nothing back, and say so."""
        self._say_no_fault("take_back", "nothing is ever planned to fail")

    def drop_next_ack(self, entity: str, of: Acknowledged) -> None:
        """Drop nothing, and say so."""
        self._say_no_fault("drop_next_ack", f"{entity} acknowledges every {of}")

    def refuse_sends(self, refusal: Refusal, times: int, entity: str) -> None:
        """Refuse nothing, and say so."""
        self._say_no_fault("refuse_sends", "no send is refused")

    def delay(self, seconds: float) -> None:
        """Hold nothing back, and say so."""
        self._say_no_fault("delay", "answers come when they come")

    def outage(self, seconds: float) -> None:
        """Interrupt nothing, and say so."""
        self._say_no_fault("outage", "everybody goes on being served")

    def cut_connections(self, who: str | None) -> int:
        """Cut none, and say so."""
        self._say_no_fault("cut_connections", "every connection stays")
        return 0

    def events(self, queue: str | None = None, after: int = 0) -> list[Event]:
        """Tell none, and say so."""
        print(
            f"lab.events() is for the offline broker: {self._where} keeps no such record. What "
            "peeking shows is in lab.show and lab.timeline."
        )
        return []

    def evidence(self, queue: str) -> list[Event]:
        """What peeking shows, told as events; says that it is no more than that."""
        print(
            "Made from peeking: when each message came and where it is now. What became of it in "
            f"between, and when, {self._where} does not tell."
        )
        return evidence(self.connection_string, self.whole_name(queue))

    def clock_moves(self, after: int = 0) -> list[Event]:
        """None: nobody moves the clock there."""
        return []

    def now(self) -> float:
        """The wall clock: nothing is ever ahead of it."""
        return time.time()

    def _say_no_fault(self, name: str, instead: str) -> None:
        print(f"lab.faults.{name}() is for the offline broker: {instead} on {self._where}.")

    @property
    def _where(self) -> str:
        return "Azure" if self.mode is Mode.AZURE else "the emulator"


def read_variable(text: str, variable: str = VARIABLE) -> ConnectionString:
    """What a variable says, when the lessons can use it.

    Raises:
        TutorialError: They cannot; the text names the part and what to do.
    """
    try:
        connection = parse_connection_string(text)
        _require_namespace(connection)
    except ConnectionStringError as error:
        raise TutorialError(f"{variable} cannot be used. {error}") from None
    return connection


def _require_namespace(connection: ConnectionString) -> None:
    """The SDK takes these strings as well, and fails much later, with other words."""
    if connection.entity_path is not None:
        raise ConnectionStringError(
            f"It is for '{connection.entity_path}' alone (EntityPath), and the lessons make queues "
            "of their own: take the connection string of the namespace."
        )
    if not connection.is_emulator and _is_this_computer(connection.host):
        raise ConnectionStringError(
            f"Its Endpoint, {connection.host}, is this computer, and the SDK must be told so: "
            "add ;UseDevelopmentEmulator=true at the end."
        )


def _is_this_computer(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


def describe(connection: ConnectionString, variable: str = VARIABLE) -> str:
    """One line that says what answers where none of our brokers is.

    Raises:
        TutorialError: Nothing usable does.
    """
    if connection.is_emulator:
        if not answers(connection):
            raise nothing_there(connection, variable)
        return f"emulator: Service Bus emulator at {_place(connection)}"
    return describe_azure(connection, variable)


def describe_azure(connection: ConnectionString, variable: str = VARIABLE) -> str:
    """The namespace's own word for itself, which proves that name and key are right.

    Raises:
        TutorialError: Names the part of the connection string that is wrong.
    """
    from azure.core.exceptions import AzureError, HttpResponseError

    try:
        with _quiet_identity(), open_admin(connection.text) as client:
            properties = client.get_namespace_properties(
                retry_total=0, connection_timeout=_REACH_SECONDS, read_timeout=_REACH_SECONDS
            )
    except AzureError as error:
        # azure-identity has no status: nobody is signed in
        status = getattr(error, "status_code", None)
        if status in (401, 403) or (connection.uses_identity and not _is_unreachable(error)):
            raise _refused(connection, variable) from None
        what = f", {status}" if isinstance(error, HttpResponseError) and status else ""
        raise TutorialError(
            f"Nothing usable answers at {connection.host}, the Endpoint of "
            f"{variable} ({type(error).__name__}{what}): check the name of the "
            "namespace and the network, or unset the variable to work offline."
        ) from None
    return f'azure: Service Bus namespace "{properties.name}", {properties.messaging_sku} tier'


@contextmanager
def _quiet_identity() -> Iterator[None]:
    """Keep azure-identity from logging a screen of all the ways in which nobody is signed in."""
    log = logging.getLogger("azure.identity")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


def _is_unreachable(error: Exception) -> bool:
    from azure.core.exceptions import ServiceRequestError, ServiceResponseError

    return isinstance(error, ServiceRequestError | ServiceResponseError)


def _refused(connection: ConnectionString, variable: str) -> TutorialError:
    if connection.uses_identity:
        return TutorialError(
            f"{connection.host} does not let you in as DefaultAzureCredential has it: sign in with "
            "`az login`, and have the role 'Azure Service Bus Data Owner' assigned to you on the "
            "namespace, under Access control (IAM); it counts after some minutes."
        )
    return TutorialError(
        f"{connection.host} refuses the key of {variable}: "
        f"SharedAccessKey is wrong, or the policy '{connection.key_name}' "
        "(SharedAccessKeyName) lacks the right to Manage. Copy the string again from the "
        "Azure portal, Shared access policies."
    )


def answers(connection: ConnectionString) -> bool:
    """Whether anything accepts connections where the emulator would be."""
    address = connection.host, connection.port or _EMULATOR_PORT
    try:
        socket.create_connection(address, timeout=_REACH_SECONDS).close()
    except OSError:
        return False
    return True


def nothing_there(connection: ConnectionString, variable: str = VARIABLE) -> TutorialError:
    """What to tell when nothing does."""
    return TutorialError(
        f"Nothing answers at {_place(connection)}, the Endpoint of {variable}: "
        "start the emulator, correct the address, or unset the variable to work with the offline "
        "broker."
    )


def _place(connection: ConnectionString) -> str:
    return f"{connection.host}:{connection.port or _EMULATOR_PORT}"


def wait(
    seconds: float,
    *,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Let time pass the slow way, with a progress bar where `tqdm` is installed."""
    print(f"Time cannot be moved here, so this waits {seconds:.0f} s.")
    end, shown_seconds = now() + seconds, 0.0
    with _progress_bar(seconds) as bar:
        while (left := end - now()) > 0:
            bar.update(seconds - left - shown_seconds)
            shown_seconds = seconds - left
            sleep(min(left, 1.0))
        bar.update(seconds - shown_seconds)


def _progress_bar(seconds: float) -> Any:
    try:
        from tqdm import tqdm
    except ModuleNotFoundError:  # it comes with the extra `lab`
        return _NoBar()
    return tqdm(total=seconds, unit="s", bar_format="{l_bar}{bar}| {remaining} left")


class _NoBar(nullcontext["_NoBar"]):
    def __enter__(self) -> "_NoBar":
        return self

    def update(self, _seconds: float) -> None:
        pass
