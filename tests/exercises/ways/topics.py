"""Right answers to the exercises of `topics` that go another way."""

from tests.exercises.unusual import Unusual

WAYS = (
    Unusual(
        "topics.six_messages",
        "says who is not wanted",
        """
        def write_rules(admin, topic):
            wanted = {
                "kitchen": "kind NOT IN ('drink', 'leaflet')",
                "bar": "kind <> 'dish' AND kind != 'leaflet'",
                "owner": "(price > 20) OR NOT EXISTS (kind)",
            }
            for subscription, sql in wanted.items():
                admin.create_rule(topic, subscription, "mine", filter=SqlRuleFilter(sql))
            for subscription in admin.list_subscriptions(topic):
                admin.delete_rule(topic, subscription.name, "$Default")
        """,
    ),
    Unusual(
        "topics.six_messages",
        "a rule for each message",
        """
        def write_rules(admin, topic):
            rules = [
                ("kitchen", "cheap", "kind = 'dish' AND price < 10"),
                ("kitchen", "dear", "kind = 'dish' AND price >= 10"),
                ("bar", "cheap", "kind = 'drink' AND price < 10"),
                ("bar", "dear", "kind = 'drink' AND NOT price < 10"),
                ("owner", "dishes", "kind = 'dish' AND price > 2 * 10"),
                ("owner", "drinks", "kind = 'drink' AND price - 20 > 0"),
                ("owner", "letters", "sys.Label = 'complaint' AND price IS NULL"),
            ]
            for subscription, name, sql in rules:
                admin.create_rule(topic, subscription, name, filter=SqlRuleFilter(sql))
            for subscription in {subscription for subscription, _, _ in rules}:
                admin.delete_rule(topic, subscription, "$Default")
        """,
    ),
    Unusual(
        "topics.two_tickets",
        "$Default becomes the grill's",
        """
        def two_tickets(admin, topic, subscription):
            grill = admin.get_rule(topic, subscription, "$Default")
            grill.filter = SqlRuleFilter("kind = 'menu'")
            grill.action = SqlRuleAction("SET station = 'grill'")
            admin.update_rule(topic, subscription, grill)
            admin.create_rule(
                topic,
                subscription,
                "salads",
                filter=SqlRuleFilter("kind = 'menu'"),
                action=SqlRuleAction("SET station = 'salads'"),
            )
            admin.create_rule(topic, subscription, "rest", filter=SqlRuleFilter("kind = 'dish'"))
        """,
    ),
    Unusual(
        "topics.two_tickets",
        "stations as parameters",
        """
        def two_tickets(admin, topic, subscription):
            menu = SqlRuleFilter("kind = @kind", parameters={"@kind": "menu"})
            for at, station in enumerate(["salads", "grill"]):
                admin.create_rule(
                    topic,
                    subscription,
                    f"station-{at}",
                    filter=menu,
                    action=SqlRuleAction("SET station = @s", parameters={"@s": station}),
                )
            dish = CorrelationRuleFilter(properties={"kind": "dish"})
            admin.create_rule(topic, subscription, "dish", filter=dish)
            admin.delete_rule(topic, subscription, "$Default")
        """,
    ),
    Unusual(
        "topics.two_tickets",
        "the subscription anew, each action in two steps",
        """
        def two_tickets(admin, topic, subscription):
            admin.delete_subscription(topic, subscription)
            admin.create_subscription(topic, subscription)
            menu = CorrelationRuleFilter(properties={"kind": "menu"})
            for station in ("grill", "salads"):
                steps = f"SET station = kind; SET station = '{station}'"
                admin.create_rule(
                    topic, subscription, station, filter=menu, action=SqlRuleAction(steps)
                )
            for rule in admin.list_rules(topic, subscription):
                if rule.name == "$Default":
                    rule.filter = SqlRuleFilter("kind LIKE 'd_sh'")
                    admin.update_rule(topic, subscription, rule)
        """,
    ),
    Unusual(
        "topics.two_tickets",
        "takes away what is there, by list",
        """
        def two_tickets(admin, topic, subscription):
            for rule in list(admin.list_rules(topic, subscription)):
                admin.delete_rule(topic, subscription, rule.name)

            def rule(name, sql, station=None):
                action = SqlRuleAction(f"SET user.station = '{station}'") if station else None
                admin.create_rule(
                    topic, subscription, name, filter=SqlRuleFilter(sql), action=action
                )

            rule("one", "kind = 'menu'", "grill")
            rule("two", "user.kind IN ('menu')", "salads")
            rule("three", "kind <> 'menu'")
        """,
    ),
)
