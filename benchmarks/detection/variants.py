"""Variants of our own method: presets, parts left out, less history, lost hours, accounts switched on late."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.detection import ours
from benchmarks.detection.runs import Method
from benchmarks.detection.scoring import Alarm
from benchmarks.detection.worlds import World
from insights.simulate.population import Population
from insights.statistics import hour as hours
from insights.statistics import thresholds
from insights.statistics.memory import MINUTE_HOURS
from insights.statistics.parameters import Parameters
from insights.statistics.place import Hour
from insights.statistics.unusual import HourScores

SHORT_HISTORY_DAYS = (1, 7, 14)
_MEDIUM = Parameters.preset("medium")
_NEVER = 1e9

WITHOUT: dict[str, Parameters] = {
    "cool-down": replace(_MEDIUM, cooldown_days=0.0),
    "onboarding": replace(_MEDIUM, onboarding_days=0.0),
    "season": replace(_MEDIUM, dense_share=_NEVER),
    "pool of first denials": replace(_MEDIUM, pool_min_calls=_NEVER),
    "240-minute windows": replace(_MEDIUM, windows_minutes=(1, 5, 15, 60), active_windows_minutes=(15, 60)),
    "minutes with calls": replace(_MEDIUM, active_windows_minutes=()),
    "count rule": replace(_MEDIUM, count_factor=_NEVER),
}
"""Parts that a parameter switches off. Without the season there are no dense series, so no count rule and no drops."""


def preset(name: str) -> Method:
    """Give our method at a sensitivity."""
    return partial(ours.alarms, parameters=Parameters.preset(name))


def swept() -> dict[str, Method]:
    """Give our method between and beyond its presets, for the curve."""
    factors = ((1.4, 1.6), (3.6, 4.5))
    return {
        f"factors {score} and {count}": partial(
            ours.alarms, parameters=replace(_MEDIUM, score_factor=score, count_factor=count)
        )
        for score, count in factors
    }


def ablations() -> dict[str, Method]:
    """Give our method at medium with one part left out at a time."""
    found: dict[str, Method] = {"nothing left out": preset("medium"), "without records": without_records}
    found |= {f"without {part}": partial(ours.alarms, parameters=numbers) for part, numbers in WITHOUT.items()}
    return found | {"without learning guard": without_learning_guard}


def histories() -> dict[str, Method]:
    """Give our method at medium after less history; what is left out is no missing data but before the beginning."""
    return {f"{days} days": partial(ours.alarms, parameters=_MEDIUM, history_days=days) for days in SHORT_HISTORY_DAYS}


def troubled(worlds: list[World]) -> dict[str, list[World]]:
    """Give the same worlds with 5 % of the hours lost, and with two places that are switched on half-way."""
    return {
        "5 % of the hours lost": [World(w.name, replace(w.plan, lost_share=0.05)) for w in worlds],
        "two places switched on two weeks before": [World(w.name, replace(w.plan, late_places=2)) for w in worlds],
    }


def without_records(population: Population) -> list[Alarm]:
    """Judge by one threshold for all: no series' own record counts, only the least one."""
    with patch.object(thresholds, "upper_score", _no_score):
        return ours.alarms(population, _MEDIUM)


def without_learning_guard(population: Population) -> list[Alarm]:
    """Learn from incidents as from anything else."""
    learn = hours.learn_hour

    def learn_all(hour: Hour, scores: HourScores) -> None:
        slot = hour.index % MINUTE_HOURS
        hour.memory.series.clean[slot] = hour.memory.series.minutes[slot]
        hour.memory.series.active[slot] = hour.memory.series.minutes[slot] > 0
        learn(hour, scores)

    with patch.object(hours, "learn_hour", learn_all):
        return ours.alarms(population, _MEDIUM)


def _no_score(calls: Any, *_: Any) -> Any:
    return np.zeros_like(calls)
