"""The programs of incidents, put together: what most of them have alike stands here once."""

_MOST_CHARS = 77  # of a line; wider ones are cut off in a small window

_WEB = """\
def web(client, orders):
    with client.get_queue_sender("QUEUE") as sender:
        for order in orders:
            ticket = ServiceBusMessage(order["body"], message_id=order["id"])
            sender.send_messages(ticket)
"""


def program(
    queue: str,
    workers: str,
    *,
    options: str = "",
    imports: str = "",
    of_sdk: str = "ServiceBusMessage",
    web: str = _WEB,
) -> str:
    """A program's source: imports, `begin`, `web`, and those who work.

    It has to fit into one look, so one empty line is enough between functions, and no line is
    wider than a small window.

    Args:
        queue: The name of its queue, for QUEUE in the parts.
        workers: The functions of those who work.
        options: What `create_queue` gets beside the name.
        imports: Of the standard library beside json, a line each.
        of_sdk: What is imported of azure.servicebus.
        web: The function of who sends.
    """
    given = f'"QUEUE", {options}' if options else '"QUEUE"'
    if len(f"    admin.create_queue({given})".replace("QUEUE", queue)) > _MOST_CHARS:
        given = f"\n        {given}\n    "
    begin = f"def begin(admin):\n    admin.create_queue({given})\n"
    standard = "\n".join(sorted(["import json", *filter(None, imports.split("\n"))], key=_place))
    head = f"{standard}\nfrom azure.servicebus import {of_sdk}\n"
    parts = [head, begin, web, workers]
    return "\n".join(part.strip("\n") + "\n" for part in parts).replace("QUEUE", queue)


def changed(source: str, *changes: tuple[str, str]) -> str:
    """A source in which pieces are replaced; each is there once.

    Raises:
        ValueError: One is not.
    """
    for old, new in changes:
        if source.count(old) != 1:
            raise ValueError(f"this is there {source.count(old)} times: {old!r}")
        source = source.replace(old, new)
    return source


def _place(line: str) -> tuple[bool, str]:
    """Plain imports first, as a formatter has it."""
    return line.startswith("from "), line
