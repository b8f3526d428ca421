"""The ledger: which trail objects were read, and what became of their records.

It is looked up by key *and* ETag, never by "the last key seen": names within a minute sort by a random suffix, and an
object can arrive late or be replaced. A file is named by the objects it is about, so that a repeated run writes the
same one; later the files of a day become one (`parts`).

Loose objects lie under the day they were last modified, which may be any. Small notes beside the ledger say on which
days the calls they hold were made, so that who asks for a few days reads of them what concerns these. And a list of all
that were read spares every search, which finds all of them, a look at each of their days.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, cached_property
from hashlib import blake2b
from itertools import groupby
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from insights.records.partitions import parse_event_hour
from insights.records.schemas import LEDGER
from insights.storage import integrity, parts
from insights.storage.objects import ObjectStore
from insights.storage.partitions import account_regions, day_folders, day_of
from insights.storage.tables import encode, put_if_new
from insights.storage.trail import UNKNOWN, TrailObject
from insights.windows import Window

TABLE = "ledger"
IDENTITY = ("object_key", "object_etag")
"""What tells entries apart."""

_VERSIONS = pa.schema([LEDGER.field(name) for name in IDENTITY])
_COUNTS = ("kept", "duplicate", "out_of_scope", "quarantined")

LOOSE = "state/loose"
"""Notes `date=<day of calls>/<day of the ledger>`: where the loose objects are entered that hold calls of a day."""

LOOSE_READ = "state/loose_read/"
"""The list of all loose objects that were read, in `parts`. One that it lacks, for the run that entered it was killed,
is in the ledger still."""

_LOOSE_LISTED = "state/loose_listed/"
"""Says that the list has what was entered before there was one."""

FRESH = timedelta(days=2)
"""So long after it was entered a loose object belongs to every window: whichever run comes next takes it on, should the
one that read it have been killed."""


def unit_name(objects: Iterable[TrailObject]) -> str:
    """Name a set of objects by their keys and ETags; the same set has the same name in any order."""
    digest = blake2b(digest_size=10)
    for line in sorted(f"{each.key}\n{each.etag}\n" for each in objects):
        digest.update(line.encode())
    return digest.hexdigest()


def already_read(store: ObjectStore, ledger_path: str) -> set[tuple[str, str]]:
    """Give key and ETag of every object of one ledger partition (`TrailObject.ledger_path`) that was read."""
    return _versions(store, f"{TABLE}/{ledger_path}/")


def _versions(store: ObjectStore, folder: str) -> set[tuple[str, str]]:
    seen: set[tuple[str, str]] = set()
    for table in parts.read(store, folder, IDENTITY, IDENTITY):
        seen.update(zip(table["object_key"].to_pylist(), table["object_etag"].to_pylist(), strict=True))
    return seen


def unread(store: ObjectStore, objects: Iterable[TrailObject]) -> Iterator[tuple[TrailObject, bool]]:
    """Yield each object and whether it is still to be read. Objects of one day should come together; loose ones, which
    come by their names, need not."""
    for each, seen in _looked_up(store, objects):
        yield each, not any((each.key, each.etag) in some.versions for some in seen)


def to_read(store: ObjectStore, objects: Iterable[TrailObject]) -> Iterator[tuple[TrailObject, bool]]:
    """Yield the objects that are still to be read, and whether another version of them was read before."""
    for each, seen in _looked_up(store, objects):
        if not any((each.key, each.etag) in some.versions for some in seen):
            yield each, any(each.key in some.keys for some in seen)


@dataclass
class _Seen:
    """Objects that were read, by key and ETag."""

    versions: set[tuple[str, str]]

    @cached_property
    def keys(self) -> set[str]:
        return {key for key, _ in self.versions}


def _looked_up(store: ObjectStore, objects: Iterable[TrailObject]) -> Iterator[tuple[TrailObject, tuple[_Seen, ...]]]:
    """Yield each object with all that were read of its ledger partition; a loose one, whose versions may lie on several
    days, first with all the loose ones that are listed, and alone with these if it is one of them."""
    listed: _Seen | None = None

    @cache
    def entered(path: str) -> _Seen:
        return _Seen(already_read(store, path))

    for path, group in groupby(objects, key=lambda each: each.ledger_path):
        if path.startswith(f"account_id={UNKNOWN}/"):
            listed = _Seen(_versions(store, LOOSE_READ)) if listed is None else listed
            for each in group:
                yield each, (listed,) if (each.key, each.etag) in listed.versions else (listed, entered(path))
        else:
            seen = _Seen(already_read(store, path))
            yield from ((each, (seen,)) for each in group)


def write(store: ObjectStore, unit: str, rows: Sequence[tuple[TrailObject, dict[str, Any]]]) -> None:
    """Enter objects with what became of them: the counts and `partitions` of `LEDGER`.

    Each account × Region × day gets a file.
    """
    by_path = sorted(rows, key=lambda row: (row[0].ledger_path, row[0].key, row[0].etag))
    for path, group in groupby(by_path, key=lambda row: row[0].ledger_path):
        entries = [
            {
                "object_key": each.key,
                "object_etag": each.etag,
                "object_bytes": each.size,
                "delivered_at": each.delivered_at,
                "is_loose": each.is_loose,
                **counts,
            }
            for each, counts in group
        ]
        _note_loose(store, entries)
        put_if_new(store, f"{TABLE}/{path}/{unit}.parquet", encode(pa.Table.from_pylist(entries, schema=LEDGER)))
    loose = [{"object_key": each.key, "object_etag": each.etag} for each, _ in by_path if each.is_loose]
    if loose:
        put_if_new(store, f"{LOOSE_READ}{unit}.parquet", encode(pa.Table.from_pylist(loose, schema=_VERSIONS)))


def list_loose(store: ObjectStore) -> None:
    """Put the loose objects into the list that were entered before there was one; once in a ledger's life."""
    if any(store.list(_LOOSE_LISTED)):
        return
    entered: set[tuple[str, str]] = set()
    for folder in sorted({f"{info.key.rpartition('/')[0]}/" for info in store.list(f"{TABLE}/account_id={UNKNOWN}/")}):
        entered |= _versions(store, folder)
    missing = [dict(zip(IDENTITY, each, strict=True)) for each in sorted(entered - _versions(store, LOOSE_READ))]
    if missing:
        put_if_new(store, f"{LOOSE_READ}earlier.parquet", encode(pa.Table.from_pylist(missing, schema=_VERSIONS)))
    put_if_new(store, f"{_LOOSE_LISTED}earlier", b"")


def _note_loose(store: ObjectStore, entries: Iterable[dict[str, Any]]) -> None:
    """Note on which days the calls of loose objects were made; before they are entered."""
    notes = {
        f"{LOOSE}/date={hour.date}/{entry['delivered_at']:%Y-%m-%d}"
        for entry in entries
        if entry["is_loose"]
        for hour in filter(None, map(parse_event_hour, entry["partitions"]))
    }
    for note in sorted(notes):
        put_if_new(store, note, b"")


def read_tables(store: ObjectStore, delivered: Window) -> Iterator[pa.Table]:
    """Yield the entries (schema `LEDGER`, one table a file) of what was delivered in a window.

    Of loose objects those come that were modified, or hold calls, on the days of the window, those that were entered
    not long ago, and maybe others. An object that two runs read at once is entered twice, and so may be one whose day
    is being put together.
    """
    instant = LEDGER.field("delivered_at").type
    start, end = pa.scalar(delivered.start, instant), pa.scalar(delivered.end, instant)
    written: list[datetime] = []
    loose: list[str] = []
    for account, region in account_regions(store, TABLE):
        if account == UNKNOWN:
            loose.append(f"{TABLE}/account_id={account}/region={region}/")
            continue
        for folder in day_folders(store, TABLE, account, region, delivered):
            listed = list(store.list(folder))
            written += (info.last_modified for info in listed)
            for table in parts.read_listed(store, folder, listed, IDENTITY):
                at = table["delivered_at"]
                yield table.filter(pc.and_(pc.greater_equal(at, start), pc.less(at, end)))
    for place in loose:
        for folder in _of_concern(store, place, delivered, written):
            yield from parts.read(store, folder, IDENTITY)


def _of_concern(store: ObjectStore, place: str, delivered: Window, others: Iterable[datetime]) -> list[str]:
    """Give the days of loose objects that concern a window; `others` tells when the rest of it was written."""
    written: dict[str, datetime] = {}
    for info in store.list(place):
        folder = f"{info.key.rpartition('/')[0]}/"
        written[folder] = max(info.last_modified, written.get(folder, info.last_modified))
    newest = max([*written.values(), *others], default=None)
    noted = {
        f"{place}date={info.key.rpartition('/')[2]}/"
        for day in store.list_folder(f"{LOOSE}/").folders
        if day_of(day).overlaps(delivered)
        for info in store.list(day)
    }
    return sorted(
        folder
        for folder, at in written.items()
        if (newest is not None and newest - at <= FRESH) or day_of(folder).overlaps(delivered) or folder in noted
    )


def entries(store: ObjectStore, delivered: Window, *, as_read: bool = False) -> Iterator[dict[str, Any]]:
    """Yield the entries of what was delivered in a window, each version of an object once.

    Where records were withdrawn since an object was read, its numbers are those of today, or with `as_read` as then;
    `withdrawn` says how many of the quarantined are there for that.
    """
    seen: set[tuple[str, str]] = set()
    withdrawn = {} if as_read else integrity.withdrawals(store, delivered)
    for table in read_tables(store, delivered):
        for entry in table.to_pylist():
            version = (entry["object_key"], entry["object_etag"])
            if version not in seen:
                seen.add(version)
                today = withdrawn.get(version)
                entry["withdrawn"] = today.quarantined - entry["quarantined"] if today else 0
                if today:
                    entry |= {name: number for name in _COUNTS if (number := getattr(today, name)) is not None}
                yield entry
