"""A file makes the namespace again that was written into it, whatever happened to that."""

from pathlib import Path
from random import Random

import pytest

from sbtutorial.store.sqlite import gathering, message_loading
from tests.store.acting import one_act
from tests.store.describing import describe, told
from tests.store.sqlite.filing import FilingActor, NotingActor


@pytest.mark.parametrize("who", [FilingActor, NotingActor])
@pytest.mark.parametrize("seed", range(40))
def test_a_namespace_is_the_same_after_it_was_read_again_and_goes_on_like_it(
    seed: int, who: type[FilingActor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_loading, "_RUN", 1 + seed % 8)  # many are read in several goes
    if who is NotingActor:  # who is killed knows less of when entities were in use
        monkeypatch.setattr(gathering, "ACCESS_SECONDS", 0.0)
    random = Random(seed)
    actor = who(tmp_path / "it.db", seed)
    actor.make_everything()
    actor.fill()
    for _ in range(random.randrange(10, 120)):
        actor.do(*one_act(random))
    actor.commit()
    twin = actor.reopened()
    assert twin.changes == []
    assert describe(twin.namespace) == describe(actor.namespace)
    acts = [one_act(random) for _ in range(30)]
    for act in acts:
        assert super(FilingActor, twin).do(*act) == super(FilingActor, actor).do(*act)
    actor.settle_down()
    twin.settle_down()
    twin.file.close()
    assert list(map(told, twin.changes)) == list(map(told, actor.changes))
    assert describe(twin.namespace) == describe(actor.namespace)
