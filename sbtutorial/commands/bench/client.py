"""A client in a process of its own, so that its CPU can be told from the broker's.

Its program reads calls from standard input and answers each on standard output, a line of JSON
each; an answer says how long the work took, and how much CPU.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Self

from sbtutorial.commands.bench.brokers import Measured, Spent


class Client:
    """A client's process.

    Args:
        command: What runs it.
        environ: Its environment variables; this process's own unless given.
        user: The number of the system's user whose process it is, where the system has such; this
            process's own unless given.

    Attributes:
        pid: Its process.
    """

    def __init__(
        self,
        command: Sequence[str],
        environ: Mapping[str, str] | None = None,
        user: int | None = None,
    ) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            env=environ,
            user=user,
            group=user,
        )
        self.pid = self._process.pid

    @classmethod
    def of_module(cls, name: str, *arguments: str) -> Self:
        """One of our own programs."""
        return cls([sys.executable, "-m", f"sbtutorial.commands.bench.{name}", *arguments])

    def __enter__(self) -> Self:
        """It runs already."""
        return self

    def __exit__(self, *error: object) -> None:
        """End it."""
        self.end()

    def end(self) -> None:
        """End it without a word."""
        self._process.kill()
        self._process.communicate()

    def call(self, **call: Any) -> dict[str, Any]:
        """Have it do something, and wait.

        Raises:
            RuntimeError: It has ended instead; why is on its standard error.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(call) + "\n")
        self._process.stdin.flush()
        return self.answer(f"at {call}")

    def answer(self, when: str = "before it said a word") -> dict[str, Any]:
        """Wait for what it says next.

        Args:
            when: In which case, for the error's text.

        Raises:
            RuntimeError: As `call`.
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the client has ended {when}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def spend(self, broker: Measured, count: int, **call: Any) -> Spent:
        """Have it do something with so many messages, and say what that took both sides."""
        before = broker.cpu_seconds
        answer = self.call(count=count, **call)
        return Spent(count, answer["wall"], answer["cpu"], broker.cpu_seconds - before)
