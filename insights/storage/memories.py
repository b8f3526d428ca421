"""The detector's memories: snapshots of what it had learnt of an account × Region by some hour.

They save time and hold nothing that the counts do not: whatever is missing, unreadable or made by another method or
with other numbers is as good as absent. Snapshots are named by their content and never replaced; an index beside them
says which are true. It is replaced by compare-and-swap, so that of two runs at once one is heard and the other knows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

import pyarrow as pa

from insights.errors import ConflictError, NotFoundError
from insights.statistics.parameters import Parameters
from insights.statistics.place import PlaceMemory
from insights.statistics.snapshot import fingerprint, from_table, to_table
from insights.storage.objects import ABSENT, ObjectStore
from insights.storage.partitions import Place
from insights.storage.tables import put_if_new
from insights.windows import DAY, HOUR

TABLE = "state/detector"
KEPT_HOURS, KEPT_DAYS, KEPT_WEEKS = 6, 8, 8
"""Of each of the latest hours, days and weeks one snapshot is kept: late calls mostly come within hours."""

_HOUR = "%Y-%m-%dT%H"
_WEEK = timedelta(days=7)
_EPOCH = datetime(1970, 1, 5, tzinfo=UTC)  # a Monday
_UNLISTED = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Snapshot:
    """A memory that has learnt every hour before `until`."""

    until: datetime
    key: str


@dataclass(frozen=True, slots=True)
class Index:
    """The snapshots that are true, oldest first, as one version of the index names them.

    `account_since` is the hour from which on they take the account for known, as the index of an hour since 1970.
    """

    folder: str
    print: str
    etag: str
    snapshots: tuple[Snapshot, ...]
    account_since: int | None = None


def read_index(store: ObjectStore, place: Place, era: datetime, parameters: Parameters) -> Index:
    """Read which snapshots there are of an account × Region, in the era that begins at an instant."""
    folder = f"{_folder(place)}era={era:%Y-%m-%d}/"
    mine = blake2b(fingerprint(parameters).encode(), digest_size=8).hexdigest()
    try:
        content, etag = store.get(f"{folder}index.json")
    except NotFoundError:
        return Index(folder, mine, ABSENT, ())
    return Index(folder, mine, etag, *_parse(content, folder, mine))


def load(store: ObjectStore, snapshot: Snapshot, parameters: Parameters) -> PlaceMemory | None:
    """Read a memory; None where the file has gone or cannot be read."""
    try:
        content, _ = store.get(snapshot.key)
        return from_table(pa.ipc.open_file(pa.BufferReader(content)).read_all(), parameters)
    except (NotFoundError, pa.ArrowException, ValueError, KeyError):
        return None


def save(store: ObjectStore, index: Index, until: datetime, memory: PlaceMemory) -> Snapshot:
    """Put a snapshot; it counts once an index names it."""
    table = to_table(memory)
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", 1))
    with pa.ipc.new_file(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    content: bytes = sink.getvalue().to_pybytes()
    digest = blake2b(content, digest_size=8).hexdigest()
    snapshot = Snapshot(until, f"{index.folder}{until:{_HOUR}}-{digest}.arrow")
    put_if_new(store, snapshot.key, content)
    return snapshot


def write_index(store: ObjectStore, index: Index, snapshots: Sequence[Snapshot], account_since: int | None) -> bool:
    """Name the snapshots that are true from now on, of which those worth keeping are kept; False if somebody else
    named others meanwhile."""
    kept = worth_keeping(snapshots)
    if (kept, account_since) == (index.snapshots, index.account_since):
        return True
    names = [snapshot.key.rpartition("/")[2] for snapshot in kept]
    document = {"parameters": index.print, "account_since": account_since, "snapshots": names}
    content = json.dumps(document).encode()
    try:
        store.put(f"{index.folder}index.json", content, replacing=index.etag)
    except ConflictError:
        return False
    _sweep(store, index.folder, {snapshot.key for snapshot in kept})
    return True


def worth_keeping(snapshots: Iterable[Snapshot]) -> tuple[Snapshot, ...]:
    """Give the newest snapshot of each of the latest hours, days and weeks that have any."""
    newest_first = sorted(snapshots, reverse=True)
    kept: set[Snapshot] = set()
    for step, count in ((HOUR, KEPT_HOURS), (DAY, KEPT_DAYS), (_WEEK, KEPT_WEEKS)):
        seen: dict[int, Snapshot] = {}
        for snapshot in newest_first:
            seen.setdefault((snapshot.until - _EPOCH) // step, snapshot)
        kept.update(list(seen.values())[:count])
    return tuple(sorted(kept))


def is_worth_keeping(until: datetime, last: datetime) -> bool:
    """Tell whether a snapshot of a midnight will still be kept when the last hour judged is `last`."""
    return last - until <= KEPT_DAYS * DAY or until.weekday() == 0


def forget_before(store: ObjectStore, place: Place, era: datetime) -> None:
    """Delete what is kept of eras that began before an instant."""
    for folder in store.list_folder(_folder(place)).folders:
        if folder.rstrip("/").rpartition("=")[2] < f"{era:%Y-%m-%d}":
            for info in list(store.list(folder)):
                store.delete(info.key)


def _folder(place: Place) -> str:
    return f"{TABLE}/account_id={place[0]}/region={place[1]}/"


def _parse(content: bytes, folder: str, mine: str) -> tuple[tuple[Snapshot, ...], int | None]:
    try:
        document: Any = json.loads(content)
        if document["parameters"] != mine:
            return (), None
        found = tuple(Snapshot(_until(name), folder + name) for name in document["snapshots"])
        return found, document["account_since"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return (), None


def _until(name: str) -> datetime:
    return datetime.strptime(name[:13], _HOUR).replace(tzinfo=UTC)


def _sweep(store: ObjectStore, folder: str, kept: set[str]) -> None:
    """Delete snapshots no index names; a new one may be about to be named, so each is left alone for a day."""
    found = [info for info in store.list(folder) if info.key.endswith(".arrow")]
    newest = max((info.last_modified for info in found), default=_EPOCH)
    for info in found:
        if info.key not in kept and newest - info.last_modified > _UNLISTED:
            store.delete(info.key)
