"""Compiles an expression once into functions, which then answer for each message.

A function gives None for unknown: for a property that is missing or null, and for what is computed
from it. AND, OR and NOT follow SQL's three-valued logic.

Source: Azure Service Bus, "Subscription Rule SQL Filter Syntax", "Property evaluation semantics".
"""

from collections.abc import Callable, Mapping
from functools import singledispatchmethod
from uuid import UUID

from sbtutorial.broker.rules.filters.checks import Misread, check_condition
from sbtutorial.broker.rules.filters.errors import FilterError
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
    Property,
    PropertyCall,
    Signed,
    SystemProperty,
)
from sbtutorial.broker.rules.filters.like import compile_like
from sbtutorial.broker.rules.filters.logic import (
    Matcher,
    Truth,
    Value,
    as_truth,
    compare_with,
    is_among,
    is_text_among,
    like,
    until,
)
from sbtutorial.broker.rules.filters.properties import (
    MISSING,
    Properties,
    application_name,
    system_name,
)
from sbtutorial.broker.rules.filters.values import affirm, compare, compute, negate, show


class Compiler:
    """Makes functions of nodes.

    Args:
        parameters: The value of each `@name`.
        new_id: Where `newid()` has its UUIDs from.
    """

    def __init__(self, parameters: Mapping[str, object], new_id: Callable[[], UUID]):
        self._parameters = parameters
        self._new_id = new_id

    def condition(self, node: Node) -> Truth:
        """A function that says whether the condition holds; None for unknown.

        Raises:
            Misread: When a parameter is missing, or cannot be what the text uses it for.
        """
        place = node.position if isinstance(node, Parameter) else 0
        node = self._resolved(node)
        check_condition(node, place)
        if node.is_condition:
            return self.value(node)  # type: ignore[return-value]  # a condition's value is its truth
        return as_truth(self.value(node))

    @singledispatchmethod
    def value(self, node: Node) -> Value:
        """A function that computes the node for a message; None for unknown."""
        raise TypeError(f"{type(node).__name__} has no value")

    @value.register
    def _(self, node: Constant) -> Value:
        constant = node.value
        return lambda message: constant

    @value.register
    def _(self, node: Parameter) -> Value:
        return self.value(self._resolved(node))

    @value.register
    def _(self, node: ApplicationProperty) -> Value:
        name = node.name

        def read(message: Properties) -> object:
            value = message.application.get(name, MISSING)
            return read_application(message, name) if value is MISSING else value

        return read

    @value.register
    def _(self, node: SystemProperty) -> Value:
        name = node.name

        def read(message: Properties) -> object:
            value = message.system(name)
            return None if value is MISSING else value

        return read

    @value.register
    def _(self, node: PropertyCall) -> Value:
        name = self.value(node.name)

        def read(message: Properties) -> object:
            found = _named(name(message))
            if isinstance(found, SystemProperty):
                value = message.system(found.name)
                return None if value is MISSING else value
            return None if found is None else read_application(message, found.name)

        return read

    @value.register
    def _(self, node: NewId) -> Value:
        new_id = self._new_id
        return lambda message: new_id()

    @value.register
    def _(self, node: Signed) -> Value:
        operand, apply = self.value(node.operand), negate if node.sign == "-" else affirm
        return lambda message: apply(operand(message))

    @value.register
    def _(self, node: Arithmetic) -> Value:
        symbol, left, right = node.symbol, self.value(node.left), self.value(node.right)
        return lambda message: compute(symbol, left(message), right(message))

    @value.register
    def _(self, node: Comparison) -> Truth:
        right = self._resolved(node.right)
        if isinstance(right, Constant):
            return compare_with(node.symbol, self.value(node.left), right.value)
        symbol, left, other = node.symbol, self.value(node.left), self.value(right)
        return lambda message: compare(symbol, left(message), other(message))

    @value.register
    def _(self, node: Like) -> Truth:
        operand = self.value(node.operand)
        is_like = self._pattern(node)
        return lambda message: like(operand(message), is_like(message))

    @value.register
    def _(self, node: In) -> Truth:
        operand = self.value(node.operand)
        choices = [self._resolved(choice) for choice in node.choices]
        texts = [each.value for each in choices if isinstance(each, Constant)]
        if len(texts) == len(choices) and all(type(text) is str for text in texts):
            return is_text_among(operand, frozenset(texts))
        return is_among(operand, [self.value(choice) for choice in choices])

    @value.register
    def _(self, node: IsNull) -> Truth:
        operand = self.value(node.operand)
        return lambda message: operand(message) is None

    @value.register
    def _(self, node: Exists) -> Truth:
        return self._presence(node.operand)

    @value.register
    def _(self, node: Not) -> Truth:
        operand = self.condition(node.operand)

        def evaluate(message: Properties) -> bool | None:
            truth = operand(message)
            return None if truth is None else not truth

        return evaluate

    @value.register
    def _(self, node: And) -> Truth:
        return until(False, [self.condition(operand) for operand in node.operands])

    @value.register
    def _(self, node: Or) -> Truth:
        return until(True, [self.condition(operand) for operand in node.operands])

    def _presence(self, node: Property) -> Truth:
        if isinstance(node, PropertyCall):
            computed = self.value(node.name)

            def evaluate(message: Properties) -> bool | None:
                found = _named(computed(message))
                return None if found is None else self._presence(found)(message)

            return evaluate
        name = node.name
        if isinstance(node, SystemProperty):
            return lambda message: message.system(name) is not MISSING
        return lambda message: application_name(message.application, name) is not None

    def _resolved(self, node: Node) -> Node:
        if not isinstance(node, Parameter):
            return node
        if node.name.lower() not in self._parameters:
            given = ", ".join(self._parameters) or "none"
            raise Misread(
                node.position,
                f"there is no parameter {node.name}",
                f"Give it a value beside the text (given: {given}).",
            )
        return Constant(self._parameters[node.name.lower()])

    def _pattern(self, node: Like) -> Callable[[Properties], Matcher | None]:
        pattern = self._resolved(node.pattern)
        escape = Constant(MISSING) if node.escape is None else self._resolved(node.escape)
        if isinstance(pattern, Constant) and isinstance(escape, Constant):
            try:
                is_like = _matcher(pattern.value, escape.value)
            except FilterError as error:
                raise Misread(node.position, error.message.rstrip(".")) from None
            return lambda message: is_like
        patterns, escapes = self.value(pattern), self.value(escape)
        return lambda message: _matcher(patterns(message), escapes(message))


def read_application(message: Properties, name: str) -> object:
    """An application property whose name may differ in case; None when there is none."""
    found = application_name(message.application, name)
    return None if found is None else message.application[found]


def _named(name: object) -> ApplicationProperty | SystemProperty | None:
    """The property that `property()` is given the name of; None when the name is unknown."""
    if name is None:
        return None
    if not isinstance(name, str):
        raise FilterError(f"property() is given {show(name)}; it takes the name of a property.")
    scope, dot, rest = name.partition(".")
    if dot and scope.lower() == "user":
        return ApplicationProperty(rest)
    if not dot or scope.lower() != "sys":
        return ApplicationProperty(name)
    known = system_name(rest)
    if known is None:
        raise FilterError(f"There is no system property {rest}, which property() is given.")
    return SystemProperty(known)


def _matcher(pattern: object, escape: object) -> Matcher | None:
    if pattern is None or escape is None:
        return None
    for part, text in (("pattern of LIKE", pattern), ("character of ESCAPE", escape)):
        if not isinstance(text, str) and text is not MISSING:
            raise FilterError(f"The {part} is {show(text)}; it must be a text.")
    try:
        return compile_like(str(pattern), None if escape is MISSING else str(escape))
    except ValueError as error:
        raise FilterError(str(error)) from None
