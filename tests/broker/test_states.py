from itertools import product

import pytest

from sbtutorial.broker.states import (
    TRANSITIONS,
    ImpossibleTransition,
    Input,
    MessageState,
    allows,
    step,
)

EVERY_PAIR = list(product(MessageState, Input))
UNDER_LOCK = {Input.RENEW, Input.COMPLETE, Input.ABANDON, Input.RELEASE, Input.DEFER}

# What may happen in each state, written once more and by hand: the table must agree.
EXPECTED = {
    MessageState.NEW: {Input.SEND, Input.SCHEDULE, Input.ARRIVE},
    MessageState.SCHEDULED: {Input.ACTIVATE, Input.CANCEL},
    MessageState.ACTIVE: {
        *(Input.LOCK, Input.TAKE, Input.EXPIRE, Input.FORWARD),
        Input.DEAD_LETTER,
    },
    MessageState.LOCKED: UNDER_LOCK | {Input.LOCK_EXPIRE, Input.DEAD_LETTER},
    MessageState.DEFERRED: {
        *(Input.RECEIVE_DEFERRED, Input.TAKE_DEFERRED),
        *(Input.EXPIRE, Input.DEAD_LETTER),
    },
    MessageState.DEFERRED_LOCKED: UNDER_LOCK | {Input.LOCK_EXPIRE, Input.DEAD_LETTER},
    MessageState.DEAD: {Input.ARRIVE},
    MessageState.GONE: set(),
}


@pytest.mark.parametrize(("state", "happening"), EVERY_PAIR)
def test_every_pair_leads_somewhere_or_is_refused(state: MessageState, happening: Input) -> None:
    assert allows(state, happening) == (happening in EXPECTED[state])
    if allows(state, happening):
        assert step(state, happening) is TRANSITIONS[state, happening]
    else:
        with pytest.raises(ImpossibleTransition, match=f"{happening.name}.*{state.name}"):
            step(state, happening)


@pytest.mark.parametrize("happening", [Input.ABANDON, Input.RELEASE, Input.LOCK_EXPIRE])
def test_message_that_comes_back_returns_to_where_it_was_locked_from(happening: Input) -> None:
    assert step(MessageState.LOCKED, happening) is MessageState.ACTIVE
    assert step(MessageState.DEFERRED_LOCKED, happening) is MessageState.DEFERRED


@pytest.mark.parametrize("state", [MessageState.LOCKED, MessageState.DEFERRED_LOCKED])
def test_renewing_changes_no_state(state: MessageState) -> None:
    assert step(state, Input.RENEW) is state


def test_every_state_can_be_reached_and_every_input_counts_somewhere() -> None:
    assert set(TRANSITIONS.values()) | {MessageState.NEW} == set(MessageState)
    assert {happening for _, happening in TRANSITIONS} == set(Input)
