from datetime import datetime, timedelta
from xml.etree.ElementTree import Element, fromstring, tostring

import pytest

from sbtutorial.admin.atom import SERVICE_BUS
from sbtutorial.admin.rule_xml import read_rule, write_rule
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.rules.filters.actions import parse_action
from sbtutorial.broker.rules.filters.boolean import FalseFilter, TrueFilter
from sbtutorial.broker.rules.filters.correlation import CorrelationFilter
from sbtutorial.broker.rules.filters.sql import parse_filter
from sbtutorial.broker.rules.rule import Rule

INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
VALUES = {
    "@text": "a < b",
    "@whole": 5,
    "@large": 2**40,
    "@real": 1.5,
    "@flag": True,
    "@date": datetime(2020, 7, 5, 11, 12, 13),
    "@span": timedelta(days=1, hours=2),
}
EVERY_PARAMETER = " AND ".join(f"x <> {name}" for name in VALUES)
EVERY_CONDITION = CorrelationFilter(
    correlation_id="1",
    message_id="2",
    to="3",
    reply_to="4",
    label="5",
    session_id="6",
    reply_to_session_id="7",
    content_type="8",
    properties=VALUES,
)


def xml_of(rule: Rule) -> str:
    return tostring(write_rule(rule, lambda at: at + 1000), encoding="unicode")


def element_of(inner: str) -> Element:
    return fromstring(
        f'<RuleDescription xmlns="{SERVICE_BUS}" xmlns:p4="{INSTANCE}">{inner}</RuleDescription>'
    )


def test_rule_is_written_as_azure_writes_it():
    rule = Rule("r1", parse_filter("a = @x", {"@x": 5}), parse_action("SET sys.Label = 'x'"), 80.0)
    assert xml_of(rule) == (
        f'<RuleDescription xmlns="{SERVICE_BUS}" xmlns:i="{INSTANCE}">'
        '<Filter i:type="SqlFilter"><SqlExpression>a = @x</SqlExpression>'
        "<CompatibilityLevel>20</CompatibilityLevel><Parameters><KeyValueOfstringanyType>"
        '<Key>@x</Key><Value i:type="d6p1:int" xmlns:d6p1="http://www.w3.org/2001/XMLSchema">5'
        "</Value></KeyValueOfstringanyType></Parameters>"
        "<RequiresPreprocessing>true</RequiresPreprocessing></Filter>"
        "<Action i:type=\"SqlRuleAction\"><SqlExpression>SET sys.Label = 'x'</SqlExpression>"
        "<CompatibilityLevel>20</CompatibilityLevel>"
        "<RequiresPreprocessing>true</RequiresPreprocessing></Action>"
        "<CreatedAt>1970-01-01T00:18:00.0000000Z</CreatedAt><Name>r1</Name></RuleDescription>"
    )


@pytest.mark.parametrize(
    ("filter", "xml"),
    [
        (TrueFilter(), '<Filter i:type="TrueFilter"><SqlExpression>1=1</SqlExpression>'),
        (FalseFilter(), '<Filter i:type="FalseFilter"><SqlExpression>1=0</SqlExpression>'),
        (
            CorrelationFilter(label="x", message_id=""),
            '<Filter i:type="CorrelationFilter"><MessageId /><Label>x</Label></Filter>',
        ),
    ],
)
def test_other_filters_are_written_by_their_names(filter, xml):
    assert xml in xml_of(Rule("r", filter))
    assert '<Action i:type="EmptyRuleAction" />' in xml_of(Rule("r", filter))


@pytest.mark.parametrize(
    "filter",
    [
        TrueFilter(),
        FalseFilter(),
        parse_filter("price < 10 AND city LIKE 'B%'"),
        parse_filter(EVERY_PARAMETER, VALUES),
        EVERY_CONDITION,
        CorrelationFilter(label=""),
        CorrelationFilter(properties={"a": "b"}),
    ],
    ids=lambda filter: type(filter).__name__,
)
@pytest.mark.parametrize(
    "action", [None, parse_action("SET a = 1"), parse_action("SET a = @whole", VALUES)]
)
def test_every_rule_comes_back_as_it_was(filter, action):
    rule = Rule("a rule", filter, action)
    again = read_rule(fromstring(xml_of(rule)))
    assert again == rule
    kinds = [type(value) for value in getattr(again.filter, "parameters", {}).values()]
    assert kinds == [type(value) for value in getattr(filter, "parameters", {}).values()]


@pytest.mark.parametrize(
    ("inner", "rule"),
    [
        ("", Rule("path", TrueFilter())),
        ("<Name>path</Name>", Rule("path", TrueFilter())),
        (
            '<Filter p4:type="SqlFilter"><SqlExpression>1=1</SqlExpression><Parameters/></Filter>'
            '<Action p4:type="EmptyRuleAction"/>',
            Rule("path", parse_filter("1=1")),
        ),
        (
            '<Action p4:type="q:SqlRuleAction"><SqlExpression>SET a = 1</SqlExpression></Action>'
            '<Filter p4:type="CorrelationFilter"><CorrelationId>1</CorrelationId></Filter>'
            "<CreatedAt>nonsense</CreatedAt>",
            Rule("path", CorrelationFilter(correlation_id="1"), parse_action("SET a = 1")),
        ),
        (
            '<Filter p4:type="FalseFilter"><SqlExpression>1&gt;1</SqlExpression></Filter>',
            Rule("path", FalseFilter()),
        ),
    ],
)
def test_other_clients_write_rules_their_own_way(inner, rule):
    assert read_rule(element_of(inner), "path") == rule


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        ("<Colour/>", ["A rule has no 'Colour'", "Filter, Action"]),
        ("<Name>a</Name><Name>b</Name>", ["Name is there twice"]),
        ("<Filter/>", ["Filter is of type ''", "SqlFilter, TrueFilter, FalseFilter, Correlation"]),
        ('<Filter p4:type="Fast"/>', ["Filter is of type 'Fast'"]),
        ('<Action p4:type="SqlFilter"/>', ["Action is of type 'SqlFilter'", "EmptyRuleAction"]),
        ('<Filter p4:type="SqlFilter"/>', ["A SQL filter must have a SqlExpression"]),
        ('<Action p4:type="SqlRuleAction"/>', ["A SQL action must have a SqlExpression"]),
        (
            '<Filter p4:type="SqlFilter"><SqlExpression>a = </SqlExpression></Filter>',
            ["column", "filter"],
        ),
        (
            '<Action p4:type="SqlRuleAction"><SqlExpression>SET</SqlExpression></Action>',
            ["column", "action"],
        ),
        (
            '<Filter p4:type="SqlFilter"><SqlExpression>a = @b</SqlExpression></Filter>',
            ["@b"],
        ),
        ('<Filter p4:type="CorrelationFilter"/>', ["no condition"]),
        (
            '<Filter p4:type="CorrelationFilter"><Colour>b</Colour></Filter>',
            ["A correlation filter has no 'Colour'", "CorrelationId"],
        ),
    ],
)
def test_what_is_no_rule_is_refused_with_what_to_write(inner, words):
    with pytest.raises(BrokerError) as refusal:
        read_rule(element_of(inner), "path")
    assert refusal.value.code is ErrorCode.ARGUMENT_ERROR
    assert [word for word in words if word not in refusal.value.message] == []
