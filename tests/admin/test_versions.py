import pytest

from sbtutorial.admin.versions import knows, served
from sbtutorial.broker.errors import BrokerError, ErrorCode


@pytest.mark.parametrize("version", [None, "2013-10", "2015-01", "2017-04", "2021-05", "2024-05"])
def test_versions_in_use_and_earlier_ones_are_served(version):
    assert served(version) == version


@pytest.mark.parametrize(
    "version", ["", "1999", "1999-12", "2024-06", "2030-01", "2024-13", "latest"]
)
def test_what_is_no_version_or_is_to_come_is_refused(version):
    with pytest.raises(BrokerError, match=f"api-version is '{version}'; .* 2024-05") as refusal:
        served(version)
    assert refusal.value.code is ErrorCode.ARGUMENT_ERROR


def test_a_version_knows_what_came_with_it_and_before():
    assert [knows(version, "2021-05") for version in ("2017-04", "2021-05", "2024-05", None)] == [
        False,
        True,
        True,
        True,
    ]
