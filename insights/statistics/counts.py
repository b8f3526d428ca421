"""From a table of minute counts to hours of cells: what each account × Region counted, ready to be judged.

A cell is (subject, minute, calls). Minutes and hours are whole numbers since 1970-01-01T00:00Z. Expects up to some ten
million rows: everything is columns, only distinct series are looped over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from insights.records.schemas import INSTANT
from insights.statistics.coverage import Coverage, Place
from insights.statistics.parameters import Parameters
from insights.statistics.subjects import Api, Subject, call_subject, error_subject, is_denial

if TYPE_CHECKING:
    import pandas as pd

Ints = NDArray[np.int64]

_KEYS = ("account_id", "region", "event_category", "is_read_only", "event_source", "event_name", "error_code")
_MINUTE_MICROSECONDS = 60_000_000


@dataclass(frozen=True, slots=True)
class Cells:
    """What one place counted: subject code, minute and calls of each cell, in order of time.

    `is_denied` tells of each subject whether it is a denial, to be found in the pool too.
    """

    subjects: tuple[Subject, ...]
    is_denied: NDArray[np.bool_]
    code: Ints
    minute: Ints
    calls: Ints

    def hour(self, hour: int) -> Cells:
        """Give the cells of one hour, found by bisection."""
        first, last = np.searchsorted(self.minute, (hour * 60, hour * 60 + 60))
        return Cells(
            self.subjects, self.is_denied, self.code[first:last], self.minute[first:last], self.calls[first:last]
        )


@dataclass(frozen=True, slots=True)
class Counts:
    """All places of a table, and the hours in which each had any row."""

    places: dict[Place, Cells]
    observed: Coverage

    def of_place(self, place: Place) -> Cells:
        """Give the cells of a place; none where the table has no row of it."""
        nothing = np.zeros(0, dtype=np.int64)
        return self.places.get(place, Cells((), nothing.astype(bool), nothing, nothing, nothing))


@dataclass(frozen=True, slots=True)
class _Key:
    """One distinct combination of the table's key columns."""

    place: Place
    api: Api
    is_read_only: bool
    error_code: str | None


def read_counts(minute_counts: pa.Table | pd.DataFrame, parameters: Parameters, *, before_minute: int) -> Counts:
    """Sort a table (or pandas frame) of minute counts into places; rows at or after `before_minute` are left out.

    Args:
        minute_counts: the columns of `records.schemas.MINUTE_COUNTS`, `account_id` and `region`; strings may be
            dictionary-encoded, rows may come in any order, and several rows of one key and minute add up.
        parameters: what is analysed.
        before_minute: the first minute that is not looked at.
    """
    table = _as_table(minute_counts)
    minutes = _numbers(table["minute"].cast(INSTANT).cast(pa.int64())) // _MINUTE_MICROSECONDS
    table = table.filter(pa.array(minutes < before_minute))
    minutes = minutes[minutes < before_minute]
    codes, keys = _distinct(table)
    order = np.argsort(minutes, kind="stable")
    codes, minutes, calls = codes[order], minutes[order], _numbers(table["count"].cast(pa.int64()))[order]
    place_of = {place: number for number, place in enumerate(sorted({key.place for key in keys}))}
    place_codes = np.array([place_of[key.place] for key in keys], dtype=np.int64)[codes] if keys else codes
    cells, hours = {}, {}
    for place, number in place_of.items():
        here = place_codes == number
        hours[place] = frozenset(np.unique(minutes[here] // 60).tolist())
        cells[place] = _place_cells(keys, codes[here], minutes[here], calls[here], parameters)
    return Counts(cells, Coverage(hours))


def _place_cells(keys: list[_Key], codes: Ints, minutes: Ints, calls: Ints, parameters: Parameters) -> Cells:
    """Let every row count for the calls of its operation and, where it failed, for its error too."""
    subject_codes: dict[Subject, int] = {}
    call_code = np.full(len(keys), -1, dtype=np.int64)
    error_code = np.full(len(keys), -1, dtype=np.int64)
    for code in np.unique(codes).tolist():
        call, error = _subjects(keys[code], parameters)
        if call is not None:
            call_code[code] = subject_codes.setdefault(call, len(subject_codes))
        if error is not None:
            error_code[code] = subject_codes.setdefault(error, len(subject_codes))
    subject = np.concatenate([call_code[codes], error_code[codes]])
    minute, count = np.concatenate([minutes, minutes]), np.concatenate([calls, calls])
    wanted = np.flatnonzero(subject >= 0)
    wanted = wanted[np.argsort(minute[wanted], kind="stable")]
    is_denied = np.array([s.is_error and is_denial(s.series.error_code or "") for s in subject_codes], dtype=bool)
    return Cells(tuple(subject_codes), is_denied, subject[wanted], minute[wanted], count[wanted])


def _subjects(key: _Key, parameters: Parameters) -> tuple[Subject | None, Subject | None]:
    if key.api.event_category not in parameters.categories:
        return None, None
    is_analysed = not key.is_read_only or parameters.include_reads or key.api.event_category == "Data"
    is_judged = parameters.call_rate and is_analysed
    call = call_subject(key.place, key.api, is_judged=is_judged) if is_judged or parameters.error_rate else None
    has_error = parameters.error_rate and key.error_code is not None
    return call, error_subject(key.place, key.api, key.error_code) if has_error and key.error_code else None


def denied_apis(cells: Cells) -> Iterator[tuple[Api, int, int]]:
    """Yield every operation that was denied in these cells, with the first and the last minute of it."""
    spans: dict[Api, tuple[int, int]] = {}
    denied = cells.is_denied[cells.code]
    codes, minutes = cells.code[denied], cells.minute[denied]
    for code in np.unique(codes).tolist():
        api, at = cells.subjects[code].api, minutes[codes == code]
        first, last = spans.get(api, (int(at[0]), int(at[-1])))
        spans[api] = (min(first, int(at[0])), max(last, int(at[-1])))
    for api, (first, last) in sorted(spans.items()):
        yield api, first, last


def _distinct(table: pa.Table) -> tuple[Ints, list[_Key]]:
    """Number the distinct keys of a table: mixed-radix codes of its dictionary-encoded key columns."""
    combined = np.zeros(table.num_rows, dtype=np.int64)
    values: list[list[Any]] = []
    for name in _KEYS:
        column = pc.dictionary_encode(_plain(table[name]), null_encoding="encode").combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            column = column.chunk(0) if column.num_chunks else pa.array([], column.type)
        values.append(column.dictionary.to_pylist())
        combined = combined * max(len(values[-1]), 1) + _numbers(column.indices)
    encoded = pa.array(combined).dictionary_encode()
    return _numbers(encoded.indices), [_key(number, values) for number in encoded.dictionary.to_pylist()]


def _key(number: int, values: list[list[Any]]) -> _Key:
    parts: list[Any] = []
    for column in reversed(values):
        number, digit = divmod(number, max(len(column), 1))
        parts.append(column[digit])
    error_code, event_name, event_source, is_read_only, category, region, account_id = parts
    return _Key(Place(account_id, region), Api(category, event_source, event_name), bool(is_read_only), error_code)


def _as_table(minute_counts: pa.Table | pd.DataFrame) -> pa.Table:
    table = (
        minute_counts
        if isinstance(minute_counts, pa.Table)
        else pa.Table.from_pandas(minute_counts, preserve_index=False)
    )
    return table.select(["minute", "count", *_KEYS])


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Undo a dictionary encoding, whose chunks may each have their own dictionary."""
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _numbers(column: Any) -> Ints:
    return np.asarray(
        column.to_numpy(zero_copy_only=False) if isinstance(column, pa.Array) else column.to_numpy()
    ).astype(np.int64)
