from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.rules.filters.expressions import (
    And,
    ApplicationProperty,
    Arithmetic,
    Comparison,
    Constant,
    Exists,
    In,
    IsNull,
    Like,
    NewId,
    Node,
    Not,
    Or,
    Parameter,
    PropertyCall,
    Remove,
    Set,
    Signed,
    SystemProperty,
)
from sbtutorial.broker.rules.filters.grammar import RESERVED
from sbtutorial.broker.rules.filters.properties import SYSTEM_PROPERTIES
from sbtutorial.broker.rules.filters.reading import (
    MAX_CHARS,
    MAX_DEPTH,
    MAX_STATEMENTS,
    read_action,
    read_filter,
)
from sbtutorial.broker.rules.filters.writing import written

A, B, C = (ApplicationProperty(name) for name in "abc")
ONE, TWO = Constant(1), Constant(2)


def value_of(text: str) -> Node:
    """A value, read where one stands."""
    comparison = read_filter(f"{text} = x")
    assert isinstance(comparison, Comparison)
    return comparison.left


def refusal(text: str) -> str:
    with pytest.raises(BrokerError) as caught:
        read_filter(text)
    assert caught.value.code is ErrorCode.ARGUMENT_ERROR
    return caught.value.message


def action_refusal(text: str) -> str:
    with pytest.raises(BrokerError) as caught:
        read_action(text)
    assert caught.value.code is ErrorCode.ARGUMENT_ERROR
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1894", 1894),
        ("0", 0),
        ("9223372036854775807", 2**63 - 1),
        ("1894.1204", 1894.1204),
        ("2.0", 2.0),
        ("2.", 2.0),
        (".5", 0.5),
        ("101.5E5", 101.5e5),
        ("0.5e-2", 0.005),
        ("1E3", 1000.0),
        ("-5", -5),
        ("- 2.5", -2.5),
        ("+7", 7),
        ("- -7", 7),
        ("TRUE", True),
        ("false", False),
        ("NULL", None),
        ("''", ""),
        ("'it''s'", "it's"),
        ("''''", "'"),
        ("'größe \n 😀'", "größe \n 😀"),
        ("'AND'", "AND"),
    ],
)
def test_constants(text: str, value: object) -> None:
    node = value_of(text)
    assert node == Constant(value)
    assert isinstance(node, Constant)
    assert type(node.value) is type(value)


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("color", ApplicationProperty("color")),
        ("user.color", ApplicationProperty("color")),
        ("USER . color", ApplicationProperty("color")),
        ("größe_2", ApplicationProperty("größe_2")),
        ("[Property With Space]", ApplicationProperty("Property With Space")),
        ("[HR-EmployeeID]", ApplicationProperty("HR-EmployeeID")),
        ("[a]]b]", ApplicationProperty("a]b")),
        ('"Contoso & Northwind"', ApplicationProperty("Contoso & Northwind")),
        ('"say ""x"""', ApplicationProperty('say "x"')),
        ('"http://schemas/EntityName"', ApplicationProperty("http://schemas/EntityName")),
        ("user.[sys.Label]", ApplicationProperty("sys.Label")),
        ("android", ApplicationProperty("android")),
        ("in_stock", ApplicationProperty("in_stock")),
        ("[and]", ApplicationProperty("and")),
        ("sys", ApplicationProperty("sys")),
        ("p", ApplicationProperty("p")),
        ("property", ApplicationProperty("property")),
        ("sys.Label", SystemProperty("Label")),
        ("SYS.messageid", SystemProperty("MessageId")),
        ("sys.[To]", SystemProperty("To")),
        ("sys.Subject", SystemProperty("Label")),
        ("@name", Parameter("@name")),
        ("p('a')", PropertyCall(Constant("a"))),
        ("Property(a + b)", PropertyCall(Arithmetic("+", A, B))),
        ("NEWID()", NewId()),
    ],
)
def test_names_and_functions(text: str, node: Node) -> None:
    assert value_of(text) == node


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("a + b * c", Arithmetic("+", A, Arithmetic("*", B, C))),
        ("a * b + c", Arithmetic("+", Arithmetic("*", A, B), C)),
        ("(a + b) * c", Arithmetic("*", Arithmetic("+", A, B), C)),
        ("a - b - c", Arithmetic("-", Arithmetic("-", A, B), C)),
        ("a / b % c", Arithmetic("%", Arithmetic("/", A, B), C)),
        ("-a * b", Arithmetic("*", Signed("-", A), B)),
        ("a-1", Arithmetic("-", A, ONE)),
        ("a - -b", Arithmetic("-", A, Signed("-", B))),
        ("-(-a)", Signed("-", Signed("-", A))),
    ],
)
def test_precedence_among_values(text: str, node: Node) -> None:
    assert value_of(text) == node


IS_ONE, IS_TWO, IS_C = Comparison("=", A, ONE), Comparison("=", B, TWO), Comparison("=", C, A)


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("a=1 OR b=2 AND c=a", Or((IS_ONE, And((IS_TWO, IS_C))))),
        ("a=1 AND b=2 OR c=a", Or((And((IS_ONE, IS_TWO)), IS_C))),
        ("a=1 AND (b=2 OR c=a)", And((IS_ONE, Or((IS_TWO, IS_C))))),
        ("a=1 AND b=2 AND c=a", And((IS_ONE, IS_TWO, IS_C))),
        ("NOT a=1 AND b=2", And((Not(IS_ONE), IS_TWO))),
        ("NOT (a=1 AND b=2)", Not(And((IS_ONE, IS_TWO)))),
        ("NOT NOT a=1", Not(Not(IS_ONE))),
        ("not a = 1 or b = 2", Or((Not(IS_ONE), IS_TWO))),
        ("a + 1 > b * 2", Comparison(">", Arithmetic("+", A, ONE), Arithmetic("*", B, TWO))),
        ("a IS NULL", IsNull(A)),
        ("a IS NOT NULL", Not(IsNull(A))),
        ("p('a') IS NULL", IsNull(PropertyCall(Constant("a")))),
        ("NOT a IS NULL", Not(IsNull(A))),
        ("EXISTS(a)", Exists(A)),
        ("NOT exists (sys.Label)", Not(Exists(SystemProperty("Label")))),
        ("a IN (1)", In(A, (ONE,))),
        ("a NOT IN(1,b + 2)", Not(In(A, (ONE, Arithmetic("+", B, TWO))))),
        ("a LIKE 'b%'", Like(A, Constant("b%"))),
        ("a NOT LIKE b ESCAPE c", Not(Like(A, B, C))),
        ("a + b LIKE c + 'x'", Like(Arithmetic("+", A, B), Arithmetic("+", C, Constant("x")))),
        ("a", A),
        ("NOT a", Not(A)),
        ("a AND b=2", And((A, IS_TWO))),
        ("TRUE", Constant(True)),
        ("p('a')", PropertyCall(Constant("a"))),
        (" a\t=\r\n1 ", IS_ONE),
        ("a<>1", Comparison("<>", A, ONE)),
        ("a!=1", Comparison("!=", A, ONE)),
        ("a>=1", Comparison(">=", A, ONE)),
    ],
)
def test_conditions(text: str, node: Node) -> None:
    assert read_filter(text) == node


names = st.text("ab 'é]\"", min_size=1, max_size=4)
constants = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63) + 1, 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text("ab'\n😀", max_size=4),
)
properties = st.one_of(
    names.map(ApplicationProperty), st.sampled_from(SYSTEM_PROPERTIES).map(SystemProperty)
)
values = st.recursive(
    st.one_of(constants.map(Constant), properties, st.just(NewId())),
    lambda inner: st.one_of(
        st.builds(Arithmetic, st.sampled_from("+-*/%"), inner, inner),
        st.builds(Signed, st.sampled_from("+-"), inner.filter(lambda x: type(x) is not Constant)),
        st.builds(PropertyCall, inner),
    ),
    max_leaves=4,
)
atoms = st.one_of(
    st.builds(Comparison, st.sampled_from(["=", "<>", "!=", "<", "<=", ">", ">="]), values, values),
    st.builds(Like, values, values, st.none() | values),
    st.builds(In, values, st.lists(values, min_size=1, max_size=3).map(tuple)),
    st.builds(IsNull, properties),
    st.builds(Exists, properties),
)
conditions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=4,
)


@given(conditions)
def test_what_is_written_out_is_read_back(node: Node) -> None:
    text = written(node)
    assume(len(text) <= MAX_CHARS)
    assert read_filter(text) == node


@given(st.text(st.sampled_from("a1'\"[]()@.,;=<>!-+*/%_ \n") | st.characters(), max_size=30))
def test_any_text_is_read_or_refused_with_its_place(text: str) -> None:
    for read in (read_filter, read_action):
        try:
            read(text)
        except BrokerError as error:
            assert " is empty" in error.message or "line " in error.message


@given(st.lists(st.sampled_from([*RESERVED, "a", "1", "'x'", "=", "(", ")", ",", ";", "-", "p"])))
def test_any_words_are_read_or_refused_with_their_place(words: list[str]) -> None:
    for read in (read_filter, read_action):
        try:
            read(" ".join(words))
        except BrokerError as error:
            assert any(mark in error.message for mark in (" is empty", "line ", " are allowed"))


@pytest.mark.parametrize(
    ("text", "place", "expected", "remedy"),
    [
        ("color == 'blue'", "at `= 'blue'` (line 1, column 8)", "a value", "One = compares."),
        ("a = 'blue", "(line 1, column 5)", "a value", "no closing quote"),
        ('a = "blue', "(line 1, column 5)", "a value", "A text stands in single quotes"),
        ("[a = 1", "(line 1, column 1)", "a value", "no closing bracket"),
        ("a = 1\n  AND", "at its end (line 2, column 6)", "a value", ""),
        ("a = 1 &&\nb = 2", "(line 1, column 7)", "AND or OR, or the end is expected", "Write AND"),
        ("a = 1 || b", "(line 1, column 7)", "AND or OR", "Write OR."),
        ("!a", "(line 1, column 1)", "a value", "Write NOT"),
        ("a BETWEEN 1 AND 2", "(line 1, column 3)", "a comparison", "no BETWEEN"),
        ("a = ‘x’", "(line 1, column 5)", "a value", "straight single quotes"),
        ("a = @1", "(line 1, column 5)", "a value", "A parameter is @ and a name"),
        ("$a = 1", "(line 1, column 1)", "a value", "in brackets"),
        ("_a = 1", "(line 1, column 1)", "a value", "in brackets"),
        ("a.b.c = 1", "(line 1, column 4)", "a comparison", "[a-name.like.this]"),
        ("and = 1", "(line 1, column 1)", "a value", "[and]"),
        ("a = set", "(line 1, column 5)", "a value", "[set]"),
        ("a NOT 1", "(line 1, column 7)", "IN or LIKE is expected", ""),
        ("a IS 1", "(line 1, column 6)", "NULL is expected", ""),
        ("EXISTS a", "(line 1, column 8)", "an opening parenthesis is expected", ""),
        ("(a = 1", "at its end (line 1, column 7)", "a closing parenthesis is expected", ""),
        ("a IN (1 2)", "(line 1, column 9)", "a comma, or a closing parenthesis", ""),
        ("a IN ()", "(line 1, column 7)", "a value", ""),
        ("a = 1 b", "(line 1, column 7)", "AND or OR, or the end is expected", ""),
        ("a = 1;", "(line 1, column 6)", "the end is expected", ""),
        ("a = 1 = 2", "(line 1, column 7)", "AND or OR, or the end is expected", ""),
        ("a = N'x'", "(line 1, column 6)", "AND or OR", "quote"),
        ("user. = 1", "(line 1, column 7)", "a property is expected", ""),
    ],
)
def test_refusal_says_where_what_and_how(text: str, place: str, expected: str, remedy: str) -> None:
    message = refusal(text)
    assert message.startswith("The filter cannot be read at ")
    assert place in message
    assert expected in message
    assert remedy in message


@pytest.mark.parametrize(
    ("text", "problem", "remedy"),
    [
        ("5", "a condition is needed", "Compare it"),
        ("'x'", "a condition is needed", "Compare it"),
        ("a + 1", "a condition is needed", "Compare it"),
        ("a = 1 AND 5", "a condition is needed", "Compare it"),
        ("NOT -a", "a condition is needed", "Compare it"),
        ("newid()", "a condition is needed", "Compare it"),
        ("(a = 1) = b", "a value is needed", "AND and OR"),
        ("(a = 1) + 1 = 2", "a value is needed", "AND and OR"),
        ("-(a = 1) = 2", "a value is needed", "AND and OR"),
        ("(a AND b) LIKE 'x'", "a value is needed", "AND and OR"),
        ("p(a = 1) = 1", "a value is needed", "AND and OR"),
        ("1 IS NULL", "IS NULL asks about a property", "sys.Label"),
        ("EXISTS('a')", "EXISTS asks about a property", "sys.Label"),
        ("sys.Foo = 1", "there is no system property Foo", "MessageId"),
        ("foo.bar = 1", "'foo' is no scope", "[foo.bar]"),
        ("foo(1) = 1", "there is no function foo()", "newid(), property(name) and p(name)"),
        ("newid(1) = 1", "newid() takes 0 arguments and is given 1", ""),
        ("p() = 1", "p() takes 1 arguments and is given 0", ""),
        ("a = 9223372036854775808", "too large", "decimal point"),
        ("a = 1e999", "too large", ""),
    ],
)
def test_what_the_grammar_allows_and_makes_no_sense_is_refused(
    text: str, problem: str, remedy: str
) -> None:
    message = refusal(text)
    assert problem in message
    assert remedy in message


def test_empty_filter_is_refused_with_one_that_takes_everything() -> None:
    assert "1=1" in refusal("")
    assert "1=1" in refusal(" \n ")


def test_text_at_the_limit_is_read_and_beyond_refused_with_both_lengths() -> None:
    text = "a = '" + "x" * (MAX_CHARS - 6) + "'"
    assert read_filter(text) == Comparison("=", A, Constant("x" * (MAX_CHARS - 6)))
    assert refusal(text + " ").startswith("The filter has 1025 characters; 1024 are allowed.")


def test_ten_thousand_parentheses_are_refused_and_five_hundred_are_read() -> None:
    assert "20005 characters" in refusal("(" * 10_000 + "a = 1" + ")" * 10_000)
    assert read_filter("(" * 500 + "a = 1" + ")" * 500) == IS_ONE


@pytest.mark.parametrize(
    "text", ["NOT " * 250 + "a", "-" * 1000 + "a = 1", "a" + "+a" * 500 + " = 1", "p(" * 300 + "a"]
)
def test_deep_nesting_is_refused(text: str) -> None:
    message = refusal(text + ")" * text.count("p("))
    assert f"levels deep; {MAX_DEPTH} are allowed" in message


def test_hundreds_of_joined_conditions_are_not_deep() -> None:
    node = read_filter(" OR ".join(["a=1"] * 140))
    assert isinstance(node, Or)
    assert len(node.operands) == 140


def test_signs_before_a_number_are_taken_at_once() -> None:
    assert read_filter("-" * 1001 + "1 = a") == Comparison("=", Constant(-1), A)


@pytest.mark.parametrize("between", [";", " ", ",", "; ,", ";\n", "\n"])
def test_statements_are_separated_in_every_way_that_is_documented(between: str) -> None:
    statements = [Set(A, ONE), Remove(B), Set(SystemProperty("Label"), C)]
    assert read_action(f"SET a = 1{between}REMOVE b{between}set sys.Subject = c") == statements
    assert read_action(f"SET a = 1{between}REMOVE b{between}SET sys.Label = c;") == statements


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty"),
        ("DROP a", "SET or REMOVE is expected"),
        ("SET a", "= is expected"),
        ("SET = 1", "a property is expected"),
        ("SET 'a' = 1", "a property is expected"),
        ("SET a = ", "a value"),
        ("SET a = 1,", "SET or REMOVE is expected"),
        ("SET a = 1;;", "expected"),
        ("REMOVE", "a property is expected"),
        ("REMOVE a = 1", "expected"),
        ("SET a = b = c", "a value is needed, and this is a condition"),
        ("SET sys.SequenceNumber = 1", "sys.SequenceNumber cannot be changed"),
        ("REMOVE sys.Size", "sys.Size cannot be changed"),
        ("SET sys.Foo = 1", "there is no system property Foo"),
        ("SET a = 1" + " " * 1024, "1033 characters"),
        ("SET a = " + "-" * 200 + "b", "levels deep"),
    ],
)
def test_action_that_cannot_be_read_is_refused(text: str, problem: str) -> None:
    message = action_refusal(text)
    assert message.startswith("The action ")
    assert problem in message


def test_action_has_32_statements_at_most() -> None:
    assert len(read_action("SET a=1;" * MAX_STATEMENTS)) == MAX_STATEMENTS
    assert "33 statements; 32 are allowed" in action_refusal("SET a=1;" * 33)


def test_smallest_whole_number_has_no_way_to_be_written_but_a_difference() -> None:
    assert "too large" in refusal("a = -9223372036854775808")
    assert read_filter("a = -9223372036854775807 - 1") is not None


def test_numbers_are_never_decimals() -> None:
    assert value_of("0.1") == Constant(0.1)
    assert not isinstance(value_of("0.1"), Decimal)
