"""One seed, from its beginning to its end."""

import gc
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from sbtutorial.broker.descriptions import EntityStatus
from sbtutorial.store.stepped import Keeper
from tests.simulation.audit import last_look, look_into
from tests.simulation.broken import Broken
from tests.simulation.disk import KilledFile, in_a_file
from tests.simulation.failing import listening
from tests.simulation.scenery import THEMES, Scenery, Theme, make_scenery
from tests.simulation.world import World

# So much happens in one seed, in things and in virtual seconds.
MOST_HAPPENINGS = 600
MOST_SECONDS = 70.0
# When all locks are over, everything that was scheduled has come, and clients that broke off have
# been noticed.
LONG_ENOUGH_SECONDS = 400.0

# What was scheduled by a clock that has been set back meanwhile comes so much later.
FOR_THE_CLOCK_SECONDS = 20_000.0
# How long it takes until a commit is safe, in seconds; in some worlds no time at all.
DISKS = ((0.0,), (0.0, 0.001, 0.01), (0.005, 0.02, 0.3), (0.1, 2.0))


class Failure(Exception):
    """A seed that found something.

    Attributes:
        seed: Which.
        promise: Which one is broken; "" for an error of another kind.
    """

    def __init__(self, seed: int, promise: str, what: str) -> None:
        super().__init__(
            f"seed {seed}: {what}\n  to see its story: python -m tests.simulation --seed {seed}"
        )
        self.seed = seed
        self.promise = promise


def run(
    seed: int,
    tell: Callable[[str], None] | None = None,
    *,
    themes: Sequence[Theme] = THEMES,
    open_keeper: Callable[[], Keeper] | None = None,
    make_trouble: "Callable[[World, Scenery, Random], Trouble] | None" = None,
) -> int:
    """Live through one seed.

    Args:
        seed: Everything follows from it.
        tell: Told the story, line by line.
        themes: What there may be in it.
        open_keeper: Opens what the disk keeps its bytes in; `disk.Records` unless given.
        make_trouble: What goes wrong; `Trouble` unless given.

    Returns:
        How often clients were told something that was checked.

    Raises:
        Failure: A promise was broken, or something else went wrong.
    """
    world = World(seed, tell, open_keeper)
    try:
        with listening(world.errors):
            return _run(world, seed, themes, make_trouble or Trouble)
    except Broken as broken:
        raise Failure(seed, broken.promise, str(broken)) from broken
    except Exception as error:
        raise Failure(seed, "", f"{type(error).__name__}: {error}") from error


def _run(
    world: World,
    seed: int,
    themes: Sequence[Theme],
    make_trouble: "Callable[[World, Scenery, Random], Trouble]",
) -> int:
    world.boot()
    random = Random(f"scenery {seed}")
    scene = make_scenery(world, random, themes)
    world.disk.delays = random.choice(DISKS)
    world.on_boot.append(lambda: look_into(world))
    for client in scene.clients:
        client.start(random.random() * 2)
    make_trouble(world, scene, random)
    while (
        world.timeline.done_count < MOST_HAPPENINGS
        and world.timeline.now < MOST_SECONDS
        and not all(client.is_done for client in scene.clients)
        and world.next()
    ):
        pass
    finish(world, scene)
    return world.ledger.told_count


def finish(world: World, scene: Scenery) -> None:
    """Nothing goes wrong any more; everybody goes; time passes; somebody looks."""
    world.is_tidy = True
    world.commits_to_live = None
    if world.broker is not None:
        world.broker.faults.clear()
    for client in scene.clients:
        client.stop()
    end = world.timeline.now + LONG_ENOUGH_SECONDS
    world.timeline.at(end, world.disk.hurry)
    world.timeline.at(end + FOR_THE_CLOCK_SECONDS, lambda: None)
    while world.next():
        pass
    assert world.broker is not None, "it begins again until the end"
    for path in scene.to_disable:
        period = world.ledger.statuses.at(path, world.stamp())
        if period is None or period.status is not EntityStatus.ACTIVE:
            world.set_status(path, EntityStatus.ACTIVE)
    world.work()
    world.tell("world", "the last look")
    last_look(world, scene)


class Trouble:
    """What goes wrong in the world of a seed; some seeds have none of a kind."""

    def __init__(self, world: World, scene: Scenery, random: Random) -> None:
        self._world = world
        self._scene = scene
        self._random = random
        for kind, every in (
            (self._crash, random.choice((None, 20.0, 60.0))),
            (self._crash_in_a_commit, random.choice((None, 10.0, 40.0))),
            (self._fill, random.choice((None, None, None, 30.0))),
            (self._cut, random.choice((None, 8.0, 30.0))),
            (self._stall, random.choice((None, 20.0, 60.0))),
            (self._disable, random.choice((None, 10.0, 30.0))),
            (self._set_wall, random.choice((None, None, 40.0))),
            (self._advance, random.choice((None, None, 40.0))),
        ):
            if every is not None:
                self._again(kind, every)

    def _again(self, kind: Callable[[], None], every: float) -> None:
        def happen() -> None:
            if not self._world.is_tidy:
                kind()
                self._again(kind, every)

        self._world.timeline.after(self._random.expovariate(1 / every), happen)

    def _crash(self) -> None:
        self._world.crash()

    def _crash_in_a_commit(self) -> None:
        self._world.commits_to_live = self._random.choice((0, 0, 1, 3))

    def _fill(self) -> None:
        seconds = self._random.choice((1.0, 10.0))
        self._world.tell("world", "the disk is full for", seconds)
        self._world.disk.fill(seconds)

    def _cut(self) -> None:
        if wired := [client for client in self._scene.clients if client.wire is not None]:
            self._random.choice(wired).cut()

    def _stall(self) -> None:
        wired = [client for client in self._scene.clients if client.wire is not None]
        if wired:
            client = self._random.choice(wired)
            assert client.wire is not None
            seconds = self._random.choice((0.5, 3.0, 12.0))
            client.tell("network stalls for", seconds)
            client.wire.stall(seconds)

    def _disable(self) -> None:
        broker = self._world.broker
        if broker is None or not self._scene.to_disable:
            return
        path = self._random.choice(self._scene.to_disable)
        statuses = broker.namespace.directory.entity(path).description.statuses
        self._world.set_status(path, self._random.choice(statuses[1:]))
        self._world.timeline.after(
            self._random.choice((1.0, 5.0, 15.0)), partial(self._enable, path)
        )

    def _enable(self, path: str) -> None:
        if not self._world.set_status(path, EntityStatus.ACTIVE) and not self._world.is_tidy:
            self._world.timeline.after(1.0, partial(self._enable, path))

    def _set_wall(self) -> None:
        self._world.set_wall(self._random.choice((-3600.0, -5.0, 5.0, 60.0)))

    def _advance(self) -> None:
        self._world.advance(self._random.choice((1.0, 10.0, 100.0)))


def run_in_a_file(seed: int, tell: Callable[[str], None] | None = None, **options: Any) -> int:
    """As `run`, with the file that the product keeps a namespace in."""
    with TemporaryDirectory() as folder:
        return run(
            seed, tell, open_keeper=in_a_file(Path(folder, "kept.sqlite"), KilledFile), **options
        )


Run = Callable[[int], int]


def run_many(seeds: range, on_failure: Callable[[Failure], None], run_one: Run = run) -> int:
    """Live through many seeds.

    Args:
        seeds: Which.
        on_failure: Told of those that found something.
        run_one: Runs one of them.

    Returns:
        How often clients were told something that was checked, in all.
    """
    told = 0
    gc.collect()
    gc.freeze()
    gc.disable()  # a seed is short, and its garbage is collected when it is over
    try:
        for count, seed in enumerate(seeds):
            try:
                told += run_one(seed)
            except Failure as failure:
                on_failure(failure)
            if count % 20 == 19:
                gc.collect()
    finally:
        gc.enable()
        gc.unfreeze()
    return told
