from tests.workshop.learner import Learner
from tests.workshop.neighbour import WAYS
from tests.workshop.room import filled, shared

LEARNERS = 3


def test_nobody_gets_in_anybodys_way_or_into_anybodys_namespace() -> None:
    with filled(LEARNERS) as room:
        room.each(Learner.come_in)
        records, (one, *_) = room.records(), room.learners

        assert len(records) == LEARNERS
        assert room.clashes() == []
        assert room.intrusions() == []
        # Both would be noticed: a broker that two share, a neighbour of the same key.
        assert len(shared([*records, records[0]])) == 3
        assert one.visit(one, users_differ=False)["next door"] == list(WAYS)
