"""The `events` table: one file an event hour, the union of every record of that hour by event id.

A union does not care in which order, how often or by whom it is made, which is what makes runs repeatable and backfills
equal to hourly runs. Of several copies of a record the one from the smallest object key stays, so that the table does
not depend on the order of arrival either; of a record and its corrections (`addendum`), the correction from the
greatest key, which is the last that was delivered.

An event counts as kept for the first object that brought it, and as a duplicate for all others. Where that is not the
object whose copy stays, the file's metadata name it (its credits), so that objects that are read again, since a run was
killed, are told the same.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from insights.errors import ConflictError
from insights.records.addendum import corrected_event_id
from insights.records.columns import UNCOMPLETED, complete
from insights.records.partitions import EventHour
from insights.records.schemas import EVENTS
from insights.storage.objects import ObjectStore
from insights.storage.tables import ROW_GROUP_ROWS, encode_parts, read_version

TABLE = "events"
_UUID_LENGTH = 36
_DASHES = (8, 13, 18, 23)
_HEX_COLUMNS = np.array([i for i in range(_UUID_LENGTH) if i not in _DASHES])
_NIBBLES = np.full(256, 255, dtype=np.uint8)
_NIBBLES[np.frombuffer(b"0123456789abcdef", dtype=np.uint8)] = np.arange(16, dtype=np.uint8)
_NIBBLES[np.frombuffer(b"ABCDEF", dtype=np.uint8)] = np.arange(10, 16, dtype=np.uint8)


def hour_key(hour: EventHour) -> str:
    """Give the key of an event hour's file."""
    return f"{TABLE}/{hour.path}/events.parquet"


def merge_hour(store: ObjectStore, hour: EventHour, rows: pa.Table) -> npt.NDArray[np.bool_]:
    """Add rows (columns of `UNCOMPLETED`) to an event hour; tell which are kept, the others are duplicates.

    A row whose event is in the file already, first brought by the same object, counts as kept: a run was killed after
    writing it.
    """
    while True:
        version = read_version(store, hour_key(hour), UNCOMPLETED)
        union = _unite(version.table, rows, version.credits)
        if union.is_unchanged:
            return union.is_kept
        content = encode_parts(EVENTS, union.parts(), credits=union.credits)
        try:
            store.put(hour_key(hour), content, replacing=version.etag)
        except ConflictError:
            continue
        return union.is_kept


def take_out(store: ObjectStore, hour: EventHour, object_keys: Collection[str]) -> None:
    """Leave some objects' rows out of an event hour; what is kept for one of them is kept for its row's object then.

    An hour without any row stays as an empty file: deleting it could undo a merge.
    """
    gone = pa.array(sorted(object_keys), pa.string())
    while True:
        version = read_version(store, hour_key(hour), EVENTS)
        origin = version.table["object_key"]
        credited = pa.chunked_array([_credited(origin, version.credits)], pa.string())
        credited = pc.if_else(pc.is_in(credited, gone), origin, credited)
        stays = pc.invert(pc.is_in(origin, gone))
        origin, credited, others = origin.filter(stays), credited.filter(stays), version.table.filter(stays)
        moved = np.flatnonzero(pc.not_equal(origin, credited).to_numpy())
        credits = _credits(moved, credited.take(pa.array(moved)).to_pylist())
        if others.num_rows == version.table.num_rows and credits == version.credits:
            return
        parts = (others.slice(start, ROW_GROUP_ROWS) for start in range(0, others.num_rows, ROW_GROUP_ROWS))
        try:
            store.put(hour_key(hour), encode_parts(EVENTS, parts, credits=credits), replacing=version.etag)
        except ConflictError:
            continue
        return


@dataclass(frozen=True, slots=True)
class _Union:
    table: pa.Table
    order: pa.Array
    is_kept: npt.NDArray[np.bool_]
    is_unchanged: bool
    credits: str

    def parts(self) -> Iterator[pa.Table]:
        """Give the rows of the file in order, a row group at a time: whole, they take twice the memory."""
        for start in range(0, len(self.order), ROW_GROUP_ROWS):
            yield complete(self.table.take(self.order[start : start + ROW_GROUP_ROWS]))


def _unite(old: pa.Table, new: pa.Table, credits: str) -> _Union:
    table = new.select(UNCOMPLETED.names).cast(UNCOMPLETED)
    if old.num_rows:
        table = pa.concat_tables([old.cast(UNCOMPLETED), table]).unify_dictionaries()
    table = table.combine_chunks()
    high, low = event_keys(table)
    objects = pa.chunked_array([*table["object_key"].chunks, _credited(old["object_key"], credits)], pa.string())
    origin, credited = np.split(_ranks(objects), [table.num_rows])
    by_event = np.lexsort((_precedence(table, origin), low, high))
    is_first = np.ones(table.num_rows, dtype=bool)
    is_first[1:] = (np.diff(high[by_event]) != 0) | (np.diff(low[by_event]) != 0)
    winners = by_event[is_first]
    time = pc.cast(table["event_time"], pa.int64()).to_numpy()
    order = winners[np.argsort(time[winners], kind="stable")]
    event = np.empty(table.num_rows, dtype=np.int64)
    event[by_event] = np.cumsum(is_first) - 1
    is_kept = _kept(event, origin, credited, winners)
    is_unchanged = old.num_rows > 0 and len(winners) == old.num_rows and bool((winners < old.num_rows).all())
    credit = origin[winners]
    credit[event[: old.num_rows]] = credited
    moved = np.flatnonzero(credit[event[order]] != origin[order])
    names = sorted(objects.unique().to_pylist()) if len(moved) else []
    credits = _credits(moved, [names[rank] for rank in credit[event[order[moved]]]])
    return _Union(table, pa.array(order), is_kept, is_unchanged, credits)


def _precedence(table: pa.Table, origin: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Rank the copies of an event, the one that stays lowest: corrections before others, the last delivered first."""
    is_correction = pc.is_valid(_corrected_ids(table)).to_numpy(zero_copy_only=False)
    return np.where(is_correction, -1 - origin, origin)


def _corrected_ids(table: pa.Table) -> pa.Array:
    """Give the event id each row corrects, null for the rows (nearly all) that correct none."""
    addenda = table["addendum_json"]
    if addenda.null_count == len(addenda):
        return pa.nulls(len(addenda), pa.string())
    return pa.array([corrected_event_id(text) for text in addenda.to_pylist()], pa.string())


def _credited(object_keys: pa.ChunkedArray, credits: str) -> pa.Array:
    """Give the object each row of a file is kept for: its own, unless the file's credits name another."""
    if not credits:
        return pa.concat_arrays(object_keys.chunks) if object_keys.num_chunks else pa.array([], pa.string())
    texts = object_keys.to_pylist()
    for key, rows in json.loads(credits).items():
        for row in rows:
            texts[row] = key
    return pa.array(texts, pa.string())


def _credits(rows: npt.NDArray[np.int64], object_keys: Sequence[str]) -> str:
    """Write down the rows of a file that are kept for another object than their own: `{"object key": [rows]}`."""
    by_object: dict[str, list[int]] = {}
    for row, key in zip(rows.tolist(), object_keys, strict=True):
        by_object.setdefault(key, []).append(row)
    return json.dumps(by_object, sort_keys=True) if by_object else ""


def _kept(
    event: npt.NDArray[np.int64],
    origin: npt.NDArray[np.int64],
    credited: npt.NDArray[np.int64],
    winners: npt.NDArray[np.int64],
) -> npt.NDArray[np.bool_]:
    """Mark the new rows that are not duplicates: the copy that stays of an event the file did not have, or the first of
    an event that it has and is kept for the same object."""
    old = len(credited)
    credited_before = np.full(len(winners), -1, dtype=np.int64)
    credited_before[event[:old]] = credited
    is_new_event = credited_before[event[old:]] < 0
    is_winner = np.zeros(len(event), dtype=bool)
    is_winner[winners] = True
    is_reread = ~is_new_event & (credited_before[event[old:]] == origin[old:])
    _, first_reread = np.unique(event[old:][is_reread], return_index=True)
    is_first_reread = np.zeros(len(event) - old, dtype=bool)
    is_first_reread[np.flatnonzero(is_reread)[first_reread]] = True
    return (is_new_event & is_winner[old:]) | is_first_reread


def _ranks(texts: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Number texts by their alphabetical order."""
    codes = pc.dictionary_encode(texts.combine_chunks())
    rank = np.empty(len(codes.dictionary), dtype=np.int64)
    rank[pc.sort_indices(codes.dictionary).to_numpy()] = np.arange(len(rank))
    ranks: npt.NDArray[np.int64] = rank[codes.indices.to_numpy()]
    return ranks


def event_keys(table: pa.Table) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """Give 128 bits a row that tell events apart: the event id's own where it is a UUID, else a hash of it, or, where
    the record has none (version 1.0), of the whole record. A correction has the key of the event it corrects."""
    ids = pc.coalesce(_corrected_ids(table), table["event_id"].combine_chunks())
    keys = np.zeros((table.num_rows, 16), dtype=np.uint8)
    is_done = _decode_uuids(ids, keys)
    for i in np.flatnonzero(~is_done):
        text = ids[int(i)].as_py()
        content = text.encode() if text is not None else _content(table.slice(int(i), 1))
        keys[i] = np.frombuffer(blake2b(content, digest_size=16).digest(), dtype=np.uint8)
    halves = keys.view(">u8").astype(np.uint64)
    return halves[:, 0], halves[:, 1]


def _decode_uuids(ids: pa.Array, keys: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Fill in the keys of the rows whose id is a UUID, a column at a time; tell which those are."""
    is_uuid: npt.NDArray[np.bool_] = pc.fill_null(pc.equal(pc.binary_length(ids), _UUID_LENGTH), False).to_numpy(
        zero_copy_only=False
    )
    if not is_uuid.any():
        return is_uuid
    uuids = ids.filter(pa.array(is_uuid))
    text = np.frombuffer(uuids.buffers()[2], dtype=np.uint8)
    characters = text[: len(uuids) * _UUID_LENGTH].reshape(-1, _UUID_LENGTH)
    nibbles = _NIBBLES[characters[:, _HEX_COLUMNS]]
    is_hex = (nibbles != 255).all(axis=1) & (characters[:, _DASHES] == ord("-")).all(axis=1)
    rows = np.flatnonzero(is_uuid)
    keys[rows[is_hex]] = (nibbles[is_hex, 0::2] << 4) | nibbles[is_hex, 1::2]
    is_uuid[rows[~is_hex]] = False
    return is_uuid


def _content(row: pa.Table) -> bytes:
    values: dict[str, Any] = row.drop_columns(["object_key"]).to_pylist()[0]
    return json.dumps(values, default=str, sort_keys=True).encode()
