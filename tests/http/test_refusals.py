from xml.etree.ElementTree import fromstring

import pytest

from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.http.refusals import STATUSES, error_response, refused
from tests.admin.asking import detail_of


def test_every_kind_of_refusal_has_a_status():
    assert set(STATUSES) == set(ErrorCode)


@pytest.mark.parametrize("code", ErrorCode)
def test_refusals_carry_status_sub_code_and_the_brokers_words(code):
    response = refused(BrokerError(code, "what & why"))
    assert response.status == STATUSES[code].http >= 400
    assert str(STATUSES[code].sub_code).startswith((str(response.status), "50004"))
    assert detail_of(response) == f"SubCode={STATUSES[code].sub_code}. what & why"


def test_error_says_its_detail_even_with_characters_that_xml_cannot_hold():
    response = error_response(404, "no '\x00\ud800<q>' & no other")
    error = fromstring(response.body)
    assert (error.tag, error.findtext("Code")) == ("Error", "404")
    assert error.findtext("Detail") == "no '\ufffd\ufffd<q>' & no other"
    assert response.headers == (("Content-Type", "application/xml; charset=utf-8"),)
