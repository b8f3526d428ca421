"""Which event hours a run is about, and which version of each the lake holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

import pyarrow.compute as pc

from insights.records.partitions import EventHour, parse_event_hour
from insights.storage import events, ledger
from insights.storage.objects import ObjectStore
from insights.windows import Window


def touched(store: ObjectStore, delivered: Window) -> list[EventHour]:
    """Give, in order, the event hours that objects delivered in a window hold records of.

    Taken from the ledger, not from what a run remembers: a killed run forgets.
    """
    paths: set[str] = set()
    for table in ledger.read_tables(store, delivered):
        paths.update(pc.unique(pc.list_flatten(table["partitions"])).to_pylist())
    return sorted(hour for hour in map(parse_event_hour, paths) if hour is not None)


def with_versions(store: ObjectStore, hours: Iterable[EventHour]) -> Iterator[tuple[str, dict[EventHour, str]]]:
    """Yield, by `day_path`, the hours whose events the lake holds, in order, with the ETag of each hour's file."""
    for path, group in groupby(sorted(hours), key=lambda hour: hour.day_path):
        wanted = set(group)
        found = {parse_event_hour(info.key): info.etag for info in store.list(f"{events.TABLE}/{path}/")}
        yield path, {hour: found[hour] for hour in sorted(wanted & found.keys())}


def version(store: ObjectStore, hour: EventHour) -> str:
    """Give the ETag of one event hour's file now, or the empty text where there is none."""
    return next((info.etag for info in store.list(f"{events.TABLE}/{hour.path}/")), "")
