import base64
import os

from sbtutorial.admin.keys import completed
from sbtutorial.broker.descriptions import AuthorizationRule
from sbtutorial.gateway.ids import Ids

NOW = "2024-01-01T00:00:00Z"
new_key = Ids(os.urandom).key
WHOLE = AuthorizationRule(
    "a", ("Send",), "p", "s", created_at="2020-01-01", modified_at="2021-01-01"
)


def test_what_a_client_chose_stays():
    assert completed((WHOLE,), (), NOW, new_key) == (WHOLE,)


def test_a_new_rule_gets_keys_of_256_bits_each_its_own():
    rules = completed(
        (AuthorizationRule("a"), AuthorizationRule("b", ("Listen",))), (), NOW, new_key
    )
    keys = [key for rule in rules for key in (rule.primary_key, rule.secondary_key)]
    assert len(set(keys)) == 4
    assert {len(base64.b64decode(key)) for key in keys} == {32}
    assert [(rule.created_at, rule.modified_at) for rule in rules] == [(NOW, NOW)] * 2
    assert [rule.rights for rule in rules] == [(), ("Listen",)]


def test_a_rule_that_stays_keeps_what_is_not_sent_again():
    (again,) = completed((AuthorizationRule("a", ("Listen",)),), (WHOLE,), NOW, new_key)
    assert (again.primary_key, again.secondary_key) == ("p", "s")
    assert (again.created_at, again.modified_at) == ("2020-01-01", NOW)
    assert again.rights == ("Listen",)


def test_a_key_can_be_changed_and_the_other_kept():
    (again,) = completed((AuthorizationRule("a", ("Send",), "new"),), (WHOLE,), NOW, new_key)
    assert (again.primary_key, again.secondary_key) == ("new", "s")
