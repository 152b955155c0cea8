import pytest

from sbtutorial.gateway.faults import Faults


def test_an_occasion_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'sending' is not a valid Occasion"):
        Faults().plan("sending")
