"""The simulation finds defects that were planted on purpose: see `plants` and `further_plants`."""

import pytest

from tests.simulation import promises, standing_promises
from tests.simulation.broken import named
from tests.simulation.further_plants import FURTHER_PLANTS
from tests.simulation.plant import Plant
from tests.simulation.plants import PLANTS
from tests.simulation.run import Failure, run

ALL_PLANTS = (*PLANTS, *FURTHER_PLANTS)
# Most are found within five seeds, and all within thirty.
MOST_SEEDS = 120


def first_failure(plant: Plant) -> Failure | None:
    for seed in range(MOST_SEEDS):
        try:
            run(seed, themes=(plant.theme,))
        except Failure as failure:
            return failure
    return None


@pytest.mark.parametrize("plant", ALL_PLANTS, ids=lambda plant: plant.name)
def test_a_planted_defect_is_found_and_its_seed_is_silent_without_it(plant: Plant) -> None:
    with plant.planted():
        failure = first_failure(plant)
    assert failure is not None
    assert failure.promise in plant.breaks, failure
    run(failure.seed, themes=(plant.theme,))


def test_there_is_a_plant_for_every_promise() -> None:
    every = {
        *map(named, promises.ON_SIGHT),
        *map(named, promises.ON_VERDICT),
        *map(named, promises.ON_HOLD),
        *map(named, promises.ON_STATE),
        *map(named, promises.ON_AUDIT),
        *map(named, promises.AT_LAST),
        *map(named, promises.ON_SENDING),
        *map(named, promises.ON_SESSION_WORK),
        named(standing_promises.counts_agree),
        named(standing_promises.what_is_told_of_counts_is_so),
        named(standing_promises.memory_stays_bounded),
        promises.NO_CLIENT_WAITS_FOR_EVER,
        promises.WHAT_CAN_BE_RECEIVED_IS_RECEIVED,
        promises.WHAT_WAS_MADE_IS_THERE,
        promises.WHAT_IS_USED_STAYS,
        promises.WHAT_NOBODY_USES_ENDS,
        promises.NOTHING_FAILS_INSIDE,
    }
    assert every == {promise for plant in ALL_PLANTS for promise in plant.breaks}
