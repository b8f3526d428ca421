"""From a table of minute counts to hours of cells: what each account × Region counted, ready to be judged.

A cell is (subject, minute, calls). Minutes and hours are whole numbers since 1970-01-01T00:00Z. Expects up to some ten
million rows: they are read in slices into sixteen bytes each, and only distinct series are looped over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from insights.errors import SettingsError
from insights.records.schemas import INSTANT
from insights.records.selection import CATEGORIES
from insights.statistics.coverage import Coverage, Place
from insights.statistics.parameters import Parameters
from insights.statistics.subjects import Api, Subject, call_subject, error_subject, is_denial

if TYPE_CHECKING:
    import pandas as pd

Ints = NDArray[np.int64]

_KEYS = ("account_id", "region", "event_category", "is_read_only", "event_source", "event_name", "error_code")
_REQUIRED = ("minute", "count", "account_id", "region", "event_source", "event_name")
_DEFAULTS: dict[str, Any] = {"event_category": "Management", "is_read_only": False, "error_code": None}
"""What is taken of a column that is not there, or of a row that leaves it empty."""

_CATEGORIES = {category.lower(): category for category in CATEGORIES}
"""A frame written by hand may say `management`: left so, nothing would be found in it, and nobody told."""

_MINUTE_MICROSECONDS = 60_000_000
_SLICE_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class Cells:
    """What one place counted in an hour: subject code, minute and calls of each cell, in order of time.

    `is_denied` tells of each subject whether it is a denial, to be found in the pool too.
    """

    subjects: tuple[Subject, ...]
    is_denied: NDArray[np.bool_]
    code: Ints
    minute: Ints
    calls: Ints


@dataclass(frozen=True, slots=True)
class PlaceCounts:
    """The rows of one place in order of time, and for each distinct key the subjects it counts for (−1: none)."""

    subjects: tuple[Subject, ...]
    is_denied: NDArray[np.bool_]
    call_code: Ints
    error_code: Ints
    key: NDArray[np.int32]
    minute: NDArray[np.int32]
    calls: Ints

    def hour(self, hour: int) -> Cells:
        """Give the cells of one hour, found by bisection: a failed call counts as a call and as an error."""
        span = slice(*np.searchsorted(self.minute, np.array((hour * 60, hour * 60 + 60), dtype=np.int32)))
        key, minute, calls = self.key[span], self.minute[span].astype(np.int64), self.calls[span]
        code = np.concatenate([self.call_code[key], self.error_code[key]])
        wanted = np.flatnonzero(code >= 0)
        minute = np.concatenate([minute, minute])[wanted]
        order = np.argsort(minute, kind="stable")
        calls = np.concatenate([calls, calls])[wanted]
        return Cells(self.subjects, self.is_denied, code[wanted][order], minute[order], calls[order])


@dataclass(frozen=True, slots=True)
class Counts:
    """All places of a table, and the hours in which each had any row."""

    places: dict[Place, PlaceCounts]
    observed: Coverage

    def of_place(self, place: Place) -> PlaceCounts:
        """Give the counts of a place; none where the table has no row of it."""
        none, small = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int32)
        return self.places.get(place, PlaceCounts((), none.astype(bool), none, none, small, small, none))


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
        minute_counts: `minute` (a timestamp; without a zone it is UTC), `count`, `account_id`, `region`,
            `event_source`, `event_name`, and if they are there `event_category` ("Management"), `is_read_only` (false)
            and `error_code` (none); other columns are ignored. Strings may be of any kind, also dictionary-encoded, an
            empty error code is none, rows may come in any order, and several rows of one key and minute add up.
        parameters: what is analysed.
        before_minute: the first minute that is not looked at.

    Raises:
        SettingsError: a column is missing, or a count is not a whole number, 0 or more.
    """
    table = _as_table(minute_counts)
    codes: dict[_Key, int] = {}
    parts = [_read_slice(table.slice(at, _SLICE_ROWS), codes) for at in range(0, table.num_rows, _SLICE_ROWS)]
    minute = np.concatenate([part[0] for part in parts] or [np.zeros(0, dtype=np.int32)])
    key = np.concatenate([part[1] for part in parts] or [np.zeros(0, dtype=np.int32)])
    calls = np.concatenate([part[2] for part in parts] or [np.zeros(0, dtype=np.int64)])
    del parts
    if (minute[1:] < minute[:-1]).any():
        order = np.argsort(minute, kind="stable")
        minute, key, calls = minute[order], key[order], calls[order]
    end = int(np.searchsorted(minute, np.int32(before_minute)))
    return _by_place(list(codes), key[:end], minute[:end], calls[:end], parameters)


def _by_place(
    keys: list[_Key], key: NDArray[np.int32], minute: NDArray[np.int32], calls: Ints, parameters: Parameters
) -> Counts:
    numbers = {place: number for number, place in enumerate(sorted({each.place for each in keys}))}
    place_of_key = np.array([numbers[each.place] for each in keys], dtype=np.int32)
    cells, hours = {}, {}
    for place, number in numbers.items():
        here = slice(None) if len(numbers) == 1 else np.flatnonzero(place_of_key[key] == number)
        its_key, its_minute = key[here], minute[here]
        if its_key.size:
            hours[place] = frozenset(np.unique(its_minute // 60).tolist())
            is_here = place_of_key == number
            cells[place] = _place_counts(keys, is_here, its_key, its_minute, calls[here], parameters)
    return Counts(cells, Coverage(hours))


def _place_counts(
    keys: list[_Key],
    is_here: NDArray[np.bool_],
    key: NDArray[np.int32],
    minute: NDArray[np.int32],
    calls: Ints,
    parameters: Parameters,
) -> PlaceCounts:
    """Let every row count for the calls of its operation and, where it failed, for its error too."""
    codes: dict[Subject, int] = {}
    call_code = np.full(len(keys), -1, dtype=np.int64)
    error_code = np.full(len(keys), -1, dtype=np.int64)
    for number in np.flatnonzero(is_here).tolist():
        call, error = _subjects(keys[number], parameters)
        if call is not None:
            call_code[number] = codes.setdefault(call, len(codes))
        if error is not None:
            error_code[number] = codes.setdefault(error, len(codes))
    is_denied = np.array([s.is_error and is_denial(s.series.error_code or "") for s in codes], dtype=bool)
    return PlaceCounts(tuple(codes), is_denied, call_code, error_code, key, minute, calls)


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


def _read_slice(table: pa.Table, codes: dict[_Key, int]) -> tuple[NDArray[np.int32], NDArray[np.int32], Ints]:
    """Give minute, key code and calls of each row; keys that were not met before are numbered on."""
    minute = _numbers(table["minute"].cast(INSTANT).cast(pa.int64())) // _MINUTE_MICROSECONDS
    local, keys = _distinct(table)
    numbers = np.array([codes.setdefault(each, len(codes)) for each in keys], dtype=np.int32)
    return minute.astype(np.int32), numbers[local], _numbers(table["count"].cast(pa.int64()))


def _distinct(table: pa.Table) -> tuple[Ints, list[_Key]]:
    """Number the distinct keys of a table: mixed-radix codes of its dictionary-encoded key columns."""
    combined = np.zeros(table.num_rows, dtype=np.int64)
    values: list[list[Any]] = []
    for name in _KEYS:
        column = _encoded(table[name]) if name in table.column_names else None
        values.append([_DEFAULTS[name]] if column is None else column.dictionary.to_pylist())
        if column is not None:
            combined = combined * max(len(values[-1]), 1) + _numbers(column.indices)
    encoded = pa.array(combined).dictionary_encode()
    return _numbers(encoded.indices), [_key(number, values) for number in encoded.dictionary.to_pylist()]


def _encoded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """Encode a column, nulls too, with one dictionary; its chunks may each have had their own."""
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries().combine_chunks()
        column = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
        if not column.null_count and not column.dictionary.null_count:
            return column
        column = column.cast(column.type.value_type)
    found = pc.dictionary_encode(column, null_encoding="encode")
    found = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
    return found.chunk(0) if isinstance(found, pa.ChunkedArray) else found


def _key(number: int, values: list[list[Any]]) -> _Key:
    parts: list[Any] = []
    for name, column in zip(reversed(_KEYS), reversed(values), strict=True):
        number, digit = divmod(number, max(len(column), 1))
        parts.append(_DEFAULTS.get(name) if column[digit] is None else column[digit])
    error_code, event_name, event_source, is_read_only, category, region, account_id = parts
    api = Api(_CATEGORIES.get(str(category).lower(), category), event_source, event_name)
    return _Key(Place(str(account_id), str(region)), api, bool(is_read_only), error_code)


def _as_table(minute_counts: pa.Table | pd.DataFrame) -> pa.Table:
    table = (
        minute_counts
        if isinstance(minute_counts, pa.Table)
        else pa.Table.from_pandas(minute_counts, preserve_index=False)
    )
    if missing := [name for name in _REQUIRED if name not in table.column_names]:
        raise SettingsError(f"the minute counts have no column {missing[0]}: they have {', '.join(table.column_names)}")
    _refuse_what_is_no_count(table)
    return table.select([name for name in ("minute", "count", *_KEYS) if name in table.column_names])


def _refuse_what_is_no_count(table: pa.Table) -> None:
    counts = table["count"].to_numpy()
    wrong = (
        np.flatnonzero(~(counts >= 0))
        if counts.dtype.kind in "iu"
        else np.flatnonzero(~(counts >= 0) | (counts % 1 != 0))
    )
    if wrong.size:
        row = table.slice(int(wrong[0]), 1)
        name, minute = row["event_name"][0].as_py(), row["minute"].cast(INSTANT)[0].as_py()
        raise SettingsError(
            f"the minute counts have the count {counts[wrong[0]]:g} of {name} at {minute.isoformat()}: "
            "a count is a whole number, 0 or more"
        )


def _numbers(column: Any) -> Ints:
    values = column.to_numpy(zero_copy_only=False) if isinstance(column, pa.Array) else column.to_numpy()
    return np.asarray(values).astype(np.int64, copy=False)
