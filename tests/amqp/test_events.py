from typing import get_args

from sbtutorial.amqp import events
from sbtutorial.amqp.events import Event


def test_every_event_is_small_says_what_it_tells_and_can_be_had_from_one_place() -> None:
    kinds = get_args(Event)
    assert len(kinds) == 11
    for kind in kinds:
        assert getattr(events, kind.__name__) is kind
        assert "__slots__" in vars(kind)
        assert kind.__doc__
