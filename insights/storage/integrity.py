"""The `integrity` table: what CloudTrail's digests say of the log files that were read, and of the digests themselves.

It stands beside the ledger, not in it: the ledger is written once, when an object was read, and a verdict comes an hour
or more later and may still change. A row belongs to one version of an object (key and ETag); one that no row speaks of
is unverified. There is one file for each account × Region × day of delivery, and writing the same rows again changes
nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

import msgspec
import pyarrow as pa

from insights.records.object_keys import TrailKey, parse_key
from insights.records.schemas import INTEGRITY
from insights.storage import documents
from insights.storage.objects import ObjectInfo, ObjectStore, repeated_on_conflict
from insights.storage.partitions import Place, account_regions
from insights.storage.tables import encode, read_version
from insights.windows import Window

TABLE = "integrity"
WITHDRAWN = "state/withdrawn"
_NO_DAY = "-"

VERIFIED, UNVERIFIED, REFUTED = "verified", "unverified", "refuted"
LOG_FILE, DIGEST = "log file", "digest"

NO_DIGEST, PENDING, GAP, NOT_HASHED = "no_digest", "pending", "gap", "not_hashed"
"""Why a log file is unverified: no digest was ever found for it; its digest has not come yet; none was written, or it
is not valid; it was read without keeping its hash, and is no longer there."""

Row = dict[str, Any]
"""A row of `INTEGRITY`."""


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of one version of an object."""

    verdict: str
    reason: str


class Verdicts:
    """Looks verdicts up, each day's file once."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._days: dict[str, dict[tuple[str, str], Said]] = {}
        self._places = places(store)

    def of(self, key: str, etag: str) -> Said:
        """Give the verdict on one version of an object that was read."""
        name = parse_key(key)
        if not isinstance(name, TrailKey) or (name.account_id, name.region) not in self._places:
            return Said(UNVERIFIED, NO_DIGEST)
        file = day_key(name.account_id, name.region, f"{name.delivered_at:%Y-%m-%d}")
        if file not in self._days:
            rows = _read(self._store, file)[0]
            self._days[file] = {
                (row["object_key"], row["object_etag"]): Said(row["verdict"], row["reason"]) for row in rows
            }
        return self._days[file].get((key, etag), Said(UNVERIFIED, NO_DIGEST))


class Withdrawal(msgspec.Struct, frozen=True):
    """How the records of one version of an object are to be counted, since a digest refuted it or another one: in place
    of what the ledger says; what is None is as it was. `out_of_scope` is only told where it was read again. `is_owed`
    says that it was gone when the only copies of some of its records, those of a refuted object, were withdrawn."""

    object_key: str
    object_etag: str
    kept: int
    duplicate: int
    quarantined: int
    out_of_scope: int | None = None
    is_owed: bool = False

    @property
    def was_read_again(self) -> bool:
        """Whether its records were put into the events again, not withdrawn from them."""
        return self.out_of_scope is not None


_codec = msgspec.json.Decoder(Withdrawal)


def day_key(account_id: str, region: str, date: str) -> str:
    """Give the key of one day's verdicts."""
    return f"{TABLE}/account_id={account_id}/region={region}/date={date}/integrity.parquet"


def read_days(store: ObjectStore, account_id: str, region: str, window: Window) -> list[Row]:
    """Give the rows of one account × Region on the days of delivery that overlap a window."""
    rows: list[Row] = []
    for day in window.days():
        rows += _read(store, day_key(account_id, region, f"{day.start:%Y-%m-%d}"))[0]
    return rows


def places(store: ObjectStore) -> set[Place]:
    """Give every (account id, Region) that ever had a digest."""
    return set(account_regions(store, TABLE))


def write(
    store: ObjectStore, account_id: str, region: str, rows: Iterable[Row], *, present: Collection[str] = ()
) -> int:
    """Enter verdicts; give how many of them are news.

    A row without an ETag says that an object is missing; it goes once its key is among those that are `present`.

    What was verified stays so, and what was refuted until it is verified: a digest that is deleted later takes nothing
    back.
    """
    by_date: dict[str, list[Row]] = {}
    for row in rows:
        by_date.setdefault(f"{row['delivered_at']:%Y-%m-%d}", []).append(row)
    return sum(
        _merge(store, day_key(account_id, region, date), each, present) for date, each in sorted(by_date.items())
    )


@repeated_on_conflict
def _merge(store: ObjectStore, key: str, rows: Iterable[Row], present: Collection[str]) -> int:
    known, etag = _read(store, key)
    merged = {_identity(row): row for row in known}
    news = 0
    for row in rows:
        old = merged.get(_identity(row))
        if old != row and (old is None or _may_follow(row["verdict"], old["verdict"])):
            merged[_identity(row)] = row
            news += 1
    left = [row for row in merged.values() if row["object_etag"] or row["object_key"] not in present]
    left.sort(key=_identity)
    if left == known:
        return 0
    store.put(key, encode(pa.Table.from_pylist(left, schema=INTEGRITY)), replacing=etag)
    return news


def _may_follow(verdict: str, old: str) -> bool:
    return old != VERIFIED and (old != REFUTED or verdict != UNVERIFIED)


def _identity(row: Row) -> tuple[str, str, str]:
    return (row["kind"], row["object_key"], row["object_etag"])


def _read(store: ObjectStore, key: str) -> tuple[list[Row], str]:
    version = read_version(store, key, INTEGRITY)
    return version.table.to_pylist(), version.etag


def withdraw(store: ObjectStore, withdrawal: Withdrawal) -> None:
    """Note how an object's records are to be counted from now on."""
    name = blake2b(f"{withdrawal.object_key}\n{withdrawal.object_etag}".encode(), digest_size=10).hexdigest()
    key = parse_key(withdrawal.object_key)
    day = f"{key.delivered_at:%Y-%m-%d}" if isinstance(key, TrailKey) else _NO_DAY
    store.put(f"{WITHDRAWN}/{day}/{name}.json", msgspec.json.encode(withdrawal))


def withdrawals(store: ObjectStore, delivered: Window) -> Mapping[tuple[str, str], Withdrawal]:
    """Give those of the objects delivered on the days of a window, and of loose ones, by key and ETag."""
    return {(each.object_key, each.object_etag): each for each in _withdrawals(store, delivered)}


def _withdrawals(store: ObjectStore, delivered: Window) -> Iterator[Withdrawal]:
    days = {f"{day.start:%Y-%m-%d}" for day in delivered.days()} | {_NO_DAY}
    for folder in store.list_folder(f"{WITHDRAWN}/").folders:
        if folder.split("/")[-2] in days:
            for info in store.list(folder):
                yield documents.read(store, info.key, _codec)[0]


def expired_withdrawals(store: ObjectStore, before: datetime) -> Iterator[ObjectInfo]:
    """Yield the notes on objects that were delivered on days that ended by an instant."""
    for folder in store.list_folder(f"{WITHDRAWN}/").folders:
        day = folder.split("/")[-2]
        if day != _NO_DAY and day < f"{before:%Y-%m-%d}":
            yield from store.list(folder)
