import threading

import pytest

from insights.errors import NotFoundError, StorageError
from insights.storage.opening import open_store
from insights.storage.read_ahead import read_ahead


def test_order(store) -> None:
    """Objects come in the order asked for, each with its key."""
    for number in range(20):
        store.put(str(number), b"%d" % number)
    keys = [str(number) for number in reversed(range(20))]

    assert list(read_ahead(store, keys, threads=3)) == [(key, key.encode()) for key in keys]


def test_missing(store) -> None:
    """What cannot be fetched comes as its error, in its place; the others come too."""
    store.put("a", b"a")
    store.put("c", b"c")
    (first, second, third) = [body for _, body in read_ahead(store, ["a", "b", "c"], threads=2)]

    assert (first, third) == (b"a", b"c")
    assert isinstance(second, NotFoundError)


def test_bounded(store, monkeypatch) -> None:
    """No more than twice as many objects as threads are fetched ahead of the reader."""
    fetched, lock = [], threading.Lock()

    def get(key: str) -> tuple[bytes, str]:
        with lock:
            fetched.append(key)
        return b"", ""

    monkeypatch.setattr(store, "get", get)
    reader = read_ahead(store, map(str, range(100)), threads=2)
    next(reader)

    assert len(fetched) <= 4
    reader.close()
    assert len(fetched) <= 4


@pytest.mark.parametrize(("size", "ahead"), [(1, 32), (100_000, 8), (1_000_000, 4)])
def test_small_objects(store, monkeypatch, size: int, ahead: int) -> None:
    """Small objects whose size is known are fetched together, by number and by bytes, in order."""
    fetched: list[str] = []
    monkeypatch.setattr(store, "get", lambda key: (fetched.append(key) or key.encode(), ""))
    keys = [str(number) for number in range(100)]
    reader = read_ahead(store, keys, threads=2, sizes=[size] * 100)
    assert next(reader) == ("0", b"0")

    reader.close()
    assert len(fetched) <= ahead
    assert list(read_ahead(store, keys, threads=1, sizes=[size] * 100)) == [(key, key.encode()) for key in keys]


def test_sizes_of_others(store) -> None:
    """Sizes that are not those of the objects are refused: no object is left out in silence."""
    for key in "abc":
        store.put(key, b"")

    with pytest.raises(ValueError, match="shorter"):
        list(read_ahead(store, "abc", threads=1, sizes=[1, 1]))


def test_folder_names(tmp_path) -> None:
    """Objects of a folder are read whatever they are called."""
    store = open_store(str(tmp_path))
    names = ["a b", "100%", "100%25", "a#b?c", "ü", "a..b"]
    for name in names:
        (tmp_path / name).write_text(name)

    assert sorted(read_ahead(store, (info.key for info in store.list("")), threads=1)) == sorted(
        (name, name.encode()) for name in names
    )


@pytest.mark.parametrize("key", ["../secret", "/secret", "x/../../secret"])
def test_folder_is_not_left(tmp_path, key) -> None:
    """No key leads out of the folder: digests name keys, and anybody may have written them."""
    (tmp_path / "secret").write_text("secret")
    store = open_store(str(tmp_path / "trail"), create=True)
    key = key if key != "/secret" else str(tmp_path / "secret")
    ((_, found),) = read_ahead(store, [key], threads=1)

    assert isinstance(found, StorageError)
