"""Our own method on a population, through its public entry."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.detection.scoring import Alarm
from insights.simulate.population import Population
from insights.statistics.coverage import Coverage
from insights.statistics.detector import detect
from insights.statistics.parameters import Parameters
from insights.windows import MINUTE


def alarms(population: Population, parameters: Parameters, *, history_days: int = 28) -> list[Alarm]:
    """Judge the judged days of a population after a history of so many days."""
    judged = population.plan.judged
    first = judged.start - timedelta(days=history_days)
    counts, coverage = population.minute_counts, population.coverage
    if first > population.plan.start:
        counts = counts.filter(pc.greater_equal(counts["minute"], pa.scalar(first, counts["minute"].type)))
        coverage = tuple(row for row in coverage if row[2] >= first)
    found = detect(counts, window=judged, coverage=Coverage.of(coverage), parameters=parameters)
    origin = population.plan.start
    return [
        Alarm(
            episode.series,
            int((episode.start - origin) / MINUTE),
            int(((episode.end or judged.end) - origin) / MINUTE),
            int((episode.detection_end - origin) / MINUTE),
            episode.score,
        )
        for episode in found.episodes
    ]
