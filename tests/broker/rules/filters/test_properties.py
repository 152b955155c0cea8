import pytest

from sbtutorial.broker.rules.filters.checks import SETTABLE
from sbtutorial.broker.rules.filters.properties import (
    SYSTEM_PROPERTIES,
    application_name,
    system_name,
)


@pytest.mark.parametrize("name", SYSTEM_PROPERTIES)
def test_system_property_is_known_in_any_case(name: str) -> None:
    assert system_name(name) == system_name(name.lower()) == system_name(name.upper()) == name


@pytest.mark.parametrize(
    ("today", "name"),
    [
        ("Subject", "Label"),
        ("scheduledenqueuetime", "ScheduledEnqueueTimeUtc"),
        ("TransactionPartitionKey", "ViaPartitionKey"),
    ],
)
def test_todays_names_mean_the_old_ones(today: str, name: str) -> None:
    assert system_name(today) == name


def test_other_names_are_not_system_properties() -> None:
    assert system_name("color") is None


def test_what_can_be_set_are_system_properties() -> None:
    assert set(SETTABLE) < set(SYSTEM_PROPERTIES)


def test_application_property_is_found_in_its_own_case_first() -> None:
    application = {"Color": 1, "color": 2}
    assert application_name(application, "color") == "color"
    assert application_name(application, "COLOR") == "Color"
    assert application_name(application, "size") is None
