"""What a method's alarms are worth: the rules by which they are held against the truth, and the figures.

- An alarm *belongs* to an incident if it is about one of the incident's series (for many denied or called APIs the pool
  of first denials is one of them) and its span shares a minute with the incident's, of which the end is taken 30
  minutes later. An alarm that spoke before the incident began belongs to nothing.
- An incident is *found* if an alarm belongs to it. Delay: minutes from its start to the end of the window that first
  spoke; a method that runs hourly tells it at the end of that hour. Start error: minutes from its start to the start
  of the first alarm. Overlap: minutes shared by both, over minutes of either.
- An alarm in the judged days is *false* if it belongs to no incident. Alarms of what is real but nobody's duty (the
  first of a doubled pair, labelled oddities of real series) are neither.
- False alarms are counted per account-week of 2,000 series. Recall over kinds is the mean of the kinds' shares found.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import mean, median

from insights.records.series import SeriesKey
from insights.simulate.habits import ERRORS, Habit
from insights.simulate.injection import Injected, PopulationIncidentKind, Size
from insights.simulate.population import Population
from insights.statistics.coverage import Place
from insights.statistics.subjects import Api, pool_subject
from insights.windows import MINUTE

ACCOUNT_SERIES = 2000
AFTERMATH_MINUTES = 30


@dataclass(frozen=True, slots=True)
class Alarm:
    """One span a method calls unusual, in minutes from the population's start.

    Attributes:
        series: what it is about.
        start: its first minute.
        end: the minute after its last.
        spoke_at: the minute after the window that spoke.
        score: how sure the method is; an alarm would not be there with a higher threshold.
    """

    series: SeriesKey
    start: int
    end: int
    spoke_at: int
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one incident: the first alarm that belongs to it, or None."""

    incident: Injected
    first: Alarm | None

    @property
    def delay(self) -> int:
        """Minutes until an alarm spoke."""
        return self._alarm.spoke_at - self.incident.start

    @property
    def start_error(self) -> int:
        """Minutes the alarm begins after the incident; negative is too early."""
        return self._alarm.start - self.incident.start

    @property
    def overlap(self) -> float:
        """Shared minutes over minutes of either."""
        shared = min(self._alarm.end, self.incident.end) - max(self._alarm.start, self.incident.start)
        either = max(self._alarm.end, self.incident.end) - min(self._alarm.start, self.incident.start)
        return max(shared, 0) / either

    @property
    def _alarm(self) -> Alarm:
        if self.first is None:
            raise ValueError("the incident was not found")
        return self.first


@dataclass(frozen=True, slots=True)
class Score:
    """A method's figures over one or more populations, which add up."""

    account_weeks: float = 0.0
    findings: tuple[Finding, ...] = ()
    false_alarms: tuple[Alarm, ...] = ()
    causes: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: Score) -> Score:
        return Score(
            self.account_weeks + other.account_weeks,
            self.findings + other.findings,
            self.false_alarms + other.false_alarms,
            self.causes + other.causes,
        )

    @property
    def false_rate(self) -> float:
        """False alarms per account-week of 2,000 series."""
        return len(self.false_alarms) / self.account_weeks

    def recall(self, kind: PopulationIncidentKind | None = None, size: Size | None = None) -> float:
        """Give the share of the incidents found; over several kinds, the mean of their shares. NaN without any."""
        shares = []
        for each in PopulationIncidentKind if kind is None else (kind,):
            of = [f for f in self.findings if f.incident.kind is each and size in (None, f.incident.size)]
            if of:
                shares.append(sum(f.first is not None for f in of) / len(of))
        return mean(shares) if shares else float("nan")

    def found(self) -> list[Finding]:
        """Give the incidents that were found."""
        return [finding for finding in self.findings if finding.first is not None]

    def medians(self) -> tuple[float, float, float]:
        """Give the medians of delay, absolute start error and overlap over what was found; NaN without any."""
        found = self.found()
        if not found:
            return (float("nan"),) * 3
        delays, errors = [f.delay for f in found], [abs(f.start_error) for f in found]
        return median(delays), median(errors), median(f.overlap for f in found)


def score(population: Population, alarms: Iterable[Alarm]) -> Score:
    """Hold a method's alarms against the truth of a population."""
    by_series: dict[SeriesKey, list[Injected]] = defaultdict(list)
    for incident in population.incidents:
        for series in incident_series(incident):
            by_series[series].append(incident)
    habits: dict[tuple[str, str, str, str], list[Habit]] = defaultdict(list)
    for account, region, source, name, habit in population.habits:
        habits[account, region, source, name].append(habit)
    judged = _minute(population, population.plan.judged.start)
    firsts: dict[int, Alarm] = {}
    false = []
    for alarm in sorted(alarms, key=lambda a: (a.spoke_at, a.start)):
        if alarm.spoke_at <= judged:
            continue
        belongs = [incident for incident in by_series[alarm.series] if _belongs(alarm, incident)]
        for incident in belongs:
            firsts.setdefault(id(incident), alarm)
        if not belongs:
            false.append(alarm)
    causes = Counter(_cause(alarm, habits) for alarm in false)
    findings = tuple(Finding(i, firsts.get(id(i))) for i in population.incidents if i.is_counted)
    weeks = population.series / ACCOUNT_SERIES * population.plan.judged_days / 7
    return Score(weeks, findings, tuple(false), causes)


def incident_series(incident: Injected) -> tuple[SeriesKey, ...]:
    """Give the series any of which shows an incident: its own, and the pool where many APIs are concerned."""
    if incident.kind is not PopulationIncidentKind.ENUMERATION:
        return incident.series
    own = incident.series[0]
    pool = pool_subject(Place(own.account_id, own.region), own.event_category)
    return (*incident.series, pool.series)


def _belongs(alarm: Alarm, incident: Injected) -> bool:
    shares = alarm.start < incident.end + AFTERMATH_MINUTES and alarm.end > incident.start
    return shares and alarm.spoke_at > incident.start


def _cause(alarm: Alarm, habits: dict[tuple[str, str, str, str], list[Habit]]) -> str:
    """Name the habit of the alarm's API that went on at that time; changes and new services before jobs."""
    series = alarm.series
    if Api(series.event_category, series.event_source, series.event_name) == _POOL:
        return "pool of first denials"
    found = habits[series.account_id, series.region, series.event_source, series.event_name]
    going_on = [h for h in found if h.start <= alarm.end and alarm.start <= h.end]
    # That some of an API's calls fail explains its errors, not its calls.
    going_on = [h for h in going_on if h.kind != ERRORS or series.error_code]
    going_on.sort(key=lambda h: (h.end - h.start, h.kind))
    return going_on[0].kind if going_on else "plain traffic"


_POOL = pool_subject(Place("", ""), "Management").api


def _minute(population: Population, instant: datetime) -> int:
    return int((instant - population.plan.start) / MINUTE)


def summary(scores: Sequence[tuple[str, Score]]) -> str:
    """Write the figures of several methods as a Markdown table."""
    sizes = " / ".join(Size)
    lines = [
        f"| method | false | recall | {sizes} | delay | start error | overlap |",
        "|---|---:|---:|---|---:|---:|---:|",
    ]
    for name, found in scores:
        by_size = " / ".join(f"{found.recall(size=size):.0%}" for size in Size)
        delay, error, overlap = found.medians()
        lines.append(
            f"| {name} | {found.false_rate:.1f} | {found.recall():.0%} | {by_size} "
            f"| {delay:.0f} | {error:.0f} | {overlap:.2f} |"
        )
    return "\n".join(lines)


def by_kind(scores: Sequence[tuple[str, Score]]) -> str:
    """Write the recall of every kind and size as a Markdown table: small / medium / large."""
    lines = ["| kind | " + " | ".join(name for name, _ in scores) + " |", "|---" * (len(scores) + 1) + "|"]
    for kind in PopulationIncidentKind:
        cells = [" / ".join(f"{found.recall(kind, size):.0%}" for size in Size) for _, found in scores]
        lines.append(f"| {kind} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
