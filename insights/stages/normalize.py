"""normalize: turn the records of one shard's objects into rows of `events`, each exactly once.

Order matters for a kill at any moment: events first, quarantine next, the ledger last. Until the ledger has an object
it will be read again, and reading it again adds nothing.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from insights.errors import AccessDeniedError, NotFoundError, ReconciliationError, StorageError
from insights.integrity.log_files import fingerprint
from insights.records.batches import Batch, parts
from insights.records.columns import Rows, build_rows, has_usable_partition
from insights.records.document import Document, read_document, refuse_too_large
from insights.records.event import Refusal, restore_text
from insights.records.object_keys import with_version
from insights.records.partitions import EventHour
from insights.records.schemas import INSTANT
from insights.settings import IngestSettings
from insights.stages.extract import read_plan
from insights.stages.report import NormalizeReport
from insights.stages.workspace import Workspace
from insights.storage import ledger, quarantine
from insights.storage.events import merge_hour
from insights.storage.objects import ObjectStore
from insights.storage.read_ahead import read_ahead
from insights.storage.trail import TrailObject
from insights.windows import HOUR, Window, floor

PENDING_BYTES = 32 * 2**20
"""How many bytes of rows wait in memory before event hours are written."""

_HOUR_MICROSECONDS = int(HOUR.total_seconds()) * 1_000_000


def run(window: Window, workspace: Workspace, shard: str | None = None) -> NormalizeReport:
    """Read one shard's objects (by default: no shard, nothing to do) into `events`, `quarantine` and `ledger`.

    Raises:
        StorageError: some object could not be fetched for a passing reason; the others are done, run it again.
        ReconciliationError: the records do not add up.
    """
    if shard is None:
        return NormalizeReport(window=str(window))
    planned = read_plan(workspace, shard)
    work = _work(workspace, list(ledger.to_read(workspace.lake, planned)))
    work.is_hashing = workspace.settings.integrity.policy != "off"
    with _without_collector():
        work.read(workspace.trail, workspace.settings.ingest)
    report = work.finish(window)
    # What is free in between of what is not would grow from shard to shard.
    pa.default_memory_pool().release_unused()
    return report


@dataclass(frozen=True, slots=True)
class ReadAgain:
    """What became of an object's records when it was read again."""

    kept: int
    duplicate: int
    out_of_scope: int


def read_again(
    workspace: Workspace, objects: Sequence[tuple[TrailObject, bool]], *, is_vouched: bool = False
) -> list[ReadAgain]:
    """Read objects into `events` that were read before, each given with the ledger's `is_replacement`. With
    `is_vouched` digests vouch for them: their copies take the place of others.

    Raises:
        StorageError: one of them could not be fetched.
    """
    work = _work(workspace, objects)
    work.is_vouched = is_vouched
    with _without_collector():
        work.read(workspace.trail, workspace.settings.ingest)
    for failure in work.failures.values():
        raise failure
    numbers = zip(work.kept.tolist(), work.duplicate.tolist(), work.out_of_scope.tolist(), strict=True)
    return [ReadAgain(*each) for each in numbers]


def _work(workspace: Workspace, objects: Sequence[tuple[TrailObject, bool]]) -> _Work:
    """Begin with objects, of which it is told whether another version was read before."""
    return _Work(
        workspace.lake,
        [each for each, _ in objects],
        set(workspace.settings.trail.categories),
        workspace.kept_since(),
        {number for number, (_, is_replacement) in enumerate(objects) if is_replacement},
    )


@contextmanager
def _without_collector() -> Iterator[None]:
    """Keep Python from looking for cycles: reading makes millions of values and no cycle. It saves 5 % of CPU."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@dataclass
class _Work:
    """One shard on its way: rows waiting by event hour, and what became of each object's records."""

    lake: ObjectStore
    objects: list[TrailObject]
    categories: set[str]
    kept_since: datetime | None
    replacements: set[int]
    pending: dict[EventHour, list[pa.Table]] = field(default_factory=dict)
    sizes: dict[EventHour, int] = field(default_factory=dict)
    pending_bytes: int = 0
    batch: Batch = field(default_factory=Batch)
    refusals: list[tuple[int, Refusal]] = field(default_factory=list)
    failures: dict[int, StorageError] = field(default_factory=dict)
    is_hashing: bool = False
    is_vouched: bool = False
    hashes: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        size = len(self.objects)
        names = (with_version(o.key, o.etag) if i in self.replacements else o.key for i, o in enumerate(self.objects))
        self.keys = pa.array(names, pa.string())
        self.records_in = np.zeros(size, dtype=np.int64)
        self.kept = np.zeros(size, dtype=np.int64)
        self.duplicate = np.zeros(size, dtype=np.int64)
        self.out_of_scope = np.zeros(size, dtype=np.int64)
        self.hours: list[set[EventHour]] = [set() for _ in range(size)]

    def read(self, trail: ObjectStore, settings: IngestSettings) -> None:
        limit_bytes = settings.unpacked_megabytes * 2**20
        fetched = list(self._fetchable(limit_bytes))
        objects = [self.objects[i] for i in fetched]
        keys, sizes = (each.key for each in objects), (each.size for each in objects)
        with closing(read_ahead(trail, keys, threads=settings.fetch_threads, sizes=sizes)) as contents:
            for number, (key, body) in zip(fetched, contents, strict=True):
                if isinstance(body, StorageError):
                    self.failures[number] = body
                    continue
                self._take(number, body, read_document(key, body, limit_bytes=limit_bytes, is_hashing=self.is_hashing))
        self._flush_batch()
        while self.pending:
            self._merge_one()

    def _fetchable(self, limit_bytes: int) -> Iterator[int]:
        """Give the objects that are worth fetching: one that is too large even packed is refused unfetched."""
        for number, each in enumerate(self.objects):
            if each.size > limit_bytes:
                self.refusals.append((number, refuse_too_large(each.size, limit_bytes, b"")))
            else:
                yield number

    def _take(self, number: int, body: bytes, document: Document) -> None:
        if self.is_hashing:
            # Nearly all have it from reading; of the others this says why they have none.
            self.hashes[number] = document.content_hash or fingerprint(body)
        self.records_in[number] = document.records_in
        self.refusals += [(number, refusal) for refusal in document.refusals]
        if not self.batch.has_room(document):
            self._flush_batch()
            # Never amid an object: an event that it has twice would look as if a killed run had written it.
            while self.pending_bytes > PENDING_BYTES:
                self._merge_one()
        for part in parts(document):
            if not self.batch.has_room(part):
                self._flush_batch()
            self.batch.add(part, number)

    def _flush_batch(self) -> None:
        rows, refusals = build_rows(self.batch)
        self.batch = Batch()
        self.refusals += refusals
        self._sort_out(rows)

    def _sort_out(self, rows: Rows) -> None:
        """Leave out what is out of scope or cannot be filed, and put the rest with its event hours."""
        in_scope = pc.is_in(rows.table["event_category"], pa.array(sorted(self.categories))).to_numpy()
        if self.kept_since is not None:
            in_scope &= pc.greater_equal(rows.table["event_time"], pa.scalar(self.kept_since, INSTANT)).to_numpy()
        np.add.at(self.out_of_scope, rows.sources[~in_scope], 1)
        rows = self._with_account(rows.filter(in_scope))
        usable = has_usable_partition(rows.table)
        for i in np.flatnonzero(~usable):
            self.refusals.append((int(rows.sources[i]), _unusable(rows.table.slice(i, 1), int(rows.positions[i]))))
        rows = rows.filter(usable)
        table = rows.table.drop_columns(["account_id", "region"]).append_column("source", pa.array(rows.sources))
        row_bytes = table.get_total_buffer_size() / max(len(rows), 1)
        for hour, members in _by_hour(rows.table):
            self.pending.setdefault(hour, []).append(table.take(pa.array(members)))
            size = int(len(members) * row_bytes)
            self.sizes[hour] = self.sizes.get(hour, 0) + size
            self.pending_bytes += size
            for source in np.unique(rows.sources[members]):
                self.hours[source].add(hour)

    def _with_account(self, rows: Rows) -> Rows:
        """Take the object's account where the record does not name one."""
        named = rows.table["account_id"]
        if not named.null_count:
            return rows
        accounts = pa.array([self.objects[i].account_id for i in rows.sources], pa.string())
        at = rows.table.schema.get_field_index("account_id")
        table = rows.table.set_column(at, "account_id", pc.coalesce(named.cast(pa.string()), accounts))
        return Rows(table, rows.sources, rows.positions)

    def _merge_one(self) -> None:
        """Write the oldest of the hours that hold much.

        Objects come by place and time of delivery: what comes first is the likeliest to be complete.
        """
        mean = self.pending_bytes / len(self.sizes)
        hour = min(hour for hour, size in self.sizes.items() if size >= mean)
        self.pending_bytes -= self.sizes.pop(hour)
        waiting = pa.concat_tables(self.pending.pop(hour)).unify_dictionaries().combine_chunks()
        sources = waiting["source"].to_numpy()
        keys = pa.DictionaryArray.from_arrays(waiting["source"].combine_chunks().cast(pa.int32()), self.keys)
        rows = waiting.append_column("object_key", keys)
        is_kept = merge_hour(self.lake, hour, rows, is_vouched=self.is_vouched)
        np.add.at(self.kept, sources[is_kept], 1)
        np.add.at(self.duplicate, sources[~is_kept], 1)

    def finish(self, window: Window) -> NormalizeReport:
        quarantine.write(self.lake, [(self.objects[i], refusal) for i, refusal in self._all_refusals()])
        read = [i for i in range(len(self.objects)) if i not in self.failures]
        quarantined: Counter[int] = Counter()
        refused: Counter[str] = Counter()
        for i, refusal in self._all_refusals():
            refused[refusal.reason] += refusal.records
            quarantined[i] += refusal.records if refusal.index is not None else 0
        report = NormalizeReport(
            window=str(window),
            objects=len(read),
            unreadable=len(self.failures),
            records_in=int(self.records_in.sum()),
            kept=int(self.kept.sum()),
            duplicate=int(self.duplicate.sum()),
            out_of_scope=int(self.out_of_scope.sum()),
            quarantined=sum(quarantined.values()),
            refused=dict(sorted(refused.items())),
            hours=tuple(sorted({str(hour) for hours in self.hours for hour in hours})),
        )
        if report.unaccounted:
            raise ReconciliationError(
                f"{report.unaccounted} of {report.records_in} records of {len(read)} objects are unaccounted for: the "
                "ledger was not written, so nothing is lost; please report this with the names of the objects"
            )
        # Named by what was read: of another run, which could not fetch some, the file is another.
        unit = ledger.unit_name(self.objects[i] for i in read)
        ledger.write(self.lake, unit, [(self.objects[i], self._entry(i, quarantined[i])) for i in read])
        self._raise_passing_failures()
        return report

    def _entry(self, number: int, quarantined: int) -> dict[str, Any]:
        return {
            "records_in": int(self.records_in[number]),
            "kept": int(self.kept[number]),
            "duplicate": int(self.duplicate[number]),
            "out_of_scope": int(self.out_of_scope[number]),
            "quarantined": quarantined,
            "partitions": sorted(hour.path for hour in self.hours[number]),
            "content_hash": self.hashes.get(number),
            "is_replacement": number in self.replacements,
        }

    def _all_refusals(self) -> list[tuple[int, Refusal]]:
        unreadable = [
            (i, Refusal("unreadable_object", str(error), None, b""))
            for i, error in self.failures.items()
            if isinstance(error, AccessDeniedError | NotFoundError)
        ]
        return self.refusals + unreadable

    def _raise_passing_failures(self) -> None:
        passing = [e for e in self.failures.values() if not isinstance(e, AccessDeniedError | NotFoundError)]
        if passing:
            raise StorageError(f"{len(passing)} objects could not be fetched, the rest is done; first: {passing[0]}")


def _by_hour(table: pa.Table) -> list[tuple[EventHour, npt.NDArray[np.int64]]]:
    """Give the row numbers of each event hour in a table."""
    hour = pc.cast(table["event_time"], pa.int64()).to_numpy() // _HOUR_MICROSECONDS
    account = pc.dictionary_encode(table["account_id"].combine_chunks())
    region = pc.dictionary_encode(table["region"].combine_chunks())
    place = account.indices.to_numpy().astype(np.int64) * len(region.dictionary) + region.indices.to_numpy()
    _, group = np.unique(place * (hour.max(initial=0) + 1) + hour, return_inverse=True)
    by_group = np.argsort(group, kind="stable")
    return [
        (
            EventHour(
                table["account_id"][int(rows[0])].as_py(),
                table["region"][int(rows[0])].as_py(),
                floor(table["event_time"][int(rows[0])].as_py(), HOUR),
            ),
            rows,
        )
        for rows in np.split(by_group, np.cumsum(np.bincount(group))[:-1])
        if len(rows)
    ]


def _unusable(row: pa.Table, position: int) -> Refusal:
    values = row.to_pylist()[0]
    detail = f"account {str(values['account_id'])[:64]!r}, Region {str(values['region'])[:64]!r}"
    return Refusal("unusable_partition", detail, position, restore_text(values).encode())
