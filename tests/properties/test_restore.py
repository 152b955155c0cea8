"""The contract of the journal: what it tells makes a namespace that cannot be told from the first.

Anything is done to a namespace. From its changes an equal one is made, and then the same is done to
both: they answer alike, report alike and end alike. So timers, tokens and numbers are the same.
"""

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.store.acting import PATHS, Actor
from tests.store.describing import describe, told

PICK = st.integers(0, 100)
PICKS = st.lists(PICK, min_size=1, max_size=3)
PATH = st.sampled_from(PATHS)
SUBSCRIPTION = st.sampled_from([path for path in PATHS if "/" in path])
SESSIONS = st.sampled_from(["tables", "news/Subscriptions/ordered"])
SENDABLE = st.sampled_from(["plain", "parts", "tables", "bar", "brief", "news", "news", "morgue"])
SECONDS = st.sampled_from([0.0, 1.0, 10.0, 20.0, 30.0])


def act(name: str, *args: Any) -> Any:
    return st.tuples(st.just(name), *args)


OFTEN = [
    act("send", SENDABLE, PICKS),
    act("receive", PICK, st.sampled_from([True, True, True, False])),
    act("receive", PICK, st.just(True)),
    act("settle", PICK, PICK),
    act("settle", PICK, PICK),
    act("wait", SECONDS),
    act("accept", SESSIONS, PICK),
    act("with_session", SESSIONS, PICK, st.sampled_from(["renew", "let go", "set", "clear"])),
]
AT_TIMES = [
    act("renew", PICK),
    act("receive_deferred", PICK, st.booleans()),
    act("cancel", SENDABLE, PICK),
    act("transfer", SENDABLE, PICK),
    act("leave", PICK),
    act("delete_ready", PICK),
    act("transact", PICK, PICKS, st.booleans()),
    act("update", PATH, PICK),
    act("add_rule", SUBSCRIPTION, PICK),
    act("update_rule", SUBSCRIPTION, PICK),
    act("remove_rule", SUBSCRIPTION, PICK),
]
SELDOM = [
    act("delete", PATH),
    act("create", PATH),
    act("shrink", st.sampled_from(["plain", "brief"])),
    act("advance", st.sampled_from([1.0, 61.0, 300.0, 1000.0])),
    act("reset"),
]
# By number, since equal strategies would count once.
_EVERY = [*OFTEN, *AT_TIMES, *SELDOM]
_OFTEN_AND_SELDOM = [
    number
    for number in range(len(_EVERY))
    for _ in range(12 if number < len(OFTEN) else 4 if number < len(OFTEN + AT_TIMES) else 1)
]
ACTS = st.sampled_from(_OFTEN_AND_SELDOM).flatmap(_EVERY.__getitem__)


# A window that is narrowed, and widened again when ids are forgotten.
NARROWED = [("update", "news", 4), ("wait", 20.0), ("update", "news", 2)]
# Dead letters that cannot be forwarded, as their target takes none: nobody uses it.
IN_VAIN = [("update", "morgue", 1), ("update", "news/Subscriptions/all", 5), ("wait", 100.0)]


@example([*NARROWED], [("send", "news", [1])])
@example([*IN_VAIN, ("wait", 10.0)], [("wait", 10.0)])
@settings(max_examples=examples(150))
@given(st.lists(ACTS, min_size=20, max_size=80), st.lists(ACTS, max_size=40))
def test_what_changes_make_is_what_reported_them_and_goes_on_like_it(
    before: list[Any], after: list[Any]
) -> None:
    first = Actor()
    first.make_everything()
    first.fill()
    for one in before:
        first.do(*one)
    first.settle_down()
    second = first.restored()
    assert second.changes == []
    assert describe(second.namespace) == describe(first.namespace)

    first.changes.clear()
    for one in after:
        assert second.do(*one) == first.do(*one)
    first.settle_down()
    second.settle_down()
    assert list(map(told, second.changes)) == list(map(told, first.changes))
    assert describe(second.namespace) == describe(first.namespace)
