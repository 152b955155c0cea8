"""`LocalBroker`: a Service Bus namespace of one's own, for as long as a `with` block runs.

    with LocalBroker() as broker:
        broker.create_queue("orders", max_delivery_count=3)
        client = ServiceBusClient.from_connection_string(broker.connection_string)
        ...
        broker.advance(60)  # a minute passes for every lock, lifetime and schedule
        print(broker.events("orders"))

The dots are the SDK's, or your program's.
"""

from contextlib import ExitStack
from datetime import timedelta
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, Unpack, get_args

from sbtutorial.connection_string import parse_connection_string
from sbtutorial.errors import TutorialError
from sbtutorial.folders import told
from sbtutorial.local.options import (
    QueueOptions,
    RunsIn,
    SubscriptionOptions,
    Tier,
    TopicOptions,
)

if TYPE_CHECKING:
    from sbtutorial.lab.faults import Faults
    from sbtutorial.lab.lab import Lab
    from sbtutorial.views.event_table import EventTable
    from sbtutorial.views.queue_picture import Picture


class LocalBroker:
    """An empty namespace that answers while the `with` block runs, with a key of its own.

    The SDK's clients of this process, and of its children, trust its certificate from then on:
    the variables REQUESTS_CA_BUNDLE and SSL_CERT_FILE name it, beside all that was trusted before.

    Args:
        tier: Whose limits it keeps: "standard", "premium", or "emulator" for Microsoft's.
        runs_in: A "thread" of this process, or a "process" of its own.
        folder: Where it keeps what it accepts: the next one with this folder and name goes on with
            that, at the same connection string. None: what it holds ends with it.
        config: A file with queues and topics to begin with, in the format of Microsoft's emulator;
            not applied where `folder` has some from before.
        namespace: Its name.
        trust: Whether clients are made to trust its certificate, which administration needs.

    Raises:
        TutorialError: There is no such tier or place, or on entering the block: it cannot start.

    Every method raises TutorialError when the broker refuses, in its own words, and outside of the
    block.
    """

    def __init__(
        self,
        *,
        tier: Tier = "standard",
        runs_in: RunsIn = "thread",
        folder: "str | PathLike[str] | None" = None,
        config: "str | PathLike[str] | None" = None,
        namespace: str = "test",
        trust: bool = True,
    ) -> None:
        _require_one_of("tier", tier, get_args(Tier))
        _require_one_of("runs_in", runs_in, get_args(RunsIn))
        self._tier: Tier = tier
        self._runs_in: RunsIn = runs_in
        self._folder = None if folder is None else Path(folder).absolute()
        self._config = None if config is None else Path(config)
        self._namespace = namespace
        self._trust = trust
        self._stack = ExitStack()
        self._lab: Lab | None = None

    def __repr__(self) -> str:
        state = "runs" if self._lab else "does not run"
        return f'<LocalBroker "{self._namespace}", {self._tier}, in a {self._runs_in}: {state}>'

    def __enter__(self) -> Self:
        """Start it; it answers when this returns."""
        from sbtutorial.hosting.client_settings import prepare_clients
        from sbtutorial.lab.lab import Lab
        from sbtutorial.lab.offline import OfflineService
        from sbtutorial.local.hosts import HOSTS, Settings

        if self._lab is not None:
            raise TutorialError("This broker runs already: make another one.")
        settings = Settings(self._namespace, self._tier, self._folder)
        with ExitStack() as stack:
            connection_string = stack.enter_context(HOSTS[self._runs_in](settings))
            if self._trust:
                prepare_clients()
            if self._config is not None:
                _furnish(connection_string, self._config)
            self._lab = Lab(OfflineService(connection_string, self._namespace))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it and wait until it is gone."""
        self._lab = None
        self._stack.close()

    @property
    def connection_string(self) -> str:
        """What the SDK's clients take, data and administration, sync and aio."""
        return self.lab.connection_string

    @property
    def port(self) -> int:
        """Where it listens, for clients that read no port in a connection string."""
        return parse_connection_string(self.connection_string).port or 0

    @property
    def certificate(self) -> Path:
        """A file with the authority that its certificate is signed by, for `connection_verify`."""
        from sbtutorial.server import certificates

        folder = certificates.default_folder()
        with told(f"The folder of the broker's certificate, {folder}, cannot be written"):
            return certificates.ensure(folder).ca_pem

    @property
    def lab(self) -> "Lab":
        """The same as `connect()` gives a notebook: timelines, plots, the Explorer."""
        if self._lab is None:
            raise TutorialError("A LocalBroker answers while its `with` block runs, and not now.")
        return self._lab

    # -- What it holds ---------------------------------------------------------------------------

    def create_queue(self, name: str, **options: Unpack[QueueOptions]) -> None:
        """Make a queue, without an SDK; what is not chosen is as Azure has it.

        Args:
            name: Its name.
            options: As the SDK's administration client calls them; durations are `timedelta`.
        """
        from sbtutorial.local.administration import Administration

        Administration(self.connection_string).create_queue(name, {**options})

    def create_topic(self, name: str, **options: Unpack[TopicOptions]) -> None:
        """Make a topic, as `create_queue`."""
        from sbtutorial.local.administration import Administration

        Administration(self.connection_string).create_topic(name, {**options})

    def create_subscription(
        self,
        topic: str,
        name: str,
        *,
        sql_filter: str | None = None,
        **options: Unpack[SubscriptionOptions],
    ) -> None:
        """Make a subscription, as `create_queue`.

        Args:
            topic: The topic's name.
            name: Its own.
            sql_filter: Which messages it takes, such as "priority > 3"; all unless given.
            options: As `create_queue`.
        """
        from sbtutorial.local.administration import Administration

        administration = Administration(self.connection_string)
        administration.create_subscription(topic, name, sql_filter, {**options})

    def reset(self) -> None:
        """Delete every queue and topic, and every fault that is planned."""
        self.lab.service.reset()

    # -- What happens ----------------------------------------------------------------------------

    def advance(self, seconds: float | timedelta) -> None:
        """Let time pass at once, for every lock, lifetime, schedule and duplicate window.

        Returns when all has happened that is due by then.
        """
        self.lab.advance(seconds)

    @property
    def faults(self) -> "Faults":
        """What goes wrong because you ask for it: refused sends, lost answers, cuts, outages."""
        return self.lab.faults

    def events(self, entity: str | None = None, *, after: int = 0) -> "EventTable":
        """What happened to every message, in order: a list that shows itself as a table.

        Args:
            entity: A queue, with its dead-letter queue, or "topic/subscription"; None for all.
            after: Only events with a higher number.
        """
        return self.lab.events(entity, after=after)

    def show(self, entity: str) -> "Picture":
        """A picture of a queue, or of "topic/subscription": ready, locked by whom, deferred, dead.

        `print` shows it; what it shows is in its `snapshot`.

        Raises:
            TutorialError: There is none of that name; or it is a topic, which holds nothing itself.
        """
        from sbtutorial.views.queue_picture import Picture

        picture = self.lab.show(entity)
        if not isinstance(picture, Picture):
            raise TutorialError(f"'{entity}' is a topic: show a subscription, '{entity}/<name>'.")
        return picture


def _require_one_of(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise TutorialError(f"{name} is one of {', '.join(choices)}; {value!r} is none of them.")


def _furnish(connection_string: str, path: Path) -> None:
    from sbtutorial.hosting.control_client import ControlClient

    control = ControlClient(connection_string)
    status = control.status()
    if status["queues"] or status["topics"]:
        return
    try:
        control.apply_config(path.read_text("utf-8-sig"))
    except OSError as error:
        raise TutorialError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise TutorialError(f"{path} cannot be read: it is no text in UTF-8.") from None
    except TutorialError as refusal:
        raise TutorialError(f"{path}: {refusal}") from None
