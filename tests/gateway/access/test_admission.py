from dataclasses import dataclass

from sbtutorial.gateway.access.admission import (
    MAX_NEW_CONNECTIONS,
    MAX_UNPROVED_BYTES,
    MAX_UNPROVED_CONNECTIONS,
    MOMENT_SECONDS,
    Crowd,
    Probation,
)


@dataclass(eq=False)
class Peer:
    is_proved: bool = False


def crowd_of(count: int, now: float = 0.0) -> tuple[Crowd[Peer], list[Peer]]:
    crowd: Crowd[Peer] = Crowd()
    peers = [Peer() for _ in range(count)]
    assert [crowd.enter(peer, now) for peer in peers] == [None] * count
    return crowd, peers


def test_newcomer_takes_the_place_of_who_has_waited_longest() -> None:
    crowd, peers = crowd_of(MAX_UNPROVED_CONNECTIONS)
    for peer in peers:
        assert crowd.enter(Peer(), MOMENT_SECONDS) is peer


def test_who_has_proved_itself_is_never_asked_to_go() -> None:
    crowd, peers = crowd_of(MAX_UNPROVED_CONNECTIONS)
    for peer in peers[:-1]:
        peer.is_proved = True
    assert crowd.enter(Peer(), 100.0) is None
    more = [Peer() for _ in range(MAX_UNPROVED_CONNECTIONS - 2)]
    assert [crowd.enter(peer, 100.0) for peer in more] == [None] * len(more)
    assert crowd.enter(Peer(), 100.0) is peers[-1]


def test_who_has_left_takes_no_place() -> None:
    crowd, peers = crowd_of(MAX_UNPROVED_CONNECTIONS)
    crowd.leave(peers[0])
    crowd.leave(peers[0])
    assert crowd.enter(Peer(), 100.0) is None
    assert crowd.enter(Peer(), 100.0) is peers[1]


def test_program_that_opens_many_connections_at_once_has_its_moment() -> None:
    crowd, peers = crowd_of(MAX_NEW_CONNECTIONS)
    assert crowd.enter(Peer(), 0.0) is peers[0]


def test_bytes_are_counted_all_together() -> None:
    probation = Probation()
    assert probation.received(MAX_UNPROVED_BYTES) == ""
    assert "131072 bytes" in probation.received(1)
    assert "20 seconds" in probation.overdue
