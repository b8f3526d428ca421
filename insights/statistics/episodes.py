"""An episode: consecutive minutes in which a series was unusual, with the evidence that said so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from insights.records.insight import Rate, insight_id
from insights.records.series import Direction, SeriesKey
from insights.statistics.coverage import instant_of
from insights.windows import MINUTE, Window


class Rule(StrEnum):
    """Why a minute was called unusual."""

    OWN_RECORD = "more unusual than the series' own record"
    OWN_MINUTES = "called in more minutes than the series' own record"
    OWN_MAXIMUM = "far more calls than the series' largest count"
    NEW_SERIES = "too many calls for a series without a past"
    OWN_LOW = "lower than the series' own lowest hour"


@dataclass(frozen=True, slots=True)
class Episode:
    """One unusual span of one series. What its Start tells never changes once it was returned.

    Attributes:
        series: the calls or errors counted.
        direction: above or below what is usual.
        start: the first unusual minute.
        end: the minute after the last; None while open.
        baseline: calls from 00:00 UTC seven days before the start up to the start, none left out.
        detection: calls and minutes of the window that spoke, none left out.
        detection_end: the minute after that window.
        total: calls from start to end; None while open.
        detected_at: the end of the hour in which a rule first spoke.
        closed_at: the end of the hour in which the end became known; None while open.
        score: the signed root deviance of the window that spoke.
        threshold: what the score had to reach.
        expected_calls: what was expected of that window.
        window_minutes: its length.
        record_calls: the calls (by `OWN_MINUTES`: the minutes with calls) of the series' own record that was beaten;
            None where it had none.
        record_date: the day of that record.
        band_upper_calls_per_minute: the rate from which a rule would have spoken; for a drop, the one down to which.
        rule: why it was called unusual (a `Rule`).
        level_shift: whether it was ended for its length, and accepted as a change of level.
        most_in_an_hour: the largest count of a whole hour before the one it started in, as far as 28 days back.
        known_days: how many days that is.
        is_new_region: whether the account was known before its Region was used, lately, for the first time.
    """

    series: SeriesKey
    direction: Direction
    start: datetime
    end: datetime | None
    baseline: Rate
    detection: Rate
    detection_end: datetime
    total: Rate | None
    detected_at: datetime
    closed_at: datetime | None
    score: float
    threshold: float
    expected_calls: float
    window_minutes: int
    record_calls: int | None
    record_date: date | None
    band_upper_calls_per_minute: float
    rule: str
    level_shift: bool = False
    most_in_an_hour: int = 0
    known_days: int = 0
    is_new_region: bool = False

    @property
    def episode_id(self) -> str:
        """The identity that the open episode, the closed one and the records written of it share."""
        return insight_id(self.series, self.direction, self.start)

    @property
    def detection_window(self) -> Window:
        """The span of the window that spoke; it can begin before the first unusual minute."""
        return Window(self.detection_end - self.detection.minutes * MINUTE, self.detection_end)

    def opened(self) -> Episode:
        """Give this episode as it was told when it opened."""
        return replace(self, end=None, total=None, closed_at=None, level_shift=False)

    def closed(self, *, total: Rate, end_minute: int, closed_minute: int, level_shift: bool) -> Episode:
        """Give this episode with its end."""
        return replace(
            self,
            end=instant_of(end_minute),
            total=total,
            closed_at=instant_of(closed_minute),
            level_shift=level_shift,
        )


@dataclass(frozen=True, slots=True)
class OpenEpisode:
    """An episode whose end is not known, and what is needed to follow it; minutes count from 1970-01-01T00:00Z.

    `is_muted` holds back what repeats an earlier insight, `is_silent` what was found in history.
    """

    episode: Episode
    start: int
    trigger: int
    usual_rate: float
    unusual_rate: float
    is_muted: bool
    is_silent: bool

    @property
    def seen_minutes(self) -> int:
        """Minutes from its start through the one that made a rule speak."""
        return self.trigger - self.start + 1

    @property
    def is_told(self) -> bool:
        """Whether the episode is given to the caller."""
        return not (self.is_muted or self.is_silent)
