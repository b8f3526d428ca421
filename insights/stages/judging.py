"""Judging one account × Region in one era: from the newest memory that is still true, day after day, to the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import groupby

import numpy as np
import pyarrow as pa

from insights.records.partitions import EventHour
from insights.records.schemas import MINUTE_COUNTS
from insights.stages.eras import LONGEST_EPISODE, Era
from insights.stages.workspace import Workspace
from insights.statistics.coverage import Place, hour_index
from insights.statistics.detector import DetectorState, detect
from insights.statistics.episodes import Episode
from insights.statistics.parameters import Parameters
from insights.storage import changes, counts, memories, reading
from insights.storage.counts import CountFile
from insights.storage.memories import Index, Snapshot
from insights.storage.objects import ABSENT, ObjectStore
from insights.windows import DAY, HOUR, Window, ceil, floor, hour_of


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an era's memory says of a place from an hour on.

    Attributes:
        since: the first hour judged; what was over before it is not spoken of.
        until: the end of the last.
        episodes: those that opened or closed in between, or are open.
        is_kept: whether the memory was saved; if not, another run was at work and the same is to be judged again.
        reasons: every candidate that was met on the way, told or not (`statistics.reasons.REASONS`).
    """

    since: datetime
    until: datetime
    episodes: tuple[Episode, ...]
    is_kept: bool
    reasons: pa.Table


@dataclass
class Complete:
    """Which hours are complete, by what the lake's marks of reading say; each month of them is looked up once."""

    workspace: Workspace
    _spans: dict[tuple[str, str], list[Window]] = field(default_factory=dict)

    @cached_property
    def now(self) -> datetime:
        """Nothing is judged before its time: a record with a made-up date must not move anything there."""
        return ceil(self.workspace.now(), HOUR)

    def __contains__(self, hour: datetime) -> bool:
        return hour < self.now and reading.is_complete(hour, self._of(hour_of(hour)), self.workspace.settle)

    def end(self, span: Window) -> datetime:
        """Give the end of the newest complete hour of a span, or its start."""
        newest = reading.end_of_complete(self._of(span), self.workspace.settle) or span.start
        return max(span.start, min(newest, span.end, self.now))

    def _of(self, span: Window) -> list[Window]:
        wide = span.widened(after=self.workspace.settle)
        months = (f"{wide.start:%Y-%m}", f"{wide.end:%Y-%m}")
        if months not in self._spans:
            self._spans[months] = reading.spans(self.workspace.lake, wide)
        return self._spans[months]


def judge(
    workspace: Workspace, complete: Complete, place: tuple[str, str], era: Era, since: datetime, parameters: Parameters
) -> Judgement | None:
    """Judge a place from an hour on, as far as its counts are complete; None where there is nothing to be judged.

    Snapshots that have learnt that hour are true no longer, and are dropped.
    """
    lake = workspace.lake
    index = memories.read_index(lake, place, era.start, parameters)
    still_true = [snapshot for snapshot in index.snapshots if snapshot.until <= since]
    begin = still_true[-1].until if still_true else floor(era.reach.start, HOUR)
    if complete.end(Window(begin, era.reach.end)) <= begin:
        return None
    state, begin, account_since = resume(lake, index, still_true, place, era, parameters)
    if account_since != index.account_since:
        _judge_others_again(lake, complete, place, era, account_since, parameters)
    end = complete.end(Window(begin, era.reach.end))
    files = [file for file in counts.files_of(lake, *place, Window(begin, end)) if file.hour in complete]
    if not files and not (state and state.places):
        return None
    # What is open is over half a day after the last calls; nothing is gained by going on through silence.
    end = min(end, (files[-1].hour + HOUR if files else max(begin, since)) + LONGEST_EPISODE)
    told: dict[str, Episode] = {}
    fresh: list[Snapshot] = []
    reasons: list[pa.Table] = []
    for day_end, table in _days(lake, place, files, end):
        window = Window(min(begin, day_end - HOUR), day_end)
        found = detect(table, window=window, state=state, parameters=parameters)
        state, begin = found.state, day_end
        told |= {episode.episode_id: episode for episode in found.episodes}
        reasons.append(found.reasons)
        if day_end == end or memories.is_worth_keeping(day_end, end):
            fresh += [memories.save(lake, index, day_end, memory) for memory in state.places.values()]
    told |= {episode.episode_id: episode for episode in (state.open_episodes() if state else ())}
    is_kept = memories.write_index(lake, index, [*still_true, *fresh], account_since)
    if index.etag == ABSENT:
        memories.forget_before(lake, place, era.previous.start)
    episodes = tuple(e for e in told.values() if era.tells(e.detected_at) and is_spoken_of(e.closed_at, since))
    return Judgement(since, begin, episodes, is_kept, pa.concat_tables(reasons))


def is_spoken_of(closed_at: datetime | None, since: datetime) -> bool:
    """Tell whether an episode was not over before an hour, so that judging from there on speaks of it."""
    return closed_at is None or closed_at > since


def resume(
    lake: ObjectStore,
    index: Index,
    snapshots: Sequence[Snapshot],
    place: tuple[str, str],
    era: Era,
    parameters: Parameters,
) -> tuple[DetectorState | None, datetime, int | None]:
    """Give the newest state that can be read, the first hour it has not learnt, and since when it takes the account for
    known. Without one that is where the era begins, and all that is known is since when there is anything of the
    account."""
    for snapshot in reversed(snapshots):
        memory = memories.load(lake, snapshot, parameters)
        if memory is not None:
            return DetectorState(snapshot.until, {Place(*place): memory}), snapshot.until, index.account_since
    begin = floor(era.reach.start, HOUR)
    since = counts.first_hour(lake, place[0], begin)
    if since is None:
        return None, begin, None
    return DetectorState(begin, {}, {place[0]: hour_index(since)}), begin, hour_index(since)


def _judge_others_again(
    lake: ObjectStore,
    complete: Complete,
    place: tuple[str, str],
    era: Era,
    account_since: int | None,
    parameters: Parameters,
) -> None:
    """Mark the account's other Regions whose memories took it for younger than it turns out to be.

    What is unusual in a Region's first day depends on it, and the counts of that Region need not have changed.
    """
    for other in counts.regions(lake, place[0]):
        index = memories.read_index(lake, (place[0], other), era.start, parameters)
        if account_since is None or index.account_since is None or index.account_since <= account_since:
            continue
        files = counts.files_of(lake, place[0], other, era.reach)
        first = next((file.hour for file in files if file.hour in complete), None)
        if first is not None:
            changes.mark(lake, EventHour(place[0], other, first), f"account known since {account_since}")


def _days(
    lake: ObjectStore, place: tuple[str, str], files: Sequence[CountFile], end: datetime
) -> Iterator[tuple[datetime, pa.Table]]:
    """Yield the counts of each day that has any, with the end of that day; last, whatever is left up to the end."""
    done = None
    for day, its_files in groupby(files, key=lambda file: floor(file.hour, DAY)):
        done = min(day + DAY, end)
        yield done, placed(pa.concat_tables(list(counts.read_files(lake, list(its_files)))), place)
    if done != end:
        yield end, placed(MINUTE_COUNTS.empty_table(), place)


def placed(table: pa.Table, place: tuple[str, str]) -> pa.Table:
    """Give counts with the columns `account_id` and `region`."""
    for name, value in zip(("account_id", "region"), place, strict=True):
        codes = pa.array(np.zeros(table.num_rows, dtype=np.int8))
        table = table.append_column(name, pa.DictionaryArray.from_arrays(codes, pa.array([value])))
    return table
