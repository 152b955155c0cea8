"""Many days at once, in one process that ends with them: for who wants to know of every seed.

    python -m sbtutorial.attacks.rehearsal cafe.py --seeds 1:500

Roles are threads here (`attacks.threads`), so a day costs a second of work and twenty of waiting,
and many are waited for together. For each day a line of JSON is written as soon as it is over.
"""

import io
import json
import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from threading import Thread, Timer

from sbtutorial.attacks.attack import attack
from sbtutorial.attacks.helper import spawn
from sbtutorial.attacks.outcome import Outcome
from sbtutorial.attacks.scene import Scene
from sbtutorial.attacks.scenes import SCENES
from sbtutorial.attacks.system import System, system_of
from sbtutorial.attacks.threads import ThreadStage
from sbtutorial.attacks.world import close_all
from sbtutorial.workers.cell import FRAME_MARK

AT_ONCE = 8
SILENCE_SECONDS = 60.0  # many wait for one processor
_LIMIT_SECONDS = 1800.0


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What came of one day.

    Attributes:
        system: The program's name.
        seed: Which day.
        promise: The one that was broken first; "" if none was.
        step: Where; one behind the last for the day's end.
        seen: What was seen.
        hint: What to look at.
        error: Why there was no day, in a sentence; "" if there was.
        steps: How many steps it had.
    """

    system: str
    seed: int
    promise: str = ""
    step: int = 0
    seen: str = ""
    hint: str = ""
    error: str = ""
    steps: int = 0

    def __bool__(self) -> bool:
        return not self.promise and not self.error


def rehearse(
    days: Sequence[tuple[System, int]],
    *,
    scene: str = "cafe",
    at_once: int = AT_ONCE,
    silence_seconds: float = SILENCE_SECONDS,
) -> Iterator[Rehearsed]:
    """Play some days in a process of their own, and tell each as it ends.

    Args:
        days: A program and a seed for each.
        scene: Who works in it: the name of one of `attacks.scenes.SCENES`.
        at_once: How many are played at the same time.
        silence_seconds: How long a role may give no sign of life.
    """
    order = {
        "days": [(system.name, system.source, seed) for system, seed in days],
        "scene": scene,
        "at_once": at_once,
        "silence_seconds": silence_seconds,
    }
    child = spawn(__name__, "-")
    watchdog = Timer(_LIMIT_SECONDS, child.kill)
    watchdog.daemon = True
    watchdog.start()
    try:
        assert child.stdin is not None and child.stdout is not None
        child.stdin.write(json.dumps(order) + "\n")
        child.stdin.flush()
        for line in child.stdout:
            _, mark, told = line.partition(FRAME_MARK)
            if mark:
                yield Rehearsed(**json.loads(told))
    finally:
        watchdog.cancel()
        if child.stdin is not None:
            child.stdin.close()  # it lets go of its brokers, and ends
        child.wait()
        if child.stdout is not None:
            child.stdout.close()


def play(
    scene: Scene, days: Sequence[tuple[System, int]], at_once: int, silence_seconds: float
) -> Iterator[Rehearsed]:
    """Play them in this process, which should end soon: it keeps what was killed."""
    with ThreadPoolExecutor(at_once) as pool:
        playing = [pool.submit(_day, scene, *day, silence_seconds) for day in days]
        try:
            for day in as_completed(playing):
                yield day.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _day(scene: Scene, system: System, seed: int, silence_seconds: float) -> Rehearsed:
    try:
        outcome = attack(
            scene,
            system,
            seed,
            show=lambda line: None,
            stage_of=ThreadStage,
            silence_seconds=silence_seconds,
        )
    except Exception as error:
        return Rehearsed(system.name, seed, error=f"{error}")
    return _told(outcome)


def _told(outcome: Outcome) -> Rehearsed:
    told = Rehearsed(outcome.system, outcome.account.plan.seed, steps=outcome.account.last)
    first = outcome.first_broken
    if first is None or first.broken is None:
        return told
    step, seen, hint = first.broken
    return replace(told, promise=first.promise.text, step=step, seen=seen, hint=hint)


def main(arguments: Sequence[str] | None = None) -> int:
    """Play days from the command line, or as `rehearse` orders it; 1 if a promise was broken."""
    parser = ArgumentParser("sbtutorial.attacks.rehearsal", description="Play many days.")
    parser.add_argument("file", help="the program; - for an order on standard input")
    parser.add_argument("--scene", default="cafe", choices=SCENES)
    parser.add_argument("--seeds", default="1:20", help="from:to")
    parser.add_argument("--at-once", type=int, default=AT_ONCE)
    options = parser.parse_args(arguments)
    if options.file == "-":
        order = json.loads(sys.stdin.readline())
        sys.path.append(os.getcwd())  # last, for what the program imports of the learner's own
        days = [(System(name, source), seed) for name, source, seed in order["days"]]
        scene = SCENES[order["scene"]]
        at_once, silence_seconds, mark = order["at_once"], order["silence_seconds"], FRAME_MARK
        Thread(target=_end_with_standard_input, daemon=True).start()
    else:
        first, _, last = options.seeds.partition(":")
        system, scene = system_of(options.file), SCENES[options.scene]
        days = [(system, seed) for seed in range(int(first), int(last or first) + 1)]
        at_once, silence_seconds, mark = options.at_once, SILENCE_SECONDS, ""
    output, sys.stdout = sys.stdout, io.StringIO()  # what the programs print
    broken = 0
    for day in play(scene, days, at_once, silence_seconds):
        broken += not day
        print(mark + json.dumps(asdict(day), ensure_ascii=False), file=output, flush=True)
    return int(broken > 0)


def _end_with_standard_input() -> None:
    """Leave as soon as nobody listens any more, and leave no broker behind."""
    sys.stdin.read()
    close_all()
    os._exit(1)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # threads that were killed never end
