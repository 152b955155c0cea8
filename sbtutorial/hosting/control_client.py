"""The client of the control calls: they move time in a broker of ours, watch and draw it.

Each call is a connection of its own: it takes a millisecond, works from any thread, and one that
was interrupted leaves nothing half-read behind. On it, who listens has to prove first that it is a
broker with the key (`gateway.access.proof`); only then a token is made, for this broker alone and
for half a minute. Redirects are not followed, and proxies are not asked: the broker is here.
"""

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode

from sbtutorial.connection_string import VARIABLE, parse_connection_string
from sbtutorial.errors import TutorialError
from sbtutorial.folders import is_shortage, refusal
from sbtutorial.gateway.access import proof
from sbtutorial.gateway.access.sas import sign
from sbtutorial.snapshot import BEGINNING_CHARS, PlannedFault, QueueSnapshot, read
from sbtutorial.trace import Event

if TYPE_CHECKING:
    from http.client import HTTPConnection, HTTPResponse

_TOKEN_SECONDS = 30
# The broker answers when all has happened that was due: of a million messages that takes minutes.
# So long may a file of ten thousand queues take on a slow disk, too.
_LONG_WORK_SECONDS = 600.0
_MAX_HELLO_BYTES = 4096
_DEFAULT_PORT = 5672  # where the SDK looks for an emulator; on Azure nothing takes these calls


class BrokerGone(TutorialError):
    """Nothing answers where the broker was."""


class Page(NamedTuple):
    """Some events.

    Attributes:
        events: In order.
        last: The number to go on from.
        dropped: How many between the number asked for and the first were forgotten.
        presence: Which version of who is connected this is, for `news`.
    """

    events: tuple[Event, ...]
    last: int
    dropped: int
    presence: int = 0


class ControlClient:
    """Calls one broker; it must be one of ours, which `status` finds out.

    Args:
        connection_string: As the SDK takes it.
        timeout_seconds: How long the broker may take to answer, beyond what a call waits itself.
    """

    def __init__(self, connection_string: str, *, timeout_seconds: float = 10.0) -> None:
        parsed = parse_connection_string(connection_string)
        self._host = parsed.host
        self._port = parsed.port or (_DEFAULT_PORT if parsed.is_emulator else 0)
        self._key_name, self._key = parsed.key_name or "", parsed.key or ""
        self._timeout_seconds = timeout_seconds

    def status(self) -> dict[str, Any]:
        """Who answers: namespace, tier, pid, version, started_at, now, queues, connections.

        Connections are those of clients, over AMQP: who asks is not among them.

        Raises:
            TutorialError: As every call: `BrokerGone` when nothing answers, else a refusal.
        """
        return self._call("GET", "status")

    def advance(self, seconds: float) -> float:
        """Make everything that the broker holds older; returns the sum of all such seconds."""
        return float(
            self._call("POST", "advance", {"seconds": seconds}, wait_seconds=_LONG_WORK_SECONDS)[
                "advanced_seconds"
            ]
        )

    def reset(self) -> None:
        """Delete every queue."""
        self._call("POST", "reset")

    def shrink(self, queue: str, megabytes: int) -> None:
        """Let a queue hold less than any tier offers."""
        self._call("POST", f"shrink/{quote(queue)}", {"megabytes": megabytes})

    def shutdown(self) -> None:
        """End the broker; returns when its port is free."""
        self._call("POST", "shutdown", until_closed=True)

    def events(self, after: int = 0, entity: str = "", wait_seconds: float = 0) -> Page:
        """What happened after an event's number, as much as fits into one answer.

        Args:
            after: The last number that is known; 0 for all.
            entity: A queue, with its dead-letter queue; "" for all.
            wait_seconds: How long to wait, up to 60, when there is nothing new yet.
        """
        query = urlencode({"after": after, "entity": entity, "wait": wait_seconds})
        page = self._call("GET", f"events?{query}", wait_seconds=wait_seconds)
        with self._answers_of_another_version():
            events = tuple(_known_fields(event) for event in page["events"])
            return Page(events, page["last"], page["dropped"])

    def news(self, after: int, presence: int, wait_seconds: float) -> Page:
        """As `events` of all entities; and it ends as soon as somebody has come or gone.

        Args:
            after: The last number that is known.
            presence: Of the page before; 0 for none.
            wait_seconds: How long to wait, up to 60, when nothing is new.
        """
        query = urlencode({"after": after, "wait": wait_seconds, "presence": presence})
        page = self._call("GET", f"events?{query}", wait_seconds=wait_seconds)
        with self._answers_of_another_version():
            events = tuple(_known_fields(event) for event in page["events"])
            return Page(events, page["last"], page["dropped"], page["presence"])

    def queue(self, name: str, *, text_chars: int = BEGINNING_CHARS) -> QueueSnapshot:
        """A queue as it stands.

        Args:
            name: Its path.
            text_chars: How much to have of each body, up to `MOST_TEXT_CHARS`.
        """
        values = self._call("GET", f"queues/{quote(name)}?text={text_chars}")
        with self._answers_of_another_version():
            return QueueSnapshot.from_plain(values)

    def plan_fault(self, occasion: str, **arguments: Any) -> None:
        """Have the broker refuse something that it would do.

        Args:
            occasion: "connect", "detach", "send", "settle", "request" or "http"; "sent" or
                "settled" for what is done, and not told.
            arguments: `condition`, `text`, `status_code`, `path` and `times`: how it is refused,
                of which entity, and how often.
        """
        self._call("POST", "faults", {"occasion": occasion, **arguments})

    def faults(self) -> tuple[PlannedFault, ...]:
        """What fails now, and what is still to fail in the order in which it was planned."""
        answer = self._call("GET", "faults")
        with self._answers_of_another_version():
            return read(PlannedFault, answer["faults"])

    def take_back_fault(self, number: int | None = None) -> None:
        """Have a planned fault come no more, or one that lasts end; None for all of them."""
        self._call("DELETE", "faults" if number is None else f"faults/{number}")

    def cut_connections(self, who: str | None = None) -> int:
        """Drop the connections of a client, or all; returns how many."""
        return int(self._call("POST", "cut", {"who": who})["cut"])

    def delay(self, seconds: float) -> None:
        """Have everything that clients are told be so late from now on; 0 for in time again."""
        self._call("POST", "delay", {"seconds": seconds})

    def outage(self, seconds: float) -> None:
        """Serve nobody but these calls for so long."""
        self._call("POST", "outage", {"seconds": seconds})

    def config(self) -> str:
        """The entities as a file in the format of Microsoft's emulator."""
        return str(self._call("GET", "config")["config"])

    def apply_config(self, text: str) -> None:
        """Make what a file in that format asks for; refused unless the namespace is empty."""
        self._call("POST", "config", {"config": text}, wait_seconds=_LONG_WORK_SECONDS)

    def _call(
        self,
        method: str,
        call: str,
        arguments: dict[str, Any] | None = None,
        *,
        wait_seconds: float = 0,
        until_closed: bool = False,
    ) -> dict[str, Any]:
        from http.client import HTTPConnection, HTTPException

        connection = HTTPConnection(self._host, self._port, timeout=self._timeout_seconds)
        body = json.dumps(arguments) if arguments is not None else None
        try:
            connection.connect()
            # What was proved was proved for this connection: never open another by itself.
            connection.auto_open = 0
            place = f"/$lab/@{self._proved_instance(connection)}"
            if connection.sock is not None:
                connection.sock.settimeout(self._timeout_seconds + wait_seconds)
            headers = {"Authorization": self._token(place)}
            connection.request(method, f"{place}/{call}", body, headers)
            with connection.getresponse() as response:
                answer = self._read(response)
            if until_closed and connection.sock is not None:
                connection.sock.recv(1)
        except (OSError, HTTPException) as error:
            if isinstance(error, OSError) and is_shortage(error):
                raise refusal(error, "The broker cannot be called") from None
            raise BrokerGone(
                f"The broker of this lab is gone: nothing like it answers at {self._host}:"
                f"{self._port} ({type(error).__name__}). Run connect() again."
            ) from None
        finally:
            connection.close()
        return answer

    def _proved_instance(self, connection: "HTTPConnection") -> str:
        """Which broker it is that listens, after it has proved that it has the key.

        Raises:
            TutorialError: It is no broker of ours, or has another key.
        """
        nonce = secrets.token_hex(16)
        tag = proof.tag(self._key, nonce)
        query = urlencode({"key": self._key_name, "nonce": nonce, "tag": tag})
        connection.request("GET", f"/$lab/hello?{query}")
        with connection.getresponse() as response:
            answer = _parsed(response.read(_MAX_HELLO_BYTES))
        if answer is not None and response.status == 401:
            raise TutorialError(
                f"What answers at {self._host}:{self._port} refuses the call: this broker has no "
                f"key named '{self._key_name[:80]}' with which it was signed, and the key in your "
                "connection string is not this broker's, perhaps because the broker was started "
                "anew. Take lab.connection_string again and make a new client with it."
            )
        instance = str((answer or {}).get("instance", ""))
        shown = str((answer or {}).get("proof", ""))
        if not proof.is_equal(shown, proof.proof(self._key, nonce, instance)):
            raise self._no_broker()
        return instance

    def _read(self, response: "HTTPResponse") -> dict[str, Any]:
        answer = _parsed(response.read())
        if answer is None:
            raise self._no_broker()
        if response.status >= 400:
            raise TutorialError(str(answer.get("error", f"The broker said {response.status}.")))
        return answer

    @contextmanager
    def _answers_of_another_version(self) -> Iterator[None]:
        """Say so where an answer lacks what this version needs of it."""
        try:
            yield
        except (TypeError, KeyError, AttributeError):
            raise TutorialError(
                f"The broker at {self._host}:{self._port} runs another version of sbtutorial, "
                "whose answers this one cannot read: end it with `sbtutorial stop`, which deletes "
                "its queues, and run connect() again."
            ) from None

    def _no_broker(self) -> TutorialError:
        return TutorialError(
            f"What answers at {self._host}:{self._port} is no broker of this tutorial: run "
            f"connect() again, or check {VARIABLE} if you have set it."
        )

    def _token(self, place: str) -> str:
        audience = f"http://{self._host}:{self._port}{place}"
        return sign(audience, self._key_name, self._key, time.time() + _TOKEN_SECONDS)


def _known_fields(event: dict[str, Any]) -> Event:
    """An event of this version or of a later one, which may tell more."""
    return Event(**{name: event[name] for name in Event._fields if name in event})


def _parsed(body: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None
