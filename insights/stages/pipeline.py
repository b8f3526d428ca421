"""The whole pipeline in one go, without a scheduler: what `insights run` does and what the DAGs do task by task.

Shards are read by worker processes. Each step has processes of its own: the quality checks alone import 280 MB that the
readers have no use for.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

from insights.errors import QualityError
from insights.settings import Settings
from insights.stages.report import (
    CountReport,
    CoverageReport,
    DetectReport,
    ExtractReport,
    NormalizeReport,
    NotifyReport,
    PublishReport,
    ReconcileReport,
    ValidateReport,
    VerifyReport,
)
from insights.stages.workspace import Workspace, tune_arrow
from insights.windows import Window

Progress = Callable[[str, int, int], None]
"""Told the step, how much of it is done, and of how much."""


@dataclass(frozen=True, slots=True)
class PipelineReport:
    """The reports of all steps, in order."""

    extract: ExtractReport
    normalize: NormalizeReport
    verify: VerifyReport
    validate: ValidateReport
    count: CountReport
    coverage: CoverageReport
    detect: DetectReport
    publish: PublishReport
    notify: NotifyReport
    reconcile: ReconcileReport


def run(window: Window, settings: Settings, *, workers: int = 1, progress: Progress | None = None) -> PipelineReport:
    """Bring the lake up to date with what the trail delivered for a window.

    Raises:
        TrailInsightsError: a step failed; whatever could be done is done, and running again goes on from there.
    """
    tell = progress or (lambda step, done, total: None)
    steps = _Steps(window, settings, tell)
    extracted = steps.alone("extract")
    normalized = steps.shards(extracted.shards, workers)
    return PipelineReport(
        extract=extracted,
        normalize=normalized,
        verify=steps.alone("verify"),
        validate=steps.alone("validate"),
        count=steps.alone("count"),
        coverage=steps.alone("coverage"),
        detect=steps.alone("detect"),
        publish=steps.alone("publish"),
        notify=steps.here("notify"),
        reconcile=steps.alone("reconcile"),
    )


def raise_if_held(report: ValidateReport) -> None:
    """Fail a run for hours that a critical rule stopped.

    Raises:
        QualityError: there are such hours; the message names the first and its rules.
    """
    if not report.held:
        return
    hour, rules = next(iter(report.held.items()))
    raise QualityError(
        f"{len(report.held)} hours are held back and were not counted, first {hour}: {', '.join(rules)}; "
        "the quality report shows the rows and what to do"
    )


@dataclass
class _Steps:
    window: Window
    settings: Settings
    tell: Progress

    def alone(self, step: str) -> Any:
        """Run a step in a process of its own."""
        self.tell(step, 0, 1)
        with _processes(1) as pool:
            report = pool.submit(_run, step, self.window, self.settings).result()
        self.tell(step, 1, 1)
        return report

    def here(self, step: str) -> Any:
        """Run a step in this process, whose log the user sees."""
        self.tell(step, 0, 1)
        report = _run(step, self.window, self.settings)
        self.tell(step, 1, 1)
        return report

    def shards(self, shards: tuple[str, ...], workers: int) -> NormalizeReport:
        """Normalize shards side by side; the first failure is raised once all are through."""
        nothing = NormalizeReport(window=str(self.window))
        self.tell("normalize", 0, len(shards))
        reports: list[NormalizeReport] = []
        failures: list[BaseException] = []
        with _processes(workers) as pool:
            tasks = [pool.submit(_run, "normalize", self.window, self.settings, shard) for shard in shards]
            for done, task in enumerate(as_completed(tasks), start=1):
                failure = task.exception()
                if failure is None:
                    reports.append(task.result())
                else:
                    failures.append(failure)
                self.tell("normalize", done, len(shards))
        if failures:
            raise failures[0]
        return reduce(add, reports, nothing)


def _processes(workers: int) -> ProcessPoolExecutor:
    # Spawned, not forked: the parent's threads (the object store's, pyarrow's) do not survive a fork.
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


def _run(step: str, window: Window, settings: Settings, shard: str | None = None) -> Any:
    from importlib import import_module

    tune_arrow()
    stage = import_module(f"insights.stages.{step}")
    workspace = Workspace(settings)
    return stage.run(window, workspace, shard) if shard else stage.run(window, workspace)
