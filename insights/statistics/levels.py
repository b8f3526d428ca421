"""Changes of level that are accepted: after one alarm, the new rate is what is expected.

The past is scaled to the new level, so that its rhythm is kept and every hour from now on is learnt beside it as it is.
A factor on the profile would count the change twice from the next day on, when the profile has begun to learn it. The
scale is estimated anew every six hours from the last day, until the profile is right to within the tolerance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from insights.statistics.memory import LEARNT_HOURS, MINUTE_HOURS, NEVER, RATE_HOURS, RAW_HOURS
from insights.statistics.place import WEEK_HOURS, Hour

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def accept_level(hour: Hour, row: int, start: int, end: int) -> None:
    """Expect from now on what was seen from `start` to `end`, minutes of the hour judged and the eight before it."""
    series, prior = hour.memory.series, hour.parameters.prior_calls
    minutes_of = series.calls_between(row, start, end)
    calls, active = float(minutes_of.sum()), float((minutes_of > 0).sum())
    hours = np.arange(start // 60, (end - 1) // 60 + 1)
    minutes = np.minimum(hours * 60 + 60, end) - np.maximum(hours * 60, start)
    usual = float((series.profile[hours % RATE_HOURS, row] * minutes).sum())
    usual_active = float((series.active_rate[hours % MINUTE_HOURS, row] * minutes).sum())
    series.level_since[row] = -(-start // 60)
    _scale_past(hour, np.array([row]), np.array([(calls + prior) / (usual + prior)]))
    _scale_active(hour, row, (active + prior) / (usual_active + prior))
    series.rate[hour.index % MINUTE_HOURS, row] = series.profile[hour.index % RATE_HOURS, row]
    if end > hour.start:
        series.hide(row, hour.start, end, hour=hour.index)


def review_levels(hour: Hour) -> None:
    """Compare every accepted change with the last 24 hours; forget it once the profile has been right for a day."""
    series, parameters = hour.memory.series, hour.parameters
    rows = np.flatnonzero(series.level_since > NEVER)
    if hour.index % parameters.level_interval_hours or not rows.size:
        return
    hours = np.arange(hour.index - RATE_HOURS, hour.index)
    is_seen = hour.memory.delivered_minutes[hours % LEARNT_HOURS] > 0
    weight = ((hours[:, None] >= series.level_since[rows]) & is_seen[:, None]).astype(np.float64)
    calls = (series.raw_hours[np.ix_(hours % RAW_HOURS, rows)] * weight).sum(axis=0)
    usual = (series.profile[np.ix_(hours % RATE_HOURS, rows)] * 60.0 * weight).sum(axis=0)
    scale = (calls + parameters.prior_calls) / (usual + parameters.prior_calls)
    is_right = np.abs(scale - 1.0) <= parameters.level_tolerance
    age = hour.index - series.level_since[rows]
    _scale_past(hour, rows[~is_right], scale[~is_right])
    series.level_since[rows[(is_right & (age >= RATE_HOURS)) | (age >= WEEK_HOURS)]] = NEVER


def _scale_past(hour: Hour, rows: Ints, scale: Floats) -> None:
    """Scale what was learnt before a change was accepted, and what that made us expect of the last day."""
    series = hour.memory.series
    hours = np.arange(hour.index - LEARNT_HOURS + 1, hour.index)
    accepted = series.level_since[rows] + hour.parameters.level_shift_hours + 1
    factor = np.where(hours[:, None] < accepted, scale, 1.0)
    series.learnt_hours[np.ix_(hours % LEARNT_HOURS, rows)] *= factor.astype(np.float32)
    series.profile[:, rows] *= scale
    week = np.arange(hour.index - WEEK_HOURS, hour.index) % LEARNT_HOURS
    series.week[rows] = series.learnt_hours[np.ix_(week, rows)].sum(axis=0, dtype=np.float64)


def _scale_active(hour: Hour, row: int, scale: float) -> None:
    """Scale the minutes with calls that were learnt before a change was accepted; no minute has more than one."""
    series = hour.memory.series
    # The episode that showed the change is over in this hour: its minutes were learnt as what was expected before.
    before = np.arange(hour.index - LEARNT_HOURS + 1, hour.index) % LEARNT_HOURS
    series.active_hours[before, row] = np.minimum(series.active_hours[before, row] * scale, 60.0)
    week = np.arange(hour.index - WEEK_HOURS, hour.index) % LEARNT_HOURS
    series.active_week[row] = series.active_hours[week, row].sum(dtype=np.float64)
    slot = hour.index % MINUTE_HOURS
    series.active_rate[slot, row] = min(series.active_rate[slot, row] * scale, 1.0)
