"""What is expected of a series in an hour, from its past only: a rate in calls per minute.

Sparse series have the mean of seven days. Dense ones have a rhythm: the hour of the day over a week, shrunk towards the
mean, then the hour of the week over four weeks, shrunk towards the hour of the day. The past-weeks baseline is that of
outbreak detection (Farrington et al. 1996, Noufaily et al. 2013); the shrinkage is the mean of a gamma posterior.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from insights.statistics.memory import LEARNT_HOURS, MINUTE_HOURS, RATE_HOURS
from insights.statistics.place import Hour

Floats = NDArray[np.float64]

_HOURS_OF_DAY = np.array([day * 24 + near for day in range(1, 8) for near in (-1, 0, 1)])
_HOURS_OF_WEEK = np.array([week * 168 + near for week in range(1, 5) for near in (-1, 0, 1)])


def expect(hour: Hour) -> None:
    """Write down what is expected of every series in the coming hour."""
    series = hour.memory.series
    usual = _usual(hour, series.learnt_hours, series.week)
    series.profile[hour.index % RATE_HOURS] = usual
    series.rate[hour.index % MINUTE_HOURS] = usual
    series.active_rate[hour.index % MINUTE_HOURS] = _usual(hour, series.active_hours, series.active_week)


def _usual(hour: Hour, learnt: NDArray[np.float32], week: Floats) -> Floats:
    mean: Floats = (week + hour.parameters.prior_calls) / max(hour.memory.week_minutes, 60)
    dense = np.flatnonzero(hour.memory.series.is_dense)
    if dense.size:
        mean[dense] = _rhythm(hour, learnt, dense, mean[dense])
    return mean


def _rhythm(hour: Hour, learnt: NDArray[np.float32], rows: NDArray[np.int64], mean: Floats) -> Floats:
    calls, minutes = _past(hour, learnt, rows, _HOURS_OF_DAY)
    prior = hour.parameters.hour_of_day_prior_calls
    by_day = (calls + prior) / (minutes + prior / mean)
    calls, minutes = _past(hour, learnt, rows, _HOURS_OF_WEEK)
    prior_minutes = hour.parameters.hour_of_week_prior_minutes
    return (calls + prior_minutes * by_day) / (minutes + prior_minutes)


def _past(
    hour: Hour, learnt: NDArray[np.float32], rows: NDArray[np.int64], hours_ago: NDArray[np.int64]
) -> tuple[Floats, float]:
    slots = (hour.index - hours_ago) % LEARNT_HOURS
    calls: Floats = learnt[np.ix_(slots, rows)].sum(axis=0, dtype=np.float64)
    return calls, float(hour.memory.delivered_minutes[slots].sum())
