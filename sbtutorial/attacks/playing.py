"""Plays days as they are ordered, one order a line on standard input, and tells of each.

`attacks.player` starts it, and its order is there. It keeps the broker of each day, so that what
happened can be looked at, and ends with its standard input.
"""

import base64
import json
import os
import pickle
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

from sbtutorial.attacks.attack import attack
from sbtutorial.attacks.places import LastingPlace
from sbtutorial.attacks.scenes import SCENES
from sbtutorial.attacks.system import System
from sbtutorial.attacks.threads import Printed, ThreadStage
from sbtutorial.broker.limits import Limits
from sbtutorial.workers.cell import FRAME_MARK

_AT_ONCE = 16


class _Places:
    """The brokers of days, by name; a day of a name that was there takes its broker over."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, str], LastingPlace] = {}
        self._one_at_a_time = Lock()

    def get(self, limits: Limits, name: str) -> LastingPlace:
        """The one of that name and these limits."""
        with self._one_at_a_time:
            key = limits.name, name
            if key not in self._places:
                self._places[key] = LastingPlace(limits, name)
            return self._places[key]


class _Answers:
    """The way back, for days that are played side by side."""

    def __init__(self) -> None:
        self._output = sys.stdout
        self._one_at_a_time = Lock()
        sys.stdout = Printed()

    def tell(self, number: int, **told: str) -> None:
        """Tell of the day with that number."""
        line = json.dumps({"number": number, **told})
        with self._one_at_a_time:
            print(FRAME_MARK + line, file=self._output, flush=True)


def main() -> None:
    """Play until nobody orders anything any more."""
    answers, places = _Answers(), _Places()
    sys.path.append(os.getcwd())  # last, for what a program imports of the learner's own
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for line in sys.stdin:
            pool.submit(_play, json.loads(line), places, answers)
        os._exit(0)  # threads that were killed never end


def _play(order: Mapping[str, Any], places: _Places, answers: _Answers) -> None:
    number = order["number"]
    try:
        scene = SCENES[order["scene"]]
        place = places.get(scene.limits, order["place"])
        outcome = attack(
            scene,
            System(order["name"], order["source"]),
            order["seed"],
            show=lambda line: answers.tell(number, line=line),
            stage_of=ThreadStage,
            place_of=lambda limits: place,
            silence_seconds=order["silence_seconds"],
        )
    except Exception as error:
        answers.tell(number, error=str(error))
        return
    told = base64.b64encode(pickle.dumps(outcome)).decode()
    answers.tell(number, outcome=told, connection_string=place.connection_string)


if __name__ == "__main__":
    main()
