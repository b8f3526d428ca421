"""The data-quality report of a window: what validation found, as one HTML page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from insights.checks.report import render_report, worst
from insights.checks.result import QualityResult, RuleOutcome, Verdict
from insights.records.rules import Severity
from insights.stages.report import RECORD_COUNTS
from insights.stages.workspace import Workspace
from insights.storage import coverage, discovery, ledger, quality
from insights.storage.quality import Judgement
from insights.windows import Window, hour_of


@dataclass(frozen=True, slots=True)
class QualityPage:
    """A page, the worst verdict on it, and how many event hours it is about."""

    html: str
    verdict: str
    hours: int


def render(window: Window, workspace: Workspace, *, run: Mapping[str, str] | None = None) -> QualityPage:
    """Write the page of the hours of a window, each as it was last judged; `run` is shown in its head."""
    judged = (_shown(each, window) for each in quality.read_judgements(workspace.lake, window))
    results = [result for result in judged if result.hours]
    found = discovery.read(workspace.lake, window)
    html = render_report(
        f"Data quality {window}",
        [*results, _records(window, workspace)],
        run=run,
        coverage=list(coverage.read(workspace.lake, window)),
        list_requests=found.list_requests if found else None,
    )
    verdict = str(worst(result.verdict for result in results)) if results else "nothing validated"
    return QualityPage(html, verdict, sum(len(result.hours) for result in results))


def _shown(judgement: Judgement, window: Window) -> QualityResult:
    """Give what a judgement says of the window's hours: not of those that were judged again since, nor of others."""
    result = QualityResult.from_json(bytes(judgement.result))
    hours = tuple(
        hour
        for hour in result.hours
        if hour_of(hour.hour).overlaps(window) and f"{result.partition}/hour={hour.hour:%H}" in judgement.versions
    )
    is_failed = any(hour.verdict is Verdict.FAILED for hour in hours)
    return replace(
        result,
        hours=hours,
        rows=sum(hour.rows for hour in hours),
        outcomes=tuple(outcome if is_failed else _without_failure(outcome) for outcome in result.outcomes),
        facts={
            name: fact for name, fact in result.facts.items() if name not in (*RECORD_COUNTS, "unaccounted_records")
        },
    )


def _without_failure(outcome: RuleOutcome) -> RuleOutcome:
    """Leave out a critical failure: it was in an hour that is not shown."""
    return replace(outcome, failed=0, examples=()) if outcome.severity is Severity.CRITICAL else outcome


def _records(window: Window, workspace: Workspace) -> QualityResult:
    """Add up what became of the records of everything delivered for the window, each object once."""
    totals: Counter[str] = Counter()
    for entry in ledger.entries(workspace.lake, workspace.delivered(window)):
        totals.update({name: entry[name] for name in RECORD_COUNTS})
    accounted = sum(totals[name] for name in RECORD_COUNTS[1:])
    facts = {name: float(totals[name]) for name in RECORD_COUNTS}
    facts["unaccounted_records"] = float(totals["records_in"] - accounted)
    return QualityResult("all objects delivered", 0, (), (), facts, ())
