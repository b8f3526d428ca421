"""The `reasons` table: every candidate for an insight, and why it was told or kept unsaid.

One file for each account × Region × day, of the hours that were judged on that day. Hours that are judged again have
their candidates replaced, so it says what the last judgement found.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from insights.records.schemas import INSTANT, REASONS
from insights.storage.objects import ObjectStore, repeated_on_conflict
from insights.storage.partitions import Place, account_regions, day_of
from insights.storage.tables import encode, read_version
from insights.windows import MINUTE, Window, floor

TABLE = "reasons"

Row = dict[str, Any]
"""A row of `REASONS`, with `account_id` and `region`."""

_ORDER = [("window_end", "ascending"), ("event_source", "ascending"), ("event_name", "ascending")]


def day_key(account_id: str, region: str, date: str) -> str:
    """Give the key of one day's candidates."""
    return f"{_folder(account_id, region)}date={date}/reasons.parquet"


def write(store: ObjectStore, place: Place, judged: Window, found: pa.Table) -> None:
    """Put the candidates of the hours that were judged, in place of those there were.

    Args:
        store: The lake.
        place: Account id and Region.
        judged: Which hours that is.
        found: Candidates with the columns of `REASONS`; those of other hours are left out.
    """
    table = found.select(REASONS.names)
    known = {day_of(folder).start for folder in store.list_folder(_folder(*place)).folders}
    for day in judged.days():
        span = Window(max(judged.start, day.start), min(judged.end, day.end))
        fresh = table.filter(_is_of(table, span))
        if fresh.num_rows or day.start in known:
            _replace(store, day_key(*place, f"{day.start:%Y-%m-%d}"), span, fresh)


def read(store: ObjectStore, window: Window) -> Iterator[Row]:
    """Yield the candidates whose windows end in a window, by account, Region and time."""
    for account_id, region in account_regions(store, TABLE):
        for day in window.days():
            table = read_version(store, day_key(account_id, region, f"{day.start:%Y-%m-%d}"), REASONS).table
            for row in table.filter(_is_of(table, window)).to_pylist():
                yield {"account_id": account_id, "region": region, **row}


@repeated_on_conflict
def _replace(store: ObjectStore, key: str, span: Window, fresh: pa.Table) -> None:
    known = read_version(store, key, REASONS)
    stays = known.table.filter(pc.invert(_is_of(known.table, span)))
    table = pa.concat_tables([stays, fresh]).sort_by(_ORDER)
    if not table.equals(known.table):
        store.put(key, encode(table), replacing=known.etag)


def _is_of(table: pa.Table, span: Window) -> pa.ChunkedArray:
    """Mark the candidates whose last minute lies in a span."""
    last = pc.subtract(table["window_end"], pa.scalar(MINUTE, pa.duration("us")))
    start, end = (pa.scalar(floor(each, MINUTE), INSTANT) for each in (span.start, span.end))
    return pc.and_(pc.greater_equal(last, start), pc.less(last, end))


def _folder(account_id: str, region: str) -> str:
    return f"{TABLE}/account_id={account_id}/region={region}/"
