"""The same is done to a namespace in memory and to one that is kept and ended at random.

What was not committed when the kept one ends is as if it had not been done; so the one in memory
does things when they are committed. They say the same of everything, and are the same.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from sbtutorial.broker.changes import Change, ChangeKind
from sbtutorial.store.restore import Contradiction
from sbtutorial.store.stepped import Keeper
from tests.properties.test_restore import AT_TIMES, OFTEN, SELDOM
from tests.simulation.disk import Records, in_a_file
from tests.simulation.kept_actor import KeptActor
from tests.simulation.plant import loading, without
from tests.simulation.plants import forget_counts, forget_lock
from tests.store.describing import describe
from tests.store.wiring import WireActor

BOUNDED = settings(max_examples=12, stateful_step_count=20)
SEARCH_ONLY = (Phase.generate,)  # what was found need not be made shorter


class Restarts(RuleBasedStateMachine):
    """Two namespaces; the subclass says what the kept one is kept in."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = WireActor()
        self.kept = KeptActor(self.open_keeper())
        self.undone: list[tuple[Any, ...]] = []
        self.said: list[str] = []
        for actor in (self.memory, self.kept):
            actor.make_everything()
            actor.fill()
        self.commit()

    def open_keeper(self) -> Callable[[], Keeper]:
        """Opens the same thing each time."""
        raise NotImplementedError

    @rule(acts=st.lists(st.one_of(*OFTEN), min_size=2, max_size=6))
    def work(self, acts: list[tuple[Any, ...]]) -> None:
        for act in acts:
            self.do(act)

    @rule(act=st.one_of(*AT_TIMES))
    def do_what_is_done_at_times(self, act: tuple[Any, ...]) -> None:
        self.do(act)

    @rule(act=st.one_of(*SELDOM))
    def do_what_is_seldom_done(self, act: tuple[Any, ...]) -> None:
        self.do(act)

    @rule()
    def let_entities_fall_idle(self) -> None:
        self.do(("advance", 300.0))

    @rule()
    def commit(self) -> None:
        self.kept.commit()
        assert [self.memory.do(*act) for act in self.undone] == self.said
        self.memory.settle_down()
        self.undone, self.said = [], []
        self.compare()

    @rule()
    def end_in_order(self) -> None:
        self.commit()
        self.begin_again()

    @rule()
    def end_before_it_is_committed(self) -> None:
        self.begin_again()

    def do(self, act: tuple[Any, ...]) -> None:
        self.undone.append(act)
        self.said.append(self.kept.do(*act))

    def begin_again(self) -> None:
        self.kept = self.kept.begin_again(self.memory)
        self.undone, self.said = [], []
        assert self.kept.changes == []
        self.compare()

    def compare(self) -> None:
        assert describe(self.kept.namespace) == describe(self.memory.namespace)

    def teardown(self) -> None:
        self.end_in_order()


class RestartsOnRecords(Restarts):
    """Kept as the codec writes it."""

    def open_keeper(self) -> Callable[[], Keeper]:
        records = Records(uuid4)
        return lambda: records


class RestartsOnFile(Restarts):
    """Kept in the file of the product."""

    def open_keeper(self) -> Callable[[], Keeper]:
        self.folder = TemporaryDirectory()
        return in_a_file(Path(self.folder.name, "kept.sqlite"))

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            self.kept.close()
            self.folder.cleanup()


@pytest.mark.parametrize("machine", [RestartsOnRecords, RestartsOnFile])
def test_a_namespace_that_is_kept_is_like_one_in_memory(machine: type[Restarts]) -> None:
    run_state_machine_as_test(machine, settings=BOUNDED)


# -- Defects that are planted are found -----------------------------------------------------------


def lose_the_last(records: Records) -> Sequence[Change]:
    """The last change is missing."""
    return _load(records)[:-1]


_load = Records.load
PLANTS = {
    "locks are lost": loading(forget_lock),
    "delivery counts begin anew": loading(forget_counts),
    "an idle entity is not watched": without(ChangeKind.IDLE_WATCHED),
    "a reset is forgotten": without(ChangeKind.RESET),
    "the last change is lost": (Records, "load", lose_the_last),
}


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_defect_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*PLANTS[name])
    searching = settings(BOUNDED, max_examples=2000, phases=SEARCH_ONLY)
    with pytest.raises((AssertionError, LookupError, Contradiction)):
        run_state_machine_as_test(RestartsOnRecords, settings=searching)
