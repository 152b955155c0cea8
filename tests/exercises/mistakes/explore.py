"""Wrong answers to the exercises of `explore`."""

from tests.exercises.mistake import Mistake

MISTAKES = (
    Mistake(
        "explore.where_is",
        "forgets the dead letters",
        """
        def where_is(explorer, queues, words):
            return [one for one in queues if len(explorer.browse(one, text=words))]
        """,
        "not in your list: the dead-letter queue",
        "a place of their own",
    ),
    Mistake(
        "explore.where_is",
        "receives to look",
        """
        def where_is(explorer, queues, words):
            found = []
            for queue in queues[:2]:
                for held in explorer.receive(queue, 5, wait_seconds=1):
                    if words in held.message.body:
                        found.append(queue)
                    held.abandon()
            return found
        """,
        "your function received messages",
        "Looking is enough",
    ),
    Mistake(
        "explore.where_is",
        "looks at the first page only",
        """
        def where_is(explorer, queues, words):
            found = []
            for queue in queues:
                for place in (queue, f"{queue}/$DeadLetterQueue"):
                    if any(words in one.body for one in explorer.browse(place)):
                        found.append(place)
            return found
        """,
        "the queue in which it waits behind others",
        "looks at all that is there",
    ),
    Mistake(
        "explore.where_is",
        "returns messages",
        """
        def where_is(explorer, queues, words):
            found = []
            for queue in queues:
                for place in (queue, f"{queue}/$DeadLetterQueue"):
                    found += explorer.browse(place, text=words)
            return found
        """,
        "your function returned list",
        "Return names",
    ),
    Mistake(
        "explore.where_is",
        "prints and returns nothing",
        """
        def where_is(explorer, queues, words):
            for queue in queues:
                for place in (queue, f"{queue}/$DeadLetterQueue"):
                    if len(explorer.browse(place, text=words)):
                        print(place)
        """,
        "your function returned nothing",
        "Collect the names in a list",
    ),
    Mistake(
        "explore.where_is",
        "takes a page for a yes",
        """
        def where_is(explorer, queues, words):
            found = []
            for queue in queues:
                for place in (queue, f"{queue}/$DeadLetterQueue"):
                    if explorer.browse(place, text=words) is not None:
                        found.append(place)
            return found
        """,
        "too many: 5 of your names",
        "A page is empty when nothing was found",
    ),
    Mistake(
        "explore.bring_back",
        "leaves the ids",
        """
        def bring_back(explorer, queue):
            explorer.resubmit(queue, reason="printer offline")
        """,
        "bring_back raised WouldBeDroppedError",
        "last words",
    ),
    Mistake(
        "explore.bring_back",
        "sends all of them as they are",
        """
        def bring_back(explorer, queue):
            explorer.resubmit(queue, message_id="{}-again")
        """,
        "in the queue: cake for yesterday",
        "What is too late stays",
    ),
    Mistake(
        "explore.bring_back",
        "mends nothing",
        """
        def bring_back(explorer, queue):
            for reason in ("printer offline", "typo"):
                explorer.resubmit(queue, reason=reason, message_id="{}-again")
        """,
        "still misspelt: cofee, black, two cofees",
        "the body has to be mended",
    ),
    Mistake(
        "explore.bring_back",
        "one body for all of them",
        """
        def bring_back(explorer, queue):
            explorer.resubmit(queue, reason="printer offline", message_id="{}-again")
            explorer.resubmit(queue, reason="typo", body="coffee", message_id="{}-again")
        """,
        "lost: two cofees, cofee, black",
        "mend each by itself",
    ),
    Mistake(
        "explore.bring_back",
        "forgets those with a typo",
        """
        def bring_back(explorer, queue):
            explorer.resubmit(queue, reason="printer offline", message_id="{}-again")
        """,
        "in the queue: coffee, tea",
        "has the groups",
    ),
    Mistake(
        "explore.bring_back",
        "throws the late one away",
        """
        def bring_back(explorer, queue):
            dead = explorer.dead_letters(queue)
            explorer.resubmit(queue, reason="printer offline", message_id="{}-again")
            for order in dead["typo"].messages:
                body = order.body.replace("cofee", "coffee")
                explorer.resubmit(queue, order.sequence_number, body=body, message_id="{}-again")
            explorer.purge(f"{queue}/$DeadLetterQueue", confirm=True)
        """,
        "'cake for yesterday' is deleted",
        "stay where it is",
    ),
    Mistake(
        "explore.bring_back",
        "sends copies and leaves the originals",
        """
        def bring_back(explorer, queue):
            dead = explorer.dead_letters(queue)
            for reason in ("printer offline", "typo"):
                for order in dead[reason].messages:
                    body = order.body.replace("cofee", "coffee")
                    explorer.send(queue, body, message_id=f"{order.message_id}-again")
        """,
        "still dead letters as well: coffee, tea, two cofees",
        "completes the original after it",
    ),
    Mistake(
        "explore.bring_back",
        "completes first",
        """
        def bring_back(explorer, queue):
            dead = explorer.dead_letters(queue)
            for reason in ("printer offline", "typo"):
                for order in dead[reason].messages:
                    explorer.complete(f"{queue}/$DeadLetterQueue", order.sequence_number)
                    body = order.body.replace("cofee", "coffee")
                    explorer.send(queue, body, message_id=f"{order.message_id}-again")
        """,
        "had left the dead letters before its copy was sent",
        "Send first, complete after",
    ),
    Mistake(
        "explore.bring_back",
        "sends by itself under the old id",
        """
        def bring_back(explorer, queue):
            dead = explorer.dead_letters(queue)
            for reason in ("printer offline", "typo"):
                for order in dead[reason].messages:
                    body = order.body.replace("cofee", "coffee")
                    explorer.send(queue, body, message_id=order.message_id)
                    explorer.complete(f"{queue}/$DeadLetterQueue", order.sequence_number)
        """,
        "lost: coffee, tea, two cofees, cofee, black, since the queue dropped the copy",
        "takes a copy under a new id only",
    ),
)
