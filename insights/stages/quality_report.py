"""The data-quality report of a window: what validation found, as one HTML page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from insights.checks.report import render_report
from insights.checks.result import QualityResult, Verdict
from insights.stages.workspace import Workspace
from insights.storage import quality
from insights.windows import Window, hour_of


@dataclass(frozen=True, slots=True)
class QualityPage:
    """A page, the worst verdict on it, and how many event hours it is about."""

    html: str
    verdict: str
    hours: int


def render(window: Window, workspace: Workspace, *, run: Mapping[str, str] | None = None) -> QualityPage:
    """Write the page of every validation that was about an hour of the window; `run` is shown in its head."""
    documents = (QualityResult.from_json(bytes(raw)) for raw in quality.read_results(workspace.lake, window))
    results = [each for each in documents if any(hour_of(hour.hour).overlaps(window) for hour in each.hours)]
    found = {result.verdict for result in results}
    worst = next((v for v in (Verdict.FAILED, Verdict.WARNED, Verdict.PASSED) if v in found), Verdict.PASSED)
    html = render_report(f"Data quality {window}", results, run=run)
    return QualityPage(html, str(worst) if results else "nothing validated", sum(len(r.hours) for r in results))
