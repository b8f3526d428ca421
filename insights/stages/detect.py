"""detect: judge every account × Region whose counts have changed, and keep what is unusual in the `insights` table.

It looks at what the lake holds, never at the interval of a run: the past is replayed from the counts, so late data,
backfills and repeated runs need no special case. What the replay finds is compared with the table: new spans are added
with the records AWS would write, open ones are closed, and what the data no longer show is marked withdrawn.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import blake2b

import pyarrow as pa

from insights import __version__
from insights.errors import NotFoundError
from insights.records.insight import (
    Attribution,
    Insight,
    baseline_start,
    end_record,
    insight_id,
    start_record,
)
from insights.records.series import InsightType
from insights.stages.report import DetectReport
from insights.stages.workspace import Workspace
from insights.statistics.attribution import attributions
from insights.statistics.detector import detect
from insights.statistics.episodes import Episode
from insights.statistics.explanation import explain
from insights.statistics.parameters import Parameters
from insights.storage import counts, insights
from insights.storage.attribution import Question, tally
from insights.storage.counts import CountFile
from insights.storage.insights import Row
from insights.storage.objects import ObjectStore
from insights.windows import HOUR, Window

REJUDGED = timedelta(days=28)
"""How far back a replay may withdraw: earlier hours lack the four weeks of memory that spoke at the time."""


def run(window: Window | None, workspace: Workspace) -> DetectReport:
    """Judge all account × Regions; `window` only names the run."""
    parameters = parameters_of(workspace)
    horizon = timedelta(days=workspace.settings.detect.history_days)
    started: list[str] = []
    ended: list[str] = []
    judged = unchanged = 0
    for place, files in counts.by_place(workspace.lake, horizon):
        fingerprint = _fingerprint(files, parameters)
        state_key = f"state/detect/account_id={place[0]}/region={place[1]}.json"
        if _state(workspace.lake, state_key) == fingerprint:
            unchanged += 1
            continue
        judged += 1
        for row, is_new in _judge(workspace.lake, place, files, parameters):
            if is_new:
                started.append(row["insight_id"])
            if row["status"] == "closed":
                ended.append(row["insight_id"])
        workspace.lake.put(state_key, json.dumps({"fingerprint": fingerprint}).encode())
    return DetectReport(
        window=str(window or "everything"),
        judged=judged,
        unchanged=unchanged,
        started=len(started),
        ended=len(ended),
        insights=tuple(sorted({*started, *ended})),
    )


def parameters_of(workspace: Workspace) -> Parameters:
    """Give the detection parameters that the settings name."""
    chosen = workspace.settings.detect
    return replace(
        Parameters.preset(chosen.sensitivity),
        call_rate=chosen.call_rate,
        error_rate=chosen.error_rate,
        categories=chosen.categories,
        include_reads=chosen.include_reads,
    )


def _judge(
    lake: ObjectStore, place: tuple[str, str], files: Sequence[CountFile], parameters: Parameters
) -> Iterator[tuple[Row, bool]]:
    """Replay one place and bring its rows up to date; yield those that are new (True) or were closed now (False)."""
    replayed = Window(files[0].hour, files[-1].hour + HOUR)
    episodes = detect(_table(lake, place, files), window=replayed, parameters=parameters).episodes
    known = [row for row in insights.read(lake, replayed) if (row["account_id"], row["region"]) == place]
    pairs = list(_pair(episodes, known))
    told = _attribute(lake, [episode for episode, row in pairs if _needs_telling(episode, row)], parameters)
    for episode, row in pairs:
        tale = told.get(insight_id(episode.series, episode.direction, episode.start))
        if row is None and tale is not None:
            new = _new_row(episode, tale)
            insights.write(lake, new)
            yield new, True
        elif row is not None and tale is not None:
            closed = row | _closing(episode, tale, row)
            insights.write(lake, closed)
            yield closed, False
    _withdraw(lake, [row for row in known if all(row is not matched for _, matched in pairs)], replayed)


def _pair(episodes: Sequence[Episode], known: Sequence[Row]) -> Iterator[tuple[Episode, Row | None]]:
    """Find for each episode the row it was told in: the one with its id, else one of its series that overlaps it.

    Late data can move a start by some minutes; that is still the same insight, and its Start record is out already.
    """
    by_id = {row["insight_id"]: row for row in known}
    for episode in episodes:
        row = by_id.get(insight_id(episode.series, episode.direction, episode.start))
        yield episode, row or next((each for each in known if _overlaps(episode, each)), None)


def _overlaps(episode: Episode, row: Row) -> bool:
    series = episode.series
    mine = (series.insight_type, series.event_category, series.event_source, series.event_name, series.error_code)
    theirs = tuple(row[name] for name in ("insight_type", "event_category", "event_source", "event_name", "error_code"))
    if mine != theirs or episode.direction != row["direction"]:
        return False
    far = episode.start + timedelta(days=365)
    return bool(episode.start < (row["end_time"] or far) and row["start_time"] < (episode.end or far))


def _needs_telling(episode: Episode, row: Row | None) -> bool:
    return row is None or (episode.end is not None and row["end_record_json"] is None)


@dataclass(frozen=True, slots=True)
class _Tale:
    """An episode as AWS's records tell it, and in one sentence."""

    insight: Insight
    explanation: str


def _attribute(lake: ObjectStore, episodes: Sequence[Episode], parameters: Parameters) -> dict[str, _Tale]:
    """Find out who caused the episodes, reading every event hour once for all of them."""
    questions: list[Question] = []
    for episode in episodes:
        writes_only = (
            episode.series.insight_type is InsightType.CALL_RATE
            and episode.series.event_category == "Management"
            and not parameters.include_reads
        )
        spans = (
            Window(baseline_start(episode.start), episode.start),
            episode.detection_window,
            Window(episode.start, episode.end) if episode.end else episode.detection_window,
        )
        questions += [Question(episode.series, span, writes_only) for span in spans]
    answers = tally(lake, questions)
    tales = {}
    for number, episode in enumerate(episodes):
        before, at_detection, in_all = answers[3 * number : 3 * number + 3]
        of_start = attributions(at_detection, before, episode.series.insight_type)
        of_end = attributions(in_all, before, episode.series.insight_type) if episode.end else ()
        tale = _Tale(_insight(episode, of_start, of_end), explain(episode, of_end or of_start))
        tales[tale.insight.insight_id] = tale
    return tales


def _insight(episode: Episode, of_start: tuple[Attribution, ...], of_end: tuple[Attribution, ...]) -> Insight:
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
    )


def _new_row(episode: Episode, tale: _Tale) -> Row:
    series = episode.series
    row: Row = {
        "insight_id": tale.insight.insight_id,
        "status": "open",
        "account_id": series.account_id,
        "region": series.region,
        "event_category": series.event_category,
        "insight_type": str(series.insight_type),
        "event_source": series.event_source,
        "event_name": series.event_name,
        "error_code": series.error_code,
        "direction": str(episode.direction),
        "start_time": episode.start,
        "end_time": None,
        "duration_minutes": None,
        "insight_calls_per_minute": episode.detection.calls_per_minute,
        "baseline_calls_per_minute": episode.baseline.calls_per_minute,
        "baseline_calls": episode.baseline.calls,
        "baseline_minutes": episode.baseline.minutes,
        "detection_calls": episode.detection.calls,
        "detection_minutes": episode.detection.minutes,
        "total_calls": None,
        "rule": episode.rule,
        "window_minutes": episode.window_minutes,
        "score": episode.score,
        "threshold": episode.threshold,
        "expected_calls": episode.expected_calls,
        "band_upper_calls_per_minute": episode.band_upper_calls_per_minute,
        "record_calls": episode.record_calls,
        "record_date": episode.record_date.isoformat() if episode.record_date else None,
        "is_level_shift": episode.level_shift,
        "explanation": tale.explanation,
        "start_record_json": _json(start_record(tale.insight)),
        "end_record_json": None,
        "detected_at": episode.detected_at,
        "closed_at": None,
        "detector_version": __version__,
    }
    return row | _closing(episode, tale, row) if episode.end else row


def _closing(episode: Episode, tale: _Tale, row: Row) -> Row:
    """Give what an End adds to a row. Its record speaks of the Start that was told, even if late data moved it."""
    assert episode.total is not None
    start = json.loads(row["start_record_json"])
    end = end_record(tale.insight) | {"sharedEventID": start["sharedEventID"]}
    return {
        "status": "closed",
        "end_time": episode.end,
        "duration_minutes": episode.total.minutes,
        "insight_calls_per_minute": episode.total.calls_per_minute,
        "total_calls": episode.total.calls,
        "is_level_shift": episode.level_shift,
        "explanation": tale.explanation,
        "end_record_json": _json(end),
        "closed_at": episode.closed_at,
    }


def _withdraw(lake: ObjectStore, rows: Sequence[Row], replayed: Window) -> None:
    for row in rows:
        if row["status"] != "withdrawn" and row["start_time"] >= replayed.end - REJUDGED:
            insights.write(lake, row | {"status": "withdrawn"})


def _table(lake: ObjectStore, place: tuple[str, str], files: Sequence[CountFile]) -> pa.Table:
    table = pa.concat_tables([counts.read(lake, each) for each in files])
    for name, value in zip(("account_id", "region"), place, strict=True):
        codes = pa.array([0], pa.int8()).take(pa.nulls(table.num_rows, pa.int8()).fill_null(0))
        table = table.append_column(name, pa.DictionaryArray.from_arrays(codes, pa.array([value])))
    return table


def _fingerprint(files: Sequence[CountFile], parameters: Parameters) -> str:
    digest = blake2b(f"{__version__}\n{parameters!r}\n".encode(), digest_size=16)
    for each in files:
        digest.update(f"{each.key}\n{each.etag}\n".encode())
    return digest.hexdigest()


def _state(lake: ObjectStore, key: str) -> str | None:
    try:
        content, _ = lake.get(key)
    except NotFoundError:
        return None
    fingerprint = json.loads(content).get("fingerprint")
    return fingerprint if isinstance(fingerprint, str) else None


def _json(record: dict[str, object]) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))
