"""Calls as columns: what a simulated hour is made of before anything is written out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Calls = NDArray[np.void]
"""One row a call; see `CALL`."""

CALL = np.dtype(
    [
        ("at", "i8"),  # eventTime, seconds since 1970-01-01T00:00Z
        ("arrives", "f8"),  # when CloudTrail has it, same clock
        ("due", "i8"),  # minute of the object it is delivered in, minutes since 1970-01-01T00:00Z
        ("api", "i2"),  # place in APIS
        ("caller", "i2"),  # place in the shard's callers
        ("failure", "i2"),  # place in FAILURES, or SUCCESS
        ("is_planned", "?"),  # of an incident or a routine
        ("is_late", "?"),  # arrives hours after the call
    ]
)

SUCCESS = -1

Column = NDArray[Any] | int


def make_calls(at: NDArray[Any], *, api: Column, caller: Column, failure: Column, is_planned: bool = False) -> Calls:
    """Give calls at some instants (seconds), not yet on their way to an object."""
    calls = np.zeros(len(at), dtype=CALL)
    calls["at"] = at
    calls["api"] = api
    calls["caller"] = caller
    calls["failure"] = failure
    calls["is_planned"] = is_planned
    return calls


def no_calls() -> Calls:
    """Give an empty table."""
    return np.zeros(0, dtype=CALL)
