"""The `quarantine` table: every record and object that could not be kept, with the reason and its bytes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import blake2b

import pyarrow as pa
import pyarrow.compute as pc

from insights.errors import ConflictError, NotFoundError
from insights.records.event import Refusal
from insights.records.schemas import QUARANTINE
from insights.storage import parts
from insights.storage.ledger import unit_name
from insights.storage.objects import ObjectStore
from insights.storage.tables import encode, put_if_new, read_columns, reading
from insights.storage.trail import TrailObject

TABLE = "quarantine"
IDENTITY = ("object_key", "object_etag", "record_index", "reason")
"""What tells rows apart."""

CONTENT_LIMIT = 64 * 2**10


@dataclass(frozen=True, slots=True)
class Refused:
    """What the quarantine holds of some objects: records and whole objects by reason, and how many are records."""

    reasons: dict[str, int]
    records: int


def write(store: ObjectStore, refused: Iterable[tuple[TrailObject, Refusal]]) -> None:
    """Put refusals under the day their object was delivered, each object's in a file.

    Files are named by the object's version and by what they hold: read again in whatever company, since a run was
    killed, an object gives the same file; and one that could not be got the first time gives another the next.
    """
    by_object: dict[tuple[str, str], list[dict[str, object]]] = {}
    for each, refusal in refused:
        by_object.setdefault((each.date, unit_name([each])), []).append(
            {
                "reason": refusal.reason,
                "detail": refusal.detail,
                "object_key": each.key,
                "object_etag": each.etag,
                "record_index": refusal.index,
                "content": refusal.content[:CONTENT_LIMIT],
                "content_bytes": len(refusal.content),
                "records": None if refusal.index is None else refusal.records,
            }
        )
    for (date, name), rows in by_object.items():
        content = encode(pa.Table.from_pylist(rows, schema=QUARANTINE))
        held = blake2b(content, digest_size=6).hexdigest()
        put_if_new(store, f"{TABLE}/date={date}/{name}-{held}.parquet", content)


def count_by_reason(store: ObjectStore, objects: Iterable[TrailObject]) -> Refused:
    """Count what is held of some objects, in their present versions; what two runs wrote counts once."""
    found = _held(store, objects)
    reasons: Counter[str] = Counter()
    for (*_, reason), records in found.items():
        reasons[reason] += records
    return Refused(dict(sorted(reasons.items())), sum(n for (_, _, index, _), n in found.items() if index is not None))


def records_by_version(store: ObjectStore, objects: Iterable[TrailObject], reason: str) -> Counter[tuple[str, str]]:
    """Count the single records that are held of some objects for one reason, by key and ETag."""
    return Counter(
        (key, etag) for key, etag, index, held in _held(store, objects) if held == reason and index is not None
    )


def contents(
    store: ObjectStore, objects: Iterable[TrailObject], reason: str
) -> defaultdict[tuple[str, str], set[bytes]]:
    """Give the contents of the single records that are held of some objects for one reason, by key and ETag."""
    found: defaultdict[tuple[str, str], set[bytes]] = defaultdict(set)
    for date in sorted({each.date for each in objects}):
        for table in parts.read(store, f"{TABLE}/date={date}/", IDENTITY, (*IDENTITY, "content")):
            for row in table.filter(pc.equal(table["reason"], reason)).to_pylist():
                if row["record_index"] is not None:
                    found[row["object_key"], row["object_etag"]].add(row["content"])
    return found


def take_out(store: ObjectStore, objects: Iterable[TrailObject], reason: str) -> None:
    """Delete the single records that are held of some objects for one reason."""
    versions, dates = _versions_and_dates(objects)
    for date in dates:
        for info in list(store.list(f"{TABLE}/date={date}/")):
            _take_out(store, info.key, versions, reason)


def _take_out(store: ObjectStore, key: str, versions: Collection[tuple[str, str]], reason: str) -> None:
    while True:
        try:
            content, etag = store.get(key)
        except NotFoundError:  # it went into the day's file, which is listed again by the next run
            return
        with reading(f"{store.url}/{key}"):
            table = read_columns(content, required=IDENTITY)
        stays = [
            row["reason"] != reason
            or (row["object_key"], row["object_etag"]) not in versions
            or row["record_index"] is None
            for row in table.select(IDENTITY).to_pylist()
        ]
        if all(stays):
            return
        if not any(stays) and not parts.is_day(key):
            store.delete(key)
            return
        try:
            store.put(key, encode(table.filter(pa.array(stays))), replacing=etag)
        except ConflictError:
            continue
        return


def _held(store: ObjectStore, objects: Iterable[TrailObject]) -> dict[tuple[str, str, int | None, str], int]:
    """Give the rows of some objects, by `IDENTITY`, with the number of records each stands for; 1 for an object."""
    versions, dates = _versions_and_dates(objects)
    found: dict[tuple[str, str, int | None, str], int] = {}
    columns = (*IDENTITY, "records")
    for date in dates:
        for table in parts.read(store, f"{TABLE}/date={date}/", IDENTITY, columns):
            for row in table.to_pylist():
                if (row["object_key"], row["object_etag"]) in versions:
                    # Files that were written before records were refused together have no such column.
                    found[tuple(row[name] for name in IDENTITY)] = row.get("records") or 1
    return found


def _versions_and_dates(objects: Iterable[TrailObject]) -> tuple[set[tuple[str, str]], list[str]]:
    """Give keys and ETags of objects, looked at once, and the days they were delivered on."""
    versions: set[tuple[str, str]] = set()
    dates: set[str] = set()
    for each in objects:
        versions.add((each.key, each.etag))
        dates.add(each.date)
    return versions, sorted(dates)
