"""A notebook as JupyterLab sees it: a real kernel, and the messages that come from it."""

import re
import time
from collections.abc import Sequence
from queue import Empty
from typing import Any, NamedTuple

import pytest

from tests.kernels import start_new_kernel

LIMIT_SECONDS = 40.0
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


class Shown(NamedTuple):
    """What a cell left under itself, and how long that took."""

    text: str
    error: str
    seconds: float

    @property
    def is_sentence(self) -> bool:
        """Whether an error is shown as a sentence, in lines of text without a traceback."""
        return bool(self.error) and "Traceback" not in self.error

    @property
    def sentence(self) -> str:
        """The error without its line breaks."""
        return " ".join(self.error.split())

    @property
    def hint(self) -> str:
        """The sentence under the rest, without its line breaks."""
        return " ".join(self.text.rpartition("Hint: ")[2].split()) if "Hint: " in self.text else ""


class Notebook:
    """A notebook, by the messages that JupyterLab would see."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._manager, self._client = start_new_kernel(
            extra_arguments=["--HistoryManager.enabled=False"], env=environment
        )

    def run(self, *cells: str) -> Shown:
        """Run cells one after the other; what the last one shows."""
        for cell in cells:
            shown = self.finish(self.begin(cell))
        return shown

    def runs(self, *cells: str) -> str:
        """The same for cells that are to succeed."""
        shown = self.run(*cells)
        assert not shown.error, shown
        return shown.text

    def run_planned(self, cell: str, tags: Sequence[str] | None = None) -> Shown:
        """Run a cell after whose error a notebook goes on.

        Args:
            cell: What is in it.
            tags: Its tags, as JupyterLab sends them; None as programs do, which send none.
        """
        session = self._client.session
        content = {"code": _dedent(cell), "silent": False, "store_history": True}
        told = {} if tags is None else {"cellId": "planned", "tags": [*tags]}
        message = session.msg("execute_request", {**content, "stop_on_error": False}, metadata=told)
        self._client.shell_channel.send(message)
        return self.finish(message["header"]["msg_id"])

    def begin(self, cell: str) -> str:
        """Start a cell, and do not wait."""
        return self._client.execute(_dedent(cell))

    def stop(self, cell: str, marker: str = "waiting\n") -> Shown:
        """Run a cell and press the stop button when it has printed the marker."""
        request = self.begin(cell)
        seen = ""
        while marker not in seen:
            seen += self._message(request)["content"].get("text", "")
        began = time.monotonic()
        self._manager.interrupt_kernel()
        text, error, _ = self.finish(request)
        return Shown(text, error, time.monotonic() - began)

    def restart(self) -> None:
        """Restart Kernel, in the menu."""
        self._manager.restart_kernel(now=True)
        self._client.wait_for_ready(timeout=LIMIT_SECONDS)

    def close(self) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def finish(self, request: str) -> Shown:
        """Wait for the end of a cell that was begun."""
        began = time.monotonic()
        text, error = "", ""
        while True:
            message = self._message(request)
            content = message["content"]
            if message["msg_type"] == "stream":
                text += content["text"]
            elif message["msg_type"] == "execute_result":
                text += content["data"]["text/plain"] + "\n"
            elif message["msg_type"] == "error":
                error = _ANSI.sub("", "\n".join(content["traceback"]))
            elif content.get("execution_state") == "idle":
                return Shown(text, error, time.monotonic() - began)

    def _message(self, request: str) -> dict[str, Any]:
        while True:
            try:
                message: dict[str, Any] = self._client.get_iopub_msg(timeout=LIMIT_SECONDS)
            except Empty:
                pytest.fail("the cell is still running")
            if message["parent_header"].get("msg_id") == request:
                return message


def _dedent(cell: str) -> str:
    lines = cell.strip("\n").split("\n")
    indent = len(lines[0]) - len(lines[0].lstrip())
    return "\n".join(line[indent:] for line in lines)
