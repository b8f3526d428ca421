"""detect: judge every account × Region whose counts have changed, and keep what is unusual in the `insights` table.

It looks at what the lake holds, never at the interval of a run: from the oldest hour that changed the past is replayed
from the counts, so late data, backfills and repeated runs need no special case. Only complete hours count as data. What
the replay finds is compared with the table: new spans are added with the records AWS would write, open ones are closed,
what late data changed is corrected, and what the data no longer show is marked withdrawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pyarrow as pa

from insights.records.partitions import EventHour
from insights.records.series import InsightType
from insights.stages.report import DetectReport
from insights.stages.selection import selection_of, trail_of
from insights.stages.telling import attribute, is_told, row_of
from insights.stages.workspace import Workspace
from insights.statistics.detector import detect
from insights.statistics.episodes import Episode
from insights.statistics.parameters import Parameters
from insights.storage import changes, counts, hours, insights, reading
from insights.storage.changes import Change
from insights.storage.counts import CountFile
from insights.storage.insights import Row
from insights.storage.objects import ObjectStore
from insights.windows import HOUR, Window, ceil, hour_of

EFFECT = timedelta(days=36)
"""How long an hour has a say: four weeks of memory, and eight days for which an insight mutes its like."""

LONGEST_EPISODE = timedelta(hours=12)
"""No insight is longer, nor begins longer before the hour in which it is found."""

FOLLOWED = timedelta(days=7)
"""How long an open insight is followed up where its account × Region has nothing new."""

Place = tuple[str, str]
"""An account id and a Region."""


def run(window: Window | None, workspace: Workspace) -> DetectReport:
    """Judge what was counted anew, and follow what is open; with a window, judge all of that, changed or not."""
    lake = workspace.lake
    if not selection_of(workspace).pairs:
        return DetectReport(window=str(window or "everything"), judged=0, started=0, ended=0, insights=())
    changed = changes.pending(lake)
    known = list(insights.read(lake, _concerned(changed, window, workspace.now())))
    spans = _spans(changed, known, counts.places(lake) if window else (), window)
    judge = _Judge(workspace, known)
    written = [row for place, asked in spans for row in judge.replay(place, asked)]
    for place, marks in changed.items():
        changes.clear(lake, _settled(lake, place, marks, judge))
    return DetectReport(
        window=str(window or "everything"),
        judged=judge.replays,
        started=sum(is_new for _, is_new in written),
        ended=sum(row["status"] == "closed" for row, _ in written),
        insights=tuple(sorted(row["insight_id"] for row, _ in written)),
    )


def parameters_of(workspace: Workspace) -> Parameters:
    """Give the detection parameters that the settings and the Insight selectors name."""
    chosen, selection = workspace.settings.detect, selection_of(workspace)
    return replace(
        Parameters.preset(chosen.sensitivity),
        call_rate=InsightType.CALL_RATE in selection.types,
        error_rate=InsightType.ERROR_RATE in selection.types,
        categories=selection.categories,
        include_reads=chosen.include_reads,
    )


def _concerned(changed: dict[Place, list[Change]], window: Window | None, now: datetime) -> Window:
    """Give the days whose insights can matter: from the first hour to be judged on, and those that may be open."""
    starts = [marks[0].hour for marks in changed.values()] + ([window.start] if window else [])
    since = min(starts, default=now)
    return Window(min(since, now - FOLLOWED) - LONGEST_EPISODE, max(now, since) + HOUR)


def _spans(
    changed: dict[Place, list[Change]], known: Sequence[Row], places: Iterable[Place], window: Window | None
) -> list[tuple[Place, Window]]:
    """Give what is to be judged of each place. Spans of which one has a say in the next are one; a stray record from
    years ago is not joined with today."""
    asked: dict[Place, list[Window]] = {
        place: [hour_of(change.hour) for change in marks] for place, marks in changed.items()
    }
    for row in known:
        if row["status"] == "open":
            asked.setdefault((row["account_id"], row["region"]), []).append(hour_of(row["detected_at"]))
    if window is not None:
        for place in places:
            asked.setdefault(place, []).append(window)
    joined: list[tuple[Place, Window]] = []
    for place in sorted(asked):
        for each in sorted(asked[place]):
            if joined and joined[-1][0] == place and each.start <= joined[-1][1].end + EFFECT:
                last = joined.pop()[1]
                each = Window(last.start, max(last.end, each.end))  # noqa: PLW2901
            joined.append((place, each))
    return joined


@dataclass
class _Judge:
    """Replays places, and brings their rows up to date."""

    workspace: Workspace
    known: list[Row]
    replays: int = 0

    def __post_init__(self) -> None:
        self.lake: ObjectStore = self.workspace.lake
        self.parameters = parameters_of(self.workspace)
        self.selection = selection_of(self.workspace)
        self.settle = timedelta(minutes=self.workspace.settings.trail.settle_minutes)
        self.history = timedelta(days=self.workspace.settings.detect.history_days)
        # Nothing is judged before its time: a record with a made-up date must not move a replay there.
        self.now = ceil(self.workspace.now(), HOUR)

    def is_complete(self, hour: datetime) -> bool:
        """Tell whether an hour can be judged."""
        read = reading.spans(self.lake, hour_of(hour).widened(after=self.settle))
        return reading.is_complete(hour, read, self.settle)

    def replay(self, place: Place, asked: Window) -> list[tuple[Row, bool]]:
        """Judge a place from the first hour asked for on; give the rows written, and whether they are new."""
        if asked.start >= self.now:
            return []
        span = Window(asked.start - self.history, min(asked.end + EFFECT, self.now))
        read = reading.spans(self.lake, span)
        end = reading.end_of_complete(read, self.settle)
        files = [
            file
            for file in counts.files_of(self.lake, *place, span)
            if reading.is_complete(file.hour, read, self.settle)
        ]
        if not files or end is None:
            return []
        self.replays += 1
        replayed = Window(files[0].hour, max(min(end, span.end), files[-1].hour + HOUR))
        return self._tell(place, files, replayed, since=asked.start - LONGEST_EPISODE)

    def _tell(
        self, place: Place, files: Sequence[CountFile], replayed: Window, *, since: datetime
    ) -> list[tuple[Row, bool]]:
        table = _table(self.lake, place, files)
        episodes = [
            each
            for each in detect(table, window=replayed, parameters=self.parameters).episodes
            if each.start >= since and self.selection.includes_series(each.series)
        ]
        # What is no longer looked for stays as it was told.
        concerned = [
            row
            for row in self.known
            if _is_concerned(row, place, since, replayed.end)
            and self.selection.includes(row["insight_type"], row["event_category"])
        ]
        pairs, unmatched = _pair(episodes, concerned)
        due = [(episode, row) for episode, row in pairs if row is None or not is_told(episode, row)]
        tales = attribute(self.lake, due, self.parameters, trail_arn=str(trail_of(self.workspace)))
        written = [(row_of(episode, tales[episode.episode_id], row), row is None) for episode, row in due]
        withdrawn = [row | {"status": "withdrawn"} for row in unmatched if row["status"] != "withdrawn"]
        for row in [*(row for row, _ in written), *withdrawn]:
            insights.write(self.lake, row)
        return written


def _is_concerned(row: Row, place: Place, since: datetime, until: datetime) -> bool:
    return (row["account_id"], row["region"]) == place and since <= row["start_time"] < until


def _pair(episodes: Sequence[Episode], known: Sequence[Row]) -> tuple[list[tuple[Episode, Row | None]], list[Row]]:
    """Find for each episode the row it was told in: the one with its id, else one of its series that overlaps it. Give
    the rows left over too.

    Late data can move a start by some minutes; that is still the same insight, and its Start record is out already.
    """
    left = {row["insight_id"]: row for row in known}
    by_id = {episode.episode_id: left.pop(episode.episode_id, None) for episode in episodes}
    pairs = []
    for episode in episodes:
        row = by_id[episode.episode_id] or next((each for each in left.values() if _overlaps(episode, each)), None)
        if row is not None:
            left.pop(row["insight_id"], None)
        pairs.append((episode, row))
    return pairs, list(left.values())


def _overlaps(episode: Episode, row: Row) -> bool:
    series = episode.series
    mine = (series.insight_type, series.event_category, series.event_source, series.event_name, series.error_code)
    theirs = tuple(row[name] for name in ("insight_type", "event_category", "event_source", "event_name", "error_code"))
    if mine != theirs or episode.direction != row["direction"] or row["status"] == "withdrawn":
        return False
    end = row["end_time"] or row["start_time"] + LONGEST_EPISODE
    return bool(episode.start < end and row["start_time"] < (episode.end or episode.start + LONGEST_EPISODE))


def _settled(lake: ObjectStore, place: Place, marks: Sequence[Change], judge: _Judge) -> list[Change]:
    """Give the marks that have done their work: of hours that are complete and whose counts are those of their events.

    Where they are not, a writer is between its mark and its counts, or was killed there. Hours of the future, and of a
    past that no run is reading, are not waited for.
    """
    by_hour = {EventHour(*place, change.hour) for change in marks}
    counted = {hour: counts.made_from(lake, hour) for hour in by_hour}
    current: dict[EventHour, str] = {}
    for _, versions in hours.with_versions(lake, by_hour):
        current |= versions
    done = {
        hour.start
        for hour in by_hour
        if counted[hour] == current.get(hour, "")
        and (not judge.now - EFFECT <= hour.start < judge.now or judge.is_complete(hour.start))
    }
    return [change for change in marks if change.hour in done]


def _table(lake: ObjectStore, place: Place, files: Sequence[CountFile]) -> pa.Table:
    table = pa.concat_tables([counts.read(lake, each) for each in files])
    for name, value in zip(("account_id", "region"), place, strict=True):
        codes = pa.array([0], pa.int8()).take(pa.nulls(table.num_rows, pa.int8()).fill_null(0))
        table = table.append_column(name, pa.DictionaryArray.from_arrays(codes, pa.array([value])))
    return table
