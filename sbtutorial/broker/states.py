"""The life of a message in one subqueue, as a table: (state, input) -> next state.

The code looks up what may happen and where it leads; nothing else decides it. What is not in the
table cannot happen: a message that is not deferred cannot be received by its number, and a
scheduled one that has become active can no longer be cancelled.

      NEW --SEND--> ACTIVE --LOCK--> LOCKED --COMPLETE--> GONE
       |             ^  ^              |
    SCHEDULE         |  +--ABANDON, RELEASE, LOCK_EXPIRE
       v             |                 |
    SCHEDULED -ACTIVATE                +--DEFER--> DEFERRED <--> DEFERRED_LOCKED

Dead-lettering ends a message's life in its subqueue (DEAD) and begins another one, with ARRIVE, in
the dead-letter queue. A message that no subqueue took (a filter failed on it) arrives at once.

Source: Azure Service Bus, "Message transfers, locks, and settlement", "Message deferral",
"Message sequencing and timestamps", "Dead-letter queues".
"""

from enum import IntEnum


class MessageState(IntEnum):
    """Where a message stands in its subqueue."""

    NEW = 0  # made by its sender; no queue has it yet
    SCHEDULED = 1  # waits for its time, under a sequence number of its own
    ACTIVE = 2  # ready: the next receiver may have it
    LOCKED = 3  # with a receiver, until settled or until the lock ends
    DEFERRED = 4  # set aside: only who asks for its sequence number gets it
    DEFERRED_LOCKED = 5  # set aside, asked for, and with a receiver
    DEAD = 6  # left for the dead-letter queue
    GONE = 7  # left for good


class Input(IntEnum):
    """What can happen to a message."""

    SEND = 0
    SCHEDULE = 1
    ACTIVATE = 2
    CANCEL = 3
    LOCK = 4
    TAKE = 5  # receive and delete
    RECEIVE_DEFERRED = 6
    TAKE_DEFERRED = 7
    RENEW = 8
    COMPLETE = 9
    ABANDON = 10
    RELEASE = 11
    DEFER = 12
    LOCK_EXPIRE = 13
    EXPIRE = 14  # its time to live is over, and the queue drops what expires
    DEAD_LETTER = 15  # by its receiver, by max_delivery_count or by its time to live
    ARRIVE = 16  # in the dead-letter queue
    FORWARD = 17  # it goes on to another entity


class ImpossibleTransition(Exception):
    """The broker asked of a message what its state rules out: a defect in the broker."""


class _Table(dict[tuple[MessageState, Input], MessageState]):
    """Where everything leads; hot, so looked up as any dictionary is."""

    def __missing__(self, key: tuple[MessageState, Input]) -> MessageState:
        state, happening = key
        raise ImpossibleTransition(
            f"{happening.name} cannot happen to a message that is {state.name}"
        )


_S, _I = MessageState, Input

TRANSITIONS = _Table(
    {
        (_S.NEW, _I.SEND): _S.ACTIVE,
        (_S.NEW, _I.SCHEDULE): _S.SCHEDULED,
        (_S.NEW, _I.ARRIVE): _S.ACTIVE,
        (_S.SCHEDULED, _I.ACTIVATE): _S.ACTIVE,
        (_S.SCHEDULED, _I.CANCEL): _S.GONE,
        (_S.ACTIVE, _I.LOCK): _S.LOCKED,
        (_S.ACTIVE, _I.TAKE): _S.GONE,
        (_S.ACTIVE, _I.EXPIRE): _S.GONE,
        (_S.ACTIVE, _I.FORWARD): _S.GONE,
        (_S.ACTIVE, _I.DEAD_LETTER): _S.DEAD,
        (_S.LOCKED, _I.RENEW): _S.LOCKED,
        (_S.LOCKED, _I.COMPLETE): _S.GONE,
        (_S.LOCKED, _I.ABANDON): _S.ACTIVE,
        (_S.LOCKED, _I.RELEASE): _S.ACTIVE,
        (_S.LOCKED, _I.LOCK_EXPIRE): _S.ACTIVE,
        (_S.LOCKED, _I.DEFER): _S.DEFERRED,
        (_S.LOCKED, _I.DEAD_LETTER): _S.DEAD,
        (_S.DEFERRED, _I.RECEIVE_DEFERRED): _S.DEFERRED_LOCKED,
        (_S.DEFERRED, _I.TAKE_DEFERRED): _S.GONE,
        (_S.DEFERRED, _I.EXPIRE): _S.GONE,
        (_S.DEFERRED, _I.DEAD_LETTER): _S.DEAD,
        (_S.DEFERRED_LOCKED, _I.RENEW): _S.DEFERRED_LOCKED,
        (_S.DEFERRED_LOCKED, _I.COMPLETE): _S.GONE,
        (_S.DEFERRED_LOCKED, _I.ABANDON): _S.DEFERRED,
        (_S.DEFERRED_LOCKED, _I.RELEASE): _S.DEFERRED,
        (_S.DEFERRED_LOCKED, _I.LOCK_EXPIRE): _S.DEFERRED,
        (_S.DEFERRED_LOCKED, _I.DEFER): _S.DEFERRED,
        (_S.DEFERRED_LOCKED, _I.DEAD_LETTER): _S.DEAD,
        (_S.DEAD, _I.ARRIVE): _S.ACTIVE,
    }
)


def allows(state: MessageState, happening: Input) -> bool:
    """Whether this can happen to a message in that state."""
    return (state, happening) in TRANSITIONS


def step(state: MessageState, happening: Input) -> MessageState:
    """The state that a message comes to.

    Raises:
        ImpossibleTransition: The table has no such row.
    """
    return TRANSITIONS[state, happening]
