"""Running methods on worlds: each world is drawn once, in a process of its own, and every method judges it there."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context

from benchmarks.detection.scoring import Alarm, Score, score
from benchmarks.detection.worlds import World
from insights.simulate.population import Population

Method = Callable[[Population], list[Alarm]]


@dataclass(frozen=True, slots=True)
class Result:
    """A method's figures over worlds, which add up, and what it cost: CPU seconds, and series × weeks looked at."""

    score: Score = field(default_factory=Score)
    cpu_seconds: float = 0.0
    series_weeks: float = 0.0
    peak_megabytes: float = 0.0

    def __add__(self, other: Result) -> Result:
        return Result(
            self.score + other.score,
            self.cpu_seconds + other.cpu_seconds,
            self.series_weeks + other.series_weeks,
            max(self.peak_megabytes, other.peak_megabytes),
        )

    @property
    def cpu_per_thousand(self) -> float:
        """CPU seconds per 1,000 series-weeks."""
        return self.cpu_seconds / self.series_weeks * 1000


def run(worlds: list[World], methods: Mapping[str, Method], *, processes: int = 2) -> dict[str, Result]:
    """Run every method on every world, and add up by method."""
    total = {name: Result() for name in methods}
    for results in _by_world(worlds, methods, processes):
        for name, result in results.items():
            total[name] += result
    return total


def _by_world(worlds: list[World], methods: Mapping[str, Method], processes: int) -> Iterator[dict[str, Result]]:
    context = get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, max_tasks_per_child=1) as pool:
        for done in as_completed([pool.submit(judge_world, world, methods) for world in worlds]):
            yield done.result()


def judge_world(world: World, methods: Mapping[str, Method]) -> dict[str, Result]:
    """Draw a world and run every method on it."""
    population = world.draw()
    series_weeks = population.series * population.plan.days / 7
    results = {}
    for name, method in methods.items():
        begun = time.process_time()
        alarms = method(population)
        used = time.process_time() - begun
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        results[name] = Result(score(population, alarms), used, series_weeks, peak)
    return results
