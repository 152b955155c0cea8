"""Which subscriptions of a topic would get a message, and which clause said no."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sbtutorial.broker.rules.filters.correlation import SYSTEM_CONDITIONS, CorrelationFilter
from sbtutorial.broker.rules.filters.errors import FilterError
from sbtutorial.broker.rules.filters.properties import MISSING, Properties
from sbtutorial.broker.rules.filters.sql import SqlFilter
from sbtutorial.broker.rules.filters.values import show
from sbtutorial.broker.rules.rule import Filter, Rule
from sbtutorial.explorer.clauses import Clause, clauses_of
from sbtutorial.explorer.draft import Draft
from sbtutorial.explorer.entities import Entities
from sbtutorial.explorer.seen import SeenProperties
from sbtutorial.explorer.tables import Shown, Table
from sbtutorial.explorer.translation import filter_from, spelled_filter


@dataclass(frozen=True)
class Verdict:
    """What one rule says of a message.

    Attributes:
        subscription: Whose rule it is; "" for a filter that belongs to nobody.
        rule: The rule's name.
        filter: What it asks for, in one line.
        gets_it: Whether the rule lets the message through.
        clauses: Why.
        changes: What the rule's action would set on the copy; None stands for removed.
        failure: What went wrong in the filter or the action; "" for nothing.
    """

    subscription: str
    rule: str
    filter: str
    gets_it: bool
    clauses: tuple[Clause, ...] = ()
    changes: Mapping[str, object] | None = None
    failure: str = ""

    def why(self) -> str:
        """The clauses in one line."""
        if self.failure:
            return f"fails: {self.failure}"
        said = [
            " ".join(filter(None, (f"{one.answer}: {one.sql}", one.because and f"({one.because})")))
            for one in self.clauses
        ]
        changed = [f"sets {name} to {show(value)}" for name, value in (self.changes or {}).items()]
        return "; ".join((*said, *changed))


class FilterTest(Shown):
    """What every rule says of one message."""

    def __init__(self, title: str, verdicts: Sequence[Verdict]) -> None:
        self._title = title
        self.verdicts = tuple(verdicts)

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self.verdicts)

    @property
    def subscriptions(self) -> list[str]:
        """The names of those that get the message."""
        return list(dict.fromkeys(one.subscription for one in self if one.gets_it))

    def table(self) -> Table:
        """A row each rule."""
        rows = (
            (one.subscription, one.rule, "yes" if one.gets_it else "no", one.filter, one.why())
            for one in self
        )
        heads = ("subscription", "rule", "gets it", "filter", "why")
        return Table(self._title, heads, rows, f"{self._title}: no subscription")

    def remark(self) -> str:
        """Who gets it, in a sentence."""
        if not any(one.subscription for one in self):
            return ""
        return f"gets it: {', '.join(self.subscriptions) or 'nobody; the topic drops the message'}"


def test_rules(entities: Entities, topic: str, draft: Draft) -> FilterTest:
    """Ask every rule of every subscription, without sending anything.

    Raises:
        TutorialError: A filter cannot be read here, or the service refuses.
    """
    verdicts = []
    for place in entities.subscriptions(topic):
        rules = entities.rules(place)
        verdicts += [_verdict(place.subscription, rule, draft) for rule in rules]
        if not rules.rules:
            verdicts.append(Verdict(place.subscription, "", "no rule at all", False))
    return FilterTest(f"who gets this message of topic {topic}", verdicts)


def test_filter(given: object, draft: Draft) -> FilterTest:
    """Ask one filter that belongs to nobody yet.

    Raises:
        TutorialError: It cannot be read.
    """
    rule = Rule("", filter_from(given))
    return FilterTest("what the filter says", [_verdict("", rule, draft)])


def _verdict(subscription: str, rule: Rule, draft: Draft) -> Verdict:
    message = SeenProperties(draft)
    spelled = spelled_filter(rule.filter)
    try:
        gets_it = rule.filter.matches(message)
        changes = _changes(rule, message) if gets_it else {}
    except FilterError as error:
        return Verdict(subscription, rule.name, spelled, False, failure=error.message)
    clauses = tuple(_clauses(rule.filter, message))
    return Verdict(subscription, rule.name, spelled, gets_it, clauses, changes)


def _changes(rule: Rule, message: Properties) -> dict[str, object]:
    if rule.action is None:
        return {}
    edits = rule.action.apply(message)
    before, after = message.application, edits.application
    names = (*after, *before)
    own = {name: after.get(name) for name in names if after.get(name) != before.get(name)}
    system = {
        f"sys.{name}": None if value is MISSING else value for name, value in edits.system.items()
    }
    return {**own, **system}


def _clauses(filter: Filter, message: Properties) -> Iterator[Clause]:
    if isinstance(filter, SqlFilter):
        yield from clauses_of(filter, message)
    elif isinstance(filter, CorrelationFilter):
        yield from _conditions(filter, message)


def _conditions(filter: CorrelationFilter, message: Properties) -> list[Clause]:
    """Those that said no; all, when none did."""
    asked = [
        (name, getattr(filter, name), message.system(system))
        for name, system in SYSTEM_CONDITIONS.items()
        if getattr(filter, name) is not None
    ]
    own = [
        (name, value, message.application.get(name, MISSING))
        for name, value in filter.properties.items()
    ]
    clauses = [_condition(*one, message) for one in asked]
    clauses += [_own_condition(*one, message) for one in own]
    return [one for one in clauses if one.answer == "no"] or clauses


def _condition(name: str, wanted: object, has: object, message: Properties) -> Clause:
    answer = CorrelationFilter(**{name: wanted}).matches(message)  # type: ignore[arg-type]
    return _clause(name, wanted, has, answer)


def _own_condition(name: str, wanted: object, has: object, message: Properties) -> Clause:
    answer = CorrelationFilter(properties={name: wanted}).matches(message)
    return _clause(name, wanted, has, answer)


def _clause(name: str, wanted: object, has: object, answer: bool) -> Clause:
    because = f"{name} is {'missing' if has is MISSING or has is None else show(has)}"
    return Clause(f"{name}: {show(wanted)}", "yes" if answer else "no", because)
