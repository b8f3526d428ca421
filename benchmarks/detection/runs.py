"""Running methods on worlds: each world is drawn once, in a process of its own, and every method judges it there."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from typing import TypeVar

from benchmarks.detection.scoring import Alarm, Score, score
from benchmarks.detection.worlds import World
from insights.simulate.population import Population

Method = Callable[[Population], list[Alarm]]
T = TypeVar("T")
R = TypeVar("R")


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
    for _, results in each_world(partial(_draw_and_judge, methods=methods), worlds, processes):
        for name, result in results.items():
            total[name] += result
    return total


def each_world(work: Callable[[T], R], tasks: Sequence[T], processes: int) -> Iterator[tuple[T, R]]:
    """Carry out tasks in processes of their own, and yield each with its result as it is done."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        running = {pool.submit(work, task): task for task in tasks}
        for done in as_completed(running):
            yield running[done], done.result()


def judge_population(population: Population, methods: Mapping[str, Method]) -> dict[str, Result]:
    """Run every method on a population."""
    series_weeks = population.series * population.plan.days / 7
    results = {}
    for name, method in methods.items():
        begun = time.process_time()
        alarms = method(population)
        used = time.process_time() - begun
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        results[name] = Result(score(population, alarms), used, series_weeks, peak)
    return results


def _draw_and_judge(world: World, methods: Mapping[str, Method]) -> dict[str, Result]:
    return judge_population(world.draw(), methods)
