"""A population as equal bins of counts: what methods for ordinary time series work on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from insights.records.series import InsightType, SeriesKey
from insights.simulate.population import Population

HOUR = 60
_KEYS = ["account_id", "region", "event_category", "event_source", "event_name", "error_code"]


@dataclass(frozen=True, slots=True)
class Bins:
    """Counts of every series (rows) in every bin of some minutes; the bins from `first_judged` on are judged.

    Bins without delivery hold the mean of the same time on other days, so that nobody takes them for silence.
    """

    series: list[SeriesKey]
    minutes: int
    counts: NDArray[np.float64]
    delivered: NDArray[np.bool_]
    first_judged: int

    def judged(self) -> NDArray[np.float64]:
        """Give the counts of the judged bins."""
        return self.counts[:, self.first_judged :]

    def judged_cover(self) -> NDArray[np.bool_]:
        """Tell which of the judged bins were delivered."""
        return self.delivered[:, self.first_judged :]

    def days(self, number: int) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Yield every judged day, as a slice of the judged bins, with the counts of so many days before it."""
        day = 1440 // self.minutes
        for first in range(self.first_judged, self.counts.shape[1], day):
            at = first - self.first_judged
            yield slice(at, at + day), self.counts[:, max(first - number * day, 0) : first]


def bins_of(population: Population, minutes: int) -> Bins:
    """Count the judged series of a population, call rates of writes and error rates, by bins of some minutes."""
    plan = population.plan
    codes, keys, at, calls, is_read = distinct_keys(population)
    rows: dict[SeriesKey, int] = {}
    call_row, error_row = np.full(len(keys), -1), np.full(len(keys), -1)
    read_codes = set(np.unique(codes[is_read]).tolist())
    for code, (account, region, category, source, name, error) in enumerate(keys):
        if code not in read_codes:
            key = SeriesKey(account, region, category, InsightType.CALL_RATE, source, name)
            call_row[code] = rows.setdefault(key, len(rows))
        if error:
            key = SeriesKey(account, region, category, InsightType.ERROR_RATE, source, name, error)
            error_row[code] = rows.setdefault(key, len(rows))
    width = plan.days * 1440 // minutes
    counts = np.zeros(len(rows) * width)
    for number in (call_row[codes], error_row[codes]):
        found = number >= 0
        counts += np.bincount(number[found] * width + at[found] // minutes, calls[found], len(counts))
    series = list(rows)
    delivered = _delivered(population, series, width, minutes)
    first = (plan.days - plan.judged_days) * 1440 // minutes
    return Bins(series, minutes, _filled_gaps(counts.reshape(-1, width), delivered, 1440 // minutes), delivered, first)


def distinct_keys(
    population: Population,
) -> tuple[NDArray[np.int64], list[tuple[str, ...]], NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Number the keys of a population's minute counts.

    Returns:
        The number of each row's key; of every number account, Region, category, source, name and error ("" for none);
        and of each row the minute from the start, its calls, and whether they are reads.
    """
    table = population.minute_counts
    table = table.set_column(table.schema.get_field_index("error_code"), "error_code", _filled(table["error_code"]))
    origin = int(population.plan.start.timestamp()) // 60
    at = table["minute"].cast("int64").to_numpy() // 60_000_000 - origin
    codes, keys = _distinct([table[name] for name in _KEYS])
    return codes, keys, at, table["count"].to_numpy(), table["is_read_only"].to_numpy(zero_copy_only=False)


def _delivered(population: Population, series: list[SeriesKey], width: int, minutes: int) -> NDArray[np.bool_]:
    places: dict[tuple[str, str], NDArray[np.bool_]] = {}
    for account, region, hour in population.coverage:
        covered = places.setdefault((account, region), np.zeros(width, dtype=bool))
        first = int((hour - population.plan.start).total_seconds()) // 60 // minutes
        covered[first : first + HOUR // minutes] = True
    return np.stack([places[key.account_id, key.region] for key in series])


def _filled_gaps(counts: NDArray[np.float64], delivered: NDArray[np.bool_], day: int) -> NDArray[np.float64]:
    by_day, covered = counts.reshape(len(counts), -1, day), delivered.reshape(len(counts), -1, day)
    usual = by_day.sum(axis=1, keepdims=True) / np.maximum(covered.sum(axis=1, keepdims=True), 1)
    return np.where(covered, by_day, usual).reshape(counts.shape)


def _filled(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.fill_null(column.cast("string"), "")


def _distinct(columns: list[pa.ChunkedArray]) -> tuple[NDArray[np.int64], list[tuple[str, ...]]]:
    """Number the distinct combinations of string columns."""
    combined, values = np.zeros(len(columns[0]), dtype=np.int64), []
    for column in columns:
        encoded = pc.dictionary_encode(column.cast("string")).combine_chunks()
        values.append(encoded.dictionary.to_pylist())
        combined = combined * len(values[-1]) + encoded.indices.to_numpy()
    distinct, codes = np.unique(combined, return_inverse=True)
    keys: list[tuple[str, ...]] = []
    for code in distinct.tolist():
        number, parts = code, []
        for column_values in reversed(values):
            number, digit = divmod(number, len(column_values))
            parts.append(column_values[digit])
        keys.append(tuple(reversed(parts)))
    return codes, keys
