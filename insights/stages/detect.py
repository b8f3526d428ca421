"""detect: judge every account × Region whose counts have changed, and keep what is unusual in the `insights` table.

It looks at what the lake holds, never at the interval of a run: from the oldest hour that changed its era is judged on,
so late data, backfills and repeated runs need no special case. Only complete hours count as data. What is found is
compared with the table: new spans are added with the records AWS would write, open ones are closed, what late data
changed is corrected, and what the data no longer show is marked withdrawn. Last, where the settings ask for it, it
looks at what there is of the hours that are not complete.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import msgspec

from insights.records.partitions import EventHour
from insights.records.selection import Selection
from insights.records.series import InsightType
from insights.settings import Settings
from insights.stages import early
from insights.stages.eras import LONGEST_EPISODE, Era, concerned
from insights.stages.judging import Complete, Judgement, is_spoken_of, judge
from insights.stages.pairing import pair
from insights.stages.report import DetectReport
from insights.stages.selection import selection_of, trail_of
from insights.stages.telling import attribute, is_told, row_of, withdrawn
from insights.stages.vouching import Vouching
from insights.stages.workspace import Workspace
from insights.statistics.episodes import Episode
from insights.statistics.parameters import Parameters
from insights.storage import changes, counts, hours, insights, reasons
from insights.storage.changes import Change
from insights.storage.insights import Row
from insights.storage.objects import ObjectStore
from insights.storage.partitions import Place
from insights.windows import HOUR, Window, hour_of

WAITED = timedelta(days=36)
"""How long a changed hour is waited for until it is complete."""

FOLLOWED = timedelta(days=7)
"""How long an open insight is followed up where its account × Region has nothing new."""


def run(window: Window | None, workspace: Workspace) -> DetectReport:
    """Judge what was counted anew, and follow what is open; with a window, judge all of that, changed or not."""
    lake, complete = workspace.lake, Complete(workspace)
    selection = selection_of(workspace)
    if not selection.pairs:
        return DetectReport(window=str(window or "everything"), judged=0, started=0, ended=0, insights=())
    changed = changes.pending(lake)
    asked = {place: _hours(marks, complete) for place, marks in changed.items()}
    if window is not None:
        for place in counts.places(lake):
            asked.setdefault(place, []).append(
                Window(window.start, min(window.end, max(complete.now, window.start + HOUR)))
            )
    judge_places = _Judge(workspace, complete, selection)
    judge_places(asked, changed)
    # Where an account turns out to be older than was known, its other Regions are marked while it is judged.
    known_marks = {mark.key for marks in changed.values() for mark in marks}
    marked = {
        place: fresh
        for place, marks in changes.pending(lake).items()
        if (fresh := [mark for mark in marks if mark.key not in known_marks])
    }
    if marked:
        judge_places({place: _hours(marks, complete) for place, marks in marked.items()}, marked)
    if window is None and early.is_wanted(workspace):
        judge_places.look_ahead()
    written = judge_places.written
    return DetectReport(
        window=str(window or "everything"),
        judged=len(judge_places.judged),
        started=sum(is_new for _, is_new in written),
        early=sum(row["is_early"] for row, _ in written),
        ended=sum(row["status"] == "closed" for row, _ in written),
        insights=tuple(sorted(row["insight_id"] for row, _ in written)),
    )


def parameters_of(settings: Settings, selection: Selection) -> Parameters:
    """Give the detection parameters that the settings and the Insight selectors name."""
    chosen, numbers = settings.detect, msgspec.structs.asdict(settings.method)
    return replace(
        Parameters.preset(chosen.sensitivity),
        **{name: value for name, value in numbers.items() if value is not None},
        call_rate=InsightType.CALL_RATE in selection.types,
        error_rate=InsightType.ERROR_RATE in selection.types,
        categories=selection.categories,
        include_reads=chosen.include_reads,
    )


def _hours(marks: Sequence[Change], complete: Complete) -> list[Window]:
    """Give the hours that changed and can be judged; the others' marks stay until they can."""
    return [hour_of(hour) for hour in sorted({change.hour for change in marks}) if hour in complete]


def _days_of(asked: Mapping[Place, Sequence[Window]], now: datetime) -> Window:
    """Give the days whose insights can matter: from the first hour to be judged on, and those that may be open."""
    since = min((window.start for windows in asked.values() for window in windows), default=now)
    return Window(min(since, now - FOLLOWED) - LONGEST_EPISODE, max(now, since) + HOUR)


@dataclass
class _Known:
    """The rows that can matter to a run."""

    rows: list[Row]

    def followed(self, now: datetime) -> Iterable[tuple[Place, datetime]]:
        """Yield where something is open, and the hour after it was found; if that was early, the hour itself."""
        for row in self.rows:
            if row["status"] == "open" and row["detected_at"] < now:
                hour = row["detected_at"] - HOUR if row.get("is_early") else row["detected_at"]
                yield (row["account_id"], row["region"]), hour

    def of(self, place: Place, era: Era, judgement: Judgement) -> list[Row]:
        """Give the rows that a judgement speaks of."""
        return [
            row
            for row in self.rows
            if (row["account_id"], row["region"]) == place
            and era.tells(row["detected_at"])
            and is_spoken_of(row["closed_at"], judgement.since)
            and (row["start_time"] < judgement.until or row.get("is_early"))
        ]


@dataclass
class _Judge:
    """Judges places, and brings their rows up to date."""

    workspace: Workspace
    complete: Complete
    selection: Selection
    known: _Known = field(default_factory=lambda: _Known([]))
    judged: set[Place] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.parameters = parameters_of(self.workspace.settings, self.selection)
        self.history = timedelta(days=self.workspace.settings.detect.history_days)
        # One for all places: it reads each day of the ledger once.
        self.vouching = Vouching(self.workspace.lake)
        self.written: list[tuple[Row, bool]] = []

    def __call__(self, asked: dict[Place, list[Window]], changed: Mapping[Place, Sequence[Change]]) -> None:
        """Judge what is asked, and where something is open; forget the changes that are done with."""
        lake = self.workspace.lake
        self.known = _Known(list(insights.read(lake, _days_of(asked, self.complete.now))))
        for place, hour in self.known.followed(self.complete.now):
            if place not in self.judged and not asked.get(place):
                asked[place] = [hour_of(hour)]
        settled = {place: self._judge_place(place, windows) for place, windows in sorted(asked.items()) if windows}
        for place, marks in changed.items():
            if settled.get(place, True):
                changes.clear(lake, _settled(lake, place, marks, self.complete))

    def _judge_place(self, place: Place, asked: Sequence[Window]) -> bool:
        """Judge a place in every era that has to do with what is asked; tell whether nobody else did so meanwhile."""
        since: dict[Era, datetime] = {}
        for window in asked:
            for era, start in concerned(window, self.complete.now, self.history):
                since[era] = min(start, since.get(era, start))
        judgements = {era: self._judge(place, era, start) for era, start in sorted(since.items())}
        if any(judgements.values()):
            self.judged.add(place)
        return all(judgement is None or judgement.is_kept for judgement in judgements.values())

    def _judge(self, place: Place, era: Era, since: datetime) -> Judgement | None:
        judgement = judge(self.workspace, self.complete, place, era, since, self.parameters)
        if judgement is not None:
            self._tell(judgement, self.known.of(place, era, judgement))
            if judged := era.judged(judgement.since, judgement.until):
                reasons.write(self.workspace.lake, place, judged, judgement.reasons)
        return judgement

    def _tell(self, judgement: Judgement, known: Sequence[Row]) -> None:
        episodes = [each for each in judgement.episodes if self.selection.includes_series(each.series)]
        # What is no longer looked for stays as it was told.
        rows = [row for row in known if self.selection.includes(row["insight_type"], row["event_category"])]
        pairs, unmatched = pair(episodes, rows)
        self._write([(episode, row) for episode, row in pairs if row is None or not is_told(episode, row)])
        for row in unmatched:
            if row["status"] != "withdrawn" and not early.is_to_wait(row, judgement, self.complete):
                insights.write(self.workspace.lake, withdrawn(row))

    def look_ahead(self) -> None:
        """Tell what can be told of hours that are not complete."""
        found = [
            episode
            for place in early.places(self.workspace, self.complete)
            for episode in early.look(self.workspace, self.complete, place, self.parameters)
            if self.selection.includes_series(episode.series)
        ]
        if found:
            since = min(episode.start for episode in found) - LONGEST_EPISODE
            # Read again: what was judged just now is told, too.
            known = list(insights.read(self.workspace.lake, Window(since, self.complete.now)))
            self._write([(episode, None) for episode in early.untold(found, known)], is_early=True)

    def _write(self, due: Sequence[tuple[Episode, Row | None]], *, is_early: bool = False) -> None:
        tales = attribute(self.workspace.lake, due, self.parameters, trail_arn=str(trail_of(self.workspace)))
        for episode, known in due:
            row = row_of(episode, tales[episode.episode_id], known, is_early=is_early)
            if self.workspace.settings.integrity.policy != "off":
                row |= self.vouching.columns(row)
            insights.write(self.workspace.lake, row)
            self.written.append((row, known is None))


def _settled(lake: ObjectStore, place: Place, marks: Sequence[Change], complete: Complete) -> list[Change]:
    """Give the marks that have done their work: of hours that are complete and whose counts are those of their events.

    Where they are not, a writer is between its mark and its counts, or was killed there. Hours of the future, and of a
    past that no run is reading, are not waited for.
    """
    waited_for = Window(complete.now - WAITED, complete.now)
    ripe = {change.hour for change in marks if change.hour not in waited_for or change.hour in complete}
    by_hour = {EventHour(*place, hour) for hour in ripe}
    counted = {hour: counts.made_from(lake, hour) for hour in by_hour}
    current: dict[EventHour, str] = {}
    for _, versions in hours.with_versions(lake, by_hour):
        current |= versions
    done = {hour.start for hour in by_hour if counted[hour] == current.get(hour, "")}
    return [change for change in marks if change.hour in done]
