"""What a reader that stays up remembers: values by key, the least used forgotten first, for a bounded time and size."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

PATIENCE_SECONDS = 20.0
"""For so long a reader goes on looking before it gives what it has: a third of the time after which AWS's clients give
up."""

V = TypeVar("V")


class Cache(Generic[V]):
    """Values by key; safe to share between threads.

    Args:
        capacity: The sum of the sizes of what is kept at most.
        size: Gives the size of a value; by default each is 1.
        seconds: How long a value is kept; for ever by default, which suits keys that name a version.
    """

    def __init__(
        self, capacity: int, *, size: Callable[[V], int] = lambda value: 1, seconds: float = float("inf")
    ) -> None:
        self._capacity, self._size, self._seconds = capacity, size, seconds
        self._found: OrderedDict[Hashable, tuple[float, int, V]] = OrderedDict()
        self._held = 0
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """Give the value of a key, made now if it is not known (any longer)."""
        value = self.known(key)
        if value is None:
            value = make()
            self.put(key, value)
        return value

    def known(self, key: Hashable) -> V | None:
        """Give the value of a key, or None."""
        with self._lock:
            entry = self._found.get(key)
            if entry is None or entry[0] < time.monotonic():
                return None
            self._found.move_to_end(key)
            return entry[2]

    def put(self, key: Hashable, value: V) -> None:
        """Remember a value; one that is larger than everything is not."""
        size = self._size(value)
        with self._lock:
            _, old, _ = self._found.pop(key, (0.0, 0, value))
            self._held -= old
            if size <= self._capacity:
                self._found[key] = (time.monotonic() + self._seconds, size, value)
                self._held += size
            while self._held > self._capacity:
                self._held -= self._found.popitem(last=False)[1][1]
