from sbtutorial.broker.rules.filters.boolean import FalseFilter, TrueFilter
from tests.broker.rules.filters.messages import having


def test_true_filter_takes_every_message_and_false_none() -> None:
    assert TrueFilter().matches(having()) is True
    assert FalseFilter().matches(having(a=1)) is False


def test_both_count_as_sql_filters() -> None:
    assert (TrueFilter().kind, FalseFilter().kind) == ("sql", "sql")


def test_all_of_a_kind_are_equal() -> None:
    assert TrueFilter() == TrueFilter()
    assert TrueFilter() != FalseFilter()
