"""A population as cells of calls, sorted by minute: what plain records reads, one hour after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.detection.counting import HOUR, distinct_keys
from insights.records.series import InsightType, SeriesKey
from insights.simulate.population import Population
from insights.statistics.coverage import Place
from insights.statistics.subjects import is_denial, pool_subject

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

_FIRST_DENIAL_MINUTES = 7 * 1440


@dataclass(frozen=True, slots=True)
class Cells:
    """Calls of `series` in minutes from the population's start; of each series (n) its place and what it is.

    Attributes:
        series: call rates, error rates, and a pool of first denials for every place.
        place: number of the account and Region of each series (n).
        calls_of: for an error the series of all calls of its API, else -1 (n).
        is_pool: whether it is a pool of first denials (n).
        is_judged: whether it may raise insights: calls of reads may not (n).
        delivered: whether an hour of a place was delivered (places × hours).
        row: series of every cell.
        minute: minute of every cell, ascending.
        calls: its calls.
        first_of_hour: where the cells of each hour begin (hours + 1).
    """

    series: list[SeriesKey]
    place: Ints
    calls_of: Ints
    is_pool: Bools
    is_judged: Bools
    delivered: Bools
    row: Ints
    minute: Ints
    calls: Floats
    first_of_hour: Ints

    def of_hour(self, hour: int) -> tuple[Ints, Ints, Floats]:
        """Give series, minute of the hour and calls of the cells of an hour."""
        part = slice(self.first_of_hour[hour], self.first_of_hour[hour + 1])
        return self.row[part], self.minute[part] - hour * HOUR, self.calls[part]


def cells_of(population: Population) -> Cells:
    """Count a population: each cell for the calls of its API, once more for its error, and first denials for pools."""
    codes, keys, minute, calls, is_read = distinct_keys(population)
    rows: dict[SeriesKey, int] = {}
    calls_of: dict[int, int] = {}
    call_row, error_row = np.full(len(keys), -1), np.full(len(keys), -1)
    for code, (account, region, category, source, name, error) in enumerate(keys):
        key = SeriesKey(account, region, category, InsightType.CALL_RATE, source, name)
        call_row[code] = rows.setdefault(key, len(rows))
        if error:
            key = SeriesKey(account, region, category, InsightType.ERROR_RATE, source, name, error)
            error_row[code] = rows.setdefault(key, len(rows))
            calls_of[int(error_row[code])] = int(call_row[code])
    places = {place: number for number, place in enumerate(sorted({(k.account_id, k.region) for k in rows}))}
    pool_row = np.array(
        [rows.setdefault(pool_subject(Place(*place), keys[0][2]).series, len(rows)) for place in places]
    )
    series = list(rows)
    place = np.array([places[key.account_id, key.region] for key in series])
    is_denied = np.array([bool(key[5]) and is_denial(key[5]) for key in keys])[codes]
    denied_row, denied_minute = _first_denials(call_row[codes[is_denied]], minute[is_denied])
    is_error = error_row[codes] >= 0
    row = np.concatenate([call_row[codes], error_row[codes[is_error]], pool_row[place[denied_row]]])
    at = np.concatenate([minute, minute[is_error], denied_minute])
    count = np.concatenate([calls, calls[is_error], np.ones(len(denied_row))]).astype(np.float64)
    order = np.argsort(at, kind="stable")
    is_judged = np.ones(len(series), dtype=bool)
    is_judged[call_row[codes[is_read]]] = False
    parents = np.array([calls_of.get(number, -1) for number in range(len(series))])
    return Cells(
        series,
        place,
        parents,
        np.isin(np.arange(len(series)), pool_row),
        is_judged,
        _delivered(population, places),
        row[order],
        at[order],
        count[order],
        np.searchsorted(at[order], np.arange(population.plan.days * 24 + 1) * HOUR),
    )


def _first_denials(row: Ints, minute: Ints) -> tuple[Ints, Ints]:
    """Keep the denials of an API that follow no other of it within seven days."""
    order = np.lexsort((minute, row))
    row, minute = row[order], minute[order]
    is_first = np.ones(len(row), dtype=bool)
    is_first[1:] = (np.diff(row) != 0) | (np.diff(minute) > _FIRST_DENIAL_MINUTES)
    return row[is_first], minute[is_first]


def _delivered(population: Population, places: dict[tuple[str, str], int]) -> Bools:
    delivered = np.zeros((len(places), population.plan.days * 24), dtype=bool)
    for account, region, hour in population.coverage:
        if (account, region) in places:
            at = int((hour - population.plan.start).total_seconds()) // 3600
            delivered[places[account, region], at] = True
    return delivered
