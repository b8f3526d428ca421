"""Minute counts of thousands of series over accounts and Regions, with labelled incidents: what detection is judged by.

Counts are drawn directly, without calls behind them: 2,000 series over five weeks take seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from insights.errors import SettingsError
from insights.records.schemas import INSTANT
from insights.simulate import habits
from insights.simulate.draft import CATEGORY, DAY_MINUTES, Draft, Ints, Row
from insights.simulate.habits import Habit
from insights.simulate.incident_kinds import inject
from insights.simulate.injection import Injected, Injector, PopulationIncidentKind, Size
from insights.simulate.rhythms import Making, add_modelled, add_observed, hourly_expectation, rates_per_minute
from insights.windows import MINUTE, Window, parse_instant

REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-2")
FIRST_MONDAY = parse_instant("2026-01-05")
_SERVICES = (
    "ec2", "s3", "iam", "sts", "lambda", "ssm", "kms", "rds", "ecs", "eks", "logs", "sns", "sqs", "dynamodb", "ecr",
    "autoscaling", "cloudformation", "secretsmanager", "elasticloadbalancing", "route53", "glue", "athena", "states",
)  # fmt: skip
_VERBS = ("Create", "Delete", "Update", "Put", "Start", "Stop", "Tag", "Attach", "Modify", "Register", "Run", "Send")
_NOUNS = (
    "Instance", "Volume", "Bucket", "Role", "Policy", "Function", "Parameter", "Key", "Cluster", "Service", "Stream",
    "Topic", "Queue", "Table", "Repository", "Group", "Stack", "Secret", "Listener", "Record", "Job", "Query",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PopulationPlan:
    """A population to draw: everything follows from these values.

    Attributes:
        seed: chooses one population out of many of the same shape.
        making: how counts scatter.
        apis: written and read APIs over all places; their errors are series too.
        places: account × Region pairs they are shared among.
        days: length; the first day is a Monday.
        judged_days: the last days, in which the incidents lie.
        incidents: of each kind and size, over all places.
        lost_share: share of the hours that are lost at random, beside a few gaps that every place has.
        late_places: places that are switched on only half-way through the days before the judged ones.
    """

    seed: int
    making: Making = Making.NEGATIVE_BINOMIAL
    apis: int = 1700
    places: int = 5
    start: datetime = FIRST_MONDAY
    days: int = 35
    judged_days: int = 7
    incidents: int = 3
    lost_share: float = 0.0
    late_places: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.judged_days <= self.days - 7:
            raise SettingsError(
                f"judged_days is {self.judged_days}: there must be seven days of {self.days} before them"
            )
        if not 0 < self.places <= self.apis:
            raise SettingsError(f"places is {self.places}: it must lie between 1 and the {self.apis} APIs")

    @property
    def judged(self) -> Window:
        """The span in which incidents lie and insights are judged."""
        end = self.start + timedelta(days=self.days)
        return Window(end - timedelta(days=self.judged_days), end)


@dataclass(frozen=True, slots=True)
class ObservedSeries:
    """A real count series: minutes per count, counts from midnight of a Monday on, labelled spans in minutes."""

    name: str
    step_minutes: int
    counts: NDArray[np.int64]
    labels: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Population:
    """What was drawn.

    Attributes:
        plan: what was asked for.
        minute_counts: the columns of `records.schemas.MINUTE_COUNTS` with `account_id` and `region`.
        coverage: (account, Region, hours) delivered, as instants.
        incidents: the truth, minutes from the plan's start.
        habits: what is ordinary but looks odd: (account, Region, API source, API name, habit).
        series: how many call rates of writes and error rates there are.
    """

    plan: PopulationPlan
    minute_counts: pa.Table
    coverage: tuple[tuple[str, str, datetime], ...]
    incidents: tuple[Injected, ...]
    habits: tuple[tuple[str, str, str, str, Habit], ...]
    series: int

    def instant(self, minute: int) -> datetime:
        """Give the instant of a minute counted from the start."""
        return self.plan.start + minute * MINUTE


def populate(plan: PopulationPlan, observed: Sequence[ObservedSeries] = ()) -> Population:
    """Draw a population.

    Args:
        plan: what to draw.
        observed: real count series, for `Making.OBSERVED` only.

    Raises:
        SettingsError: `Making.OBSERVED` without a series to draw from.
    """
    if plan.making is Making.OBSERVED and not observed:
        raise SettingsError("a population of real counts needs at least one observed series")
    drafts, incidents, ordinary = [], list[Injected](), list[tuple[str, str, str, str, Habit]]()
    judged_first = (plan.days - plan.judged_days) * DAY_MINUTES
    injectors = []
    for place in range(plan.places):
        draft, found, labelled = _ordinary_place(plan, place, observed)
        drafts.append(draft)
        incidents += labelled
        ordinary += [(draft.account_id, draft.region, *_api(draft, h.row), h) for h in found]
        injectors.append(Injector(draft, judged_first, draft.minutes - 60, {h.row for h in found}))
    series = sum(_series(draft) for draft in drafts)
    for number, (kind, size) in enumerate((k, s) for k in PopulationIncidentKind for s in Size):
        for repeat in range(plan.incidents):
            if kind is PopulationIncidentKind.NEW_REGION:
                draft = _empty_place(plan, f"unused-{size}-{repeat}", number * plan.incidents + repeat)
                drafts.append(draft)
                injector = Injector(draft, judged_first, draft.minutes - 60, set())
                incidents += inject(injector, kind, size)
            else:
                incidents += inject(injectors[(number + repeat) % plan.places], kind, size)
    table = pa.concat_tables([minute_counts_of(draft, plan.start) for draft in drafts])
    coverage = tuple(
        (draft.account_id, draft.region, plan.start + timedelta(hours=int(hour)))
        for draft in drafts
        for hour in np.flatnonzero(draft.delivered)
    )
    return Population(plan, table, coverage, tuple(incidents), tuple(ordinary), series)


def _ordinary_place(
    plan: PopulationPlan, place: int, observed: Sequence[ObservedSeries]
) -> tuple[Draft, list[Habit], list[Injected]]:
    """Draw everything of one place but the incidents."""
    rng = np.random.default_rng([plan.seed, place])
    draft = Draft(_account(place), REGIONS[place % len(REGIONS)], plan.days * DAY_MINUTES, rng)
    number = plan.apis // plan.places + (place < plan.apis % plan.places)
    rows = np.array([draft.number(_row(rng, n)) for n in range(number)], dtype=np.int64)
    rates = rates_per_minute(rng, number)
    jobs = rng.permutation(rows[rates < 0.5])
    found, labelled = [], list[Injected]()
    if plan.making is Making.OBSERVED:
        sources = [(series.step_minutes, series.counts) for series in observed]
        origins = add_observed(draft, rows, rates, sources)
        labelled = [i for row, which, first in origins for i in _labelled(draft, row, observed[which], first, plan)]
    else:
        expectation = hourly_expectation(rng, rates, plan.days, plan.making)
        found += habits.change_levels(draft, rows, expectation, 0.02)
        add_modelled(draft, rows, expectation, plan.making)
    found += _regular_habits(draft, jobs)
    if rng.random() < 0.4:
        found += habits.add_service(draft, f"newservice{place}.amazonaws.com", 30)
    found += habits.add_errors(draft, 0.15)
    habits.lose_hours(draft, plan.lost_share)
    if place < plan.late_places:
        draft.delivered[: (plan.days - plan.judged_days) * 12] = False
    return draft, found, labelled


def _regular_habits(draft: Draft, rows: Ints) -> list[Habit]:
    """Share some of the quieter APIs out among jobs, builds and scaling."""
    shares = (0.05, 0.02, 0.01, 0.02, 0.01, 0.02, 0.02)
    ends = np.cumsum(np.ceil(np.array(shares) * len(rows))).astype(np.int64)
    nightly, hourly, frequent, weekly, monthly, builds, scaling = np.split(rows, ends)[: len(shares)]
    return [
        *habits.add_jobs(draft, nightly, DAY_MINUTES, "nightly job"),
        *habits.add_jobs(draft, hourly, 60, "hourly job"),
        *habits.add_jobs(draft, frequent, 15, "job of every 15 minutes"),
        *habits.add_jobs(draft, weekly, 7 * DAY_MINUTES, "weekly job"),
        *habits.add_monthly(draft, monthly),
        *habits.add_builds(draft, builds),
        *habits.add_scaling(draft, scaling),
    ]


def _labelled(draft: Draft, row: int, series: ObservedSeries, first: int, plan: PopulationPlan) -> list[Injected]:
    """Carry the labels of a real series over to the row drawn from it."""
    return [
        Injected(
            PopulationIncidentKind.BURST,
            Size.MEDIUM,
            (draft.call_series(draft.rows[row]),),
            start - first,
            end - first,
            0,
            is_counted=False,
        )
        for start, end in series.labels
        if start - first < plan.days * DAY_MINUTES and end - first > 0
    ]


def _empty_place(plan: PopulationPlan, region: str, number: int) -> Draft:
    rng = np.random.default_rng([plan.seed, 1000 + number])
    return Draft(_account(number % plan.places), region, plan.days * DAY_MINUTES, rng)


def _account(place: int) -> str:
    return f"{111122220000 + place // 2:012d}"


def _row(rng: np.random.Generator, number: int) -> Row:
    service = _SERVICES[int(rng.integers(len(_SERVICES)))]
    name = f"{_VERBS[number % len(_VERBS)]}{_NOUNS[number // len(_VERBS) % len(_NOUNS)]}"
    suffix = f"V{number // (len(_VERBS) * len(_NOUNS)) + 1}" if number >= len(_VERBS) * len(_NOUNS) else ""
    is_read = bool(rng.random() < 0.1)
    return Row(f"{service}.amazonaws.com", f"Get{name}{suffix}" if is_read else f"{name}{suffix}", is_read)


def _api(draft: Draft, row: int) -> tuple[str, str]:
    return draft.rows[row].event_source, draft.rows[row].event_name


def _series(draft: Draft) -> int:
    seen = np.unique(draft.cells()[0]).tolist()
    return sum(1 for number in seen if draft.rows[number].error_code or not draft.rows[number].is_read_only)


def minute_counts_of(draft: Draft, start: datetime) -> pa.Table:
    """Give what was delivered of a place as minute counts, its first minute being `start`."""
    row, minute, calls = draft.cells()
    kept = draft.delivered[minute // 60]
    row, minute, calls = row[kept], minute[kept], calls[kept]
    first = int(start.timestamp()) // 60
    columns = {
        "minute": pa.array((first + minute) * 60_000_000, pa.int64()).cast(INSTANT),
        "event_category": _constant(CATEGORY, len(row)),
        "is_read_only": pa.array(np.array([r.is_read_only for r in draft.rows], dtype=bool)[row]),
        "event_source": _encoded([r.event_source for r in draft.rows], row),
        "event_name": _encoded([r.event_name for r in draft.rows], row),
        "error_code": _encoded([r.error_code for r in draft.rows], row),
        "count": pa.array(calls),
        "account_id": _constant(draft.account_id, len(row)),
        "region": _constant(draft.region, len(row)),
    }
    table = pa.table(columns)
    return table.unify_dictionaries() if table.num_rows else table


def _constant(value: str, length: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(length, dtype=np.int32)), pa.array([value]))


def _encoded(values: list[str | None] | list[str], row: Ints) -> pa.DictionaryArray:
    """Encode the values of rows; equal ones get one code, no value is null."""
    names = sorted({value for value in values if value is not None})
    code = {name: number for number, name in enumerate(names)}
    codes = np.array([code.get(value, -1) if value is not None else -1 for value in values], dtype=np.int32)[row]
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), pa.array(names, pa.string()))
