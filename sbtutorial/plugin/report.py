"""What a failing test tells of its broker: the events of the namespace, as a section of its report.

Beside what `EventTable` shows stands when it was, in seconds from the first of them.
"""

import sys

from sbtutorial.errors import TutorialError
from sbtutorial.hosting.control_client import ControlClient
from sbtutorial.local.broker import LocalBroker
from sbtutorial.trace import Event
from sbtutorial.views.event_table import EventTable

MOST_EVENTS = 200


def section(fixture: str, broker: LocalBroker, after: int) -> tuple[str, str]:
    """The title and the text of a section.

    Args:
        fixture: Which one the broker is.
        broker: Whose events.
        after: Only those with a higher number.
    """
    title = f"{fixture}: what happened"
    try:
        events = broker.events(after=after)
    except TutorialError as error:  # the test has ended it, or it crashed: then that is the news
        return title, str(error)
    entities = {event.entity for event in events}
    return title + (f" in {min(entities)}" if len(entities) == 1 else ""), _told(events)


def last_event(broker: LocalBroker) -> int:
    """The number of the newest event; 0 if it cannot be had."""
    try:
        return ControlClient(broker.connection_string).events(after=sys.maxsize).last
    except TutorialError:
        return 0


def _told(events: list[Event]) -> str:
    if not events:
        return "nothing: no client has got as far as a queue or a topic"
    shown = events[-MOST_EVENTS:]
    left_out = len(events) - len(shown)
    heading = [f"({left_out} earlier events are left out)"] * bool(left_out)
    head, *rows = repr(EventTable(shown)).splitlines()
    instants = [f"{event.at - shown[0].at:+.3f}" for event in shown]
    width = max(map(len, instants))
    lines = [f"{'s':>{width}}  {head}"]
    lines += [f"{at:>{width}}  {row}" for at, row in zip(instants, rows, strict=True)]
    return "\n".join([*heading, *lines])
