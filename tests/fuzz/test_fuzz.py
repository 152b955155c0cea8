"""The bounded run: all that is kept, and as many mutations of it, the same in every run."""

from itertools import islice
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.fuzz import corpus, running, seeds
from tests.fuzz.mutation import MAX_BYTES, mutated
from tests.fuzz.targets import TARGETS, Target

# What starts a whole broker is slower.
_SLOW = {"sasl", "cbs", "management", "amqp_client", "atom", "http", "rest_message", "websocket"}
_MUTATIONS, _FEW_MUTATIONS = 400, 60


@pytest.mark.parametrize("target", TARGETS)
def test_documented_errors_only(target: str) -> None:
    count = len(corpus.inputs(target)) + (_FEW_MUTATIONS if target in _SLOW else _MUTATIONS)
    for data in islice(running.inputs(target, seed=0), count):
        TARGETS[target].run(data)


@pytest.mark.parametrize("target", sorted(TARGETS.keys() - _SLOW))
@settings(max_examples=40)
@example(data=b"")
@given(data=st.binary(max_size=200))
def test_documented_errors_only_of_any_bytes(target: str, data: bytes) -> None:
    TARGETS[target].run(data)


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_has_a_corpus_and_words(target: str) -> None:
    assert corpus.inputs(target)
    assert TARGETS[target].words
    assert target in seeds.SEEDS


def test_every_corpus_has_a_target() -> None:
    assert {folder.name for folder in corpus.ROOT.iterdir()} == TARGETS.keys()


# -- The tool itself ------------------------------------------------------------------------------


def _planted(data: bytes) -> None:
    if b"42" in data:
        raise KeyError("planted")


def test_a_planted_defect_is_found_said_once_and_found_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(TARGETS, "sniff", Target(_planted, (b"42",)))
    tried = [running.failure("sniff", data) for data in islice(running.inputs("sniff", 1), 300)]
    found = [failure for failure in tried if failure]
    assert found
    assert len({failure.place for failure in found}) == 1
    again = running.failure("sniff", found[0].data)
    assert again is not None
    assert again.place == found[0].place


def test_what_the_broker_catches_and_logs_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    from sbtutorial.gateway.amqp_endpoint import AmqpEndpoint

    def planted(self: object) -> bool:
        raise KeyError("planted")

    monkeypatch.setattr(AmqpEndpoint, "_read", planted)
    failure = running.failure("amqp_client", b"\0\0\0\x08\x02\0\0\0")
    assert failure is not None
    assert "KeyError" in failure.text


def test_mutations_repeat_and_stay_short() -> None:
    def some() -> list[bytes]:
        random = Random(7)
        return [mutated(b"abc" * 50, [b"defghi"], [b"word"], random) for _ in range(500)]

    first = some()
    assert first == some()
    assert len(set(first)) > 400
    assert max(map(len, first)) <= MAX_BYTES


def test_steep_cost_is_told_from_linear() -> None:
    from tests.fuzz.cost import Growth

    assert Growth(b"x", 0.01, 0.16).is_steep
    assert not Growth(b"x", 0.01, 0.04).is_steep
    assert not Growth(b"x", 0.0001, 0.0016).is_steep  # too short to be measured
