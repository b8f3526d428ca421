"""The part of the report page that says which hours were read, what they brought, and whether digests vouch for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

_SIGNS = {"data": "", "verified": "✓", "partial": "…", "no data": "0", "refuted": "×"}

WORDS = {
    "refuted": "with a refuted log file",
    "no data": "without data",
    "partial": "not read whole yet",
    "verified": "verified",
    "data": "with data that are not all verified",
}
"""The states of an hour in words, those first that matter most."""


@dataclass(frozen=True, slots=True)
class CoveredHour:
    """One hour of the map: `state` names its colour, `sign` tells it without colour, `said` in words."""

    state: str
    sign: str
    said: str

    @property
    def css_class(self) -> str:
        """The state as a class of the style sheet."""
        return self.state.replace(" ", "-")


@dataclass(frozen=True, slots=True)
class CoveredDay:
    """One line of the map: the 24 hours of a day of one account × Region, None where an hour was not read."""

    place: str
    day: str
    hours: tuple[CoveredHour | None, ...]


@dataclass(frozen=True, slots=True)
class CoverageMap:
    """The map, and its hours by state."""

    days: tuple[CoveredDay, ...]
    numbers: Mapping[str, int]
    longest_lag_minutes: int


def coverage_map(rows: Iterable[Mapping[str, Any]]) -> CoverageMap:
    """Draw rows of the table `coverage`, each with its `account_id` and `region`."""
    days: defaultdict[tuple[str, date], dict[int, CoveredHour]] = defaultdict(dict)
    numbers: dict[str, int] = dict.fromkeys(WORDS, 0)
    lag = 0
    for row in rows:
        hour = _hour(row)
        numbers[hour.state] += 1
        lag = max(lag, row["lag_minutes"] or 0)
        days[f"{row['account_id']} · {row['region']}", row["hour"].date()][row["hour"].hour] = hour
    lines = (
        CoveredDay(place, day.isoformat(), tuple(hours.get(n) for n in range(24)))
        for (place, day), hours in sorted(days.items())
    )
    return CoverageMap(tuple(lines), {state: number for state, number in numbers.items() if number}, lag)


def _hour(row: Mapping[str, Any]) -> CoveredHour:
    state = _state(row)
    begin = f"{row['hour']:%Y-%m-%d %H:00} UTC: "
    if state == "no data":
        return CoveredHour(state, _SIGNS[state], f"{begin}read whole, and nothing came")
    words = f"{row['records']} records of {row['objects']} log files"
    if row["lag_minutes"] is not None:
        words += f", the last {row['lag_minutes']} minutes after the hour"
    words += f"; {row['verified']} verified, {row['unverified']} unverified, {row['refuted']} refuted"
    return CoveredHour(state, _SIGNS[state], f"{begin}{'' if state != 'partial' else 'not read whole yet; '}{words}")


def _state(row: Mapping[str, Any]) -> str:
    if row["refuted"]:
        return "refuted"
    if row["status"] == "data" and row["verified"] == row["objects"]:
        return "verified"
    return str(row["status"])
