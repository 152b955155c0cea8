"""Answers to incidents that are wrong, and typical; `ways` has right ones that look unusual."""

from typing import NamedTuple

from sbtutorial.attacks.incidents.catalogue import INCIDENTS
from sbtutorial.attacks.incidents.programs import changed

Change = tuple[str, str]


class Wrong(NamedTuple):
    """A program that does not mend it.

    Attributes:
        incident: Its name.
        what: What was tried.
        changes: Pieces of the broken program, and what stands in their place.
        promise: The promise that is broken first.
        seen: Words of what is seen.
    """

    incident: str
    what: str
    changes: tuple[Change, ...]
    promise: str
    seen: str

    @property
    def source(self) -> str:
        """The program."""
        return changed(INCIDENTS[self.incident].broken + "\n", *self.changes)


_COMPLETE = "            receiver.complete_message(message)\n"
_SERVE = '            serve(message.message_id, json.loads(str(message))["item"])\n'
_NEXT = "session_id=NEXT_AVAILABLE_SESSION"
_BY_NAME = '    for customer in ("Ada", "Ben"):\n'
_SESSION_WORK = """\
                    serve(ticket.message_id, json.loads(str(ticket))["item"])
                    receiver.complete_message(ticket)"""
_LOST, _TWICE, _POISON, _ASIDE, _DONE, _AT_ONCE, _ORDER = (
    "none lost",
    "none charged twice",
    "poison set aside, with its reason",
    "no good order set aside",
    "done within the day",
    "orders are taken at once",
    "in order, customer by customer",
)
_SUPPRESS = "            with suppress(Exception):  # no bad order may stop the kitchen\n"
_ABANDON = "                receiver.abandon_message(message)  # a colleague may read it\n"
_SWEEP = """\
    sweep = client.get_queue_receiver(
        "breakfasts", receive_mode="receiveanddelete"
    )
    print("of yesterday:", len(sweep.peek_messages(max_message_count=4)))
    sweep.receive_messages(max_message_count=4, max_wait_time=0.4)
"""
_CHARGE = """\
            with book:  # the bank is asked, and the charge committed
                if euros:
                    row = [message.message_id, euros]
                    book.execute("INSERT INTO charges VALUES (?, ?)", row)
"""
_KNOWN = '"SELECT 1 FROM charges WHERE order_id = ?"'

WRONG = (
    # --- deploy
    Wrong(
        "deploy", "never completes", ((_COMPLETE, ""),), _ASIDE, "was done, and handed out again"
    ),
    Wrong(
        "deploy",
        "puts the message off",
        ((_COMPLETE, "            receiver.defer_message(message)\n"),),
        _DONE,
        "still there at the end: 12 in deliveries",
    ),
    Wrong(
        "deploy",
        "deletes as it receives",
        (
            (_COMPLETE, ""),
            ("max_wait_time=0.4", 'max_wait_time=0.4, receive_mode="receiveanddelete"'),
        ),
        _LOST,
        "its message was deleted as it was handed out",
    ),
    # --- evening
    Wrong(
        "evening",
        "fetches less in advance",
        (("prefetch_count=20", "prefetch_count=1"),),
        _LOST,
        "its message was deleted as it was handed out",
    ),
    Wrong(
        "evening",
        "completes before it cooks",
        (
            ("        receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE,\n", ""),
            (_SERVE.rstrip(), (_COMPLETE + _SERVE).rstrip()),
        ),
        _LOST,
        "was never served, and its message was completed",
    ),
    Wrong(
        "evening",
        "has peek-lock and never completes",
        (("        receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE,\n", ""),),
        _ASIDE,
        "was done, and handed out again",
    ),
    # --- lunch
    Wrong(
        "lunch",
        "lets them live until the end of the break, nearly",
        (("minutes=30", "minutes=59"),),
        _LOST,
        "(cake) was never served: its message ran out of time",
    ),
    Wrong(
        "lunch",
        "gives everybody a single try",
        (("minutes=30)", "hours=12), max_delivery_count=1"),),
        _ASIDE,
        "was done, and handed out again until the broker set it aside",
    ),
    Wrong(
        "lunch",
        "has what expires set aside",
        (("minutes=30)", "minutes=30), dead_lettering_on_message_expiration=True"),),
        _LOST,
        "its message ran out of time, and lies among the dead letters",
    ),
    # --- mondays
    Wrong(
        "mondays",
        "has a lock that is a little longer",
        (("seconds=11", "seconds=15"),),
        _TWICE,
        "had lost the lock: the work took longer",
    ),
    Wrong(
        "mondays",
        "completes before it charges, and fails in between",
        ((_COMPLETE, ""), (_CHARGE, _COMPLETE + "            raise SystemExit(1)\n" + _CHARGE)),
        _LOST,
        "was never charged, and its message was completed",
    ),
    Wrong(
        "mondays",
        "goes on when it is too late to complete",
        (
            ("import json\n", "import json\nfrom contextlib import suppress\n"),
            (
                _COMPLETE,
                "            with suppress(Exception):\n    " + _COMPLETE,
            ),
        ),
        _TWICE,
        "was given it again",
    ),
    # --- green
    Wrong(
        "green",
        "catches nothing, and what cannot be read comes back for ever",
        (
            (
                _SUPPRESS,
                "",
            ),
            ("    " + _SERVE, _SERVE),
        ),
        _DONE,
        "still there at the end: 1 in platters; the kitchen failed",
    ),
    Wrong(
        "green",
        "sets everything aside that fails",
        (
            (
                _SUPPRESS,
                "            try:\n",
            ),
            (
                _COMPLETE,
                "                receiver.complete_message(message)\n"
                "            except Exception as error:\n"
                "                receiver.dead_letter_message(message, reason=str(error))\n",
            ),
        ),
        _LOST,
        "it can be read, and was set aside as 'the oven is out'",
    ),
    Wrong(
        "green",
        "logs the error, and completes",
        (
            (
                _SUPPRESS,
                "            try:\n",
            ),
            (
                _COMPLETE,
                "            except Exception as error:\n                print(error)\n"
                + _COMPLETE,
            ),
        ),
        _LOST,
        "was never served, and its message was completed",
    ),
    # --- standstill
    Wrong(
        "standstill",
        "lets the broker set it aside sooner",
        (("max_delivery_count=60", "max_delivery_count=3"),),
        _POISON,
        "handed out again and again until the broker set it aside",
    ),
    Wrong(
        "standstill",
        "completes what it cannot read",
        (
            (
                _ABANDON,
                "                receiver.complete_message(message)\n",
            ),
        ),
        _POISON,
        "it is gone",
    ),
    Wrong(
        "standstill",
        "sets it aside without a reason",
        (
            (
                _ABANDON,
                "                receiver.dead_letter_message(message)\n",
            ),
        ),
        _POISON,
        "was set aside without a reason",
    ),
    # --- restart
    Wrong(
        "restart",
        "detects duplicates for longer",
        (
            (
                "requires_duplicate_detection=True",
                'requires_duplicate_detection=True, duplicate_detection_history_time_window="PT1H"',
            ),
        ),
        _TWICE,
        "started again, sent it again",
    ),
    Wrong(
        "restart",
        "takes the customer for the order",
        (("message_id=str(uuid4())", 'message_id=order["customer"]'),),
        _LOST,
        "was never charged",
    ),
    Wrong(
        "restart",
        "writes the message's id into the book",
        (('message.application_properties[b"order"].decode()', "message.message_id"),),
        _TWICE,
        "and nobody ordered that",
    ),
    # --- morning
    Wrong(
        "morning",
        "lets what is of yesterday expire, which is soon",
        (
            (_SWEEP, ""),
            ('"breakfasts")\n\n', '"breakfasts", default_message_time_to_live="PT2M")\n\n'),
        ),
        _LOST,
        "its message ran out of time",
    ),
    Wrong(
        "morning",
        "asks for one message only",
        (("receive_messages(max_message_count=4", "receive_messages(max_message_count=1"),),
        _LOST,
        "its message was deleted as it was handed out",
    ),
    Wrong(
        "morning",
        "reads what is there in a loop without an end",
        (
            (
                "    sweep.receive_messages(max_message_count=4, max_wait_time=0.4)\n",
                "    for message in sweep:\n        print(message)\n",
            ),
        ),
        _DONE,
        "the web did not come to an end",
    ),
    Wrong(
        "morning",
        "sweeps when all is sent",
        (
            ("    sweep.receive_messages(max_message_count=4, max_wait_time=0.4)\n", ""),
            (
                "            sender.send_messages(ticket)\n",
                "            sender.send_messages(ticket)\n"
                "    sweep.receive_messages(max_message_count=4, max_wait_time=2)\n"
                "    sweep.close()\n",
            ),
        ),
        _LOST,
        "its message was deleted as it was handed out",
    ),
    # --- office
    Wrong(
        "office",
        "receives dead letters, and completes them",
        (
            (
                'print("dead letters:", len(dead.peek_messages(max_message_count=10)))',
                "for message in dead.receive_messages(max_wait_time=1):\n"
                "            dead.complete_message(message)",
            ),
        ),
        _LOST,
        "was never served, and its message was completed",
    ),
    Wrong(
        "office",
        "looks into the queue itself",
        (
            (
                '"dishes", sub_queue="deadletter") as dead:\n'
                '        print("dead letters:", len(dead.peek_messages(max_message_count=10)))',
                '"dishes", max_wait_time=0.4) as receiver:\n        for message in receiver:\n'
                + _SERVE
                + _COMPLETE.rstrip(),
            ),
        ),
        _LOST,
        "it can be read, and was set aside as 'the oven is out'",
    ),
    Wrong(
        "office",
        "gives another reason",
        (("reason=str(error)", 'reason="oven", error_description=str(error)'),),
        _LOST,
        "it can be read, and was set aside as 'oven'",
    ),
    # --- busy
    Wrong(
        "busy",
        "fetches fewer, and still too many",
        (("prefetch_count=20", "prefetch_count=8"),),
        _LOST,
        "the broker set it aside after too many deliveries",
    ),
    Wrong(
        "busy",
        "does without locks",
        (
            ("prefetch_count=20", 'prefetch_count=20, receive_mode="receiveanddelete"'),
            (_COMPLETE, ""),
        ),
        _LOST,
        "its message was deleted as it was handed out",
    ),
    Wrong(
        "busy",
        "completes in time, before it cooks",
        (("prefetch_count=20, ", ""), (_SERVE + _COMPLETE, _COMPLETE + _SERVE)),
        _LOST,
        "was never served, and its message was completed",
    ),
    # --- retry
    Wrong(
        "retry",
        "completes before the copy",
        (
            (_COMPLETE, ""),
            (
                "                again = ",
                "                receiver.complete_message(message)\n                again = ",
            ),
        ),
        _LOST,
        "was never served, and its message was completed",
    ),
    Wrong(
        "retry",
        "gives the copy an id that nobody can trace",
        (("message_id=message.message_id\n", 'message_id=f"{message.message_id} again"\n'),),
        _DONE,
        "still there at the end",
    ),
    Wrong(
        "retry",
        "sets aside what failed",
        (
            (
                "                again = ServiceBusMessage(\n"
                "                    str(message), message_id=message.message_id\n"
                "                )\n"
                "                sender.send_messages(again)\n",
                '                receiver.dead_letter_message(message, reason="oven")\n'
                "                continue\n",
            ),
        ),
        _LOST,
        "it can be read, and was set aside as 'oven'",
    ),
    # --- crowd
    Wrong(
        "crowd",
        "tries once more",
        (
            (
                '            print("Sorry! Please try again later.")\n',
                "            with suppress(ServiceBusError):\n"
                "                send(client, order)\n",
            ),
            ("import json\n", "import json\nfrom contextlib import suppress\n"),
        ),
        _LOST,
        "took order-11 from its list, and no message of it reached the broker",
    ),
    Wrong(
        "crowd",
        "closes each sender, and opens another one",
        (
            (
                '    sender = client.get_queue_sender("bowls")\n',
                '    with client.get_queue_sender("bowls") as sender:\n',
            ),
            ("    message = Ser", "        message = Ser"),
            ("    sender.send", "        sender.send"),
        ),
        _AT_ONCE,
        "12 messages came over 12 connections",
    ),
    Wrong(
        "crowd",
        "waits until there is a connection",
        (
            ("        try:\n            send(client, order)\n", "        while True:\n"),
            (
                "        except ServiceBusError:\n"
                '            print("Sorry! Please try again later.")\n',
                "            try:\n                send(client, order)\n                break\n"
                '            except ServiceBusError:\n                print("once more")\n',
            ),
        ),
        _DONE,
        "the web did not come to an end",
    ),
    # --- lucky
    Wrong(
        "lucky",
        "waits for an hour",
        ((_NEXT, f"{_NEXT}, max_wait_time=3600"),),
        _DONE,
        "the kitchen did not come to an end",
    ),
    Wrong(
        "lucky",
        "does without sessions",
        (
            (", requires_session=True", ""),
            (', session_id=order["customer"]', ""),
            (f", {_NEXT}", ", max_wait_time=0.4"),
            ("    while True:  # one customer after the other\n", "    if True:\n"),
        ),
        _ORDER,
        "was served before",
    ),
    Wrong(
        "lucky",
        "knows its customers by name",
        (
            (_NEXT, "session_id=customer, max_wait_time=0.4"),
            ("    while True:  # one customer after the other\n", _BY_NAME),
        ),
        _DONE,
        "still there at the end",
    ),
    Wrong(
        "lucky",
        "completes first, so that nothing is left behind",
        (
            (_NEXT, f"{_NEXT}, max_wait_time=0.4"),
            (_SESSION_WORK, "\n".join(reversed(_SESSION_WORK.split("\n")))),
        ),
        _LOST,
        "was never served, and its message was completed",
    ),
)
