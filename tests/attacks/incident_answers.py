"""Answers to incidents: wrong ones that are typical, and right ones that look unusual."""

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


class Right(NamedTuple):
    """A program that mends it in another way than ours.

    Attributes:
        incident: Its name.
        what: How.
        changes: Pieces of the broken program, and what stands in their place.
    """

    incident: str
    what: str
    changes: tuple[Change, ...]

    @property
    def source(self) -> str:
        """The program."""
        return changed(INCIDENTS[self.incident].broken + "\n", *self.changes)


_COMPLETE = "            receiver.complete_message(message)\n"
_SERVE = '            serve(message.message_id, json.loads(str(message))["item"])\n'
_LOST, _TWICE, _POISON, _ASIDE, _DONE = (
    "none lost",
    "none charged twice",
    "poison set aside, with its reason",
    "no good order set aside",
    "done within the day",
)
_SUPPRESS = "            with suppress(Exception):  # one bad order must not stop the kitchen\n"
_ABANDON = (
    "                receiver.abandon_message(message)  # a colleague may be able to read it\n"
)
_SWEEP = """\
    sweep = client.get_queue_receiver("breakfasts", receive_mode="receiveanddelete")
    print("of yesterday:", len(sweep.peek_messages(max_message_count=4)))
    sweep.receive_messages(max_message_count=4, max_wait_time=0.4)
"""
_CHARGE = """\
            with book:  # the bank is asked, and the charge committed
                if euros:
                    book.execute("INSERT INTO charges VALUES (?, ?)", [message.message_id, euros])
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
                "            sender.send_messages(message)\n",
                "            sender.send_messages(message)\n"
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
                'print("dead letters:", len(receiver.peek_messages(max_message_count=10)))',
                "for message in receiver.receive_messages(max_wait_time=1):\n"
                "            receiver.complete_message(message)",
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
                '"dishes", sub_queue="deadletter") as receiver:\n'
                '        print("dead letters:", len(receiver.peek_messages(max_message_count=10)))',
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
        (("message_id=message.message_id)", 'message_id=f"{message.message_id} again")'),),
        _DONE,
        "still there at the end",
    ),
    Wrong(
        "retry",
        "sets aside what failed",
        (
            (
                "                again = ServiceBusMessage(str(message), "
                "message_id=message.message_id)\n                sender.send_messages(again)\n",
                '                receiver.dead_letter_message(message, reason="oven")\n'
                "                continue\n",
            ),
        ),
        _LOST,
        "it can be read, and was set aside as 'oven'",
    ),
)

RIGHT = (
    Right(
        "deploy",
        "cooks, and completes in a finally that is not reached by a kill",
        (
            (
                _COMPLETE + '            serve(message.message_id, meal["item"])',
                "            try:\n"
                '                serve(message.message_id, meal["item"])\n'
                "            finally:\n                receiver.complete_message(message)",
            ),
        ),
    ),
    Right(
        "mondays",
        "renews the lock while the bank thinks",
        (
            ("import ServiceBusMessage", "import AutoLockRenewer, ServiceBusMessage"),
            (
                '    with client.get_queue_receiver("charges", max_wait_time=0.4) as receiver:\n',
                '    receiver = client.get_queue_receiver("charges", max_wait_time=0.4)\n'
                "    with AutoLockRenewer() as renewer, receiver:\n",
            ),
            (
                "            euros = ",
                "            renewer.register(receiver, message)\n            euros = ",
            ),
        ),
    ),
    Right(
        "mondays",
        "takes notes in the book",
        (
            (
                "                if euros:\n",
                f"                known = book.execute({_KNOWN}, [message.message_id])\n"
                "                if euros and not known.fetchone():\n",
            ),
        ),
    ),
    Right(
        "evening",
        "receives in batches with peek-lock",
        (
            ("        receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE,\n", ""),
            ("        prefetch_count=20,\n", ""),
            (
                "        for message in receiver:\n",
                "        while batch := receiver.receive_messages(3):\n",
            ),
            (
                _SERVE.rstrip(),
                "            for message in batch:\n    " + _SERVE + "    " + _COMPLETE.rstrip(),
            ),
        ),
    ),
    Right(
        "lunch",
        "has no lifetime of its own",
        ((", default_message_time_to_live=timedelta(minutes=30)", ""),),
    ),
    Right(
        "green",
        "lets an error of the oven end the program",
        (
            (
                _SUPPRESS + "    " + _SERVE,
                "            try:\n"
                '                item = json.loads(str(message))["item"]\n'
                "            except ValueError:\n"
                '                receiver.dead_letter_message(message, reason="no JSON")\n'
                "                continue\n"
                "            serve(message.message_id, item)\n",
            ),
        ),
    ),
    Right(
        "standstill",
        "tries twice before it sets aside",
        (
            (
                _ABANDON,
                "                if message.delivery_count:\n"
                '                    receiver.dead_letter_message(message, reason="no JSON")\n'
                "                else:\n"
                "                    receiver.abandon_message(message)\n",
            ),
        ),
    ),
    Right(
        "restart",
        "leaves the ids, and takes notes in the book",
        (
            (
                "                with book:\n",
                f"                if book.execute({_KNOWN}, [order_id]).fetchone():\n"
                "                    receiver.complete_message(message)\n"
                "                    continue\n"
                "                with book:\n",
            ),
        ),
    ),
    Right(
        "morning",
        "closes all that the client has opened",
        (
            (
                "    with client.get_queue_sender",
                "    client.close()\n    with client.get_queue_sender",
            ),
        ),
    ),
    Right(
        "morning",
        "closes it by hand",
        (
            (
                "    with client.get_queue_sender",
                "    sweep.close()\n    with client.get_queue_sender",
            ),
        ),
    ),
    Right(
        "office",
        "sends copies back to the kitchen",
        (
            (
                'print("dead letters:", len(receiver.peek_messages(max_message_count=10)))',
                'sender = client.get_queue_sender("dishes")\n'
                "        for message in receiver.receive_messages(10, max_wait_time=2):\n"
                "            copy = ServiceBusMessage(str(message))\n"
                "            copy.message_id = message.message_id\n"
                "            sender.send_messages(copy)\n"
                "            receiver.complete_message(message)",
            ),
        ),
    ),
    Right(
        "office",
        "has the kitchen give back what it cannot do now",
        (
            (
                "receiver.dead_letter_message(message, reason=str(error))",
                "receiver.abandon_message(message)",
            ),
        ),
    ),
    Right("busy", "has a lock that is long enough for all", (("seconds=25", "minutes=5"),)),
    Right("busy", "fetches one in advance", (("prefetch_count=20", "prefetch_count=1"),)),
    Right(
        "retry",
        "gives the copy an id of its own",
        (
            ("message_id=message.message_id)", 'message_id=f"{message.message_id} again")'),
            ("serve(message.message_id, ", "serve(message.message_id[:8], "),
        ),
    ),
)
