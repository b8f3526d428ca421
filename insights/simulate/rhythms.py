"""Ordinary traffic of many APIs: Zipf rates, days and weeks, and scatter at every scale."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import cache

import numpy as np
from numpy.typing import NDArray

from insights.simulate.draft import Draft, Floats, Ints


class Making(StrEnum):
    """How the counts scatter within an hour.

    `NEGATIVE_BINOMIAL`: calls come in groups of one minute with logarithmic sizes. `CLUSTERED`: in sessions of
    heavy-tailed size that spread over minutes. `OBSERVED`: as in real count series, thinned to each API's rate.
    """

    NEGATIVE_BINOMIAL = "negative binomial"
    CLUSTERED = "clustered"
    OBSERVED = "observed"


WEEK_HOURS = 168
_LONGEST_SESSION = 40


def rates_per_minute(rng: np.random.Generator, apis: int) -> Floats:
    """Give Zipf rates: few APIs are busy, most are called a few times a day or week."""
    top = float(np.clip(rng.lognormal(np.log(6), 0.7), 2, 30))
    rank = np.arange(1, apis + 1, dtype=float)
    rates: Floats = np.clip(top * rank**-1.5 * rng.lognormal(0, 0.7, apis), 0.0001, 30)
    return rates


def hourly_expectation(rng: np.random.Generator, rates: Floats, days: int, making: Making) -> Floats:
    """Give what each API is called in each hour: rhythm of the week × level of the day × level of the hour.

    Args:
        rng: source of chance.
        rates: calls per minute of each API.
        days: whole days, the first a Monday.
        making: decides how much days and hours scatter.

    Returns:
        APIs × hours.
    """
    apis, hours = len(rates), days * 24
    rhythm = np.stack([_week(rng) for _ in range(apis)])
    by_hour = rhythm[:, np.arange(hours) % WEEK_HOURS]
    wild = making is Making.CLUSTERED
    spread = rng.uniform(0.15, 0.45, (apis, 1)) if wild else rng.uniform(0.08, 0.3, (apis, 1))
    day = np.exp(spread * rng.standard_normal((apis, days)) + np.cumsum(0.03 * rng.standard_normal((apis, days)), 1))
    shape = rng.uniform(2, 8, (apis, 1)) if wild else rng.uniform(5, 25, (apis, 1))
    hour = rng.gamma(np.broadcast_to(shape, (apis, hours))) / shape
    expectation: Floats = rates[:, None] * 60 * by_hour * np.repeat(day, 24, axis=1) * hour
    return expectation


def _week(rng: np.random.Generator) -> Floats:
    """Give the rhythm of a week with a mean of 1: flat, a daily wave, office hours, or nightly batches."""
    hour, day = np.arange(WEEK_HOURS) % 24, np.arange(WEEK_HOURS) // 24
    kind = rng.choice(4, p=(0.3, 0.3, 0.3, 0.1))
    if kind == 0:
        week = np.ones(WEEK_HOURS)
    elif kind == 1:
        week = 1 + rng.uniform(0.3, 0.8) * np.sin(2 * np.pi * (hour - rng.uniform(0, 24)) / 24)
        week *= np.where(day < 5, 1, rng.uniform(0.5, 1))
    elif kind == 2:
        begins = rng.uniform(5, 10)
        office = 1 / (1 + np.exp(-2 * (hour - begins))) / (1 + np.exp(2 * (hour - begins - rng.uniform(8, 11))))
        week = rng.uniform(0.02, 0.15) + office * np.where(day < 5, 1, rng.uniform(0.05, 0.4))
    else:
        week = np.where((hour - rng.integers(24)) % 24 < rng.integers(2, 7), 1.0, rng.uniform(0.02, 0.2))
    found: Floats = week / week.mean()
    return found


def add_modelled(draft: Draft, rows: Ints, expectation: Floats, making: Making) -> None:
    """Draw the calls of every row from its hourly expectation."""
    rng = draft.rng
    groups = _logarithmic_groups if making is Making.NEGATIVE_BINOMIAL else _sessions
    for first in range(0, len(rows), 50):
        part = expectation[first : first + 50]
        place, hour, calls = groups(rng, part)
        draft.add(rows[first + place], hour, calls)


def _logarithmic_groups(rng: np.random.Generator, expectation: Floats) -> tuple[Ints, Ints, Ints]:
    p = rng.uniform(0.1, 0.85, len(expectation))
    mean = -p / ((1 - p) * np.log1p(-p))
    place, minute = _group_starts(rng, expectation / mean[:, None])
    return place, minute, rng.logseries(p[place])


def _sessions(rng: np.random.Generator, expectation: Floats) -> tuple[Ints, Ints, Ints]:
    """Draw sessions whose sizes have a Pareto tail and whose calls spread over minutes."""
    alphas = np.array([1.6, 2.0, 2.5, 4.0])[rng.choice(4, len(expectation), p=(0.15, 0.3, 0.3, 0.25))]
    mean = np.array([_mean_session(alpha) for alpha in alphas.tolist()])
    spread = rng.choice([0.3, 1.5, 5.0], len(expectation))
    place, minute = _group_starts(rng, expectation / mean[:, None])
    size = _session_sizes(rng.random(len(place)), alphas[place])
    place, minute = np.repeat(place, size), np.repeat(minute, size)
    minute = minute + (rng.standard_exponential(len(place)) * spread[place]).astype(np.int64)
    return place, minute, np.ones(len(place), dtype=np.int64)


def _session_sizes(uniform: Floats, alpha: Floats | float) -> Ints:
    return np.minimum((1 - uniform) ** (-1 / np.asarray(alpha)), _LONGEST_SESSION).astype(np.int64)


@cache
def _mean_session(alpha: float) -> float:
    return float(_session_sizes((np.arange(100_000) + 0.5) / 100_000, alpha).mean())


def _group_starts(rng: np.random.Generator, expected: Floats) -> tuple[Ints, Ints]:
    """Draw how many groups begin in each hour, and in which minute each."""
    number = rng.poisson(expected)
    place, hour = np.nonzero(number)
    repeats = number[place, hour]
    place, hour = np.repeat(place, repeats), np.repeat(hour, repeats)
    return place, hour * 60 + rng.integers(0, 60, len(place))


def add_observed(
    draft: Draft, rows: Ints, rates: Floats, observed: Sequence[tuple[int, NDArray[np.int64]]]
) -> list[tuple[int, int, int]]:
    """Draw the calls of every row from a real count series: a stretch of it, thinned to the row's rate.

    Args:
        draft: what the calls are added to.
        rows: row numbers.
        rates: calls per minute of each row.
        observed: minutes per count and the counts, of at least as many days as the draft has.

    Returns:
        Of each row (row, which observed series, its first minute there), for labels to be carried over.
    """
    rng, origins = draft.rng, []
    for row, rate in zip(rows.tolist(), rates.tolist(), strict=True):
        which = int(rng.integers(len(observed)))
        step, counts = observed[which]
        first = int(rng.integers(max((len(counts) * step - draft.minutes) // 60, 0) + 1)) * 60
        part = counts[first // step : (first + draft.minutes) // step]
        share = rate * step / max(float(part.mean()), 1e-9)
        thinned = rng.binomial(part * max(int(np.ceil(share)), 1), min(share / max(np.ceil(share), 1.0), 1.0))
        found = np.flatnonzero(thinned)
        active = rng.integers(1, step + 1, len(found))  # a count of five minutes may be of one minute, or of all five
        at = np.repeat(found * step, thinned[found])
        offset = (rng.random(len(at)) * np.repeat(active, thinned[found])).astype(np.int64)
        begin = np.repeat((rng.random(len(found)) * (step - active + 1)).astype(np.int64), thinned[found])
        draft.add(row, at + begin + offset)
        origins.append((row, which, first))
    return origins
