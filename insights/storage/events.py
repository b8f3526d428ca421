"""The `events` table: one file an event hour, the union of every record of that hour by event id.

A union does not care in which order, how often or by whom it is made, which is what makes runs repeatable and backfills
equal to hourly runs. Which of several copies of a record stays follows from the names of their objects (`precedence`),
so that the table does not depend on the order of arrival either.

An event counts as kept for the first object that brought it, and as a duplicate for all others. Where that is not the
object whose copy stays, the file's metadata name it (its credits), so that objects that are read again, since a run was
killed, are told the same. They also name the objects that a digest vouches for where copies differed
(`vouched`): theirs come first.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from insights.errors import ConflictError
from insights.records.columns import UNCOMPLETED, complete
from insights.records.partitions import EventHour
from insights.records.schemas import EVENTS, with_dictionaries
from insights.storage import disputes
from insights.storage.event_keys import are_different, by_time, corrected_ids, event_keys, event_names, grouped
from insights.storage.objects import ObjectStore
from insights.storage.precedence import precedence
from insights.storage.tables import StoredRows, encode_parts, open_rows, row_group_rows

TABLE = "events"
_STORED = with_dictionaries(EVENTS)
KEY_COLUMNS = ["event_time", "event_id", "addendum_json", "object_key"]
"""What says which event a row is, which copy of it, and where it goes."""


def hour_key(hour: EventHour) -> str:
    """Give the key of an event hour's file."""
    return f"{TABLE}/{hour.path}/events.parquet"


def merge_hour(
    store: ObjectStore, hour: EventHour, rows: pa.Table, *, is_vouched: bool = False
) -> npt.NDArray[np.bool_]:
    """Add rows (columns of `UNCOMPLETED`) to an event hour; tell which are kept, the others are duplicates. With
    `is_vouched` digests vouch for their objects: they take the place of other copies, and keep it.

    Where two objects tell one event differently that is noted (`disputes`).

    A row whose event is in the file already, first brought by the same object, counts as kept: a run was killed after
    writing it.
    """
    new = pa.table([rows[name] for name in UNCOMPLETED.names], schema=UNCOMPLETED).combine_chunks()
    while True:
        old = open_rows(store, hour_key(hour), UNCOMPLETED)
        union = _unite(hour, old, new, is_vouched=is_vouched)
        # Before the file: who is killed after it would not see the difference again.
        disputes.write(store, hour, _disputes(union))
        if union.is_unchanged:
            return union.is_kept
        content = encode_parts(_STORED, union.parts(), credits=union.credits, vouched=union.vouched)
        try:
            store.put(hour_key(hour), content, replacing=old.etag)
        except ConflictError:
            continue
        return union.is_kept


def take_out(store: ObjectStore, hour: EventHour, object_keys: Collection[str]) -> None:
    """Leave some objects' rows out of an event hour; what is kept for one of them is kept for its row's object then.

    An hour without any row stays as an empty file: deleting it could undo a merge.
    """
    gone = pa.array(sorted(object_keys), pa.string())
    while True:
        old = open_rows(store, hour_key(hour), UNCOMPLETED)
        origin = old.read(["object_key"])["object_key"].cast(pa.string())
        credited = _credited(origin, old.credits)
        credited = pc.if_else(pc.is_in(credited, gone), origin, credited)
        stays = pc.invert(pc.is_in(origin, gone))
        origin, credited, rows = origin.filter(stays), credited.filter(stays), np.flatnonzero(stays.to_numpy())
        moved = np.flatnonzero(pc.not_equal(origin, credited).to_numpy())
        credits = _credits(moved, credited.take(pa.array(moved)).to_pylist())
        if len(rows) == len(old) and credits == old.credits:
            return
        size = row_group_rows(len(old), old.unpacked_bytes)
        parts = (complete(old.take(rows[start : start + size])) for start in range(0, len(rows), size))
        try:
            store.put(
                hour_key(hour), encode_parts(_STORED, parts, credits=credits, vouched=old.vouched), replacing=old.etag
            )
        except ConflictError:
            continue
        return


def kept_for(store: ObjectStore, hour: EventHour) -> Counter[str]:
    """Count the rows of an event hour by the object that they are kept for."""
    old = open_rows(store, hour_key(hour), UNCOMPLETED)
    names = _credited(old.read(["object_key"])["object_key"].cast(pa.string()), old.credits)
    return Counter({each["values"]: each["counts"] for each in pc.value_counts(names).to_pylist()})


@dataclass(frozen=True, slots=True)
class _Union:
    """What becomes of the rows of a file and of new ones, numbered in this order: `order` has the numbers of those that
    stay, by time; `is_kept` tells of each new row whether it is no duplicate; `rivals` has the rows that gave way to
    one of another object, and those ones; `credits` and `vouched` are for the file's metadata."""

    old: StoredRows
    new: pa.Table
    order: npt.NDArray[np.int64]
    is_kept: npt.NDArray[np.bool_]
    rivals: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]
    credits: str
    vouched: str

    @property
    def is_unchanged(self) -> bool:
        """Whether the file holds exactly the rows that stay, and names all objects that it prefers."""
        if self.vouched != self.old.vouched:
            return False
        return 0 < len(self.old) == len(self.order) and bool((self.order < len(self.old)).all())

    def parts(self) -> Iterator[pa.Table]:
        """Give the rows that stay a row group at a time: a busy hour's are a thousand times its file's memory."""
        for start in range(0, len(self.order), self.row_group_rows):
            yield complete(self.rows(self.order[start : start + self.row_group_rows]))

    @property
    def row_group_rows(self) -> int:
        """How many rows are looked at at once."""
        size_bytes = self.old.unpacked_bytes + self.new.get_total_buffer_size()
        return row_group_rows(len(self.old) + len(self.new), size_bytes)

    def rows(self, numbers: npt.NDArray[np.int64]) -> pa.Table:
        """Give rows by their numbers, with the columns of `UNCOMPLETED`."""
        is_old = numbers < len(self.old)
        if not is_old.any():
            return self.new.take(pa.array(numbers - len(self.old)))
        both = [self.old.take(numbers[is_old]), self.new.take(pa.array(numbers[~is_old] - len(self.old)))]
        places = np.empty(len(numbers), dtype=np.int64)
        places[np.concatenate([np.flatnonzero(is_old), np.flatnonzero(~is_old)])] = np.arange(len(numbers))
        return pa.concat_tables([each.cast(UNCOMPLETED) for each in both]).unify_dictionaries().take(pa.array(places))


def _unite(hour: EventHour, old: StoredRows, new: pa.Table, *, is_vouched: bool) -> _Union:
    """Decide which rows stay by what tells events and copies apart only: a tenth of what the rows hold."""
    keys = old.read(KEY_COLUMNS)
    columns = pa.concat_tables([keys.cast(new.select(KEY_COLUMNS).schema), new.select(KEY_COLUMNS)])
    high, low = (np.concatenate(both) for both in zip(_stored_event_keys(old, keys), event_keys(new), strict=True))
    objects = columns["object_key"]
    if old.credits:
        credited_keys = _credited(keys["object_key"].cast(pa.string()), old.credits)
        objects = pa.chunked_array([*objects.chunks, *credited_keys.cast(objects.type).chunks])
    names, ranks = _ranks(objects)
    origin = ranks[: len(columns)]
    credited = ranks[len(columns) :] if old.credits else origin[: len(old)]
    vouched: set[str] = set(json.loads(old.vouched)) if old.vouched else set()
    if is_vouched:
        vouched.update(new["object_key"].combine_chunks().unique().to_pylist())
    addenda = columns.select(["addendum_json"])
    event, winners = grouped(
        high, low, lambda rows: precedence(hour, addenda.take(pa.array(rows)), names, origin[rows], vouched)
    )
    time = pc.cast(columns["event_time"], pa.int64()).to_numpy()
    order = winners[by_time(time[winners], high[winners], low[winners])]
    credit = origin[winners]
    credit[event[: len(old)]] = credited
    moved = np.flatnonzero(credit[event[order]] != origin[order])
    credits = _credits(moved, [names[rank] for rank in credit[event[order[moved]]]])
    beaten = np.flatnonzero(origin != origin[winners[event]]) if len(order) < len(columns) else order[:0]
    return _Union(
        old,
        new,
        order,
        _kept(event, origin, credited, winners),
        (beaten, winners[event[beaten]]),
        credits,
        json.dumps(sorted(vouched)) if vouched else "",
    )


def _disputes(union: _Union) -> Iterator[tuple[str, str, str, bool]]:
    """Yield what is told differently by two objects: their names, the event's, and whether one corrects the other."""
    size = union.row_group_rows
    for start in range(0, len(union.rivals[0]), size):
        # Taken together they share dictionaries, so that equal copies, which is what most are, are told at once.
        pairs = union.rows(np.concatenate([rows[start : start + size] for rows in union.rivals]))
        tables = pairs.slice(0, len(pairs) // 2), pairs.slice(len(pairs) // 2)
        differs = pa.array(np.flatnonzero(are_different(*tables)))
        if len(differs):
            beaten, stays = (table.select(KEY_COLUMNS).take(differs) for table in tables)
            is_correction = pc.or_(*(pc.is_valid(corrected_ids(table)) for table in (beaten, stays)))
            columns = (beaten["object_key"], stays["object_key"], event_names(beaten), is_correction)
            yield from zip(*(column.to_pylist() for column in columns), strict=True)


def _stored_event_keys(old: StoredRows, keys: pa.Table) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """Give `event_keys` of the rows of a file, of which `keys` has `KEY_COLUMNS`."""
    if not keys["event_id"].null_count:
        return event_keys(keys)
    size = row_group_rows(len(old), old.unpacked_bytes)
    starts = range(0, len(old), size)
    parts = [event_keys(old.take(np.arange(start, min(start + size, len(old))))) for start in starts]
    high, low = zip(*parts, strict=True)
    return np.concatenate(high), np.concatenate(low)


def _credited(object_keys: pa.ChunkedArray, credits: str) -> pa.ChunkedArray:
    """Give the object each row of a file is kept for: its own, unless the file's credits name another."""
    if not credits:
        return object_keys
    texts = object_keys.to_pylist()
    for key, rows in json.loads(credits).items():
        for row in rows:
            texts[row] = key
    return pa.chunked_array([pa.array(texts, pa.string())])


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


def _ranks(texts: pa.ChunkedArray) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Give the different texts in alphabetical order, and of each row the place of its text there."""
    codes = texts.unify_dictionaries().combine_chunks()
    order = pc.sort_indices(codes.dictionary)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order.to_numpy()] = np.arange(len(rank))
    ranks: npt.NDArray[np.int64] = rank[codes.indices.to_numpy()]
    return codes.dictionary.take(order).to_pylist(), ranks
