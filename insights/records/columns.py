"""From decoded records to rows of the `events` table.

Written for batches of one to two thousand records: larger ones fall out of the processor's caches, smaller ones pay for
forty column builders each.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from insights.records.document import Document
from insights.records.event import EARLIEST, LATEST, MEMBERS, NO_TEXT, Kind, Refusal
from insights.records.identity import COLUMNS as IDENTITY_COLUMNS
from insights.records.identity import parse_identity
from insights.records.inference import infer_category, infer_read_only
from insights.records.partitions import is_usable_name
from insights.records.schemas import DICTIONARY, EVENTS, INSTANT, with_dictionaries

_INSTANT_LENGTH = len("2026-11-01T13:05:07Z")
_SEPARATORS = (4, 7, 10, 13, 16, 19)
_SEPARATOR_CODES = np.frombuffer(b"--T::Z", np.uint8)
_EARLIEST, _LATEST = (int(each.timestamp()) * 1_000_000 for each in (EARLIEST, LATEST))
BATCH_RECORDS = 2_000
_CACHED_CALLERS = 10_000
"""Two kilobytes each; where every call has a session of its own, no cache helps."""
_COLUMN_BYTES = 2**31 - 1

UNCOMPLETED = pa.schema([field for field in with_dictionaries(EVENTS) if field.name not in IDENTITY_COLUMNS.values()])
"""Rows of `EVENTS` in a third of the memory: texts that repeat are dictionaries, and the columns that follow from the
caller's are added last, by `complete`."""

_COMPLETED = with_dictionaries(EVENTS)
_MEMBER_COLUMNS = tuple(member.column for member in MEMBERS)
_values = attrgetter(*IDENTITY_COLUMNS)
_TYPES = {field.name: field.type for field in UNCOMPLETED}
_SIMPLE_COLUMNS = tuple(member.column for member in MEMBERS if member.kind in (Kind.TEXT, Kind.FLAG))
_RAW_COLUMNS = tuple(member.column for member in MEMBERS if member.kind is Kind.NESTED)
_INFERABLE = ("event_category", "is_read_only", "is_management")


@dataclass(slots=True)
class Batch:
    """Records on their way to rows; the lists run in parallel.

    `sources[i]` is the number the caller gave record i's object, `positions[i]` its place in there, `others[i]` the
    JSON text of what does not fit its columns.
    """

    records: list[Any] = field(default_factory=list)
    others: list[str | None] = field(default_factory=list)
    sources: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.records)

    def add(self, document: Document, source: int) -> None:
        """Take the records of one object."""
        count = len(document.records)
        self.records += document.records
        self.others += [document.others.get(i) for i in range(count)] if document.others else [None] * count
        self.sources += [source] * count
        self.positions += document.positions or range(count)

    def parts(self, size: int) -> list[Batch]:
        """Cut into batches of at most `size` records, in order."""
        return [
            Batch(
                self.records[i : i + size],
                self.others[i : i + size],
                self.sources[i : i + size],
                self.positions[i : i + size],
            )
            for i in range(0, len(self), size)
        ]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows on their way to the table: `sources` and `positions` tell for each where it came from.

    `table` has the columns of `UNCOMPLETED` but `object_key`, and `account_id` (null where the record does not name its
    account) and `region`.
    """

    table: pa.Table
    sources: npt.NDArray[np.int64]
    positions: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.sources)

    @classmethod
    def concat(cls, parts: Sequence[Rows]) -> Rows:
        """Put the rows of one or more batches one after the other."""
        return cls(
            pa.concat_tables([each.table for each in parts]).unify_dictionaries().combine_chunks(),
            np.concatenate([each.sources for each in parts]),
            np.concatenate([each.positions for each in parts]),
        )

    def filter(self, mask: npt.NDArray[np.bool_]) -> Rows:
        """Give the rows that are marked."""
        if mask.all():
            return self
        return Rows(self.table.filter(pa.array(mask)), self.sources[mask], self.positions[mask])


def build_rows(batch: Batch) -> tuple[Rows, list[tuple[int, Refusal]]]:
    """Give a batch's rows in order, and what cannot become a row, with the number of the object it came from."""
    try:
        return _rows(batch), []
    except ValueError:  # pa.ArrowInvalid is one
        return _build_one_by_one(batch)


def _build_one_by_one(batch: Batch) -> tuple[Rows, list[tuple[int, Refusal]]]:
    """Find the records with an instant that does not exist or a text that is not UTF-8."""
    kept, refusals = [], []
    for single in batch.parts(1):
        try:
            kept.append(_rows(single))
        except ValueError as error:
            refusals.append((single.sources[0], _refuse(single, error)))
    return Rows.concat(kept or [_rows(Batch())]), refusals


def _rows(batch: Batch) -> Rows:
    # Tuples first: taking one attribute at a time costs half as much again.
    transposed = zip(*map(msgspec.structs.astuple, batch.records), strict=True)
    values = (
        dict(zip(_MEMBER_COLUMNS, transposed, strict=True)) if batch.records else dict.fromkeys(_MEMBER_COLUMNS, ())
    )
    columns = {column: _built(column, values[column]) for column in _SIMPLE_COLUMNS}
    columns["event_time"] = _instants(values["event_time"])
    columns |= _nested({column: values[column] for column in _RAW_COLUMNS})
    columns |= _inferred_columns(batch.records, columns)
    columns["other_fields_json"] = _built("other_fields_json", batch.others)
    columns["account_id"] = columns["recipient_account_id"]
    columns["region"] = columns["aws_region"]
    table = pa.table(columns)
    return Rows(table, np.array(batch.sources, dtype=np.int64), np.array(batch.positions, dtype=np.int64))


def complete(table: pa.Table) -> pa.Table:
    """Make rows of `EVENTS`, texts that repeat as dictionaries, of those of `UNCOMPLETED`."""
    callers = table["user_identity_json"].combine_chunks()
    # One more than there are, so that there is one.
    identities = zip(*map(_identity, [*callers.dictionary.to_pylist(), None]), strict=True)
    columns = {name: table[name] for name in table.column_names}
    for column, distinct in zip(IDENTITY_COLUMNS.values(), identities, strict=True):
        columns[column] = pa.array(distinct, DICTIONARY).take(callers.indices)
    return pa.table([columns[name] for name in EVENTS.names], schema=_COMPLETED)


@lru_cache(_CACHED_CALLERS)
def _identity(text: str | None) -> tuple[str | None, ...]:
    """Give what `IDENTITY_COLUMNS` hold of a caller."""
    values: tuple[str | None, ...] = _values(parse_identity(text))
    return values


def _inferred_columns(records: Sequence[Any], columns: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    """Fill what older records do not say, and name it in `inferred_fields`."""
    if not any(columns[name].null_count for name in _INFERABLE):
        return {"inferred_fields": pa.nulls(len(records), DICTIONARY)}
    names = (*_INFERABLE, "inferred_fields")
    filled = zip(*map(_with_inferred, records), strict=True)
    return {name: _built(name, column) for name, column in zip(names, filled, strict=True)}


def _with_inferred(record: Any) -> tuple[str, bool, bool, str | None]:
    category, is_read_only, is_management = record.event_category, record.is_read_only, record.is_management
    missing = []
    if category is None:
        missing.append("eventCategory")
        category = infer_category(record.event_source, record.event_name, is_management)
    if is_management is None:
        missing.append("managementEvent")
        is_management = category == "Management"
    if is_read_only is None:
        missing.append("readOnly")
        is_read_only = infer_read_only(record.event_source, record.event_name)
    return category, is_read_only, is_management, ",".join(missing) if missing else None


def _built(column: str, values: Sequence[Any]) -> pa.Array:
    """Build a column; half of the members are in hardly any record, and a column of nulls is free."""
    return pa.nulls(len(values), _TYPES[column]) if _is_only(values, None) else pa.array(values, _TYPES[column])


def _is_only(values: Sequence[Any], absent: Any) -> bool:
    return not values or (values[0] is absent and values.count(absent) == len(values))


def _instants(values: Sequence[str]) -> pa.Array:
    """Read texts of twenty characters.

    Raises:
        ValueError: one is no usable instant, or not in AWS's form: Arrow reads others, which we could not give back.
    """
    texts = pa.array(values, pa.string())
    instants = texts.cast(INSTANT)
    since_epoch = instants.view(pa.int64()).to_numpy()
    is_usable = (since_epoch >= _EARLIEST) & (since_epoch < _LATEST)
    characters = np.frombuffer(texts.buffers()[2] or b"", np.uint8, len(values) * _INSTANT_LENGTH)
    separators = characters.reshape(-1, _INSTANT_LENGTH)[:, _SEPARATORS]
    if not (is_usable.all() and (separators == _SEPARATOR_CODES).all()):
        raise ValueError("an instant is not in AWS's form, or far from the present")
    return instants


def _nested(values: Mapping[str, Sequence[Any]]) -> dict[str, pa.Array]:
    """Build the columns of raw JSON."""
    present = [column for column in values if not _is_only(values[column], NO_TEXT)]
    repeated = [column for column in present if _TYPES[column] == DICTIONARY]
    others = [column for column in present if column not in repeated]
    columns = {column: pa.nulls(len(each), _TYPES[column]) for column, each in values.items()}
    # Apart, for the texts of those that become dictionaries need not stay.
    columns |= dict(zip(others, _texts_of_raw([values[column] for column in others]), strict=True))
    texts = _texts_of_raw([values[column] for column in repeated])
    return columns | {column: text.dictionary_encode() for column, text in zip(repeated, texts, strict=True)}


def _texts_of_raw(columns: Sequence[Sequence[Any]]) -> list[pa.StringArray]:
    """Raw JSON as text: columns of one length, put one after the other in one copy.

    Raises:
        ValueError: not UTF-8, which the decoder does not check in what it skips, or more than a column can hold.
    """
    raws = list(chain.from_iterable(columns))
    lengths = np.fromiter(map(len, raws), np.int64, len(raws))
    size = int(lengths.sum())
    if size > _COLUMN_BYTES:
        raise ValueError(f"{size} bytes in one column")
    offsets = np.zeros(len(raws) + 1, dtype=np.int32)
    np.cumsum(lengths, out=offsets[1:])
    text = pa.py_buffer(b"".join(raws))
    pa.BinaryArray.from_buffers(pa.binary(), len(raws), [None, pa.py_buffer(offsets), text]).cast(pa.string())
    starts = range(0, len(raws), len(columns[0])) if raws else ()
    ends = (start + len(columns[0]) for start in starts)
    return [_text(lengths[i:j], offsets[i : j + 1], text) for i, j in zip(starts, ends, strict=True)]


def _text(lengths: npt.NDArray[np.int64], offsets: npt.NDArray[np.int32], text: pa.Buffer) -> pa.StringArray:
    """Give a column without a copy of its text. No JSON is empty: what is absent is told by its length."""
    is_there = None if lengths.all() else pa.py_buffer(np.packbits(lengths > 0, bitorder="little"))
    return pa.StringArray.from_buffers(len(lengths), pa.py_buffer(offsets), text, is_there)


def _refuse(single: Batch, error: Exception) -> Refusal:
    record, position = single.records[0], single.positions[0]
    content = msgspec.json.encode(record)
    if "UTF8" in str(error):
        return Refusal("invalid_text", "a nested text is not UTF-8", position, content)
    return Refusal("invalid_field", f"eventTime is {json.dumps(record.event_time)}", position, content)


def has_usable_partition(table: pa.Table) -> npt.NDArray[np.bool_]:
    """Mark the rows whose account id and Region can name a folder."""
    usable = np.ones(table.num_rows, dtype=bool)
    for column in ("account_id", "region"):
        codes = pc.dictionary_encode(table[column].combine_chunks())
        verdicts = np.array([is_usable_name(name) for name in codes.dictionary.to_pylist()], dtype=bool)
        if not verdicts.all():
            usable &= verdicts[codes.indices.to_numpy(zero_copy_only=False)]
    return usable
