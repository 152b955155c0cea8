"""What a journal alone says is left: the proof that the changes tell everything."""

from collections.abc import Iterable

from sbtutorial.broker.changes import Change, ChangeKind
from sbtutorial.broker.paths import DEAD_LETTER_SUFFIX

ARRIVES = {ChangeKind.SENT, ChangeKind.SCHEDULED}
LEAVES = {ChangeKind.TAKEN, ChangeKind.COMPLETED, ChangeKind.EXPIRED, ChangeKind.CANCELLED}
STAYS = {
    ChangeKind.LOCKED,
    ChangeKind.LOCK_RENEWED,
    ChangeKind.LOCK_EXPIRED,
    ChangeKind.RECEIVER_GONE,
    ChangeKind.ABANDONED,
    ChangeKind.RELEASED,
    ChangeKind.DEFERRED,
}
NOTHING = {
    ChangeKind.DUPLICATE_DROPPED,
    ChangeKind.QUEUE_CREATED,
    ChangeKind.QUEUE_UPDATED,
    *(kind for kind in ChangeKind if kind.startswith("session_")),
}


def live_messages(changes: Iterable[Change]) -> dict[tuple[str, int], int]:
    """The delivery count of each message that is left, by its path and sequence number."""
    live: dict[tuple[str, int], int] = {}
    for change in changes:
        key = (change.entity, change.sequence_number)
        if change.kind in ARRIVES:
            assert key not in live
            live[key] = change.delivery_count
        elif change.kind in STAYS:
            assert key in live
            live[key] = change.delivery_count
        elif change.kind in LEAVES:
            del live[key]
        elif change.kind is ChangeKind.ACTIVATED:
            del live[change.entity, change.previous_sequence_number]
            live[key] = change.delivery_count
        elif change.kind is ChangeKind.DEAD_LETTERED:
            del live[key]
            live[change.entity + DEAD_LETTER_SUFFIX, change.sequence_number] = change.delivery_count
        elif change.kind is ChangeKind.QUEUE_DELETED:
            below = (change.entity, change.entity + DEAD_LETTER_SUFFIX)
            live = {kept: count for kept, count in live.items() if kept[0] not in below}
        elif change.kind is ChangeKind.RESET:
            live = {}
        else:
            assert change.kind in NOTHING, change.kind
    return live
