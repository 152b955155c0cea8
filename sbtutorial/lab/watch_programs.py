"""What the buttons of a live view do: each is a few lines of Python, shown and run as they are.

The lines are the learner's: they use the SDK, the lab and the workers by their names, and whoever
copies them into a cell has the same done.
"""

from collections.abc import Mapping
from math import ceil
from typing import Any, NamedTuple

from sbtutorial.broker.paths import split_subscription
from sbtutorial.errors import TutorialError
from sbtutorial.snapshot import LOCKED, QueueSnapshot
from sbtutorial.views.live.picture import next_deadline

_IMPORTS = "from azure.servicebus import "
_CLIENT = "client = ServiceBusClient.from_connection_string(lab.connection_string)"
# Whoever waits for the next session tries again and again, and here one try is enough.
_CLIENT_TRYING_ONCE = _CLIENT.replace("string)", "string, retry_total=0)")


class Target(NamedTuple):
    """Where the lines send to and receive from.

    Attributes:
        names: Of the queue; or of the topic and the subscription.
        has_sessions: Whether messages are received session by session.
    """

    names: tuple[str, ...]
    has_sessions: bool

    @classmethod
    def of(cls, snapshot: QueueSnapshot) -> "Target":
        """The target that a snapshot shows."""
        names = split_subscription(snapshot.name) or (snapshot.name,)
        return cls(names, snapshot.requires_session)

    @property
    def sender(self) -> str:
        """The call of a client that gives a sender."""
        kind = "queue" if len(self.names) == 1 else "topic"
        return f"client.get_{kind}_sender({_quoted(self.names[0])})"

    @property
    def opens(self) -> str:
        """The method of a client that gives a receiver of `names`."""
        return f"get_{'queue' if len(self.names) == 1 else 'subscription'}_receiver"

    def receiver(self, *options: str) -> str:
        """The call that gives a receiver; of the next session, where there are sessions."""
        next_session = ("session_id=NEXT_AVAILABLE_SESSION", "max_wait_time=1")
        sessions = next_session if self.has_sessions else ()
        arguments = (*map(_quoted, self.names), *sessions, *options)
        return f"client.{self.opens}({', '.join(arguments)})"

    def imports(self, *names: str) -> str:
        """What the lines of `receiver` need of the SDK."""
        return ", ".join(("NEXT_AVAILABLE_SESSION",) * self.has_sessions + names)


def send(target: Target, body: str, session_id: str) -> str:
    """Send one message."""
    arguments = [_quoted(body)]
    if target.has_sessions:
        arguments.append(f"session_id={_quoted(session_id or 'table 1')}")
    call = f"ServiceBusMessage({', '.join(arguments)})"
    return _program(
        "ServiceBusClient, ServiceBusMessage",
        f"with client, {target.sender} as sender:",
        f"    sender.send_messages({call})",
    )


def receive(target: Target) -> str:
    """Receive one message and complete it."""
    if target.has_sessions:
        return _session_program(
            target.imports("ServiceBusClient"),
            f"    with client, {target.receiver()} as receiver:",
            "        for message in receiver.receive_messages(max_wait_time=1):",
            "            receiver.complete_message(message)",
            '            print("completed", message)',
            at_end='print("no session has a message for us")',
        )
    return _program(
        target.imports("ServiceBusClient"),
        f"with client, {target.receiver()} as receiver:",
        "    for message in receiver.receive_messages(max_wait_time=1):",
        "        receiver.complete_message(message)",
        '        print("completed", message)',
    )


def advance(seconds: float) -> str:
    """Let time pass."""
    return f"lab.advance({seconds:g})"


def to_next_deadline(snapshot: QueueSnapshot) -> str:
    """Let time pass until something happens by itself.

    Raises:
        TutorialError: Nothing ever will.
    """
    deadline = next_deadline(snapshot)
    if deadline is None:
        raise TutorialError(
            "Nothing here has a deadline: no lock runs, nothing is scheduled, nothing expires."
        )
    return _until(deadline, snapshot)


def expire(snapshot: QueueSnapshot, number: int) -> str:
    """Let time pass until the lock of one message has run out.

    Raises:
        TutorialError: That message is not locked any more.
    """
    for message in snapshot.messages:
        if message.sequence_number == number and message.state == LOCKED and message.locked_until:
            return _until(message.locked_until, snapshot)
    raise TutorialError(f"Message {number} is not locked any more.")


def expire_session(snapshot: QueueSnapshot, session_id: str) -> str:
    """Let time pass until the lock of one session has run out.

    Raises:
        TutorialError: Nobody holds it any more.
    """
    for session in snapshot.sessions:
        if session.session_id == session_id and session.locked_until:
            return _until(session.locked_until, snapshot)
    raise TutorialError(f"Nobody holds session '{session_id}' any more.")


def kill(name: str) -> str:
    """Kill a worker."""
    return f"{name}.kill()"


def drop_ack(snapshot: QueueSnapshot) -> str:
    """Have the next settlement done, and its answer lost."""
    return f"lab.faults.drop_next_ack({_quoted(snapshot.name)})"


def take_back(number: int) -> str:
    """Have a planned fault come no more."""
    return f"lab.faults.take_back({number})"


def cut(who: str) -> str:
    """Cut the connections of one client, or of all for ""."""
    return f"lab.faults.cut_connections({_quoted(who) if who else ''})"


def resubmit(target: Target, number: int) -> str:
    """Send a copy of a dead letter, and complete the dead one after that."""
    name = _quoted("/".join(target.names))
    return f"with lab.explorer() as explorer:\n    print(explorer.resubmit({name}, {number}))"


def purge(target: Target) -> str:
    """Delete what is ready."""
    receiver = target.receiver("receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE")
    if target.has_sessions:
        return _session_program(
            target.imports("ServiceBusClient", "ServiceBusReceiveMode"),
            "    while True:",
            f"        with {receiver} as receiver:",
            "            while receiver.receive_messages(max_message_count=1000, max_wait_time=1):",
            "                pass",
            at_end="client.close()  # no session has a message left",
        )
    return _program(
        target.imports("ServiceBusClient", "ServiceBusReceiveMode"),
        f"with client, {receiver} as receiver:",
        "    while receiver.receive_messages(max_message_count=1000, max_wait_time=1):",
        "        pass",
    )


def run(program: str, names: Mapping[str, object]) -> str:
    """Run lines; what they print.

    Args:
        program: The lines.
        names: What they find: `lab`, and the workers.

    Raises:
        TutorialError: And whatever else they raise.
    """
    printed: list[str] = []

    def note(*values: object) -> None:
        printed.append(" ".join(map(str, values)))

    variables: dict[str, Any] = {**names, "print": note}  # a thread's prints land in any cell
    exec(compile(program, "<button>", "exec"), variables)
    return "\n".join(printed)


def _program(names: str, *lines: str) -> str:
    return "\n".join((f"{_IMPORTS}{names}\n", _CLIENT, *lines))


def _session_program(names: str, *lines: str, at_end: str) -> str:
    """Lines for the next session; and one for when there is none."""
    return "\n".join(
        (
            f"{_IMPORTS}{names}",
            "from azure.servicebus.exceptions import OperationTimeoutError\n",
            _CLIENT_TRYING_ONCE,
            "try:",
            *lines,
            "except OperationTimeoutError:",
            f"    {at_end}",
        )
    )


def _until(instant: float, snapshot: QueueSnapshot) -> str:
    return advance(max(ceil(instant - snapshot.at), 1))


def _quoted(text: str) -> str:
    """A text as Python has it; in double quotes, as the lessons write it, where that is plain."""
    written = repr(text)
    is_plain = "\\" not in written and '"' not in written
    return f'"{written[1:-1]}"' if is_plain else written
