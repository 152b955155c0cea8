from typing import get_args

from sbtutorial.amqp import events
from sbtutorial.amqp.events import Event


def test_every_event_is_small_and_belongs_to_the_union() -> None:
    kinds = {
        each
        for each in vars(events).values()
        if isinstance(each, type) and each.__module__ == events.__name__
    }
    assert kinds == set(get_args(Event))
    for kind in kinds:
        assert "__slots__" in vars(kind)
        assert kind.__doc__
