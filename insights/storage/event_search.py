"""Finding events of an account × Region: newest first, a page at a time, by one attribute.

Hours are read from the newest on until the page is full. Of an hour's file only the columns that decide are read, then
the row groups that hold what was found. What a file holds of an attribute is remembered as hashes, by the version of
the file, so that asking again reads no file that has nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from insights.errors import ConflictError, NotFoundError
from insights.records.lookup import resources, username
from insights.records.schemas import EVENTS, REPEATED
from insights.storage import events
from insights.storage.caching import PATIENCE_SECONDS, Cache
from insights.storage.listing import HourFile, Listing
from insights.storage.objects import ObjectInfo, ObjectStore
from insights.storage.parquet_parts import Parts, PartsReader
from insights.storage.partitions import day_of

SKETCH_BYTES = 64 * 2**20
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00Z")
_MICROSECOND = timedelta(microseconds=1)
_ATTEMPTS = 3
_FOUND_BYTES = 16 * 2**20
_DICTIONARIES = [name for name in EVENTS.names if name in REPEATED]

Ints = NDArray[np.int64]


def _itself(text: str) -> Iterable[str]:
    return (text,)


def _username(text: str) -> Iterable[str]:
    name = username(text)
    return () if name is None else (name,)


_COLUMNS: dict[str, tuple[str, Callable[[str], Iterable[str]]]] = {
    "EventId": ("event_id", _itself),
    "EventName": ("event_name", _itself),
    "EventSource": ("event_source", _itself),
    "ReadOnly": ("is_read_only", _itself),
    "AccessKeyId": ("access_key_id", _itself),
    "Username": ("user_identity_json", _username),
    "ResourceType": ("resources_json", lambda text: (kind for kind, _ in resources(text))),
    "ResourceName": ("resources_json", lambda text: (name for _, name in resources(text))),
}
ATTRIBUTES = tuple(_COLUMNS)
"""What events can be found by; names of CloudTrail's `LookupAttributeKey`."""


@dataclass(frozen=True, slots=True)
class Position:
    """The last event of a page: events come by falling time, those of one time by their mark."""

    microseconds: int
    mark: str

    @classmethod
    def before(cls, instant: datetime) -> Position:
        """Stand after everything from an instant on."""
        return cls(microseconds_of(instant) - 1, "")

    @property
    def instant(self) -> datetime:
        """The time of the last event."""
        return instant_of(self.microseconds)

    @property
    def order(self) -> tuple[int, str]:
        """What sorts events as pages give them."""
        return -self.microseconds, self.mark


@dataclass(frozen=True, slots=True)
class Query:
    """Management events of some accounts in a Region, from `first` to `last`, both included."""

    accounts: tuple[str, ...]
    region: str
    first: datetime
    last: datetime
    attribute: tuple[str, str] | None = None
    after: Position | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of `events`, and where to go on; None at the end. A page may be short, even empty, before the end."""

    rows: list[dict[str, Any]]
    position: Position | None


@dataclass(frozen=True, slots=True)
class _Hit:
    position: Position
    file: HourFile[ObjectInfo]
    row: int


class EventSearch:
    """Answers queries over the `events` table; one object serves many threads.

    Args:
        store: The lake.
        seconds: After so long a page is given back as it is: a client is not kept waiting while hours are read that
            hold nothing it asked for.
    """

    def __init__(
        self, store: ObjectStore, *, seconds: float = PATIENCE_SECONDS, clock: Callable[[], float] = time.monotonic
    ):
        self._store, self._seconds, self._clock = store, seconds, clock
        self._files = PartsReader(store, dictionaries=_DICTIONARIES)
        self._sketches: Cache[Ints] = Cache(SKETCH_BYTES, size=lambda sketch: sketch.nbytes + 200)
        self._found: Cache[tuple[Ints, Ints]] = Cache(_FOUND_BYTES, size=lambda found: 2 * found[0].nbytes + 200)
        self._listing = self._new_listing()

    def accounts(self, region: str, allowed: frozenset[str] | None) -> tuple[str, ...]:
        """Name the accounts that have events in a Region, of those that are allowed (None: all)."""
        return self._listing.accounts(region, allowed)

    def page(self, query: Query, limit: int) -> Page:
        """Give the next events of a query, at most `limit`."""
        for _ in range(_ATTEMPTS - 1):
            try:
                return self._page(query, limit)
            except (ConflictError, NotFoundError):
                # An hour was written anew since it was listed.
                self._listing = self._new_listing()
        return self._page(query, limit)

    def _new_listing(self) -> Listing[ObjectInfo]:
        return Listing(self._store, events.TABLE, self._hours_of_day)

    def _hours_of_day(self, folder: str) -> Iterator[tuple[datetime, ObjectInfo]]:
        start = day_of(folder).start
        for info in self._store.list(folder):
            yield start + timedelta(hours=int(info.key.rpartition("/hour=")[2][:2])), info

    def _page(self, query: Query, limit: int) -> Page:
        deadline = self._clock() + self._seconds
        last = query.last if query.after is None else min(query.last, query.after.instant)
        hits: list[_Hit] = []
        hours = self._listing.hours(query.accounts, query.region, first=query.first, last=last, newest_first=True)
        for hour, files in hours:
            # One more than the page holds tells whether there is another page.
            wanted = limit + 1 - len(hits)
            found = [hit for file in files for hit in self._hits(file, query, wanted)]
            hits += sorted(found, key=lambda hit: hit.position.order)[:wanted]
            if len(hits) > limit:
                return Page(self._rows(hits[:limit]), hits[limit - 1].position)
            if self._clock() > deadline:
                return Page(self._rows(hits), Position.before(hour))
        return Page(self._rows(hits), None)

    def _hits(self, file: HourFile[ObjectInfo], query: Query, wanted: int) -> list[_Hit]:
        """Find the newest events of a file that the query asks for: `wanted`, and any more of the last one's time."""
        if query.attribute and not self._may_have(file, query.attribute):
            return []
        key = (file.info.key, file.info.etag, query.attribute)
        rows, times = self._found.get(key, lambda: self._scanned(file, query.attribute))
        last = microseconds_of(query.last)
        if query.after is not None:
            last = min(last, query.after.microseconds)
            # Those of the position's own time may have been given already.
            wanted += int(np.sum(times == query.after.microseconds))
        asked = slice(np.searchsorted(times, microseconds_of(query.first)), np.searchsorted(times, last, side="right"))
        rows, times = rows[asked], times[asked]
        newest = _newest(times, wanted)
        rows, times = rows[newest], times[newest]
        if not len(rows):
            return []
        marks = _marks(self._files.open(file.info), rows, file.account_id)
        hits = [_Hit(Position(int(at), mark), file, int(row)) for at, row, mark in zip(times, rows, marks, strict=True)]
        return [hit for hit in hits if query.after is None or hit.position.order > query.after.order]

    def _scanned(self, file: HourFile[ObjectInfo], attribute: tuple[str, str] | None) -> tuple[Ints, Ints]:
        """Find the management events of a file that have an attribute: their numbers, and times that rise with them."""
        columns = ["event_time", "event_category"] + ([_COLUMNS[attribute[0]][0]] if attribute else [])
        table = self._files.open(file.info).read(columns)
        mask = _mask(table["event_category"], lambda text: text == "Management")
        if attribute:
            mask &= self._matching(file, table, attribute)
        rows = np.flatnonzero(mask)
        return rows, _times(table["event_time"])[rows]

    def _may_have(self, file: HourFile[ObjectInfo], attribute: tuple[str, str]) -> bool:
        sketch = self._sketches.known((file.info.key, file.info.etag, attribute[0]))
        if sketch is None:
            return True
        code = hash(attribute[1])
        at = int(np.searchsorted(sketch, code))
        return at < len(sketch) and int(sketch[at]) == code

    def _matching(self, file: HourFile[ObjectInfo], table: pa.Table, attribute: tuple[str, str]) -> NDArray[np.bool_]:
        """Mark the rows that have an attribute, and remember what the file has of it."""
        name, value = attribute
        column, texts_of = _COLUMNS[name]
        codes: set[int] = set()

        def has(text: str) -> bool:
            texts = tuple(texts_of(text))
            codes.update(map(hash, texts))
            return value in texts

        mask = _mask(table[column], has)
        sketch = np.sort(np.fromiter(codes, dtype=np.int64, count=len(codes)))
        self._sketches.put((file.info.key, file.info.etag, name), sketch)
        return mask

    def _rows(self, hits: Sequence[_Hit]) -> list[dict[str, Any]]:
        """Read whole rows, in the order of the hits; each row group once."""
        found: dict[tuple[str, int], dict[str, Any]] = {}
        by_file = sorted(hits, key=lambda hit: (hit.file.info.key, hit.row))
        for file, group in groupby(by_file, key=lambda hit: hit.file):
            numbers = np.array([hit.row for hit in group])
            rows = self._files.open(file.info).rows(numbers).to_pylist()
            found |= {(file.info.key, int(number)): row for number, row in zip(numbers, rows, strict=True)}
        return [found[hit.file.info.key, hit.row] for hit in hits]


def microseconds_of(instant: datetime) -> int:
    """Give an instant as whole microseconds since 1970."""
    return (instant - _EPOCH) // _MICROSECOND


def instant_of(microseconds: int) -> datetime:
    """Give the instant of whole microseconds since 1970."""
    return _EPOCH + microseconds * _MICROSECOND


def _newest(times: Ints, wanted: int) -> slice:
    """Take the last of rising times: `wanted` of them, and all that are of the same time as the first one taken."""
    if len(times) <= wanted:
        return slice(None)
    return slice(int(np.searchsorted(times, times[-wanted])), None)


def _times(column: pa.ChunkedArray) -> Ints:
    times: Ints = pc.cast(column, pa.int64()).to_numpy()
    return times


def _mask(column: pa.ChunkedArray, has: Callable[[str], bool]) -> NDArray[np.bool_]:
    """Mark the rows whose text has something, asking once for each text of a chunk."""
    if pa.types.is_boolean(column.type):
        column = pc.cast(column, pa.string())
    parts = []
    for chunk in column.chunks:
        coded = chunk if isinstance(chunk, pa.DictionaryArray) else pc.dictionary_encode(chunk)
        # A row without a text has the last code, of which nothing is true.
        is_true = np.array([text is not None and has(text) for text in coded.dictionary.to_pylist()] + [False])
        parts.append(is_true[pc.fill_null(coded.indices, len(is_true) - 1).to_numpy(zero_copy_only=False)])
    return np.concatenate(parts) if parts else np.zeros(0, dtype=bool)


def _marks(parts: Parts, rows: Ints, account_id: str) -> list[str]:
    """Name rows so that those of one time have an order of their own; texts of the log are hashed to one length."""
    # Only records of version 1.0 have no id; their order in the file serves.
    ids = parts.rows(rows, ["event_id"])["event_id"].to_pylist()
    texts = (f"row {row:012d}" if text is None else text for row, text in zip(rows, ids, strict=True))
    return [f"{account_id}/{blake2b(text.encode(), digest_size=12).hexdigest()}" for text in texts]
