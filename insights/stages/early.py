"""What can be told of hours that are not complete: spikes that are spikes already, whatever comes later.

Where the bucket says what arrives, calls are in the lake minutes after their delivery, and their hour can be looked at
before it is complete. Counts only grow, so a count that is too high now stays too high; silence, drops and ends are not
judged. The look begins with the memory that has learnt all complete hours, and leaves nothing behind but rows of the
`insights` table that say `is_early`: the run that judges the hour takes them over, or ends what it does not find again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pyarrow as pa

from insights.records.series import Direction
from insights.stages.eras import era_of
from insights.stages.judging import Complete, Judgement, placed, resume
from insights.stages.pairing import overlaps
from insights.stages.workspace import Workspace
from insights.statistics.detector import detect
from insights.statistics.episodes import Episode
from insights.statistics.parameters import Parameters
from insights.storage import changes, counts, memories
from insights.storage.insights import Row
from insights.storage.partitions import Place
from insights.windows import HOUR, Window

UNSETTLED = timedelta(hours=3)
"""An hour is complete 20 minutes after its end, as a rule; each hour that `trail.settle_minutes` waits for more is one
more. Where more hours than these are not, the hourly run is behind, and who looks ahead would learn from hours of which
too much is missing."""


def is_wanted(workspace: Workspace) -> bool:
    """Tell whether the settings ask for early looks: where nothing is read before its hour is over, there is no use."""
    return bool(workspace.settings.trail.notifications) and workspace.settings.detect.early


def is_unsettled(hour: datetime, complete: Complete) -> bool:
    """Tell whether an hour is one of the latest, and not complete yet."""
    since = complete.now - UNSETTLED - complete.workspace.settle // HOUR * HOUR
    return since <= hour < complete.now and hour not in complete


def places(workspace: Workspace, complete: Complete) -> list[Place]:
    """Give where unsettled hours were counted, and nothing that is complete waits to be judged."""
    pending = {place: [mark.hour for mark in marks] for place, marks in changes.pending(workspace.lake).items()}
    return [
        place
        for place, hours in sorted(pending.items())
        if any(is_unsettled(hour, complete) for hour in hours) and not any(hour in complete for hour in hours)
    ]


def look(workspace: Workspace, complete: Complete, place: Place, parameters: Parameters) -> list[Episode]:
    """Give the spikes that began to speak in a place's unsettled hours, as they opened.

    Only a memory that is at hand is used; without one nothing is found, but where the place has no older counts either.
    """
    lake, now = workspace.lake, complete.now
    era = era_of(now - HOUR, timedelta(days=workspace.settings.detect.history_days))
    index = memories.read_index(lake, place, era.start, parameters)
    state, begin, _ = resume(lake, index, index.snapshots, place, era, parameters)
    if state is None or begin >= now:
        return []
    files = counts.files_of(lake, *place, Window(begin, now))
    if not files or not all(is_unsettled(file.hour, complete) for file in files):
        return []
    table = placed(pa.concat_tables(list(counts.read_files(lake, files))), place)
    found = detect(table, window=Window(begin, now), state=state, parameters=parameters, is_partial=True)
    return [
        episode.opened()
        for episode in found.episodes
        if episode.direction is Direction.SPIKE and episode.detected_at > begin and era.tells(episode.detected_at)
    ]


def untold(found: Sequence[Episode], known: Sequence[Row]) -> list[Episode]:
    """Give the first spike of each series of which nothing is told.

    Of a part of an hour a spike may look like several; and what is open may look as if it had ended and begun again: a
    row that is open overlaps all that its series does until then.
    """
    ids = {row["insight_id"] for row in known}
    new: dict[object, Episode] = {}
    for episode in sorted(found, key=lambda each: each.start):
        if episode.episode_id not in ids and not any(overlaps(episode, row) for row in known):
            new.setdefault(episode.series, episode)
    return list(new.values())


def is_to_wait(row: Row, judgement: Judgement, complete: Complete) -> bool:
    """Tell whether a row was told early of an hour that this judgement has not come to, or has passed over for the
    moment: a later hour can be complete before it."""
    hour = row["detected_at"] - HOUR
    return bool(row.get("is_early")) and (hour >= judgement.until or is_unsettled(hour, complete))
