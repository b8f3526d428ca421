"""Fetching many objects while those that came before are worked on."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

from insights.errors import StorageError
from insights.storage.folder_objects import LocalStore
from insights.storage.objects import ObjectStore


def read_ahead(store: ObjectStore, keys: Iterable[str], *, threads: int) -> Generator[tuple[str, bytes | StorageError]]:
    """Fetch objects in order with a few in flight; what cannot be fetched comes as its error.

    Those of a folder are read as they are asked for: to hand them over takes longer. Close it if you do not read it to
    its end.
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
    remaining = iter(keys)
    with ThreadPoolExecutor(threads, thread_name_prefix="fetch") as pool:
        flying: list[tuple[str, Future[bytes | StorageError]]] = []
        while True:
            flying += [(key, pool.submit(fetch, key)) for key in islice(remaining, 2 * threads - len(flying))]
            if not flying:
                return
            key, future = flying.pop(0)
            yield key, future.result()
