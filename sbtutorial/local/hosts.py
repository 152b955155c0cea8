"""Where a broker of one's own runs: on a thread of this process, or in a process of its own.

A host is a context manager: the broker answers inside of it, at the connection string that it
gives. What a broker keeps in a folder, the next one in that folder goes on with, wherever it runs.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sbtutorial.broker.limits import TIERS
from sbtutorial.folders import told
from sbtutorial.local.options import RunsIn, Tier

_IDLE_SECONDS = 3600.0  # until a process is gone whose starter was killed
_DATA = "data"


@dataclass(frozen=True)
class Settings:
    """What can be chosen.

    Attributes:
        namespace: Its name.
        tier: Whose limits it keeps.
        folder: Where it keeps what it accepts; None if nothing outlives it.
    """

    namespace: str
    tier: Tier
    folder: Path | None

    @property
    def tier_name(self) -> str:
        """The tier as the broker calls it."""
        return self.tier.capitalize()


@contextmanager
def on_a_thread(settings: Settings) -> Iterator[str]:
    """The broker on a thread of this process.

    Raises:
        TutorialError: The folder cannot be used, or another broker uses it.
    """
    from sbtutorial.hosting.storage import kept_at
    from sbtutorial.hosting.thread import ThreadedBroker, plain_loop

    with ExitStack() as stack:
        file = None
        if settings.folder is not None:
            path = _made(_made(settings.folder) / _DATA) / f"{settings.namespace.lower()}.db"
            file = stack.enter_context(kept_at(path, settings.namespace))
        broker = ThreadedBroker(
            kept=file,
            namespace=settings.namespace,
            limits=TIERS[settings.tier_name],
            loop_factory=plain_loop,
        )
        yield stack.enter_context(broker).connection_string


@contextmanager
def in_a_process(settings: Settings) -> Iterator[str]:
    """The broker in a process of its own, which `sbtutorial status` does not find.

    Raises:
        TutorialError: It does not start.
    """
    from sbtutorial.hosting import background
    from sbtutorial.hosting.control_client import BrokerGone
    from sbtutorial.hosting.storage import Storage

    with ExitStack() as stack:
        if settings.folder is None:
            folder = Path(
                stack.enter_context(
                    TemporaryDirectory(prefix="sbtutorial-", ignore_cleanup_errors=True)
                )
            )
        else:
            folder = _made(settings.folder)
        broker = background.start(
            settings.namespace,
            tier=settings.tier_name,
            idle_seconds=_IDLE_SECONDS,
            storage=Storage.DISK if settings.folder else Storage.MEMORY,
            own_folder=folder,
        )
        try:
            yield broker.connection_string
        finally:
            with suppress(BrokerGone):
                broker.control.shutdown()


def _made(folder: Path) -> Path:
    with told(f"The broker's folder, {folder}, cannot be made"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


HOSTS: dict[RunsIn, Callable[[Settings], AbstractContextManager[str]]] = {
    "thread": on_a_thread,
    "process": in_a_process,
}
