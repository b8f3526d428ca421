"""Putting a day's small files together, safely beside whoever reads and writes them.

Every step may be the last: what is begun twice, or by two at once, ends the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pyarrow as pa

from insights.storage import count_files, ledger, parts, quarantine, reading
from insights.storage.count_files import day_key, hour_of_key, read_day
from insights.storage.objects import ObjectInfo, ObjectStore, repeated_on_conflict
from insights.storage.partitions import day_of
from insights.storage.parts import Merged
from insights.windows import Window, joined

Merge = Callable[[ObjectStore, str, Sequence[ObjectInfo]], Merged | None]
"""Puts the files of a folder together, of which it is told what it was found to hold."""

_THREADS = 8
_MARK_REST = timedelta(hours=1)


def small_files(
    store: ObjectStore, table: str, before: datetime, window: Window | None
) -> Iterator[tuple[str, list[ObjectInfo]]]:
    """Yield the day folders of a table that have more than one file, with what they hold.

    Args:
        before: Only of days that ended by then.
        window: Only of days that overlap it.
    """
    folders: dict[str, list[ObjectInfo]] = {}
    for info in store.list(f"{table}/"):
        folders.setdefault(f"{info.key.rpartition('/')[0]}/", []).append(info)
    for folder, held in sorted(folders.items()):
        day = day_of(folder)
        if len(held) > 1 and day.end <= before and (window is None or day.overlaps(window)):
            yield folder, sorted(held, key=lambda info: info.key)


def merge_counts(store: ObjectStore, folder: str, listed: Sequence[ObjectInfo]) -> Merged | None:
    """Put the hours of a day into the day's file (the steps and why they are safe: `count_files`)."""
    own = [info for info in listed if hour_of_key(info.key) is not None]
    written = _move_in(store, folder, own)
    # The day's file names every one of these hours now, and does not forget them: their own files mean nothing.
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="delete") as pool:
        list(pool.map(store.delete, (info.key for info in own)))
    return Merged(len(own), sum(info.size for info in own), written)


@repeated_on_conflict
def _move_in(store: ObjectStore, folder: str, own: Sequence[ObjectInfo]) -> int:
    """Put the hours into the day's file that it does not name yet; give the bytes written."""
    day = read_day(store, folder)
    moved = _sealed(store, [info.key for info in own if hour_of_key(info.key) not in day.made_from])
    if not moved:
        return 0
    content = day.with_hours(moved)
    store.put(day_key(folder), content, replacing=day.etag)
    return len(content)


def _sealed(store: ObjectStore, keys: Sequence[str]) -> dict[datetime, tuple[pa.Table, str]]:
    """Seal the files of hours; give each hour's rows and version. What has gone meanwhile is in the day's file."""
    found: dict[datetime, tuple[pa.Table, str]] = {}
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="seal") as pool:
        for key, version in zip(keys, pool.map(lambda key: count_files.seal(store, key), keys), strict=True):
            hour = hour_of_key(key)
            if version is not None and hour is not None:
                found[hour] = version.table, version.made_from
    return found


def _merge_ledger(store: ObjectStore, folder: str, listed: Sequence[ObjectInfo]) -> Merged | None:
    return parts.merge(store, folder, listed, ledger.IDENTITY)


def _merge_quarantine(store: ObjectStore, folder: str, listed: Sequence[ObjectInfo]) -> Merged | None:
    return parts.merge(store, folder, listed, quarantine.IDENTITY)


MERGES: Mapping[str, Merge] = {
    count_files.TABLE: merge_counts,
    ledger.TABLE: _merge_ledger,
    quarantine.TABLE: _merge_quarantine,
}
"""The tables that are written in many small files, and how those of one day are put together."""


def merge_loose(store: ObjectStore, *, is_dry_run: bool = False) -> Merged:
    """Make the list of the loose objects that were read one file, with what was entered before there was a list."""
    if not is_dry_run:
        ledger.list_loose(store)
    listed = sorted(store.list(ledger.LOOSE_READ), key=lambda info: info.key)
    if is_dry_run and len(listed) > 1:
        return Merged(len(listed), sum(info.size for info in listed), 0)
    done = None if is_dry_run else parts.merge(store, ledger.LOOSE_READ, listed, ledger.IDENTITY)
    return done or Merged(0, 0, 0)


def merge_marks(store: ObjectStore, before: datetime, now: datetime, *, is_dry_run: bool = False) -> Merged:
    """Join the marks of what was read that end by `before`, a month at a time.

    A mark goes only once another that holds it has been there for an hour, which is the next day's work: a listing
    that is under way sees the one or the other.
    """
    gone: list[ObjectInfo] = []
    for month, marks in reading.by_month(store):
        clipped = {reading.clipped(span, month): info for span, info in marks.items() if span.end <= before}
        for span in joined(clipped):
            if span not in marks and not is_dry_run:
                reading.put(store, month, span)
        # Only marks of this month alone: two that cross its end could each hold the other's part in it.
        rested = [
            span
            for span, info in marks.items()
            if info.last_modified <= now - _MARK_REST and reading.clipped(span, month) == span
        ]
        gone += [
            info
            for span, info in marks.items()
            if any(other != span and other.holds(reading.clipped(span, month)) for other in rested)
        ]
    if not is_dry_run:
        for info in gone:
            store.delete(info.key)
    return Merged(len(gone), 0, 0)
