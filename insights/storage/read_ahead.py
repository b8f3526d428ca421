"""Fetching many objects while those that came before are worked on."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

from insights.errors import StorageError
from insights.storage.folder_objects import LocalStore
from insights.storage.objects import ObjectStore

_TOGETHER = 8
_TOGETHER_BYTES = 2**18
"""So many small objects one thread fetches one after the other: to hand each over costs a third of it all."""


def read_ahead(
    store: ObjectStore, keys: Iterable[str], *, threads: int, sizes: Iterable[int] | None = None
) -> Generator[tuple[str, bytes | StorageError]]:
    """Fetch objects in order with a few in flight; what cannot be fetched comes as its error.

    Those of a folder are read as they are asked for: to hand them over takes longer. Close it if you do not read it to
    its end.

    Args:
        store: Where they are.
        keys: What they are called.
        threads: How many are fetched at a time.
        sizes: Their bytes, if known: twice as many small ones may then be in flight as threads times eight.
    """
    read = store.read if isinstance(store, LocalStore) else lambda key: store.get(key)[0]

    def fetch(key: str) -> bytes | StorageError:
        try:
            return read(key)
        except StorageError as error:
            return error

    if isinstance(store, LocalStore):
        yield from ((key, fetch(key)) for key in keys)
        return
    sized = ((key, _TOGETHER_BYTES) for key in keys) if sizes is None else zip(keys, sizes, strict=True)
    remaining = _together(sized)
    with ThreadPoolExecutor(threads, thread_name_prefix="fetch") as pool:
        flying: list[tuple[list[str], Future[list[bytes | StorageError]]]] = []
        while True:
            for some in islice(remaining, 2 * threads - len(flying)):
                flying.append((some, pool.submit(lambda these: [fetch(key) for key in these], some)))
            if not flying:
                return
            some, future = flying.pop(0)
            yield from zip(some, future.result(), strict=True)


def _together(sized: Iterable[tuple[str, int]]) -> Iterator[list[str]]:
    """Put the names of neighbours together that are few bytes together."""
    some: list[str] = []
    room_bytes = _TOGETHER_BYTES
    for key, size in sized:
        if some and (len(some) == _TOGETHER or size > room_bytes):
            yield some
            some, room_bytes = [], _TOGETHER_BYTES
        some.append(key)
        room_bytes -= size
    if some:
        yield some
