"""A memory as one Arrow table, and back: what lets the next hour go on where the last one stopped.

One row a series: what it is, then each array of `SeriesMemory` with the series as its first axis. What belongs to no
one series lies in the schema's metadata. Reading back gives the very same numbers, so that judging from a snapshot ends
in what one pass ends in. A snapshot can always be made again from the counts; it is worth nothing but time.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from insights.statistics.coverage import Place
from insights.statistics.episodes import OpenEpisode
from insights.statistics.memory import SeriesMemory
from insights.statistics.parameters import Parameters
from insights.statistics.place import Onboarding, PlaceMemory
from insights.statistics.subjects import Api, Subject

METHOD = 10
"""To be counted up with every change of what is remembered or judged: older snapshots are then made again."""

_HEADER = b"trail_insights.detector_state"


class _Header(msgspec.Struct, frozen=True):
    method: int
    place: Place
    first_hour: int
    next_hour: int
    week_minutes: int
    gap_end: int
    used_since: int
    delivered_minutes: list[int]
    subjects: list[Subject]
    apis: list[Api]
    open: list[tuple[int, OpenEpisode]]
    denied_at: list[tuple[Api, int]]
    onboarded: dict[str, Onboarding]


def fingerprint(parameters: Parameters) -> str:
    """Name everything but the counts that a memory depends on."""
    return f"{METHOD}:{parameters!r}"


def to_table(memory: PlaceMemory) -> pa.Table:
    """Give a memory as a table with one row a series."""
    series = memory.series
    header = _Header(
        METHOD,
        memory.place,
        memory.first_hour,
        memory.next_hour,
        memory.week_minutes,
        memory.gap_end,
        memory.used_since,
        memory.delivered_minutes.tolist(),
        series.subjects,
        list(series.apis),
        [(series.index[subject], running) for subject, running in memory.open.items()],
        list(memory.denied_at.items()),
        memory.onboarded,
    )
    rows = len(series.subjects)
    columns = {name: _column(values, len(axes), rows) for name, values, axes in series.arrays()}
    return pa.table(columns).replace_schema_metadata({_HEADER: msgspec.msgpack.encode(header)})


def from_table(table: pa.Table, parameters: Parameters) -> PlaceMemory:
    """Give the memory that a table holds.

    Raises:
        ValueError: the table holds none, or one of another method.
    """
    try:
        header = msgspec.msgpack.decode((table.schema.metadata or {})[_HEADER], type=_Header)
    except (KeyError, msgspec.MsgspecError) as error:
        raise ValueError(f"this table is no detector state: {error}") from error
    if header.method != METHOD:
        raise ValueError(f"this detector state is of method {header.method}, not {METHOD}")
    series = SeriesMemory(
        len(parameters.windows),
        len(parameters.drop_views),
        capacity=max(64, table.num_rows + table.num_rows // 4),
    )
    series.subjects = list(header.subjects)
    series.index = {subject: row for row, subject in enumerate(series.subjects)}
    series.apis = {api: number for number, api in enumerate(header.apis)}
    for name, values, axes in series.arrays():
        _fill(values, len(axes), table[name])
    memory = PlaceMemory(header.place, header.first_hour, header.next_hour, series)
    memory.delivered_minutes[:] = header.delivered_minutes
    memory.week_minutes, memory.gap_end = header.week_minutes, header.gap_end
    memory.used_since = header.used_since
    memory.open = {series.subjects[row]: running for row, running in header.open}
    memory.denied_at, memory.onboarded = dict(header.denied_at), dict(header.onboarded)
    return memory


def _column(values: np.ndarray[Any, Any], axis: int, rows: int) -> pa.Array:
    flat = np.ascontiguousarray(np.moveaxis(values, axis, 0)[:rows]).reshape(-1)
    items = pa.array(flat)
    return items if values.ndim == 1 else pa.FixedSizeListArray.from_arrays(items, values.size // values.shape[axis])


def _fill(values: np.ndarray[Any, Any], axis: int, column: pa.ChunkedArray) -> None:
    view = np.moveaxis(values, axis, 0)
    items = column.combine_chunks()
    items = items.flatten() if pa.types.is_fixed_size_list(items.type) else items
    view[: len(column)] = items.to_numpy(zero_copy_only=False).reshape(len(column), *view.shape[1:])
