"""What a lab's service has to tell of a queue's messages, as timelines."""

from sbtutorial.errors import TutorialError
from sbtutorial.lab.service import Service
from sbtutorial.trace import Event
from sbtutorial.views.lives import Life, life_of, lives
from sbtutorial.views.timeline import QueueTimeline, Timeline


def timeline(
    service: Service, queue: str, sequence_number: int | None, message_id: str | None
) -> Timeline | QueueTimeline:
    """One message's timeline, or that of all of a queue's, or of all with an id.

    Raises:
        TutorialError: No such message has been there, or the broker is gone.
    """
    if sequence_number is not None and not isinstance(sequence_number, int):
        raise TutorialError(
            f"A message is known by its sequence number, a whole one; {sequence_number!r:.60} is "
            'none. One with an id is found by message_id="…".'
        )
    events = service.evidence(queue)
    now = service.now()
    if sequence_number is not None:
        title = f"{queue}, message {sequence_number}"
        life = life_of(events, sequence_number, now)
        if life is None and service.tells_events:
            raise _nothing_known(queue, f"a message {sequence_number}", "numbers")
        life = life or Life(sequence_number)
        return Timeline(title, life, _moves(service, [life]))
    found = lives(events, now)
    if message_id is None:
        return QueueTimeline(queue, found, _moves(service, found))
    same = {event.sequence_number for event in events if event.message_id == message_id}
    found = [life for life in found if life.number in same]
    if not found and service.tells_events:
        raise _nothing_known(queue, f"messages with the id '{message_id}'", "ids")
    return QueueTimeline(f"{queue}, id {message_id}", found, _moves(service, found))


def _nothing_known(queue: str, what: str, which: str) -> TutorialError:
    return TutorialError(
        f"Nothing is known of {what} in '{queue}': "
        f'lab.events("{queue}") has the {which} of those that have been there.'
    )


def _moves(service: Service, of: list[Life]) -> list[Event]:
    """When the clock was moved in the time of these lives."""
    spans = [span for life in of for span in life.spans]
    if not spans:
        return []
    start, end = min(span.start for span in spans), max(span.end for span in spans)
    return [move for move in service.clock_moves() if start <= move.at <= end]
