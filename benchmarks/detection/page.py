"""The results as a page of the documentation."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

from benchmarks.detection import curves
from benchmarks.detection.runs import Result
from benchmarks.detection.scoring import ACCOUNT_SERIES, Score, by_kind, summary
from insights.simulate.injection import PopulationIncidentKind, Size
from insights.simulate.rhythms import Making

PRESETS = ("low", "medium", "high", "aws")
_SERIES = (200, 500, 2000, 5000, 20_000)
_PAGE = """# How well does detection work?

Written by `make bench-detection`; do not edit. Populations of series with rhythm, jobs, builds, scaling, deployments,
new services, errors that follow volume, and lost hours; incidents of twelve kinds and three sizes in the last of five
weeks. One third of the populations scatter like a negative binomial, one third in heavy-tailed clusters, and one third
are real count series (tweets, taxi rides, requests to a web server) thinned to each API's rate. Their seeds were not
used for anything else. What is drawn: [insights/simulate](../insights/simulate); how it is held against the truth:
[benchmarks/detection/scoring.py](../benchmarks/detection/scoring.py).

Sizes are multiples of what the API does at that time of day; that suits methods which know the time of day, as sizes
by the busiest days would suit those which know the maximum. Outbursts of the real series, labelled by their publishers
or five times the usual of the hour, are neither duty nor false: there nobody's false insights count.

{date}, {machine}. {worlds} populations, {series:,.0f} series-weeks judged, {incidents} incidents.{missing}

False: insights a week that belong to no incident, in an account of 2,000 series. Recall: the share of the incidents
found, the mean over the kinds. Delay: median minutes from an incident's start to the end of the window that first
spoke; an hourly run tells it at the end of that hour. Start error: median minutes between an incident's start and its
insight's. Overlap: median share of the minutes of either that are minutes of both. A kind and size
has {each:.0f} incidents, and medium {false} false insights in all: differences of a few of a hundred say little.

## Ours
{presets}

{kinds}

CPU: {cpu:.1f} s per 1,000 series-weeks at medium, history included; the process peaked at {memory:.0f} MB, the
population and what it was drawn from included.

## How many false insights a week should I expect?
| sensitivity | {series_heads} |
|---|{series_rules}
{expected}

At medium and 2,000 series by population: {by_making}.
Most of what is false is {causes}.

## Beside other methods
Plain records is the method ours grew out of, written anew without ours' code: each series' own record of 28 days as its
threshold, likelihood, cool-down, onboarding, first denials, drops ([plain.py](../benchmarks/detection/plain.py)). It
tells how hard these populations are, and what the additions bought: minutes with calls, records weighed by age and time
of day, seldom called series and unused Regions as new, errors and drops judged by more.

Every other method gets the same help: lost hours are no silence, an alarm needs five calls more or fewer than expected,
hours next to each other are one alarm, and eight days of cool-down. Each was run over a range of thresholds; its recall
is read off where it has as many false insights as ours. What each does stands in
[peers.py](../benchmarks/detection/peers.py) and [packages.py](../benchmarks/detection/packages.py).

| method | {peer_heads} | CPU s per 1,000 series-weeks |
|---|{peer_rules}---:|
{peers}

A dash: not even the highest threshold is that quiet.

The same curves read the other way: to find as many of the incidents as ours does, a method has so many false insights
a week.

| method | {recall_heads} |
|---|{recall_rules}
{false_peers}

A dash: not even at the lowest threshold it was run at does it find so many.

![Recall against false insights](benchmarks-detection.svg)

## What each part earns
Medium, on the populations of the first seed.

{ablations}

The season also decides which series are busy: without it there is no count rule and no drop.

## How much history does it need?
Medium, the same populations; everything before is cut off.

{histories}

## When data is missing
Medium, the same seeds.

{troubled}
"""


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything measured: of our own method by name of variant, of the others by (name, threshold)."""

    ours: Mapping[str, Result]
    by_making: Mapping[str, Mapping[str, Result]]
    rivals: Mapping[tuple[str, float], Score]
    rival_seconds: Mapping[str, float]
    ablations: Mapping[str, Result]
    histories: Mapping[str, Result]
    troubled: Mapping[str, Result]
    worlds: int


def render(found: Findings) -> str:
    """Give the page."""
    presets = [(name, found.ours[name].score) for name in PRESETS]
    medium = found.ours["medium"]
    causes = medium.score.causes.most_common(3)
    return _PAGE.format(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        machine=_machine(),
        worlds=found.worlds,
        series=medium.score.account_weeks * ACCOUNT_SERIES,
        incidents=len(medium.score.findings),
        missing=_missing(found),
        each=len(medium.score.findings) / len(PopulationIncidentKind) / len(Size),
        false=len(medium.score.false_alarms),
        presets=summary(presets),
        kinds=f"Recall by kind, {' / '.join(Size)}:\n\n{by_kind(presets)}",
        cpu=medium.cpu_per_thousand,
        memory=medium.peak_megabytes,
        series_heads=" | ".join(f"{n:,} series" for n in _SERIES),
        series_rules="---:|" * len(_SERIES),
        expected="\n".join(_expected(name, score) for name, score in presets),
        by_making=_by_making(found),
        causes=", ".join(f"{cause} ({number / len(medium.score.false_alarms):.0%})" for cause, number in causes),
        peer_heads=" | ".join(f"at {score.false_rate:.1f} false ({name})" for name, score in presets[:3]),
        peer_rules="---:|" * 3,
        peers="\n".join(_peer_rows(found)),
        recall_heads=" | ".join(f"finding {score.recall():.0%} ({name})" for name, score in presets[:3]),
        recall_rules="---:|" * 3,
        false_peers="\n".join(_false_rows(found)),
        ablations=summary([(name, result.score) for name, result in found.ablations.items()]),
        histories=summary([(name, result.score) for name, result in found.histories.items()]),
        troubled=summary([(name, result.score) for name, result in found.troubled.items()]),
    )


def figure(found: Findings) -> str:
    """Draw recall against false insights, ours first."""
    ours = curves.points([result.score for name, result in found.ours.items() if name != "aws"])
    return curves.draw({"Trail Insights": ours} | rival_curves(found))


def rival_curves(found: Findings) -> dict[str, list[curves.Point]]:
    """Give the curve of every other method."""
    names = dict.fromkeys(name for name, _ in found.rivals)
    return {name: curves.points([s for (of, _), s in found.rivals.items() if of == name]) for name in names}


def _peer_rows(found: Findings) -> list[str]:
    rates = [found.ours[name].score.false_rate for name in PRESETS[:3]]
    own = " | ".join(f"**{found.ours[name].score.recall():.0%}**" for name in PRESETS[:3])
    rows = [f"| **Trail Insights** | {own} | {found.ours['medium'].cpu_per_thousand:.1f} |"]
    series_weeks = found.ours["medium"].series_weeks
    for name, curve in rival_curves(found).items():
        recalls = [curves.recall_at(curve, rate) for rate in rates]
        cells = " | ".join("–" if recall is None else f"{recall:.0%}" for recall in recalls)
        rows.append(f"| {name} | {cells} | {found.rival_seconds[name] / series_weeks * 1000:.1f} |")
    return rows


def _false_rows(found: Findings) -> list[str]:
    scores = [found.ours[name].score for name in PRESETS[:3]]
    rows = ["| **Trail Insights** | " + " | ".join(f"**{score.false_rate:.1f}**" for score in scores) + " |"]
    for name, curve in rival_curves(found).items():
        rates = [curves.false_rate_at(curve, score.recall()) for score in scores]
        rows.append(f"| {name} | " + " | ".join("–" if rate is None else f"{rate:.1f}" for rate in rates) + " |")
    return rows


def _expected(name: str, score: Score) -> str:
    cells = " | ".join(f"{score.false_rate * n / ACCOUNT_SERIES:.1f}" for n in _SERIES)
    return f"| `{name}` | {cells} |"


def _by_making(found: Findings) -> str:
    parts = [f"{making} {results['medium'].score.false_rate:.1f}" for making, results in found.by_making.items()]
    return "; ".join(parts)


def _missing(found: Findings) -> str:
    if Making.OBSERVED in found.by_making:
        return ""
    return " **The real series were not on this machine: only simulated populations.**"


def _machine() -> str:
    cores = f"{os.cpu_count()} cores ({platform.machine()}), load {os.getloadavg()[1]:.1f}"
    return f"{cores}, Python {platform.python_version()}, numpy {version('numpy')}, scipy {version('scipy')}"
