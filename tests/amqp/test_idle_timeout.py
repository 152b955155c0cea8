from math import inf

import pytest

from sbtutorial.amqp.idle_timeout import CLOSE_TIMEOUT_SECONDS, LEAST_HEARTBEAT_SECONDS, IdleTimeout


def test_peer_is_given_up_after_twice_what_it_was_told() -> None:
    silence = IdleTimeout(10_000)
    silence.received_at = 100.0
    assert silence.next_deadline == silence.give_up_at == 120.0


@pytest.mark.parametrize("nothing", [None, 0])
def test_without_idle_time_outs_there_is_no_deadline(nothing: int | None) -> None:
    silence = IdleTimeout(nothing)
    silence.received_at = 1.0
    silence.on_remote_open(nothing, 1.0)
    silence.sent_at = 1.0
    assert silence.next_deadline == inf


def test_heartbeat_follows_whatever_was_sent_last() -> None:
    silence = IdleTimeout(None)
    silence.on_remote_open(60_000, 0.0)
    silence.sent_at = 7.0
    assert silence.next_deadline == 37.0


def test_heartbeats_are_never_all_there_is() -> None:
    silence = IdleTimeout(None)
    silence.on_remote_open(1, 0.0)
    assert silence.next_deadline == LEAST_HEARTBEAT_SECONDS


def test_answer_to_a_close_has_its_own_time_limit() -> None:
    silence = IdleTimeout(240_000)
    silence.received_at = 5.0
    silence.on_close_sent(6.0)
    assert silence.next_deadline == 6.0 + CLOSE_TIMEOUT_SECONDS


def test_who_sets_an_alarm_is_told_when_a_deadline_has_come_nearer() -> None:
    silence = IdleTimeout(240_000)
    assert silence.has_come_nearer
    for happen in (lambda: silence.on_remote_open(60_000, 5.0), lambda: silence.on_close_sent(6.0)):
        silence.has_come_nearer = False
        before = silence.next_deadline
        happen()
        assert silence.has_come_nearer
        assert silence.next_deadline < before


def test_what_is_received_and_sent_moves_deadlines_away_only() -> None:
    silence = IdleTimeout(240_000)
    silence.received_at = 1.0
    silence.on_remote_open(60_000, 1.0)
    silence.has_come_nearer = False
    before = silence.next_deadline
    silence.received_at = silence.sent_at = 2.0
    assert not silence.has_come_nearer
    assert silence.next_deadline > before
