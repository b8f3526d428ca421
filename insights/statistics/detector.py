"""The way in: minute counts go in, episodes and what is remembered come out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from insights.statistics.counts import read_counts
from insights.statistics.coverage import Coverage, Place, hour_index, instant_of
from insights.statistics.episodes import Episode
from insights.statistics.hour import step
from insights.statistics.parameters import Parameters
from insights.statistics.place import PlaceMemory
from insights.statistics.reasons import Reason, table_of
from insights.windows import HOUR, Window, ceil, floor

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class DetectorState:
    """All that is remembered, of every account × Region, up to `until`. Never changed: judging gives a new one.

    `accounts` is the first hour in which each account was known, in whatever Region.
    """

    until: datetime
    places: Mapping[Place, PlaceMemory] = field(default_factory=dict)
    accounts: Mapping[str, int] = field(default_factory=dict)

    def open_episodes(self) -> Iterator[Episode]:
        """Yield the episodes that were told and have not ended."""
        for memory in self.places.values():
            yield from (running.episode for running in memory.open.values() if running.is_told)


@dataclass(frozen=True, slots=True)
class Detection:
    """The episodes that opened or closed in a window, by start and series, and the state after it.

    `reasons` has a row (`reasons.REASONS`) for each candidate of the window: what was told and by which rule, and what
    was not and why.
    """

    episodes: tuple[Episode, ...]
    state: DetectorState
    reasons: pa.Table


def detect(
    minute_counts: pa.Table | pd.DataFrame,
    *,
    window: Window,
    state: DetectorState | None = None,
    coverage: Coverage | None = None,
    parameters: Parameters = Parameters(),  # noqa: B008 - frozen, so one for all calls is safe
    is_partial: bool = False,
) -> Detection:
    """Judge every whole hour of a window, in order; what is said of an hour depends on nothing after it.

    An episode that is open at the end of the window is given open, and again, closed, by the call in which it ends: its
    identity and everything its Start tells stay the same. So [a, b) and then [b, c) tell what [a, c) tells.

    Args:
        minute_counts: the columns of `records.schemas.MINUTE_COUNTS` with `account_id` and `region`, as an Arrow table
            or a pandas frame, in any order. Rows of one key and minute add up. Rows from before the window are history:
            what the state does not cover yet is learnt silently. Rows from its end on are not looked at.
        window: hours that are only partly within it are not judged.
        state: what an earlier call gave back; None to begin.
        coverage: the hours that had data; without it, those in which an account × Region has any row.
        parameters: the method's numbers; the same as those the state was made with.
        is_partial: more calls of the window's hours may come. Only spikes are found, and only those that stay spikes
            whatever comes; their ends, and the state after them, are guesses.

    Raises:
        ValueError: the state reaches past the window's start, so its hours cannot be judged again.
    """
    first, end = hour_index(ceil(window.start, HOUR)), hour_index(floor(window.end, HOUR))
    if state is not None and hour_index(state.until) > first:
        raise ValueError(
            f"the state reaches to {state.until.isoformat()}, past the start of {window}: use an earlier one"
        )
    counts = read_counts(minute_counts, parameters, before_minute=end * 60)
    covered = counts.observed if coverage is None else coverage
    known = {} if state is None else dict(state.places)
    not_before = None if state is None else hour_index(state.until)
    accounts = _first_hours(covered, end) | dict(state.accounts if state else {})
    told: dict[str, Episode] = {}
    reasons: list[Reason] = []
    for place in sorted(known.keys() | covered.hours.keys()):
        hours = {hour for hour in covered.of_place(place) if hour < end and (not_before is None or hour >= not_before)}
        if place in known:
            memory = known[place].copy()
        elif hours:
            begin = min(hours)
            since = min(accounts[place.account_id], begin)
            memory = PlaceMemory.begin(place, begin, parameters, account_since=since)
        else:
            continue
        cells = counts.of_place(place)
        while memory.next_hour < end:
            hour = memory.next_hour
            found = cells.hour(hour) if hour in hours else None
            episodes_of_hour, reasons_of_hour = step(
                memory, found, parameters, is_silent=hour < first, is_partial=is_partial and hour >= first
            )
            told |= {episode.episode_id: episode for episode in episodes_of_hour}
            if hour >= first:
                reasons += reasons_of_hour
        known[place] = memory
    episodes = sorted(told.values(), key=lambda e: (e.start, e.series.account_id, e.series.region, e.episode_id))
    new_state = DetectorState(instant_of(max(end, not_before or end) * 60), known, accounts)
    return Detection(tuple(episodes), new_state, table_of(reasons))


def _first_hours(covered: Coverage, end: int) -> dict[str, int]:
    """Give the first hour with data of each account."""
    first: dict[str, int] = {}
    for place, hours in covered.hours.items():
        begin = min((hour for hour in hours if hour < end), default=end)
        first[place.account_id] = min(begin, first.get(place.account_id, begin))
    return first
