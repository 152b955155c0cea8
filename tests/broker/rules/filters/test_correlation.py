from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.rules.filters.correlation import SYSTEM_CONDITIONS, CorrelationFilter
from tests.broker.rules.filters.messages import Sample, having, with_system


@pytest.mark.parametrize(("field", "name"), SYSTEM_CONDITIONS.items())
def test_each_system_property_is_compared_exactly(field: str, name: str) -> None:
    filter_ = CorrelationFilter(**{field: "High"})
    assert filter_.matches(with_system(**{name: "High"}))
    for other in ("high", "High ", "", None):
        assert not filter_.matches(with_system(**{name: other}))
    assert not filter_.matches(with_system())
    others = {each: "High" for each in SYSTEM_CONDITIONS.values() if each != name}
    assert not filter_.matches(with_system(**others))


def test_all_conditions_must_hold() -> None:
    filter_ = CorrelationFilter(
        label="Important", reply_to="johndoe@contoso.com", properties={"color": "Red", "size": 3}
    )
    system = {"Label": "Important", "ReplyTo": "johndoe@contoso.com", "To": "anyone"}
    application = {"color": "Red", "size": 3, "more": None}
    assert filter_.matches(Sample(application, **system))
    for name in ("color", "size"):
        assert not filter_.matches(Sample({**application, name: "x"}, **system))
        assert not filter_.matches(Sample({**application, name: None}, **system))
    assert not filter_.matches(Sample(application, Label="Important"))


@pytest.mark.parametrize(
    ("wanted", "value", "result"),
    [
        (2, 2, True),
        (2, 2.0, True),
        (2.08, Decimal("2.08"), True),
        ("2", 2, False),
        (2, "2", False),
        (1, True, False),
        (True, True, True),
        ("a", "A", False),
        ("a", None, False),
        (b"a", b"a", True),
        (UUID(int=1), UUID(int=1), True),
    ],
)
def test_values_of_properties(wanted: object, value: object, result: bool) -> None:
    assert CorrelationFilter(properties={"p": wanted}).matches(having(p=value)) is result


def test_names_of_properties_are_compared_with_case() -> None:
    assert not CorrelationFilter(properties={"Color": "red"}).matches(having(color="red"))


def test_id_that_is_no_text_on_the_wire_is_compared_by_its_text() -> None:
    ident = UUID(int=5)
    assert CorrelationFilter(message_id=str(ident)).matches(with_system(MessageId=ident))
    assert CorrelationFilter(message_id="17").matches(with_system(MessageId=17))


def test_empty_text_is_a_condition() -> None:
    assert CorrelationFilter(label="").matches(with_system(Label=""))
    assert not CorrelationFilter(label="").matches(with_system())


def test_filter_without_a_condition_is_refused() -> None:
    with pytest.raises(BrokerError, match="no condition") as caught:
        CorrelationFilter()
    assert caught.value.code is ErrorCode.ARGUMENT_ERROR


@pytest.mark.parametrize("value", [None, float("nan"), [1], {}])
def test_value_that_nothing_equals_is_refused_by_the_name_of_its_property(value: object) -> None:
    with pytest.raises(BrokerError, match="property 'size'") as caught:
        CorrelationFilter(label="x", properties={"size": value})
    assert caught.value.code is ErrorCode.ARGUMENT_ERROR


def test_filters_are_equal_by_their_conditions() -> None:
    assert CorrelationFilter(label="a") == CorrelationFilter(label="a")
    assert CorrelationFilter(label="a") != CorrelationFilter(to="a")
    assert len({CorrelationFilter(label="a"), CorrelationFilter(label="a")}) == 1
    assert CorrelationFilter(label="a").kind == "correlation"


few = st.sampled_from([None, "x", "y", 1, 1.0, True])
texts = st.sampled_from([None, "x", "y"])


@given(st.lists(st.tuples(texts, texts, few).filter(any), max_size=10), texts, texts, few)
def test_look_up_by_shape_and_key_finds_what_trying_each_finds(
    wanted: list[tuple[str | None, str | None, object]], to: str, label: str, color: object
) -> None:
    filters = [
        CorrelationFilter(to=a, label=b, properties={} if c is None else {"color": c})
        for a, b, c in wanted
    ]
    index: dict[object, list[int]] = {}
    for number, each in enumerate(filters):
        index.setdefault((each.shape, each.key), []).append(number)
    message = Sample({"color": color}, To=to, Label=label)
    found = [
        number
        for shape in {each.shape for each in filters}
        for number in index.get((shape, shape.key_of(message)), [])
    ]
    tried = [number for number, each in enumerate(filters) if each.matches(message)]
    assert sorted(found) == tried
