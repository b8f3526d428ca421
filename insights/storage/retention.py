"""Deleting what is older than it is to be kept, a day's folder at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from insights.storage import changes
from insights.storage.objects import ObjectInfo, ObjectStore
from insights.storage.partitions import day_of
from insights.storage.trail import UNKNOWN
from insights.windows import HOUR, Window

TABLES = ("events", "minute_counts", "quality", "coverage", "quarantine", "reasons", "insights", "ledger", "integrity")
"""What may be deleted, in that order: the ledger late, for it keeps objects from being read again, and what digests say
of them after it."""

_THREADS = 8


def expired(store: ObjectStore, table: str, before: datetime, window: Window | None) -> Iterator[ObjectInfo]:
    """Yield the files of a table's days that ended by an instant, and overlap the window if there is one.

    Those of objects whose names do not tell their day are left out: they are found again whatever is looked for.
    """
    for folder in _day_folders(store, f"{table}/"):
        day = day_of(folder)
        if day.end <= before and (window is None or day.overlaps(window)):
            yield from store.list(folder)


def _day_folders(store: ObjectStore, prefix: str) -> Iterator[str]:
    for folder in store.list_folder(prefix).folders:
        name = folder.split("/")[-2]
        if name.startswith("date="):
            yield folder
        elif name != f"account_id={UNKNOWN}":
            yield from _day_folders(store, folder)


def unchanged_since(store: ObjectStore, prefix: str, instant: datetime) -> Iterator[ObjectInfo]:
    """Yield what lies below a prefix and was written before an instant."""
    return (info for info in store.list(prefix) if info.last_modified < instant)


def delete(store: ObjectStore, found: Iterable[ObjectInfo]) -> None:
    """Delete files."""
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="delete") as pool:
        list(pool.map(store.delete, (info.key for info in found)))


def forget_changes(store: ObjectStore, before: datetime) -> None:
    """Forget the marks of hours that can no longer be judged: they would wait for events that are gone."""
    for marks in changes.pending(store).values():
        changes.clear(store, (change for change in marks if change.hour + HOUR <= before))
