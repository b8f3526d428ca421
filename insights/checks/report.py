"""One HTML page that says whether the counted hours can be trusted.

The page needs nothing but itself: no script, font, image or request; its content security policy forbids them all, so
that log text, which anybody who can make an API call writes, stays text.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined, Template

from insights.checks.coverage_map import WORDS, coverage_map
from insights.checks.result import HourQuality, QualityResult, RuleOutcome, Verdict
from insights.records.rules import Severity

FLOWS = {"kept": "kept", "duplicate": "duplicate", "out_of_scope": "out of scope", "quarantined": "quarantined"}
"""Where records go, by fact and in words; with `unaccounted_records` they add up to `records_in`."""

_BADNESS = (Verdict.PASSED, Verdict.WARNED, Verdict.FAILED)
_SHADES = 4
_NAMED_PLACES = 12


@dataclass(frozen=True, slots=True)
class Cell:
    """One hour of the heat map; `shade` 1 … 4 grows with the logarithm of its rows."""

    hour: str
    rows: int
    verdict: Verdict
    shade: int


@dataclass(frozen=True, slots=True)
class Day:
    """One line of the heat map: the 24 hours of one day of one account × Region, None where no event was read."""

    place: str
    day: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True)
class RuleSummary:
    """What one rule found in all partitions, and in which of them it failed."""

    outcome: RuleOutcome
    failed_in: tuple[str, ...]
    more_places: int


def render_report(
    title: str,
    results: Sequence[QualityResult],
    *,
    run: Mapping[str, str] | None,
    coverage: Sequence[Mapping[str, Any]] = (),
    list_requests: int | None = None,
) -> str:
    """Write the page.

    Args:
        title: the page's heading.
        results: one for every partition of the run, in the order to be listed.
        run: what identifies the run (trail, window, run id), shown as it is; or None.
        coverage: rows of the table `coverage` with their places.
        list_requests: how many listings it took to find the objects, if that is known.
    """
    rules = _summaries(results)
    return _template().render(
        title=title,
        run=run or {},
        verdict=worst(result.verdict for result in results),
        events=sum(result.rows for result in results),
        hours=sum(len(result.hours) for result in results),
        failing=sorted(
            (rule for rule in rules if not rule.outcome.is_success),
            key=lambda rule: rule.outcome.severity is not Severity.CRITICAL,
        ),
        others=[rule for rule in rules if rule.outcome.is_success],
        days=_heat_map(results),
        partitions=[(place_of(result.partition, with_date=True), result) for result in results],
        total=_total(results),
        flows=FLOWS,
        coverage=coverage_map(coverage),
        words_of=WORDS,
        list_requests=list_requests,
        CRITICAL=Severity.CRITICAL,
    )


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Give the worst of some verdicts; of none, passed."""
    return max(verdicts, key=_BADNESS.index, default=Verdict.PASSED)


def place_of(partition: str, *, with_date: bool) -> str:
    """Write a partition for people: `account_id=1/region=2/date=3` becomes `1 · 2`, or `1 · 2 · 3` with its date."""
    parts = [part for part in partition.split("/") if with_date or not part.startswith(("date=", "hour="))]
    return " · ".join(part.partition("=")[2] or part for part in parts)


def _summaries(results: Sequence[QualityResult]) -> list[RuleSummary]:
    outcomes: dict[str, RuleOutcome] = {}
    places: defaultdict[str, list[str]] = defaultdict(list)
    for result in results:
        for outcome in result.outcomes:
            known = outcomes.get(outcome.rule_id)
            outcomes[outcome.rule_id] = known + outcome if known else outcome
            if not outcome.is_success:
                places[outcome.rule_id].append(place_of(result.partition, with_date=True))
    return [
        RuleSummary(outcome, tuple(places[id_][:_NAMED_PLACES]), max(0, len(places[id_]) - _NAMED_PLACES))
        for id_, outcome in outcomes.items()
    ]


def _heat_map(results: Sequence[QualityResult]) -> list[Day]:
    days: defaultdict[tuple[str, date], dict[int, HourQuality]] = defaultdict(dict)
    for result in results:
        place = place_of(result.partition, with_date=False)
        for hour in result.hours:
            cells = days[place, hour.hour.date()]
            cells[hour.hour.hour] = _joined(cells.get(hour.hour.hour), hour)
    most = max((hour.rows for cells in days.values() for hour in cells.values()), default=0)
    return [
        Day(place, day.isoformat(), tuple(_cell(cells[n], most) if n in cells else None for n in range(24)))
        for (place, day), cells in sorted(days.items())
    ]


def _joined(known: HourQuality | None, other: HourQuality) -> HourQuality:
    """Join what two results say of one hour."""
    if known is None:
        return other
    return HourQuality(known.hour, known.rows + other.rows, worst((known.verdict, other.verdict)))


def _cell(hour: HourQuality, most: int) -> Cell:
    shade = math.ceil(_SHADES * math.log1p(hour.rows) / math.log1p(max(1, most)))
    return Cell(f"{hour.hour:%Y-%m-%d %H:00} UTC", hour.rows, hour.verdict, max(1, shade))


def _total(results: Sequence[QualityResult]) -> dict[str, float]:
    """Add up the facts that count records; one that no result has is absent."""
    total: defaultdict[str, float] = defaultdict(float)
    for result in results:
        for name in ("records_in", *FLOWS, "unaccounted_records"):
            if name in result.facts:
                total[name] += result.facts[name]
    return dict(total)


def _number(value: float | None) -> str:
    """Write a number with separated thousands; one that is not known is a dash."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"


def _share(part: float, whole: float) -> str:
    """Write part ÷ whole in per cent, small but not nothing as < 0.01 %."""
    percent = 100 * part / whole if whole else 0.0
    return "< 0.01 %" if 0 < percent < 0.01 else f"{percent:.3g} %"


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(number=_number, share=_share)
    return environment.from_string(files("insights.checks").joinpath("report.html.j2").read_text("utf-8"))
