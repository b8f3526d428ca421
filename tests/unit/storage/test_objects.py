import threading

from insights.errors import NotFoundError
from insights.storage.objects import read_ahead


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
