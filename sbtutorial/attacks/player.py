"""A process in which days are played, started once and kept: what it has played can be looked at.

Days mostly wait, so that many of them are played side by side. An order is a line of JSON: the
day's number, and the scene, program, seed and patience. What is told of it comes back as lines of
JSON with that number: `line` for each line that streams by, at last `outcome`, pickled, with the
`connection_string` of its broker, or `error`.
"""

import base64
import json
import pickle
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from queue import Empty, Queue
from threading import TIMEOUT_MAX, Lock, Thread
from typing import Any

from sbtutorial.attacks.helper import spawn
from sbtutorial.attacks.outcome import Outcome
from sbtutorial.attacks.processes import NAP_SECONDS
from sbtutorial.attacks.scene import Scene
from sbtutorial.attacks.system import System
from sbtutorial.errors import TutorialError
from sbtutorial.workers.cell import FRAME_MARK

SILENCE_SECONDS = 20.0  # without a sign of life; several days share a processor


@dataclass(frozen=True, slots=True)
class Played:
    """A day that was played.

    Attributes:
        outcome: What came of it.
        connection_string: Of its broker, which is still there.
    """

    outcome: Outcome
    connection_string: str


@dataclass(frozen=True, slots=True)
class Playing:
    """A day that is being played."""

    _told: "Queue[dict[str, Any] | None]" = field(default_factory=Queue)

    def tell(self, told: dict[str, Any] | None) -> None:
        """Take what is told of it; None when nothing will be told any more."""
        self._told.put(told)

    def result(self, show: Callable[[str], object] = print) -> Played:
        """Wait until it is over; call it once.

        Args:
            show: Takes each line of what happens.

        Raises:
            TutorialError: There was no day, for a reason that the text tells.
        """
        while (told := self._next()) is not None:
            if "line" in told:
                show(told["line"])
            elif "error" in told:
                raise TutorialError(told["error"])
            else:
                outcome = pickle.loads(base64.b64decode(told["outcome"]))
                return Played(outcome, told["connection_string"])
        raise TutorialError("The process that plays days has ended. Run the cell again.")

    def _next(self) -> dict[str, Any] | None:
        while True:
            with suppress(Empty):
                return self._told.get(timeout=min(NAP_SECONDS, TIMEOUT_MAX))


class Player:
    """Plays days in a process of its own, which ends with this one."""

    def __init__(self) -> None:
        self._child = spawn("sbtutorial.attacks.playing")
        self._numbers = count(1)
        self._playing: dict[int, Playing] = {}
        self._one_at_a_time = Lock()
        Thread(target=self._listen, name="days are played", daemon=True).start()

    @property
    def is_alive(self) -> bool:
        """Whether it takes orders."""
        return self._child.poll() is None

    def play(
        self,
        scene: Scene,
        system: System,
        seed: int,
        place: str = "",
        silence_seconds: float = SILENCE_SECONDS,
    ) -> Playing:
        """Begin with a day; it needs nobody who waits for it.

        Args:
            scene: Who works.
            system: Their program.
            seed: Which day.
            place: The name of its broker, which another day of that name takes over; the scene's
                unless given.
            silence_seconds: How long a role may give no sign of life.
        """
        number, playing = next(self._numbers), Playing()
        order = {
            "number": number,
            "scene": scene.name,
            "place": place or scene.name,
            "name": system.name,
            "source": system.source,
            "seed": seed,
            "silence_seconds": silence_seconds,
        }
        self._playing[number] = playing
        assert self._child.stdin is not None
        with self._one_at_a_time:
            try:
                self._child.stdin.write(json.dumps(order) + "\n")
                self._child.stdin.flush()
            except (OSError, ValueError):  # it has ended, or was closed
                playing.tell(None)
        return playing

    def close(self) -> None:
        """End it, and every broker of a day that it has played."""
        assert self._child.stdin is not None
        self._child.stdin.close()
        self._child.wait()

    def _listen(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            _, mark, told = line.partition(FRAME_MARK)
            if mark:
                answer = json.loads(told)
                self._playing[answer["number"]].tell(answer)
        for playing in list(self._playing.values()):
            playing.tell(None)
