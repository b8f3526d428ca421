"""Every number of the detection method, by name, and what is analysed.

The defaults are the middle of what was measured (docs/benchmarks-detection.md). The presets move only what trades false
insights against incidents found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from insights.errors import SettingsError

LONGEST_WINDOW_MINUTES = 240
"""The memory holds the minutes that a window of this length needs, and no more."""

LONGEST_EPISODE_HOURS = 8
"""The memory holds the minutes of an episode of this length, and no more."""


_DROP_VIEWS = ((1, False), (1, True), (4, True))
"""Hours, and whether minutes with calls are counted in them: those scatter less than calls, so that the silence of a
series whose calls come in heaps shows, after hours if not after one. Calls see what only becomes less."""


@dataclass(frozen=True, slots=True)
class DropView:
    """Whole hours in which calls, or minutes with calls, may be too few; they scatter like a window (its index)."""

    hours: int
    window: int
    is_active: bool


@dataclass(frozen=True, slots=True)
class Parameters:
    """The method's knobs; counts are calls, times carry their unit, factors are pure numbers.

    Raises:
        SettingsError: a window or the level shift is longer than the memory of minutes.
    """

    # What is analysed. Call rate of Management events means writes only, as AWS has it; Data events count both.
    call_rate: bool = True
    error_rate: bool = True
    categories: tuple[str, ...] = ("Management",)
    include_reads: bool = False

    # Sensitivity: an alarm must beat the series' own record by these factors. Higher means fewer insights.
    score_factor: float = 2.5
    active_factor: float = 2.0
    count_factor: float = 2.7
    min_excess_calls: float = 5.0
    min_ratio: float = 2.0

    # Windows, expectation, dispersion.
    windows_minutes: tuple[int, ...] = (1, 5, 15, 60, 240)
    active_windows_minutes: tuple[int, ...] = (15, 60, 240)
    warm_up_hours: int = 24
    prior_calls: float = 0.5
    dense_share: float = 0.6
    hour_of_day_prior_calls: float = 10.0
    hour_of_week_prior_minutes: float = 360.0
    min_size: float = 3.0
    max_size: float = 40.0
    residual_cap_ratio: float = 3.0
    residual_cap_calls: float = 10.0
    min_calls_for_error_share: float = 50.0

    # Thresholds.
    min_record_score: float = 3.0
    few_days_allowance: float = 0.5
    youth_exponent: float = 0.22
    youth_days: float = 7.0
    new_series_score: float = 14.0
    new_region_score: float = 9.0
    min_score_for_count: float = 5.0
    min_maximum_calls: float = 5.0

    # Start, end, level.
    min_rate_ratio: float = 1.5
    evidence_to_end: float = 10.0
    quiet_minutes: int = 15
    search_back_windows: int = 2
    level_shift_hours: int = LONGEST_EPISODE_HOURS
    level_interval_hours: int = 6
    level_tolerance: float = 0.15

    # Muting.
    cooldown_days: float = 8.0
    cooldown_ratio: float = 1.5
    schedule_minutes: int = 60
    schedule_ratio: float = 3.0
    onboarding_days: float = 3.0
    onboarding_call_days: int = 2

    # The pool of first denials.
    pool_windows_minutes: tuple[int, ...] = (5, 15, 60)
    pool_min_calls: float = 8.0
    pool_new_score: float = 9.0

    # Drops.
    drop_min_expected_calls: float = 30.0
    drop_max_share: float = 0.2
    drop_min_score: float = 5.0
    drop_record_factor: float = 1.4
    drop_min_record_days: int = 3
    drop_end_share: float = 0.5
    drop_max_at_once: int = 3

    def __post_init__(self) -> None:
        for name in ("windows_minutes", "active_windows_minutes"):
            if max(getattr(self, name), default=0) > LONGEST_WINDOW_MINUTES:
                raise SettingsError(f"{name}: {getattr(self, name)} has one above {LONGEST_WINDOW_MINUTES} minutes")
        if not 1 <= self.level_shift_hours <= LONGEST_EPISODE_HOURS:
            raise SettingsError(f"level_shift_hours: {self.level_shift_hours} is not within 1…{LONGEST_EPISODE_HOURS}")

    @property
    def windows(self) -> tuple[int, ...]:
        """The lengths of all windows, in the order in which everything about them is kept: first those of calls."""
        return self.windows_minutes + self.active_windows_minutes

    @property
    def windows_of_calls(self) -> int:
        """How many of the windows, the first ones, count calls; the others count minutes with calls."""
        return len(self.windows_minutes)

    @property
    def drop_views(self) -> tuple[DropView, ...]:
        """What drops are looked for in."""
        of_calls, of_active = range(self.windows_of_calls), range(self.windows_of_calls, len(self.windows))
        return tuple(
            DropView(hours, min(windows, key=lambda window: abs(self.windows[window] - 60 * hours)), is_active)
            for hours, is_active in _DROP_VIEWS
            if (windows := of_active if is_active else of_calls)
        )

    def is_of_pool(self, window: int) -> bool:
        """Tell whether the pool of first denials is looked at in a window (its index)."""
        return window < self.windows_of_calls and self.windows[window] in self.pool_windows_minutes

    @classmethod
    def preset(cls, name: str) -> Parameters:
        """Give the parameters of a named sensitivity: low, medium, high or aws.

        Raises:
            SettingsError: no preset has this name.
        """
        if name not in _PRESETS:
            raise SettingsError(f"sensitivity: {name!r} is none of {', '.join(_PRESETS)}")
        return cls(**_PRESETS[name])


_PRESETS: dict[str, dict[str, Any]] = {
    "low": {
        "score_factor": 3.0,
        "count_factor": 3.5,
        "min_excess_calls": 10.0,
        "active_factor": 2.2,
        "drop_min_score": 5.5,
    },
    "medium": {},
    "high": {"score_factor": 1.8, "active_factor": 1.6, "count_factor": 2.1, "drop_min_score": 4.0},
    # AWS's published samples include an insight of 2 calls in one minute of an API without any baseline, and one of 4
    # errors against 23 a week. Over a baseline of no call in seven days 2 calls score 6.1, hence 5.5 for a new series;
    # 4 errors in five minutes against 23 a week score 6.0, while a week in which two of the 23 shared a minute has
    # a record of 4.1, hence a factor of 1.3; an excess of 1.5 lets 2 calls count. AWS holds nothing back for a new API.
    "aws": {
        "drop_min_score": 4.0,
        "score_factor": 1.3,
        "active_factor": 1.3,
        "count_factor": 1.5,
        "min_excess_calls": 1.5,
        "new_series_score": 5.5,
        "youth_exponent": 0.0,
        "schedule_minutes": 0,
        "onboarding_days": 0.0,
        "onboarding_call_days": 0,
    },
}
