"""Lessons before a broker that is not ours to look into: no events, no time that moves, TLS.

`python -m tests.notebooks.elsewhere [NAME ...]` runs lessons so and prints what their cells say.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from tests.kernels import AsyncKernelManager
from tests.notebooks.lessons import chosen, private_environment
from tests.notebooks.refresh import CELL_LIMIT_SECONDS, PLANNED_ERROR_TAG
from tests.notebooks.saved import text_of
from tests.remote import CONNECTION_STRING, HOST, Remote, remote_broker

BY_KEY = {"SERVICEBUS_CONNECTION_STRING": CONNECTION_STRING}
BY_IDENTITY = {"SERVICEBUS_FULLY_QUALIFIED_NAMESPACE": HOST, "SBTUTORIAL_PREFIX": "anna"}
# Before the lesson's own cells: the kernel is one of ours, as a learner's is, and what takes
# minutes there takes none in a rehearsal.
PATIENCE = """
%load_ext sbtutorial
import os, socket
from sbtutorial.lab import azure

def wait(seconds):
    print(f"Time cannot be moved here, so this waits {seconds:.0f} s.")
    with socket.create_connection(("127.0.0.1", int(os.environ["REMOTE_CLOCK"]))) as clock:
        clock.sendall(f"{seconds}\\n".encode())
        clock.recv(100)

azure.wait = wait
"""

_NEEDS_PREMIUM = "needs-premium"


def said_elsewhere(lesson: Path, remote: Remote, **variables: str) -> list[NotebookNode]:
    """A lesson's cells of code with what they say there.

    A planned error need not come: what only the offline broker can do says so, and goes on. What
    needs the Premium tier may fail, as the lesson's text says.

    Raises:
        CellExecutionError: A cell raised an error that is not planned.
    """
    notebook = nbformat.read(lesson, as_version=4)
    for cell in notebook.cells:
        if _NEEDS_PREMIUM in cell.metadata.get("tags", ()):
            cell.metadata["tags"] = [PLANNED_ERROR_TAG]
    notebook.cells.insert(0, new_code_cell(PATIENCE))
    client = NotebookClient(
        notebook,
        timeout=CELL_LIMIT_SECONDS,
        resources={"metadata": {"path": str(lesson.parent)}},
        kernel_manager_class=AsyncKernelManager,
        store_widget_state=False,
        extra_arguments=["--log-level=ERROR"],
    )
    with private_environment() as environment:
        client.execute(env=remote.surroundings(environment, **variables))
    return [cell for cell in notebook.cells[1:] if cell.cell_type == "code"]


def main(arguments: Sequence[str]) -> None:
    """Print what lessons say by key, and by identity with a prefix."""
    with tempfile.TemporaryDirectory() as folder, remote_broker(Path(folder)) as remote:
        for lesson in chosen(arguments):
            for variables in (BY_KEY, BY_IDENTITY):
                for cell in said_elsewhere(lesson, remote, **variables):
                    print("\n>>>", cell.source.replace("\n", "\n... "), "\n" + text_of(cell))


if __name__ == "__main__":
    main(sys.argv[1:])
