from sbtutorial.broker.changes import Change, ChangeKind
from sbtutorial.store.store import MemoryStore, Store


def test_memory_store_is_a_store_that_keeps_nothing() -> None:
    store: Store = MemoryStore()
    store.commit([Change(0.0, ChangeKind.RESET, "tutorial", 0, None, 0, "", "", None)])
    store.close()
    assert list(store.load()) == []
