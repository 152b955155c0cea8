"""Wrong answers to the exercises of `topics`."""

from tests.exercises.mistake import Mistake

MISTAKES = (
    Mistake(
        "topics.six_messages",
        "keeps $Default",
        """
        def write_rules(admin, topic):
            dish = SqlRuleFilter("kind = 'dish'")
            admin.create_rule(topic, "kitchen", "dishes", filter=dish)
        """,
        "kitchen holds soup, steak, coffee, wine, cold soup!, cheap spoons",
        "$Default rule still",
    ),
    Mistake(
        "topics.six_messages",
        "the bar takes what is no dish",
        """
        def write_rules(admin, topic):
            for name in ("kitchen", "bar", "owner"):
                admin.delete_rule(topic, name, "$Default")
            add = lambda name, sql: admin.create_rule(topic, name, "r", filter=SqlRuleFilter(sql))
            add("kitchen", "kind = 'dish'")
            add("bar", "kind <> 'dish'")
            add("owner", "price > 20 OR sys.label = 'complaint'")
        """,
        "bar holds coffee, wine, cheap spoons",
        "ask for what is wanted",
    ),
    Mistake(
        "topics.six_messages",
        "forgets the complaint",
        """
        def write_rules(admin, topic):
            rules = {"kitchen": "kind = 'dish'", "bar": "kind = 'drink'", "owner": "price > 20"}
            for name, sql in rules.items():
                admin.delete_rule(topic, name, "$Default")
                admin.create_rule(topic, name, "wanted", filter=SqlRuleFilter(sql))
        """,
        "owner holds steak, wine; missing: cold soup!",
        "sys.label",
    ),
    Mistake(
        "topics.six_messages",
        "AND where OR is meant",
        """
        def write_rules(admin, topic):
            rules = {
                "kitchen": "kind = 'dish'",
                "bar": "kind = 'drink'",
                "owner": "price > 20 AND sys.label = 'complaint'",
            }
            for name, sql in rules.items():
                admin.delete_rule(topic, name, "$Default")
                admin.create_rule(topic, name, "wanted", filter=SqlRuleFilter(sql))
        """,
        "owner holds nothing; missing: steak, wine, cold soup!",
        "join with OR, or write two rules",
    ),
    Mistake(
        "topics.six_messages",
        "compares a price with a text",
        """
        def write_rules(admin, topic):
            rules = {
                "kitchen": "kind = 'dish'",
                "bar": "kind = 'drink'",
                "owner": "price > '20' OR sys.label = 'complaint'",
            }
            for name, sql in rules.items():
                admin.delete_rule(topic, name, "$Default")
                admin.create_rule(topic, name, "wanted", filter=SqlRuleFilter(sql))
        """,
        "owner holds cold soup!; missing: steak, wine",
        "both are numbers",
    ),
    Mistake(
        "topics.two_tickets",
        "the same station twice",
        """
        def two_tickets(admin, topic, subscription):
            admin.delete_rule(topic, subscription, "$Default")
            menus = SqlRuleFilter("kind = 'menu'")
            for name in ("grill", "salads"):
                grill = SqlRuleAction("SET station = 'grill'")
                admin.create_rule(topic, subscription, name, filter=menus, action=grill)
        """,
        "tickets for lunch: grill, grill",
        "and the other to 'salads'",
    ),
    Mistake(
        "topics.two_tickets",
        "a station too many",
        """
        def two_tickets(admin, topic, subscription):
            admin.delete_rule(topic, subscription, "$Default")
            menus = SqlRuleFilter("kind = 'menu'")
            for name in ("grill", "salads", "bar"):
                action = SqlRuleAction(f"SET station = '{name}'")
                admin.create_rule(topic, subscription, name, filter=menus, action=action)
        """,
        "tickets for lunch: bar, grill, salads",
        "A copy too many",
    ),
    Mistake(
        "topics.six_messages",
        "deletes $Default and goes home",
        """
        def write_rules(admin, topic):
            for name in ("kitchen", "bar", "owner"):
                admin.delete_rule(topic, name, "$Default")
        """,
        "kitchen holds nothing; missing: soup, steak",
        "has no rule at all",
    ),
    Mistake(
        "topics.six_messages",
        "double quotes in SQL, which name a property",
        """
        def write_rules(admin, topic):
            admin.delete_rule(topic, "kitchen", "$Default")
            admin.create_rule(topic, "kitchen", "dishes", filter=SqlRuleFilter('kind = "dish"'))
        """,
        "kitchen holds nothing; missing: soup, steak",
        "single quotes",
    ),
    Mistake(
        "topics.six_messages",
        "SQL that is none",
        """
        def write_rules(admin, topic):
            admin.create_rule(topic, "kitchen", "dishes", filter=SqlRuleFilter("kind is dish"))
        """,
        "raised HttpResponseError",
        "",
    ),
    Mistake(
        "topics.six_messages",
        "actions where none are wanted",
        """
        def write_rules(admin, topic):
            rules = {"kitchen": "kind = 'dish'", "bar": "kind = 'drink'"}
            for name, sql in rules.items():
                admin.delete_rule(topic, name, "$Default")
                admin.create_rule(topic, name, "wanted", filter=SqlRuleFilter(sql))
            admin.delete_rule(topic, "owner", "$Default")
            mark = SqlRuleAction("SET dear = TRUE")
            for number, sql in enumerate(["price > 20", "price > 22", "sys.label = 'complaint'"]):
                admin.create_rule(
                    topic, "owner", f"r{number}", filter=SqlRuleFilter(sql), action=mark
                )
        """,
        "owner holds steak, steak, wine, wine, cold soup!",
        "leave actions out",
    ),
    Mistake(
        "topics.six_messages",
        "deletes a subscription",
        """
        def write_rules(admin, topic):
            admin.delete_subscription(topic, "bar")
        """,
        "no subscription any more: bar",
        "change their rules",
    ),
    Mistake(
        "topics.six_messages",
        "the till is thirsty",
        """
        def write_rules(admin, topic):
            for name in ("kitchen", "bar", "owner"):
                admin.delete_rule(topic, name, "$Default")
                admin.create_rule(topic, name, "r", filter=SqlRuleFilter("kind LIKE 'd%'"))
        """,
        "kitchen holds soup, steak, coffee, wine",
        "which rule takes a message",
    ),
    Mistake(
        "topics.two_tickets",
        "keeps $Default",
        """
        def two_tickets(admin, topic, subscription):
            menu = SqlRuleFilter("kind = 'menu'")
            for station in ("grill", "salads"):
                action = SqlRuleAction(f"SET station = '{station}'")
                admin.create_rule(topic, subscription, station, filter=menu, action=action)
        """,
        "tickets for lunch: no station, grill, salads",
        "$Default's copy",
    ),
    Mistake(
        "topics.two_tickets",
        "one rule for both",
        """
        def two_tickets(admin, topic, subscription):
            admin.delete_rule(topic, subscription, "$Default")
            menu = SqlRuleFilter("kind = 'menu'")
            both = SqlRuleAction("SET station = 'grill'; SET station = 'salads'")
            admin.create_rule(topic, subscription, "menu", filter=menu, action=both)
            dish = SqlRuleFilter("kind = 'dish'")
            admin.create_rule(topic, subscription, "dish", filter=dish)
        """,
        "tickets for lunch: salads",
        "there must be two rules",
    ),
    Mistake(
        "topics.two_tickets",
        "nothing for the dish",
        """
        def two_tickets(admin, topic, subscription):
            admin.delete_rule(topic, subscription, "$Default")
            menu = SqlRuleFilter("kind = 'menu'")
            for station in ("grill", "salads"):
                action = SqlRuleAction(f"SET station = '{station}'")
                admin.create_rule(topic, subscription, station, filter=menu, action=action)
        """,
        "tickets for the soup: none",
        "needs one of its own",
    ),
    Mistake(
        "topics.two_tickets",
        "actions without a filter",
        """
        def two_tickets(admin, topic, subscription):
            admin.delete_rule(topic, subscription, "$Default")
            for station in ("grill", "salads"):
                action = SqlRuleAction(f"SET station = '{station}'")
                admin.create_rule(topic, subscription, station, action=action)
        """,
        "tickets for the soup: grill, salads",
        "Only a menu is split",
    ),
    Mistake(
        "topics.two_tickets",
        "rules without actions",
        """
        def two_tickets(admin, topic, subscription):
            menu = SqlRuleFilter("kind = 'menu'")
            for station in ("grill", "salads"):
                admin.create_rule(topic, subscription, station, filter=menu)
        """,
        "tickets for lunch: no station",
        "give one copy together",
    ),
    Mistake(
        "topics.two_tickets",
        "another property",
        """
        def two_tickets(admin, topic, subscription):
            admin.delete_rule(topic, subscription, "$Default")
            menu = SqlRuleFilter("kind = 'menu'")
            for station in ("grill", "salads"):
                action = SqlRuleAction(f"SET place = '{station}'")
                admin.create_rule(topic, subscription, station, filter=menu, action=action)
        """,
        "tickets for lunch: no station, no station",
        "writes on its copy",
    ),
    Mistake(
        "topics.two_tickets",
        "nothing matches",
        """
        def two_tickets(admin, topic, subscription):
            admin.delete_rule(topic, subscription, "$Default")
        """,
        "tickets for lunch: none",
        "does a rule ask for it?",
    ),
)
