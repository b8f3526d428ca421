"""From what the detector found to rows of the `insights` table: numbers, who caused it, the records AWS would write.

The records in a row are what was published: they never change. Its columns are what the data say now.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from insights import __version__
from insights.records.insight import (
    Attribution,
    Insight,
    Rate,
    baseline_minutes,
    baseline_start,
    closing_record,
    end_record,
    start_record,
)
from insights.records.series import InsightType, SeriesKey
from insights.statistics.attribution import Tally, attributions, excess
from insights.statistics.episodes import Episode
from insights.statistics.explanation import explain
from insights.statistics.parameters import Parameters
from insights.storage.attribution import Question, tally
from insights.storage.insights import Row
from insights.storage.objects import ObjectStore
from insights.windows import MINUTE, Window, parse_instant


@dataclass(frozen=True, slots=True)
class Tale:
    """An episode as AWS's records tell it, in one sentence, and who has which part of what is above the usual."""

    insight: Insight
    explanation: str
    excess: dict[str, list[dict[str, Any]]]


def attribute(
    lake: ObjectStore, due: Sequence[tuple[Episode, Row | None]], parameters: Parameters, *, trail_arn: str
) -> dict[str, Tale]:
    """Find out who caused episodes, by their ids, reading every event hour once for all of them.

    An episode whose Start was told already is told from that start on, wherever late data would put it now: a pair of
    records must not contradict itself.
    """
    starts = [_told_start(episode, row) for episode, row in due]
    questions = [
        Question(episode.series, span, _writes_only(episode.series, parameters))
        for (episode, _), start in zip(due, starts, strict=True)
        for span in _spans(episode, start)
    ]
    answers = tally(lake, questions)
    return {
        episode.episode_id: _tale(episode, start, *answers[3 * number : 3 * number + 3], trail_arn=trail_arn)
        for number, ((episode, _), start) in enumerate(zip(due, starts, strict=True))
    }


def _writes_only(series: SeriesKey, parameters: Parameters) -> bool:
    is_call_rate = series.insight_type is InsightType.CALL_RATE
    return is_call_rate and series.event_category == "Management" and not parameters.include_reads


def _spans(episode: Episode, start: datetime) -> tuple[Window, Window, Window]:
    """Give the spans whose callers are told: before the start, while the alarm was given, and of the whole episode."""
    in_all = Window(start, episode.end) if episode.end and episode.end > start else episode.detection_window
    return Window(baseline_start(start), start), episode.detection_window, in_all


def _tale(
    episode: Episode, start: datetime, before: Tally, at_detection: Tally, in_all: Tally, *, trail_arn: str
) -> Tale:
    of_start = attributions(at_detection, before, episode.series.insight_type)
    of_end = attributions(in_all, before, episode.series.insight_type) if episode.end else ()
    insight = _insight(episode, of_start, of_end, trail_arn)
    above = excess(
        in_all if episode.end else at_detection,
        before,
        minutes=(episode.total or episode.detection).minutes,
        minutes_before=episode.baseline.minutes,
    )
    if start != episode.start and episode.end is not None and episode.end > start:
        minutes = int((episode.end - start) / MINUTE)
        baseline = Rate(before.calls, baseline_minutes(start))
        insight = replace(insight, start=start, baseline=baseline, total=Rate(in_all.calls, minutes))
    return Tale(insight, explain(episode, of_end or of_start), above)


def _told_start(episode: Episode, row: Row | None) -> datetime:
    return parse_instant(json.loads(row["start_record_json"])["eventTime"]) if row else episode.start


def _insight(
    episode: Episode, of_start: tuple[Attribution, ...], of_end: tuple[Attribution, ...], trail_arn: str
) -> Insight:
    return Insight(
        series=episode.series,
        direction=episode.direction,
        start=episode.start,
        end=episode.end,
        baseline=episode.baseline,
        detection=episode.detection,
        total=episode.total,
        start_attributions=of_start,
        end_attributions=of_end,
        source_trail_arn=trail_arn if episode.series.event_category == "Data" else None,
    )


def is_told(episode: Episode, row: Row) -> bool:
    """Tell whether a row says of an episode all that the data say now, and not too early."""
    return not row.get("is_early") and all(row[name] == value for name, value in _columns(episode).items())


def row_of(episode: Episode, tale: Tale, known: Row | None, *, is_early: bool = False) -> Row:
    """Give the row of an episode: a new one, or what was known of it with its columns brought up to date.

    A record that the row has stays as it is; `is_corrected` says whether the columns tell something else by now.
    `is_early` says that more calls of its hour may come.
    """
    start, end = start_record(tale.insight), end_record(tale.insight) if episode.end else None
    row: Row = {
        "insight_id": episode.episode_id,
        **_columns(episode),
        "explanation": tale.explanation,
        "excess_json": _json(tale.excess),
        "start_record_json": _json(start),
        "end_record_json": None if end is None else _json(end),
        "is_corrected": False,
        "detector_version": __version__,
        "is_early": is_early,
    }
    if known is None:
        return row
    told_start, told_end = json.loads(known["start_record_json"]), json.loads(known["end_record_json"] or "null")
    if end is not None and told_end is None:
        told_end = _told_end(end, told_start, known)
    return row | {
        "_key": known["_key"],
        "_etag": known["_etag"],
        "insight_id": known["insight_id"],
        "start_record_json": known["start_record_json"],
        "end_record_json": None if told_end is None else _json(told_end),
        "is_corrected": _numbers(told_start) != _numbers(start)
        or _numbers(told_end) != _numbers(end)
        or parse_instant(told_start["eventTime"]) != episode.start,
    }


def _told_end(end: dict[str, Any], told_start: dict[str, Any], known: Row) -> dict[str, Any]:
    """Give the End that goes with a Start: what was over before it began is not what it told of."""
    if parse_instant(end["eventTime"]) <= parse_instant(told_start["eventTime"]):
        return closing_record(told_start, not_after=known["detected_at"])
    return end | {"sharedEventID": told_start["sharedEventID"]}


def withdrawn(row: Row) -> Row:
    """Give a row that the data no longer show.

    One that was told early gets an End with what its Start said: nothing else is known of it, and whoever was told has
    to hear that it is over.
    """
    gone = row | {"status": "withdrawn"}
    if not row.get("is_early") or row["end_record_json"] is not None:
        return gone
    end = closing_record(json.loads(row["start_record_json"]), not_after=row["detected_at"])
    return gone | {"end_record_json": _json(end)}


def _columns(episode: Episode) -> Row:
    """Give what the judgement alone says of an episode."""
    total = episode.total
    return {
        "status": "open" if total is None else "closed",
        **episode.series.columns,
        "direction": str(episode.direction),
        "start_time": episode.start,
        "end_time": episode.end,
        "duration_minutes": None if total is None else total.minutes,
        "insight_calls_per_minute": (total or episode.detection).calls_per_minute,
        "baseline_calls_per_minute": episode.baseline.calls_per_minute,
        "baseline_calls": episode.baseline.calls,
        "baseline_minutes": episode.baseline.minutes,
        "detection_calls": episode.detection.calls,
        "detection_minutes": episode.detection.minutes,
        "total_calls": None if total is None else total.calls,
        "rule": str(episode.rule),
        "window_minutes": episode.window_minutes,
        "score": episode.score,
        "threshold": episode.threshold,
        "expected_calls": episode.expected_calls,
        "band_upper_calls_per_minute": episode.band_upper_calls_per_minute,
        "record_calls": episode.record_calls,
        "record_date": episode.record_date.isoformat() if episode.record_date else None,
        "is_level_shift": episode.level_shift,
        "detected_at": episode.detected_at,
        "closed_at": episode.closed_at,
    }


def _numbers(record: dict[str, Any] | None) -> Any:
    """Give what a record says of when and how much."""
    return record and (record["eventTime"], record["insightDetails"]["insightContext"]["statistics"])


def _json(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))
