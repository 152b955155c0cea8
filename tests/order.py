"""Which tests begin first when several run side by side, and which stay together.

Whoever begins the longest last waits for it with idle hands. So each test has a weight, about the
seconds that it takes by itself; what is not named here takes less than one.
"""

from collections.abc import Mapping, Sequence

import pytest

# By how the id of a test begins; the longest that fits counts.
SECONDS: Mapping[str, float] = {
    "tests/notebooks/test_lessons.py::test_lessons_say_what_is_saved_two_at_a_time": 220,
    "tests/test_binder.py::test_binders_steps_make_an_environment": 40,
    "tests/attacks/test_days.py": 40,
    "tests/attacks/test_attack.py": 10,
    "tests/attacks/test_attack.py::test_a_seed_is_the_same_day": 40,
    "tests/attacks/test_incident.py": 14,
    "tests/attacks/test_incidents.py": 24,  # with those that stay with it
    "tests/attacks/test_system.py": 2,
    "tests/notebooks/test_lessons.py::test_a_lesson_says_what_is_saved_each_cell_twice": 80,
    "tests/notebooks/test_lessons.py": 15,
    "tests/notebooks": 5,
    "tests/clients/test_releases.py": 12,  # with those that stay with it: see `GROUPS`
    "tests/clients/test_releases_on_port_5671.py": 11,
    "tests/clients/test_sdk_of_2020.py": 10,
    "tests/clients/test_celery.py": 12,
    "tests/clients/test_airflow.py": 20,
    "tests/clients": 6,
    "tests/sdk": 3,
    "tests/legacy": 3,
    "tests/test_first_steps.py": 70,  # with those that stay with it
    "tests/exercises/test_tasks.py": 2,
    "tests/test_binder.py": 2,
    "tests/test_support_page.py": 6,
    "tests/properties": 2,
    "tests/hosting": 2,
    "tests/durability/test_kill.py::test_a_broker": 20,
    "tests/explorer": 2,
    "tests/explorer/test_dead_letters.py": 4,
    "tests/lessons/test_surroundings.py": 3,
    "tests/simulation": 3,
    "tests/setup/test_installing.py": 2,
    "tests/setup/test_wheel.py": 15,  # with those that stay with it
    "tests/workers": 1.5,
    "tests/plugin": 3,
    "tests/plugin/test_plugin.py::test_asyncio": 7,
    "tests/local": 1,
    "tests/local/test_types.py": 8,  # with those that stay with it
    "tests/exercises": 1,
    "tests/commands": 1,
    "tests/admin/test_sdk.py": 1,
    "tests/workshop": 12,
    # With those that stay with them:
    "tests/notebook/test_lesson_hints.py": 65,
    "tests/notebook/test_magic.py": 8,
    "tests/notebook/test_first_cell.py": 2,
    "tests/notebooks/test_elsewhere.py": 80,
    "tests/notebooks/test_encore.py::test_": 15,
    "tests/notebooks/test_rehearsal.py": 20,
    "tests/local/test_broker.py": 12,
    "tests/lab/test_elsewhere.py": 25,
    "tests/lab/test_inherited.py": 12,
    "tests/lab/test_watching.py": 40,
    "tests/views/test_crash.py": 12,
    "tests/gateway/test_repeatable.py": 4,
    "tests/gateway/test_crowds.py": 2,
    "tests/store/test_restore.py": 2,  # with those that stay with it
}

# Tests of these files share what is slow to start or to make: all of a file's stay with one worker,
# or those of one value of a parameter.
GROUPS: Mapping[str, str] = {
    "tests/clients/test_javascript_": "",
    "tests/clients/test_releases.py": "case",
    "tests/clients/test_releases_on_port_5671.py": "case",
    "tests/clients/test_celery.py": "",
    "tests/clients/test_airflow.py": "",
    "tests/clients/test_sdk_of_2020.py": "",
    "tests/clients/test_sdk_on_uamqp.py": "",
    "tests/clients/test_rhea.py": "",
    "tests/local/test_types.py": "",
    "tests/local/test_broker.py": "",
    "tests/lab/test_elsewhere.py": "",
    "tests/lab/test_inherited.py": "",
    "tests/lab/test_watching.py": "",
    "tests/notebook/test_lesson_hints.py": "",
    "tests/notebook/test_magic.py": "",
    "tests/notebook/test_program_magic.py": "",
    "tests/notebook/test_tracebacks.py": "",
    "tests/notebooks/test_elsewhere.py": "",
    "tests/notebooks/test_encore.py::test_": "",
    "tests/notebooks/test_rehearsal.py": "",
    "tests/views/test_crash.py": "",
    "tests/setup/test_wheel.py": "",
    "tests/store/test_restore.py": "",
    "tests/attacks/test_incidents.py": "",
    "tests/test_binder.py::test_binder_": "",
    "tests/test_first_steps.py": "",
}


def weight(node_id: str) -> float:
    """About how many seconds a test takes."""
    fitting = [beginning for beginning in SECONDS if node_id.startswith(beginning)]
    return SECONDS[max(fitting, key=len)] if fitting else 0.0


def longest_first(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Tests in the order in which to begin them; those of equal weight stay as they are."""
    return sorted(items, key=lambda item: -weight(item.nodeid))


def group(item: pytest.Item) -> str | None:
    """The name of the tests that a test stays with, for `--dist=loadgroup`."""
    for beginning, parameter in GROUPS.items():
        if item.nodeid.startswith(beginning):
            callspec = getattr(item, "callspec", None)
            index = callspec.indices.get(parameter) if callspec and parameter else None
            return beginning if index is None else f"{beginning} {index}"
    return None
