"""What ordinary accounts do that looks odd: jobs, builds, scaling, deployments, new services, errors, lost deliveries.

Nothing here is an incident. `Habit` tells what was added where, so that false insights can be traced to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insights.simulate.draft import DAY_MINUTES, Draft, Floats, Ints, Row

ERROR_CODES = ("AccessDenied", "ThrottlingException", "ValidationException", "Client.InvalidParameterValue")

ERRORS = "errors"
"""The kind of habit that explains an API's errors, and not its calls."""


@dataclass(frozen=True, slots=True)
class Habit:
    """Something ordinary in the minutes [start, end) of a row."""

    kind: str
    row: int
    start: int
    end: int


def add_jobs(draft: Draft, rows: Ints, every_minutes: int, kind: str) -> list[Habit]:
    """Let jobs run at a fixed minute of every period, with jitter, sizes that vary, missed and doubled runs."""
    rng = draft.rng
    for row in rows.tolist():
        anchor = int(rng.integers(every_minutes))
        runs = np.arange(anchor, draft.minutes, every_minutes)
        runs = runs[rng.random(len(runs)) > 0.04]
        runs = np.concatenate([runs, runs[rng.random(len(runs)) < 0.01] + 10])  # tried again
        usual = float(np.clip(rng.lognormal(np.log(15), 0.9), 3, 400))
        if every_minutes <= 60:
            usual = min(usual, 40.0)
        sizes = rng.poisson(usual * rng.lognormal(0, rng.uniform(0.05, 0.5), len(runs)))
        starts = runs + np.rint(rng.normal(0, rng.uniform(0, min(4, every_minutes / 20)), len(runs))).astype(np.int64)
        length = int(rng.integers(1, max(2, min(20, every_minutes // 4))))
        draft.add(row, np.repeat(starts, sizes) + rng.integers(0, length, int(sizes.sum())))
    return [Habit(kind, row, 0, draft.minutes) for row in rows.tolist()]


def add_monthly(draft: Draft, rows: Ints) -> list[Habit]:
    """Let jobs run once in 30 days."""
    rng, habits = draft.rng, []
    for row in rows.tolist():
        for start in range(int(rng.integers(30 * DAY_MINUTES)), draft.minutes, 30 * DAY_MINUTES):
            calls, length = int(rng.integers(15, 150)), int(rng.integers(2, 60))
            draft.add(row, start + rng.integers(0, length, calls))
            habits.append(Habit("monthly job", row, start, start + length))
    return habits


def add_builds(draft: Draft, rows: Ints) -> list[Habit]:
    """Let builds run on weekdays between 8 and 18 o'clock, some a day, minutes each, each of its own size."""
    rng = draft.rng
    days = draft.minutes // DAY_MINUTES
    for row in rows.tolist():
        number = rng.poisson(rng.uniform(1, 12) * np.where(np.arange(days) % 7 < 5, 1, 0.05))
        starts = np.repeat(np.arange(days) * DAY_MINUTES, number) + rng.integers(8 * 60, 18 * 60, int(number.sum()))
        sizes = rng.negative_binomial(3, 3 / (3 + rng.uniform(5, 40)), len(starts))
        draft.add(row, np.repeat(starts, sizes) + rng.integers(0, int(rng.integers(2, 12)), int(sizes.sum())))
    return [Habit("builds", row, 0, draft.minutes) for row in rows.tolist()]


def add_scaling(draft: Draft, rows: Ints) -> list[Habit]:
    """Let groups of instances grow and shrink: some times a day, more often by day, with heavy-tailed sizes."""
    rng = draft.rng
    for row in rows.tolist():
        number = rng.poisson(rng.uniform(0.5, 5) * draft.minutes / DAY_MINUTES)
        starts = rng.integers(0, draft.minutes // DAY_MINUTES, number) * DAY_MINUTES
        starts = starts + (np.clip(rng.normal(13, 5, number), 0, 23.9) * 60).astype(np.int64)
        sizes = np.minimum(3 + rng.pareto(1.5, number) * 5, 150).astype(np.int64)
        draft.add(row, np.repeat(starts, sizes) + (rng.random(int(sizes.sum())) * rng.uniform(2, 30)).astype(np.int64))
    return [Habit("scaling", row, 0, draft.minutes) for row in rows.tolist()]


def change_levels(draft: Draft, rows: Ints, expectation: Floats, share: float) -> list[Habit]:
    """Change the level of some rows for good: what a deployment does. The expectation is changed in place."""
    rng, habits = draft.rng, []
    for place in np.flatnonzero(rng.random(len(rows)) < share).tolist():
        minute = int(rng.integers(3 * DAY_MINUTES, draft.minutes))
        factor = float(np.exp(rng.choice((1, -1), p=(0.7, 0.3)) * rng.uniform(0.2, 1.4)))
        expectation[place, minute // 60 :] *= factor
        start = minute // 60 * 60
        habits.append(Habit("deployment", int(rows[place]), start, start + 3 * DAY_MINUTES))
    return habits


def add_service(draft: Draft, source: str, apis: int) -> list[Habit]:
    """Take a service into use: many APIs at once that were never called before, each at its own rate from then on."""
    rng = draft.rng
    begin = int(rng.integers(3 * DAY_MINUTES, draft.minutes))
    habits = []
    for number in range(apis):
        row = draft.number(Row(source, f"{('Create', 'Put', 'Update', 'Tag')[number % 4]}Part{number}"))
        first = begin + int(rng.exponential(600))
        calls = rng.poisson(rng.lognormal(-4, 1.5) * max(draft.minutes - first, 0))
        at = first + (rng.random(calls) * (draft.minutes - first)).astype(np.int64)
        trial = first + rng.integers(0, 20, int(rng.integers(1, 12)))  # somebody tries it out
        draft.add(row, np.concatenate([at, trial]))
        habits.append(Habit("new service", row, begin, begin + 7 * DAY_MINUTES))
    return habits


def add_errors(draft: Draft, share: float) -> list[Habit]:
    """Let some APIs fail: a share of their calls, more where there are many at once, as throttling and retries do."""
    rng = draft.rng
    row, minute, calls = draft.cells()
    fails = rng.random(len(draft.rows)) < share
    chance = np.where(fails, np.clip(rng.lognormal(np.log(0.01), 1.2, len(draft.rows)), 0.0005, 0.3), 0.0)
    mean = np.bincount(row, calls, len(draft.rows)) / np.maximum(np.bincount(row, minlength=len(draft.rows)), 1)
    crowded = 1 + np.maximum(calls / np.maximum(3 * mean[row], 1.0) - 1, 0)
    failed = rng.binomial(calls, np.minimum(chance[row] * crowded, 0.9))
    code = rng.choice(len(ERROR_CODES), len(draft.rows))
    found = np.flatnonzero(failed)
    numbers = np.zeros(len(draft.rows), dtype=np.int64)
    for number in np.unique(row[found]).tolist():
        of = draft.rows[number]
        numbers[number] = draft.number(Row(of.event_source, of.event_name, of.is_read_only, ERROR_CODES[code[number]]))
    draft.replace(row, minute, calls - failed)
    draft.add(numbers[row[found]], minute[found], failed[found])
    return [Habit(ERRORS, int(numbers[n]), 0, draft.minutes) for n in np.unique(row[found]).tolist()]


def lose_hours(draft: Draft, share: float) -> None:
    """Lose whole hours of all rows: a few gaps of one to five hours, or a share of all hours at random."""
    rng = draft.rng
    if share:
        draft.delivered &= rng.random(len(draft.delivered)) >= share
    for first in rng.integers(0, len(draft.delivered), int(rng.integers(0, 3))).tolist():
        draft.delivered[first : first + int(rng.integers(1, 6))] = False
