from math import inf

import pytest

from sbtutorial.amqp.idle_timeout import CLOSE_TIMEOUT_SECONDS, LEAST_HEARTBEAT_SECONDS, IdleTimeout


def test_peer_is_given_up_after_twice_what_it_was_told() -> None:
    silence = IdleTimeout(10_000)
    silence.on_received(100.0)
    assert silence.next_deadline == silence.give_up_at == 120.0


@pytest.mark.parametrize("nothing", [None, 0])
def test_without_idle_time_outs_there_is_no_deadline(nothing: int | None) -> None:
    silence = IdleTimeout(nothing)
    silence.on_received(1.0)
    silence.on_remote_open(nothing, 1.0)
    silence.on_sent(1.0)
    assert silence.next_deadline == inf


def test_heartbeat_follows_whatever_was_sent_last() -> None:
    silence = IdleTimeout(None)
    silence.on_remote_open(60_000, 0.0)
    silence.on_sent(7.0)
    assert silence.next_deadline == 37.0


def test_heartbeats_are_never_all_there_is() -> None:
    silence = IdleTimeout(None)
    silence.on_remote_open(1, 0.0)
    assert silence.next_deadline == LEAST_HEARTBEAT_SECONDS


def test_answer_to_a_close_has_its_own_time_limit() -> None:
    silence = IdleTimeout(240_000)
    silence.on_received(5.0)
    silence.on_close_sent(6.0)
    assert silence.next_deadline == 6.0 + CLOSE_TIMEOUT_SECONDS
