"""A client in a process of its own: asked in JSON, one line for each call, answered likewise."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

LIMIT_SECONDS = 90.0  # for what hangs: how fast anybody is does not matter


class Failed(Exception):
    """What a client's function raised.

    Attributes:
        name: Its class. `code`: What the client calls the problem, if it does.
    """

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(f"{error['name']} {error['code'] or ''}: {error['message']}")
        self.name: str = error["name"]
        self.code: str | None = error["code"]


class Program:
    """A client, started when it is first called.

    Args:
        command: What runs it; it reads calls from its standard input.
        environment: Added to this process's own.
        limit_seconds: How long to wait for an answer.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str] | None = None,
        limit_seconds: float = LIMIT_SECONDS,
    ) -> None:
        self._command = command
        self._folder = folder
        self._limit_seconds = limit_seconds
        self._environment = {**os.environ, **(environment or {})}
        self._run: _Run | None = None

    def call(self, module: str, name: str, **argument: Any) -> Any:
        """Call a function of one of its modules.

        Raises:
            Failed: The function raised something.
        """
        self._run = self._run or _Run(self._command, self._folder, self._environment)
        answer = self._run.ask(
            {"module": module, "name": name, "argument": argument}, self._limit_seconds
        )
        if answer is None:
            self.stop()
            raise AssertionError(f"{module}.{name} has not answered in {self._limit_seconds:g} s")
        if "error" in answer:
            raise Failed(answer["error"])
        return answer["result"]

    def stop(self) -> None:
        """End it; the next call starts it anew."""
        if self._run is not None:
            self._run.stop()
            self._run = None


class _Run:
    """One process, and a thread that reads its answers, so that they can be waited for."""

    def __init__(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> None:
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        self._lines: Queue[str] = Queue()
        Thread(target=self._read, daemon=True).start()

    def ask(self, request: Mapping[str, Any], limit_seconds: float) -> Any:
        """The answer; None when there is none in time."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        try:
            line = self._lines.get(timeout=limit_seconds)
        except Empty:
            return None
        return json.loads(line) if line else None

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put("")
