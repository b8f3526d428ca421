from __future__ import annotations

import pytest

from insights.storage import caching
from insights.storage.caching import Cache


def test_made_once() -> None:
    """A value is made when it is first asked for, and not again."""
    made: list[int] = []

    def make() -> str:
        made.append(1)
        return "value"

    cache: Cache[str] = Cache(10)
    assert [cache.get("key", make), cache.get("key", make)] == ["value", "value"]
    assert len(made) == 1


def test_bounded() -> None:
    """What was used least recently makes room; what is larger than everything is not kept."""
    cache: Cache[str] = Cache(5, size=len)
    cache.put("a", "aa")
    cache.put("b", "bb")
    assert cache.known("a") == "aa"
    cache.put("c", "cc")
    cache.put("d", "dddddd")

    assert [cache.known(key) for key in "abcd"] == ["aa", None, "cc", None]


def test_replaced() -> None:
    """A value that is put again takes its place once."""
    cache: Cache[str] = Cache(4, size=len)
    for _ in range(3):
        cache.put("a", "aa")
    cache.put("b", "bb")

    assert [cache.known(key) for key in "ab"] == ["aa", "bb"]


def test_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its time a value is not known any longer."""
    now = [100.0]
    monkeypatch.setattr(caching.time, "monotonic", lambda: now[0])
    cache: Cache[str] = Cache(4, seconds=10)
    cache.put("a", "aa")
    now[0] = 109.0
    assert cache.known("a") == "aa"
    now[0] = 111.0
    assert cache.known("a") is None
