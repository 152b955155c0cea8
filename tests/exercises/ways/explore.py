"""Right answers to the exercises of `explore` that go another way."""

from tests.exercises.unusual import Unusual

WAYS = (
    Unusual(
        "explore.where_is",
        "looks through what an export says",
        """
        def where_is(explorer, queues, words):
            places = list(queues)
            places += [queue + "/$DeadLetterQueue" for queue in queues]
            return [place for place in places if words in explorer.export_messages(place)]
        """,
    ),
    Unusual(
        "explore.where_is",
        "is content with one message",
        """
        def where_is(explorer, queues, words):
            def yields():
                for queue in queues:
                    if explorer.browse(queue, text=words.lower(), count=1).messages:
                        yield queue
                    if any(
                        words in letter.body
                        for group in explorer.dead_letters(queue)
                        for letter in group.messages
                    ):
                        yield f"{queue}/$DeadLetterQueue"

            return [*yields()]
        """,
    ),
    Unusual(
        "explore.where_is",
        "with filter, and a tuple",
        """
        def where_is(explorer, queues, words):
            def has_it(place):
                return len(explorer.browse(place, count=250, text=words)) > 0

            both = ("{}", "{}/$DeadLetterQueue")
            return tuple(filter(has_it, (form.format(queue) for form in both for queue in queues)))
        """,
    ),
    Unusual(
        "explore.bring_back",
        "receives the dead, and settles each",
        """
        def bring_back(explorer, queue):
            dead = f"{queue}/$DeadLetterQueue"
            for held in explorer.receive(dead, len(explorer.browse(dead))):
                letter = held.message
                if letter.reason == "too late":
                    held.abandon()
                    continue
                body = letter.body
                if letter.reason == "typo":
                    body = body.replace("cofee", "coffee")
                explorer.send(queue, body, message_id=f"{letter.message_id}/2")
                held.complete()
        """,
    ),
    Unusual(
        "explore.bring_back",
        "a function for each reason",
        """
        def bring_back(explorer, queue):
            def as_it_is(letter):
                return {}

            def mended(letter):
                return {"body": "coffee".join(letter.body.split("cofee"))}

            cures = {"printer offline": as_it_is, "typo": mended}
            for letter in explorer.browse(f"{queue}/$DeadLetterQueue"):
                if letter.reason in cures:
                    explorer.resubmit(
                        queue,
                        [letter.sequence_number],
                        to=queue,
                        message_id=f"{letter.sequence_number}-back",
                        **cures[letter.reason](letter),
                    )
        """,
    ),
    Unusual(
        "explore.bring_back",
        "the mended drafts, sent as they are",
        """
        def bring_back(explorer, queue):
            explorer.resubmit(queue, reason="printer offline", message_id="p {}")
            for letter in explorer.dead_letters(queue)["typo"].messages:
                better = letter.draft.changed(
                    body=letter.body.replace("cofee", "coffee"), message_id="t" + letter.message_id
                )
                explorer.send(queue, better)
                explorer.complete(f"{queue}/$DeadLetterQueue", letter.sequence_number)
        """,
    ),
)
