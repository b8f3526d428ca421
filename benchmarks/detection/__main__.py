"""Measure detection against labelled incidents.

    python -m benchmarks.detection --quick                our presets on small development worlds, a minute or two
    python -m benchmarks.detection --large                the same on full development worlds
    python -m benchmarks.detection --page docs/benchmarks-detection.md

With a page, everything is measured on the seeds that are kept for it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.detection import page, runs, scoring, variants, worlds
from benchmarks.detection.rivals import Rivals, judge
from benchmarks.detection.runs import Result, each_world
from benchmarks.detection.scoring import Score
from benchmarks.detection.worlds import World


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write the page if one is named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection", description="Measure detection.")
    parser.add_argument("--quick", action="store_true", help="small worlds of development seeds")
    parser.add_argument("--large", action="store_true", help="full worlds of development seeds")
    parser.add_argument("--presets", default="low,medium,high", help="which sensitivities; default: %(default)s")
    parser.add_argument("--processes", type=int, default=2, help="worlds at a time; default: %(default)s")
    parser.add_argument("--seeds", type=int, default=len(worlds.TEST), help="how many of the page's; default: all")
    parser.add_argument("--page", type=Path, help="where the results page goes; its figure goes beside it")
    options = parser.parse_args(arguments)
    if options.page:
        found = measure(worlds.worlds(worlds.TEST[: options.seeds]), options.processes)
        options.page.write_text(page.render(found), encoding="utf-8")
        options.page.with_suffix(".svg").write_text(page.figure(found), encoding="utf-8")
        print(options.page.read_text(encoding="utf-8"))
    else:
        chosen = worlds.worlds(worlds.DEVELOPMENT) if options.large else worlds.quick_worlds()
        develop(chosen, options.presets.split(","), options.processes)
    return 0


def develop(chosen: list[World], presets: list[str], processes: int) -> None:
    """Print the figures of some presets, and what went on where they spoke falsely."""
    begun = time.monotonic()
    results = runs.run(chosen, {name: variants.preset(name) for name in presets}, processes=processes)
    scores = [(name, result.score) for name, result in results.items()]
    print(scoring.summary(scores), "", scoring.by_kind(scores), "", sep="\n")
    for name, result in results.items():
        causes = ", ".join(f"{cause} {number}" for cause, number in result.score.causes.most_common())
        print(f"{name}: false insights by what went on: {causes or 'none'}")
        print(f"  {result.cpu_per_thousand:.1f} CPU s per 1,000 series-weeks, peak {result.peak_megabytes:.0f} MB")
    print(f"{time.monotonic() - begun:.0f} s")


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


if __name__ == "__main__":
    sys.exit(main())
