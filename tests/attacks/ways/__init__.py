"""Right answers to incidents that look unusual, a module for each of those of incidents."""

from tests.attacks.ways import holding, losing, repeating, setting_aside, taking, waiting

RIGHT = (
    *losing.WAYS,
    *taking.WAYS,
    *waiting.WAYS,
    *repeating.WAYS,
    *setting_aside.WAYS,
    *holding.WAYS,
)
