"""From batches of records to rows of the `events` table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from insights.records.batches import NESTED_COLUMNS, Batch, Texts, halves, is_only
from insights.records.document import Document
from insights.records.event import EARLIEST, INSTANT_LENGTH, LATEST, Refusal
from insights.records.identity import COLUMNS as IDENTITY_COLUMNS
from insights.records.identity import parse_identity
from insights.records.inference import infer_category, infer_read_only
from insights.records.partitions import is_usable_name
from insights.records.schemas import DICTIONARY, EVENTS, INSTANT, with_dictionaries

_SEPARATORS = (4, 7, 10, 13, 16, 19)
_SEPARATOR_CODES = np.frombuffer(b"--T::Z", np.uint8)
_EARLIEST, _LATEST = (int(each.timestamp()) * 1_000_000 for each in (EARLIEST, LATEST))
_CACHED_CALLERS = 1_000
"""Two kilobytes each. Ten times as many save no CPU that could be measured, and grow for as long as a run lasts."""
_COLUMN_BYTES = 2**31 - 1

UNCOMPLETED = pa.schema([field for field in with_dictionaries(EVENTS) if field.name not in IDENTITY_COLUMNS.values()])
"""Rows of `EVENTS` in a third of the memory: texts that repeat are dictionaries, and the columns that follow from the
caller's are added last, by `complete`."""

_COMPLETED = with_dictionaries(EVENTS)
_values = attrgetter(*IDENTITY_COLUMNS)
_TYPES = {field.name: field.type for field in UNCOMPLETED}
_API = ("event_source", "event_name")
_INFERABLE = ("event_category", "is_read_only", "is_management")

_NOWHERE = np.empty(0, dtype=np.int64)


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
        return _build_rest(batch)


def _build_rest(batch: Batch) -> tuple[Rows, list[tuple[int, Refusal]]]:
    """Refuse the records that cannot become rows, and build the others. Records are looked at, not built one by one:
    an object may be full of such."""
    rest: list[tuple[Document, int]] = []
    refusals = []
    for document, source in batch.documents():
        faults = {i: fault for i, record in enumerate(document.records) if (fault := _fault(record))}
        for i, (reason, detail) in faults.items():
            content = msgspec.json.encode(document.records[i])
            refusals.append((source, Refusal(reason, detail, document.positions[i], content)))
        rest.append((document.without(faults), source))
    if refusals:
        return build_rows(Batch.of(rest))[0], refusals
    # Together they are more than a column can hold.
    return Rows.concat([build_rows(Batch.of(half))[0] for half in halves(rest)]), []


def _rows(batch: Batch) -> Rows:
    columns = {column: codes.array() for column, codes in batch.codes.items()}
    columns |= {column: _built(column, values) for column, values in batch.values.items()}
    columns["event_time"] = _instants("".join(batch.instants))
    columns |= {column: _nested(column, batch.texts[column], len(batch)) for column in NESTED_COLUMNS}
    columns |= _inferred_columns(batch, columns)
    columns["other_fields_json"] = _built("other_fields_json", batch.others)
    columns["account_id"] = columns["recipient_account_id"]
    columns["region"] = columns["aws_region"]
    table = pa.table(columns)
    return Rows(table, *(np.concatenate([_NOWHERE, *each]) for each in (batch.sources, batch.positions)))


def complete(table: pa.Table) -> pa.Table:
    """Make rows of `EVENTS`, texts that repeat as dictionaries, of those of `UNCOMPLETED`. Equal rows give equal
    dictionaries, however they came together."""
    columns = {name: _in_order(table[name]) for name in table.column_names}
    callers = columns["user_identity_json"]
    # One more than there are, so that there is one. They are in order, and so is what follows from them.
    identities = zip(*map(_identity, [*callers.dictionary.to_pylist(), None]), strict=True)
    for column, distinct in zip(IDENTITY_COLUMNS.values(), identities, strict=True):
        columns[column] = pa.array(distinct, DICTIONARY).take(callers.indices)
    return pa.table([columns[name] for name in EVENTS.names], schema=_COMPLETED)


def whole(column: pa.ChunkedArray) -> pa.Array:
    """Give a column in one piece; Arrow's own way copies also what is in one piece already."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _in_order(column: pa.ChunkedArray) -> pa.Array:
    """Give a dictionary the values that occur, in the order in which they do."""
    array = whole(column)
    if not pa.types.is_dictionary(column.type):
        return array
    if array.null_count == len(array):
        return pa.nulls(len(array), column.type)
    if len(array.dictionary) == 1:
        return array
    codes = array.indices.dictionary_encode()
    return pa.DictionaryArray.from_arrays(codes.indices, array.dictionary.take(codes.dictionary), safe=False)


@lru_cache(_CACHED_CALLERS)
def _identity(text: str | None) -> tuple[str | None, ...]:
    """Give what `IDENTITY_COLUMNS` hold of a caller."""
    values: tuple[str | None, ...] = _values(parse_identity(text))
    return values


def _inferred_columns(batch: Batch, columns: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    """Fill what older records do not say, and name it in `inferred_fields`."""
    if not any(columns[name].null_count for name in _INFERABLE):
        return {"inferred_fields": pa.nulls(len(batch), DICTIONARY)}
    names = (*_INFERABLE, "inferred_fields")
    filled = zip(*map(_with_inferred, *(columns[name].to_pylist() for name in (*_API, *_INFERABLE))), strict=True)
    return {name: _built(name, column) for name, column in zip(names, filled, strict=True)}


def _with_inferred(
    event_source: str, event_name: str, category: str | None, is_read_only: bool | None, is_management: bool | None
) -> tuple[str, bool, bool, str | None]:
    missing = []
    if category is None:
        missing.append("eventCategory")
        category = infer_category(event_source, event_name, is_management)
    if is_management is None:
        missing.append("managementEvent")
        is_management = category == "Management"
    if is_read_only is None:
        missing.append("readOnly")
        is_read_only = infer_read_only(event_source, event_name)
    return category, is_read_only, is_management, ",".join(missing) if missing else None


def _built(column: str, values: Sequence[Any]) -> pa.Array:
    """Build a column; half of the members are in hardly any record, and a column of nulls is free."""
    return pa.nulls(len(values), _TYPES[column]) if is_only(values, None) else pa.array(values, _TYPES[column])


def _instants(text: str) -> pa.Array:
    """Read texts of twenty characters, one after the other.

    Raises:
        ValueError: one is no usable instant, or not in AWS's form: Arrow reads others, which we could not give back.
    """
    count = len(text) // INSTANT_LENGTH
    characters = np.frombuffer(text.encode(), np.uint8)
    if len(characters) > len(text):
        raise ValueError("an instant is not in ASCII")
    offsets = np.arange(count + 1, dtype=np.int32) * INSTANT_LENGTH
    texts = pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(characters))
    instants = texts.cast(INSTANT)
    since_epoch = instants.view(pa.int64()).to_numpy()
    is_usable = (since_epoch >= _EARLIEST) & (since_epoch < _LATEST)
    separators = characters.reshape(-1, INSTANT_LENGTH)[:, _SEPARATORS]
    if not (is_usable.all() and (separators == _SEPARATOR_CODES).all()):
        raise ValueError("an instant is not in AWS's form, or far from the present")
    return instants


def _nested(column: str, parts: Sequence[Texts], count: int) -> pa.Array:
    """Build a column of raw JSON of so many records. No JSON is empty: what is absent is told by its length.

    Raises:
        ValueError: not UTF-8, which the decoder does not check in what it skips, or more than a column can hold.
    """
    text = b"".join(text for _, text in parts)
    if not text:
        return pa.nulls(count, _TYPES[column])
    if len(text) > _COLUMN_BYTES:
        raise ValueError(f"{len(text)} bytes in one column")
    lengths = np.concatenate([lengths for lengths, _ in parts])
    offsets = np.zeros(count + 1, dtype=np.int32)
    np.cumsum(lengths, out=offsets[1:])
    is_there = None if lengths.all() else pa.py_buffer(np.packbits(lengths > 0, bitorder="little"))
    buffers = [is_there, pa.py_buffer(offsets), pa.py_buffer(text)]
    texts = pa.BinaryArray.from_buffers(pa.binary(), count, buffers).cast(pa.string())
    return texts.dictionary_encode() if _TYPES[column] == DICTIONARY else texts


def _fault(record: Any) -> tuple[str, str] | None:
    """Tell why a record cannot become a row, if it cannot, and what is wrong with it."""
    try:
        _instants(record.event_time)
    except ValueError:
        return "invalid_field", f"eventTime is {json.dumps(record.event_time)}"
    for column in NESTED_COLUMNS:
        text = getattr(record, column)
        try:
            str(text, "utf-8")
        except UnicodeDecodeError:
            return "invalid_text", "a nested text is not UTF-8"
        if len(text) > _COLUMN_BYTES:
            return "invalid_field", f"{column} has {len(text):,} bytes: more than a column can hold"
    return None


def has_usable_partition(table: pa.Table) -> npt.NDArray[np.bool_]:
    """Mark the rows whose account id and Region can name a folder."""
    usable = np.ones(table.num_rows, dtype=bool)
    for column in ("account_id", "region"):
        codes = pc.dictionary_encode(table[column].combine_chunks())
        verdicts = np.array([is_usable_name(name) for name in codes.dictionary.to_pylist()], dtype=bool)
        if not verdicts.all():
            usable &= verdicts[codes.indices.to_numpy(zero_copy_only=False)]
    return usable
