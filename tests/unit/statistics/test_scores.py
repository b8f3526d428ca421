"""Scores, against scipy's negative binomial and Poisson distributions and closed forms."""

from __future__ import annotations

from math import log, sqrt

import numpy as np
import pytest
from scipy import stats  # noqa: TID253 - the other implementation

from insights.statistics.scores import count_reaching, lower_score, size_by_moments, upper_score

CASES = [(6, 0.002, 40.0), (12, 3.5, 3.0), (400, 250.0, 17.0), (1, 0.9, 5.0)]


def saturated_deviance(calls: int, expected: float, size: float) -> float:
    """Twice the gain in log likelihood when the mean is the count itself, by scipy's distribution."""

    def log_likelihood(mean: float) -> float:
        return float(stats.nbinom.logpmf(calls, size, size / (size + mean)))

    return 2 * (log_likelihood(calls) - log_likelihood(expected))


@pytest.mark.parametrize(("calls", "expected", "size"), CASES)
def test_upper_score_is_the_root_of_scipys_deviance(calls: int, expected: float, size: float) -> None:
    """The score is the signed root of the likelihood ratio of the saturated negative binomial."""
    assert float(upper_score(calls, expected, size)) == pytest.approx(sqrt(saturated_deviance(calls, expected, size)))


@pytest.mark.parametrize(("calls", "expected", "size"), [(3, 40.0, 10.0), (1, 5.0, 3.0), (90, 100.0, 40.0)])
def test_lower_score_is_the_root_of_scipys_deviance(calls: int, expected: float, size: float) -> None:
    """The lower tail is measured by the same likelihood ratio."""
    assert float(lower_score(calls, expected, size)) == pytest.approx(sqrt(saturated_deviance(calls, expected, size)))


def test_no_call_at_all_scores_the_closed_form() -> None:
    """For S = 0 the deviance is 2 k ln((L + k) / k)."""
    assert float(lower_score(0, 30.0, 40.0)) == pytest.approx(sqrt(2 * 40 * log(70 / 40)))


def test_a_count_at_its_expectation_scores_nothing() -> None:
    """Neither direction finds the expected unusual."""
    assert (float(upper_score(7, 7.0, 9.0)), float(lower_score(7, 7.0, 9.0))) == (0.0, 0.0)


def test_each_direction_is_silent_about_the_other() -> None:
    """A high count has no lower score and the other way round."""
    assert (float(lower_score(50, 7.0, 9.0)), float(upper_score(1, 7.0, 9.0))) == (0.0, 0.0)


def test_a_very_large_size_is_the_poisson_deviance() -> None:
    """As k grows the score tends to the Poisson's signed root deviance, 2 [S ln(S/L) − (S − L)]."""
    assert float(upper_score(20, 8.0, 1e9)) == pytest.approx(sqrt(2 * (20 * log(20 / 8) - 12)), rel=1e-5)


def test_size_by_moments_recovers_the_size_of_a_sample() -> None:
    """Counts drawn from scipy's negative binomial of size 8 give about 8."""
    counts = stats.nbinom.rvs(8, 8 / 28, size=200_000, random_state=np.random.default_rng(5))
    squares, excess = np.array([20.0**2 * counts.size]), np.array([((counts - 20.0) ** 2 - 20.0).sum()])

    assert size_by_moments(squares, excess, smallest=3, largest=40)[0] == pytest.approx(8, rel=0.03)


@pytest.mark.parametrize(
    ("squares", "excess", "size"),
    [
        pytest.param(0.0, 0.0, 3.0, id="nothing observed: the most scatter"),
        pytest.param(9.0, -1.0, 40.0, id="no scatter beyond Poisson: the least"),
        pytest.param(1.0, 9.0, 3.0, id="bounded below"),
        pytest.param(900.0, 1.0, 40.0, id="bounded above"),
    ],
)
def test_size_by_moments_answers_the_edge_cases(squares: float, excess: float, size: float) -> None:
    """Every edge has its answer within the bounds."""
    assert size_by_moments(np.array([squares]), np.array([excess]), smallest=3, largest=40)[0] == size


def test_count_reaching_is_where_the_score_is_reached() -> None:
    """Just below the edge the score is missed, just above it is passed."""
    edge = count_reaching(7.5, 12.0, 6.0)

    below, above = upper_score([edge - 0.01, edge + 0.01], 12.0, 6.0)
    assert below < 7.5 < above
