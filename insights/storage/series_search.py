"""What was counted of one API: its calls, or one of its errors, minute by minute over a span.

An hour may move into its day's file, or be counted anew, while it is read here. What is read is the version of the file
that was listed, or else all is listed again: an hour is never missed, and never counted in two places.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from insights.errors import ConflictError, NotFoundError
from insights.storage import counts
from insights.storage.caching import PATIENCE_SECONDS, Cache
from insights.storage.counts import CountFile
from insights.storage.listing import HourFile, Listing
from insights.storage.objects import ObjectStore
from insights.storage.tables import read_columns, reading
from insights.windows import HOUR, Window

_KEPT_BYTES = 32 * 2**20
_MINUTE_MICROSECONDS = 60_000_000
_MINUTES_AN_HOUR = 60
_ATTEMPTS = 3
_COLUMNS = ("minute", "event_category", "event_source", "event_name", "error_code", "count")

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Series:
    """The calls of an API, or those that ended in one error."""

    event_category: str
    event_source: str
    event_name: str
    error_code: str | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """Calls by minute (whole minutes since 1970, rising, each at most once); `end` is up to where they are known."""

    minutes: Ints
    calls: Ints
    end: datetime


class SeriesSearch:
    """Reads series from the `minute_counts` table; one object serves many threads.

    Args:
        seconds: After so long what was read is given back, up to the hour that was reached.
    """

    def __init__(
        self, store: ObjectStore, *, seconds: float = PATIENCE_SECONDS, clock: Callable[[], float] = time.monotonic
    ):
        self._store, self._seconds, self._clock = store, seconds, clock
        self._listing = self._new_listing()
        self._known: Cache[tuple[Ints, Ints]] = Cache(_KEPT_BYTES, size=lambda found: found[0].nbytes * 2 + 400)

    def accounts(self, region: str, allowed: frozenset[str] | None) -> tuple[str, ...]:
        """Name the accounts that have counts in a Region, of those that are allowed (None: all)."""
        return self._listing.accounts(region, allowed)

    def counted(self, accounts: tuple[str, ...], region: str, window: Window, series: Series) -> Counted:
        """Add up a series over accounts, from the start of the window on."""
        for _ in range(_ATTEMPTS - 1):
            try:
                return self._counted(accounts, region, window, series)
            except (ConflictError, NotFoundError):
                # An hour was counted anew, or moved, since it was listed.
                self._listing = self._new_listing()
        return self._counted(accounts, region, window, series)

    def _new_listing(self) -> Listing[CountFile]:
        return Listing(self._store, counts.TABLE, self._hours_of_day)

    def _hours_of_day(self, folder: str) -> Iterator[tuple[datetime, CountFile]]:
        return ((file.hour, file) for file in counts.files_of_day(self._store, folder))

    def _counted(self, accounts: tuple[str, ...], region: str, window: Window, series: Series) -> Counted:
        deadline = self._clock() + self._seconds
        parts: list[tuple[Ints, Ints]] = []
        end = window.end
        hours = self._listing.hours(accounts, region, first=window.start, last=window.end, newest_first=False)
        for hour, files in hours:
            parts += [self._of_hour(file, series) for file in files]
            if self._clock() > deadline:
                end = min(hour + HOUR, window.end)
                break
        return _sum(parts, window, end)

    def _of_hour(self, file: HourFile[CountFile], series: Series) -> tuple[Ints, Ints]:
        key = (file.info.key, file.info.etag, series)
        minutes, calls = self._known.get(key, lambda: self._of_file(file.info, series))
        is_asked = minutes // _MINUTES_AN_HOUR == int(file.hour.timestamp()) // 3600
        return minutes[is_asked], calls[is_asked]

    def _of_file(self, file: CountFile, series: Series) -> tuple[Ints, Ints]:
        content, etag = self._store.get(file.key)
        if etag != file.etag:
            raise ConflictError(f"{self._store.url}/{file.key} was replaced while it was to be read")
        with reading(f"{self._store.url}/{file.key}"):
            return _read(content, series)


def _read(content: bytes, series: Series) -> tuple[Ints, Ints]:
    table = read_columns(content, _COLUMNS, required=_COLUMNS)
    conditions = [
        pc.equal(table["event_name"], series.event_name),
        pc.equal(table["event_source"], series.event_source),
        pc.equal(table["event_category"], series.event_category),
    ]
    if series.error_code is not None:
        conditions.append(pc.fill_null(pc.equal(table["error_code"], series.error_code), False))
    rows = table.filter(reduce(pc.and_, conditions))
    return pc.cast(rows["minute"], pa.int64()).to_numpy() // _MINUTE_MICROSECONDS, rows["count"].to_numpy()


def _sum(parts: list[tuple[Ints, Ints]], window: Window, end: datetime) -> Counted:
    nothing = np.zeros(0, dtype=np.int64)
    minutes = np.concatenate([nothing, *(part[0] for part in parts)])
    calls = np.concatenate([nothing, *(part[1] for part in parts)])
    at = minutes * 60
    wanted = (at + 60 > window.start.timestamp()) & (at < end.timestamp())
    distinct, codes = np.unique(minutes[wanted], return_inverse=True)
    total = np.zeros(len(distinct), dtype=np.int64)
    np.add.at(total, codes, calls[wanted])
    return Counted(distinct, total, end)
