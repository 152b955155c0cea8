from sbtutorial.broker.changes import ChangeKind, NamespaceChange
from sbtutorial.store.store import MemoryStore, Store


def test_memory_store_is_a_store_that_keeps_nothing() -> None:
    store: Store = MemoryStore()
    store.commit([NamespaceChange(0.0, ChangeKind.RESET, "tutorial", 0, None, 0, "", "")])
    store.close()
    assert list(store.load()) == []
