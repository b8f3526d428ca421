"""Why something was told, and why something was not: one row for every candidate, to be asked like any table.

A candidate is a window of a series whose score, or whose count, is beyond what its past allows. Most of what a user
wants to know of a quiet detector is here: it was seen, and this is what kept it from being said.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import numpy as np
import pyarrow as pa

from insights.records import schemas
from insights.records.series import Direction
from insights.statistics.coverage import instant_of
from insights.statistics.episodes import Episode
from insights.statistics.place import Hour
from insights.statistics.unusual import HourScores

MOST_AN_HOUR = 20
"""Of candidates that are merely too small, or too early, the strongest of an account × Region × hour are noted."""


class Verdict(StrEnum):
    """What became of a candidate."""

    TOLD = "told"
    REPEAT = "repeats an insight of the last days"
    NEW_SERVICE = "it is new, and its service has had an insight"
    TOO_FEW = "too few calls above what is expected"
    TOO_YOUNG = "its account has too little history"
    MANY_DROPS = "many fell silent at once, which is a delivery problem"


REASONS = pa.schema(
    [
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("region", pa.string(), nullable=False),
        *schemas.REASONS,
    ]
)
"""One candidate. `calls` and `expected_calls` are of the window that spoke, which ends before `window_end`;
`insight_id` and `start_time` are those of the episode it opened, told or not."""

Reason = dict[str, Any]


def table_of(reasons: Iterable[Reason]) -> pa.Table:
    """Give reasons as a table, by time and series."""
    ordered = [("window_end", "ascending"), ("event_source", "ascending"), ("event_name", "ascending")]
    return pa.Table.from_pylist(list(reasons), schema=REASONS).sort_by(ordered)


def of_episode(episode: Episode, verdict: Verdict) -> Reason:
    """Say what became of an episode."""
    return {
        **episode.series.columns,
        "direction": str(episode.direction),
        "verdict": str(verdict),
        "insight_id": episode.episode_id,
        "start_time": episode.start,
        "window_end": episode.detection_end,
        "window_minutes": episode.window_minutes,
        "calls": float(episode.detection.calls),
        "expected_calls": episode.expected_calls,
        "score": episode.score,
        "threshold": episode.threshold,
        "rule": str(episode.rule),
        "record_calls": episode.record_calls,
        "record_date": episode.record_date.isoformat() if episode.record_date else None,
        "band_upper_calls_per_minute": episode.band_upper_calls_per_minute,
    }


def of_scores(hour: Hour, scores: HourScores, candidates: np.ndarray[Any, Any], verdict: Verdict) -> list[Reason]:
    """Say of windows × cells why they stay unsaid: the strongest one of each series."""
    window, cell = np.nonzero(candidates)
    strength = scores.score[window, cell] / scores.threshold[window, cell]
    found: list[Reason] = []
    seen: set[int] = set()
    for at in np.argsort(-strength, kind="stable").tolist():
        row, w, c = int(scores.row[cell[at]]), int(window[at]), int(cell[at])
        if row in seen:
            continue
        seen.add(row)
        found.append(_of_cell(hour, scores, row, w, c) | {"verdict": str(verdict)})
        if len(found) == MOST_AN_HOUR:
            break
    return found


def _of_cell(hour: Hour, scores: HourScores, row: int, window: int, cell: int) -> Reason:
    record = float(hour.memory.series.record_count[row, window])
    return {
        **hour.memory.series.subjects[row].series.columns,
        "direction": str(Direction.SPIKE),
        "window_end": instant_of(hour.start + int(scores.minute[cell]) + 1),
        "window_minutes": hour.parameters.windows[window],
        "calls": float(scores.calls[window, cell]),
        "expected_calls": float(scores.usual_calls[window, cell]),
        "score": float(scores.score[window, cell]),
        "threshold": float(scores.threshold[window, cell]),
        "rule": str(scores.rule(window, cell, is_new=bool(hour.memory.series.is_new[row]))),
        "record_calls": round(record) if record > 0 else None,
    }
