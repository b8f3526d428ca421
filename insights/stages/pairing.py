"""Which row of the `insights` table tells of which episode, though its start has moved since it was told."""

from __future__ import annotations

from collections.abc import Sequence

from insights.stages.eras import LONGEST_EPISODE
from insights.statistics.episodes import Episode
from insights.storage.insights import Row


def pair(episodes: Sequence[Episode], known: Sequence[Row]) -> tuple[list[tuple[Episode, Row | None]], list[Row]]:
    """Find for each episode the row it was told in: the one with its id, else one of its series that overlaps it, else
    one that was told early of the hour it was found in. Give the rows left over too.

    Late data can move a start by some minutes; that is still the same insight, and its Start record is out already.
    """
    left = {row["insight_id"]: row for row in known}
    found = {e.episode_id: left.pop(e.episode_id) for e in episodes if e.episode_id in left}
    for is_same in (overlaps, _was_told_early):
        for episode in episodes:
            row = next((row for row in left.values() if is_same(episode, row)), None)
            if row is not None and episode.episode_id not in found:
                found[episode.episode_id] = left.pop(row["insight_id"])
    return [(episode, found.get(episode.episode_id)) for episode in episodes], list(left.values())


def overlaps(episode: Episode, row: Row) -> bool:
    """Tell whether a row is of the same series, and of some of the same time."""
    end = row["end_time"] or row["start_time"] + LONGEST_EPISODE
    is_same_time = episode.start < end and row["start_time"] < (episode.end or episode.start + LONGEST_EPISODE)
    return bool(is_same_time and _is_same_series(episode, row))


def _is_same_series(episode: Episode, row: Row) -> bool:
    """Tell whether a row that was not withdrawn is of the same series of the same place, and of the same direction."""
    is_same = all(row[name] == value for name, value in episode.series.columns.items())
    return is_same and row["direction"] == episode.direction and row["status"] != "withdrawn"


def _was_told_early(episode: Episode, row: Row) -> bool:
    """Tell whether a row was told of a part of the hour in which the episode was found: what came later can have moved
    the episode to other minutes of it."""
    return bool(row.get("is_early")) and row["detected_at"] == episode.detected_at and _is_same_series(episode, row)
