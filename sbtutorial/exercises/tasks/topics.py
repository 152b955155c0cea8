"""Exercises of lesson 08: rules that let messages land where they are wanted."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from sbtutorial.exercises.task import Answer, Task, not_yet
from sbtutorial.exercises.workbench import Workbench

if TYPE_CHECKING:
    from azure.servicebus import ServiceBusMessage, ServiceBusReceivedMessage
    from azure.servicebus.management import RuleProperties

_DEFAULT = "$Default"


class _Post(NamedTuple):
    """A message of an exercise, and the subscriptions that are to get it."""

    body: str
    lands_in: str
    properties: "dict[str | bytes, Any]"
    subject: str | None = None


_SUBSCRIPTIONS = ("kitchen", "bar", "owner")
_COMPLAINT, _LEAFLET = "cold soup!", "cheap spoons"
_POSTS = (
    _Post("soup", "kitchen", {"kind": "dish", "price": 6}),
    _Post("steak", "kitchen owner", {"kind": "dish", "price": 24}),
    _Post("coffee", "bar", {"kind": "drink", "price": 3}),
    _Post("wine", "bar owner", {"kind": "drink", "price": 28}),
    _Post(_COMPLAINT, "owner", {}, subject="complaint"),
    _Post(_LEAFLET, "", {"kind": "leaflet"}),
)
_WANTED_SIX = (
    "soup and steak in kitchen, coffee and wine in bar, steak, wine and the complaint in owner, "
    "the leaflet nowhere"
)


def _check_six_messages(workbench: Workbench, write_rules: Answer) -> str:
    topic = workbench.topic(*_SUBSCRIPTIONS)
    workbench.run(write_rules, workbench.new_admin(), topic)
    _require_subscriptions(workbench, topic, _SUBSCRIPTIONS, _WANTED_SIX)
    workbench.send_to_topic(topic, *map(_message, _POSTS))
    for name in _SUBSCRIPTIONS:
        bodies = [str(message) for message in workbench.peek_subscription(topic, name)]
        _judge_landing(name, bodies, list(workbench.admin.list_rules(topic, name)))
    return f"all six landed as wanted: {_WANTED_SIX}"


def _judge_landing(subscription: str, bodies: list[str], rules: "Sequence[RuleProperties]") -> None:
    wanted = [post.body for post in _POSTS if subscription in post.lands_in.split()]
    holds = f"{subscription} holds {_listed(bodies)}"
    strangers = [body for body in bodies if body not in wanted]
    if strangers and _has_default(rules):
        _wrong_six(
            holds,
            f"{subscription} has its {_DEFAULT} rule still, which takes everything: "
            "`admin.delete_rule(…)`.",
        )
    if _LEAFLET in strangers:
        _wrong_six(holds, "The leaflet is no dish and no drink: ask for what is wanted.")
    if strangers:
        _wrong_six(holds, "`explorer.test_rules(…)` says which rule takes a message, and why.")
    if missing := [body for body in wanted if body not in bodies]:
        hint = _hint_for_missing(subscription, missing, has_rules=bool(rules))
        _wrong_six(f"{holds}; missing: {_listed(missing)}", hint)
    if len(bodies) > len(set(bodies)):
        _wrong_six(holds, "Each rule with an action gives a copy of its own: leave actions out.")


def _hint_for_missing(subscription: str, missing: list[str], *, has_rules: bool) -> str:
    if not has_rules:
        return (
            f"{subscription} has no rule at all, and then it gets nothing: `admin.create_rule(…)`."
        )
    if missing == [_COMPLAINT]:
        return (
            "It has no price, only a subject, which SQL calls `sys.label`. A subscription may "
            "have several rules."
        )
    if subscription == "owner" and _COMPLAINT not in missing:
        return "Steak costs 24, wine 28, and both are numbers: `price > 20`, without quotes."
    if subscription == "owner":
        return "No message is dear and a complaint at once: join with OR, or write two rules."
    return (
        "A rule asks for properties, not for the body, and text stands in single quotes, as in "
        "kind = 'dish'."
    )


def _wrong_six(seen: str, hint: str) -> NoReturn:
    not_yet(wanted=_WANTED_SIX, seen=seen, hint=hint)


_MENU = _Post("lunch", "", {"kind": "menu"})
_DISH = _Post("soup", "", {"kind": "dish"})
_STATIONS = ("grill", "salads")
_WANTED_TICKETS = "two tickets for lunch, one with station grill, one with salads; one for the soup"


def _check_two_tickets(workbench: Workbench, two_tickets: Answer) -> str:
    topic = workbench.topic("kitchen")
    workbench.run(two_tickets, workbench.new_admin(), topic, "kitchen")
    _require_subscriptions(workbench, topic, ["kitchen"], _WANTED_TICKETS)
    workbench.send_to_topic(topic, _message(_MENU), _message(_DISH))
    tickets = [_ticket(message) for message in workbench.peek_subscription(topic, "kitchen")]
    lunches = sorted(station for body, station in tickets if body == _MENU.body)
    soups = [station for body, station in tickets if body == _DISH.body]
    rules = workbench.admin.list_rules(topic, "kitchen")
    _judge_lunches(lunches, has_default=_has_default(rules))
    _judge_soups(soups)
    return "lunch has become two tickets, one for each station, and the soup has stayed one"


def _judge_lunches(stations: list[str], *, has_default: bool) -> None:
    seen = f"tickets for lunch: {_stations(stations)}"
    if stations == sorted(_STATIONS):
        return
    if "" in stations and has_default and len(stations) > 1:
        _wrong_tickets(
            seen, f"The one without a station is {_DEFAULT}'s copy: that rule matches, too."
        )
    if not stations:
        _wrong_tickets(seen, "The lunch has the property kind = 'menu': does a rule ask for it?")
    if stations == [""]:
        _wrong_tickets(
            seen,
            "Rules without an action give one copy together. Two rules, and an action in each: "
            "`SqlRuleAction(\"SET station = 'grill'\")`.",
        )
    if len(stations) == 1:
        _wrong_tickets(
            seen, "One rule gives one copy, whatever its action sets: there must be two rules."
        )
    if len(stations) > len(_STATIONS):
        _wrong_tickets(seen, "A copy too many: one rule for the grill, one for the salads.")
    if "" not in stations:
        _wrong_tickets(seen, "One rule sets station to 'grill', and the other to 'salads'.")
    _wrong_tickets(
        seen, ("An action writes on its copy: `SqlRuleAction(\"SET station = 'grill'\")`.")
    )


def _judge_soups(stations: list[str]) -> None:
    seen = f"tickets for the soup: {_stations(stations)}"
    if not stations:
        _wrong_tickets(
            seen, f"No rule matches it any more. Without {_DEFAULT} a dish needs one of its own."
        )
    if any(stations):
        _wrong_tickets(seen, "Only a menu is split: give both rules a filter that asks for it.")
    if len(stations) > 1:
        _wrong_tickets(seen, "One rule without an action is enough for it.")


def _wrong_tickets(seen: str, hint: str) -> NoReturn:
    not_yet(wanted=_WANTED_TICKETS, seen=seen, hint=hint)


def _ticket(message: "ServiceBusReceivedMessage") -> tuple[str, str]:
    """A message's body, and its station; "" for none."""
    properties = {
        name.decode() if isinstance(name, bytes) else name: value
        for name, value in (message.application_properties or {}).items()
    }
    station = properties.get("station", "")
    return str(message), station.decode() if isinstance(station, bytes) else str(station)


def _stations(stations: Iterable[str]) -> str:
    return ", ".join(station or "no station" for station in stations) or "none"


# --- what both have in common ---------------------------------------------------------------------


def _message(post: _Post) -> "ServiceBusMessage":
    from azure.servicebus import ServiceBusMessage

    return ServiceBusMessage(
        post.body, subject=post.subject, application_properties=dict(post.properties)
    )


def _require_subscriptions(
    workbench: Workbench, topic: str, names: Iterable[str], wanted: str
) -> None:
    there = workbench.service.subscriptions(topic) or []
    if missing := [name for name in names if name not in there]:
        not_yet(
            wanted=wanted,
            seen=f"no subscription any more: {', '.join(missing)}",
            hint="Leave topic and subscriptions, and change their rules: `admin.create_rule(…)`.",
        )


def _has_default(rules: "Iterable[RuleProperties]") -> bool:
    """Whether `$Default` is among them and still takes everything."""
    from azure.servicebus.management import TrueRuleFilter

    return any(rule.name == _DEFAULT and isinstance(rule.filter, TrueRuleFilter) for rule in rules)


def _listed(bodies: Iterable[str]) -> str:
    return ", ".join(bodies) or "nothing"


SIX_MESSAGES = Task(
    name="topics.six_messages",
    prompt="""
        A topic has the subscriptions `kitchen`, `bar` and `owner`, as they were created: with
        `$Default`. Six messages are going to be sent. Write `write_rules(admin, topic)`, so that
        each lands where it is wanted, once:

        | message | its properties | wanted in |
        |---|---|---|
        | soup | kind `'dish'`, price 6 | kitchen |
        | steak | kind `'dish'`, price 24 | kitchen, owner: it is above 20 |
        | coffee | kind `'drink'`, price 3 | bar |
        | wine | kind `'drink'`, price 28 | bar, owner: it is above 20 |
        | cold soup! | subject `'complaint'`, nothing else | owner |
        | cheap spoons | kind `'leaflet'` | nowhere |
    """,
    stub="""
        def write_rules(admin, topic):
            ...
    """,
    check=_check_six_messages,
    reference="""
        def write_rules(admin, topic):
            rules = {
                "kitchen": "kind = 'dish'",
                "bar": "kind = 'drink'",
                "owner": "price > 20 OR sys.label = 'complaint'",
            }
            for subscription, condition in rules.items():
                admin.delete_rule(topic, subscription, "$Default")
                admin.create_rule(topic, subscription, "wanted", filter=SqlRuleFilter(condition))
    """,
    wanted=_WANTED_SIX,
    hint='Begin with the kitchen: `admin.delete_rule(topic, "kitchen", "$Default")`, then '
    "`admin.create_rule(…)` with a filter for dishes.",
    second_hint="The owner wants two kinds of messages. Either one condition joins them with OR, "
    "or the subscription gets two rules; the subject is `sys.label` in SQL.",
    explanation="Each subscription loses $Default, which would take all six, and gets a condition "
    "on properties. The complaint has no price, so price > 20 is unknown for it, and counts as no; "
    "the second half of the OR lets it in. Nobody asks for the leaflet, so the topic drops it.",
)

TWO_TICKETS = Task(
    name="topics.two_tickets",
    prompt="""
        A menu is cooked at two stations. Write `two_tickets(admin, topic, subscription)`: a message
        with the property kind `'menu'` is to become two tickets in the subscription, one with the
        property station `'grill'`, the other with `'salads'`. A message with kind `'dish'` stays
        one ticket, as it is. The subscription has its `$Default` rule and no other.
    """,
    stub="""
        def two_tickets(admin, topic, subscription):
            ...
    """,
    check=_check_two_tickets,
    reference="""
        def two_tickets(admin, topic, subscription):
            admin.delete_rule(topic, subscription, "$Default")
            dish = SqlRuleFilter("kind = 'dish'")
            admin.create_rule(topic, subscription, "dish", filter=dish)
            menu = SqlRuleFilter("kind = 'menu'")
            for station in ("grill", "salads"):
                action = SqlRuleAction(f"SET station = '{station}'")
                admin.create_rule(topic, subscription, station, filter=menu, action=action)
    """,
    wanted=_WANTED_TICKETS,
    hint="A rule with an action gives a copy of its own: begin with one for the grill, "
    "`admin.create_rule(topic, subscription, …, filter=…, action=…)`.",
    second_hint="Count what matches a menu: the rule for the grill, the rule for the salads, and "
    "$Default as long as it is there. And what is left for a dish when it is not?",
    explanation="Two rules match a menu and each has an action, so there are two copies, each with "
    "its own station. $Default would give a third, without one. The dish needs a rule again, "
    "without an action: its copy is as it was sent.",
)

TASKS = (SIX_MESSAGES, TWO_TICKETS)
