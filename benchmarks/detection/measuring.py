"""Everything the page shows: which variant is measured on which worlds."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.detection import page, runs, variants
from benchmarks.detection.rivals import Rivals, judge
from benchmarks.detection.runs import Result, each_world
from benchmarks.detection.scoring import Score
from benchmarks.detection.worlds import World


@dataclass(frozen=True, slots=True)
class _Task:
    """What is to be measured on one world; `group` is what its figures are added up under."""

    group: str
    world: World


@dataclass(frozen=True, slots=True)
class _Done:
    ours: Mapping[str, Result]
    rivals: Rivals
    rival_seconds: Mapping[str, float]


_PRESETS, _PARTS, _HISTORIES = "presets", "parts", "histories"


def measure(chosen: list[World], processes: int) -> page.Findings:
    """Measure everything the page shows."""
    first_seed = [world for world in chosen if world.plan.seed == chosen[0].plan.seed]
    tasks = [_Task(_PRESETS, world) for world in chosen]
    tasks += [_Task(group, world) for group in (_PARTS, _HISTORIES) for world in first_seed]
    tasks += [_Task(name, world) for name, troubled in variants.troubled(first_seed).items() for world in troubled]
    ours: dict[str, dict[str, Result]] = defaultdict(lambda: defaultdict(Result))
    by_making: dict[str, dict[str, Result]] = defaultdict(lambda: defaultdict(Result))
    rivals: Rivals = defaultdict(Score)
    seconds: dict[str, float] = defaultdict(float)
    for task, done in each_world(_carry_out, tasks, processes):
        print(f"{task.group}, {task.world.name}", file=sys.stderr, flush=True)
        for name, result in done.ours.items():
            ours[task.group][name] += result
            if task.group == _PRESETS:
                by_making[task.world.plan.making][name] += result
        for key, score in done.rivals.items():
            rivals[key] += score
        for name, used in done.rival_seconds.items():
            seconds[name] += used
    troubled = {name: results["medium"] for name, results in ours.items() if "medium" in results and name != _PRESETS}
    nothing = {"nothing missing": ours[_PARTS]["nothing left out"]}
    return page.Findings(
        ours=ours[_PRESETS],
        by_making=by_making,
        rivals=rivals,
        rival_seconds=seconds,
        ablations=ours[_PARTS],
        histories=ours[_HISTORIES] | {"28 days": ours[_PARTS]["nothing left out"]},
        troubled=nothing | troubled,
        worlds=len(chosen),
    )


def _carry_out(task: _Task) -> _Done:
    population = task.world.draw()
    if task.group == _PRESETS:
        methods = {name: variants.preset(name) for name in page.PRESETS} | variants.swept()
        rivals, seconds = judge(population)
        return _Done(runs.judge_population(population, methods), rivals, seconds)
    methods = {_PARTS: variants.ablations(), _HISTORIES: variants.histories()}.get(
        task.group, {"medium": variants.preset("medium")}
    )
    return _Done(runs.judge_population(population, methods), {}, {})
