"""What ordinary accounts do is no news: jobs, deployments, services taken into use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from insights.simulate import habits
from insights.simulate.draft import DAY_MINUTES, Draft, Row
from insights.simulate.population import FIRST_MONDAY, minute_counts_of
from insights.simulate.rhythms import Making, add_modelled, hourly_expectation
from insights.statistics.coverage import Coverage
from insights.statistics.detector import detect
from insights.statistics.episodes import Episode
from insights.windows import DAY, HOUR, Window

DAYS = 35


def account(seed: int) -> Draft:
    """Begin an account with some ordinary traffic of one busy and four quiet APIs."""
    draft = Draft("111122223333", "us-east-1", DAYS * DAY_MINUTES, np.random.default_rng(seed))
    rates = np.array([2.0, 0.3, 0.05, 0.01, 0.003])
    rows = np.array([draft.number(Row("ec2.amazonaws.com", f"Ordinary{n}")) for n in range(len(rates))])
    expected = hourly_expectation(draft.rng, rates, DAYS, Making.NEGATIVE_BINOMIAL)
    add_modelled(draft, rows, expected, Making.NEGATIVE_BINOMIAL)
    return draft


def insights_of(draft: Draft, wanted: Callable[[str, str], bool], *, from_day: int) -> list[Episode]:
    """Judge an account from a day on, and give what is told of the wanted (source, name)."""
    hours = ((draft.account_id, draft.region, FIRST_MONDAY + n * HOUR) for n in range(DAYS * 24))
    window = Window(FIRST_MONDAY + from_day * DAY, FIRST_MONDAY + DAYS * DAY)
    found = detect(minute_counts_of(draft, FIRST_MONDAY), window=window, coverage=Coverage.of(hours))
    return [e for e in found.episodes if wanted(e.series.event_source, e.series.event_name)]


def jobs(draft: Draft, number: int) -> np.ndarray:
    return np.array([draft.number(Row("batch.amazonaws.com", f"Job{n}")) for n in range(number)])


def is_job(source: str, _: str) -> bool:
    return source == "batch.amazonaws.com"


@pytest.mark.parametrize(("every_minutes", "name"), [(DAY_MINUTES, "nightly"), (60, "hourly")])
def test_jobs(every_minutes: int, name: str) -> None:
    """Ten jobs at a fixed minute, some runs missed and sizes that vary, raise no insight in three weeks."""
    draft = account(7)
    habits.add_jobs(draft, jobs(draft, 10), every_minutes, name)

    assert insights_of(draft, is_job, from_day=14) == []


def test_weekly_jobs() -> None:
    """A job that runs once a week raises at most one insight, its first."""
    draft = account(8)
    habits.add_jobs(draft, jobs(draft, 10), 7 * DAY_MINUTES, "weekly")
    told = Counter(episode.series.event_name for episode in insights_of(draft, is_job, from_day=1))

    assert all(number == 1 for number in told.values())


def test_deployment() -> None:
    """A rate that doubles for good raises at most one insight of its API."""
    draft = account(9)
    rates = np.array([0.02, 0.1, 0.5, 2.0, 5.0])
    expected = hourly_expectation(draft.rng, rates, DAYS, Making.NEGATIVE_BINOMIAL)
    expected[:, 21 * 24 + 10 :] *= 2
    add_modelled(draft, jobs(draft, len(rates)), expected, Making.NEGATIVE_BINOMIAL)
    told = Counter(episode.series.event_name for episode in insights_of(draft, is_job, from_day=21))

    assert all(number == 1 for number in told.values())


def test_new_service() -> None:
    """Thirty APIs of a service that was never used before raise at most one insight in their first days."""
    draft = account(10)
    begin = habits.add_service(draft, "newservice.amazonaws.com", 30)[0].start
    told = insights_of(draft, lambda source, _: source == "newservice.amazonaws.com", from_day=2)
    first_days = [e for e in told if e.start < FIRST_MONDAY + (begin / DAY_MINUTES + 3) * DAY]

    assert len(first_days) <= 1
