"""A learner's program: connects, runs lessons, and tries the neighbour's door.

It is told what to do by `sbtutorial.commands.bench.client.Client`: a line of JSON each way. Cells
run as in a notebook, magics included, in a shell of IPython without a kernel around it.
"""

import io
import json
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from azure.servicebus import ServiceBusClient, ServiceBusMessage

from sbtutorial import connect
from sbtutorial.connection_string import parse_connection_string
from tests.workshop import neighbour

_QUEUE = "orders"  # everybody calls theirs by the same name
_SECONDS = 10


def come_in(name: str) -> dict[str, Any]:
    """Connect as lesson 00 does, and leave a message that tells whose queue this is."""
    began = time.monotonic()
    lab = connect()
    seconds = time.monotonic() - began
    lab.fresh_queue(_QUEUE)
    lab.fresh_queue("scratch")
    with _client(lab.connection_string) as client, client.get_queue_sender(_QUEUE) as sender:
        sender.send_messages(ServiceBusMessage(name))
    return {"connection_string": lab.connection_string, "seconds": seconds}


def look() -> dict[str, Any]:
    """All that is in the queue."""
    with (
        _client(connect().connection_string) as client,
        client.get_queue_receiver(_QUEUE) as receiver,
    ):
        return {"texts": [str(one) for one in receiver.peek_messages(max_message_count=100)]}


def take_lesson(path: str) -> dict[str, Any]:
    """Run every cell of a lesson; what the cells printed, and which failed without a plan."""
    import nbformat
    from IPython.core.interactiveshell import InteractiveShell

    from sbtutorial.notebook import equip
    from tests.notebooks.refresh import PLANNED_ERROR_TAG

    shell = InteractiveShell.instance()
    equip()
    said, failed = io.StringIO(), []
    for cell in nbformat.read(Path(path), 4).cells:
        if cell.cell_type != "code":
            continue
        with redirect_stdout(said):
            result = shell.run_cell(cell.source)
        is_planned = PLANNED_ERROR_TAG in cell.metadata.get("tags", ())
        if not result.success and not is_planned:
            failed.append(f"{cell.source}\n{result.error_in_exec or result.error_before_exec!r}")
    return {"said": said.getvalue(), "failed": failed}


def visit(connection_string: str, home: str) -> dict[str, Any]:
    """Try to get into the neighbour's namespace with one's own key; which ways led in."""
    own = parse_connection_string(connect().connection_string)
    other = parse_connection_string(connection_string)
    return neighbour.tried(own, other, _QUEUE, Path(home) if home else None)


def _client(connection_string: str) -> ServiceBusClient:
    return ServiceBusClient.from_connection_string(connection_string)


_CALLS: dict[str, Callable[..., dict[str, Any]]] = {
    "come in": come_in,
    "look": look,
    "take lesson": take_lesson,
    "visit": visit,
}


def main() -> None:
    """Answer until nobody asks any more; what is printed meanwhile is no answer."""
    answers, sys.stdout = sys.stdout, io.StringIO()
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        call = json.loads(line)
        with redirect_stdout(io.StringIO()):
            answer = _CALLS[call.pop("do")](**call)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
