"""A role's own process: it imports the SDK while it waits, and then plays turn after turn."""

import signal
import sys
from collections.abc import Mapping
from typing import Any

from sbtutorial.attacks.actor import Book, perform
from sbtutorial.workers.child import Notebook, flush, text_stream


def main() -> None:
    """Play what the notebook orders; its exit code is 1, as a program that ends has failed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the stop button is the notebook's to act upon
    notebook = Notebook()
    order = notebook.order()
    sys.stdout, sys.stderr = text_stream(1, None), text_stream(2, None)
    import azure.servicebus.management  # noqa: F401 - it takes a second, which nobody waits for

    failed = perform(_Pipe(notebook), order["name"], order["source"])
    flush()
    notebook.tell({"failed": failed})
    sys.exit(1)


class _Pipe:
    """The line to the day; see `attacks.actor.Line`."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook

    def ask(self, report: dict[str, Any]) -> Mapping[str, Any]:
        flush()
        return self._notebook.ask(report)

    def keep(self, book: Book | None) -> None:
        """It dies with this process."""
