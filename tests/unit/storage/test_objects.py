from __future__ import annotations

from pathlib import Path

from insights.storage.folder_objects import LocalStore
from insights.storage.objects import repeated_on_conflict


def test_change_is_repeated(tmp_path: Path) -> None:
    """A change that another writer came between is made to what that one wrote: neither is lost."""
    store = LocalStore(tmp_path)
    store.put("list", b"first")
    others = [b"first, second", b"first, second, third"]

    @repeated_on_conflict
    def add(text: bytes) -> bytes:
        known, etag = store.get("list")
        if others:
            store.put("list", others.pop(0))
        store.put("list", known + text, replacing=etag)
        return known

    assert add(b", ours") == b"first, second, third"
    assert store.get("list")[0] == b"first, second, third, ours"
