"""How unusual a count is: signed roots of the negative binomial's deviance.

With mean L and size k (variance L + L²/k), a count S has the unit deviance
d = 2 [ S ln(S/L) − (S+k) ln((S+k)/(L+k)) ]  (McCullagh and Nelder, Generalized Linear Models, 1989, ch. 11);
√d grows about like a standard score, but stays honest for small counts. Everything here works on whole arrays.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy

Floats = NDArray[np.float64]


def upper_score(calls: ArrayLike, expected: ArrayLike, size: ArrayLike) -> Floats:
    """Score counts above their expectation (> 0); at or below it the score is 0.

    >>> upper_score([6, 1, 0], 0.002, 40).round(2).tolist()
    [9.12, 3.23, 0.0]
    """
    above, root = _deviance_root(calls, expected, size)
    return np.where(above, root, 0.0)


def lower_score(calls: ArrayLike, expected: ArrayLike, size: ArrayLike) -> Floats:
    """Score counts below their expectation (> 0); at or above it the score is 0.

    >>> lower_score([0, 30], 30, 40).round(2).tolist()
    [6.69, 0.0]
    """
    above, root = _deviance_root(calls, expected, size)
    return np.where(above, 0.0, root)


def _deviance_root(calls: ArrayLike, expected: ArrayLike, size: ArrayLike) -> tuple[NDArray[np.bool_], Floats]:
    s, mean, k = (np.asarray(values, dtype=np.float64) for values in (calls, expected, size))
    deviance = 2.0 * (xlogy(s, s / mean) - (s + k) * np.log((s + k) / (mean + k)))
    return s > mean, np.sqrt(np.maximum(deviance, 0.0))


def size_by_moments(squares: Floats, excess: Floats, *, smallest: float, largest: float) -> Floats:
    """Estimate the negative binomial's size k = Σ L² ÷ Σ ((S−L)² − L), within its bounds.

    Args:
        squares: Σ L² of each series.
        excess: Σ ((S−L)² − L): what the counts scatter beyond Poisson. Not above 0 means no overdispersion was seen.
        smallest: the most scatter believed; also the answer where nothing was observed (`squares` is 0).
        largest: the least scatter believed.
    """
    ratio = np.divide(squares, excess, out=np.full_like(squares, largest), where=excess > 0)
    return np.where(squares > 0, np.clip(ratio, smallest, largest), smallest)


def count_reaching(score: float, expected: float, size: float) -> float:
    """Give the (real-valued) count whose upper score is `score`: the upper edge of what is usual.

    >>> round(float(upper_score(count_reaching(7.0, 0.5, 10.0), 0.5, 10.0)), 6)
    7.0
    """
    low, high = expected, expected + 1.0
    while float(upper_score(high, expected, size)) < score:
        low, high = high, high * 2.0
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if float(upper_score(middle, expected, size)) < score else (low, middle)
    return high
