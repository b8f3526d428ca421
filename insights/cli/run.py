"""`insights run`: the whole pipeline over a window, without Airflow."""

from __future__ import annotations

import os
from dataclasses import fields
from typing import Annotated

import typer

from insights.cli.options import (
    EndOption,
    JsonOption,
    LakeOption,
    SettingsOption,
    StartOption,
    TrailOption,
    settings_of,
    window_of,
)
from insights.cli.output import Output
from insights.errors import WindowError
from insights.stages import pipeline
from insights.stages.pipeline import PipelineReport
from insights.stages.report import CoverageReport, VerifyReport
from insights.stages.workspace import Workspace
from insights.windows import MINUTE, Window, floor, format_instant, parse_instant

WorkersOption = Annotated[
    int | None, typer.Option("--workers", min=1, help="Processes that read shards; default: one for each core.")
]


def run(
    *,
    start: StartOption,
    end: EndOption,
    trail: TrailOption = None,
    lake: LakeOption = None,
    workers: WorkersOption = None,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read what was delivered for a window, count it, judge it, publish what is unusual and tell the channels."""
    output = Output(as_json)
    window = window_of(parse_instant(start), parse_instant(end))
    chosen = settings_of(settings, trail=trail, lake=lake)
    window = _past(window, Workspace(chosen), output)
    with output.progress() as steps:
        report = pipeline.run(window, chosen, workers=workers or os.cpu_count() or 1, progress=steps.advance)
    _print(output, report)
    pipeline.raise_if_held(report.validate)


def _past(window: Window, workspace: Workspace, output: Output) -> Window:
    """Cut off what is not delivered yet: it would be noted as read, and later be taken for hours without calls.

    Raises:
        WindowError: nothing is left.
    """
    latest = floor(workspace.now() - workspace.settle, MINUTE)
    if window.end <= latest:
        return window
    if window.start >= latest:
        raise WindowError(
            f"what is called in {window} is still to be delivered: end by {format_instant(latest)}, which is "
            "trail.settle_minutes ago"
        )
    output.say(f"read up to {format_instant(latest)}: what was called later is still to be delivered")
    return Window(window.start, latest)


def _print(output: Output, report: PipelineReport) -> None:
    output.document({each.name: getattr(report, each.name).to_builtins() for each in fields(report)})
    found, counted, judged, told = report.reconcile, report.count, report.detect, report.publish
    skipped = "".join(f", {number} {reason}" for reason, number in found.skipped.items())
    refused = "; ".join(f"{number} {reason}" for reason, number in found.refused.items())
    output.table(
        f"Window {report.extract.window}",
        ("step", "result*"),
        [
            ("objects", f"{found.listed} listed = {found.read} read + {found.unread} unread{skipped}"),
            (
                "records",
                f"{found.records_in} in = {found.kept} kept + {found.duplicate} duplicate + "
                f"{found.out_of_scope} out of scope + {found.quarantined} quarantined",
            ),
            ("quarantine", refused or "empty"),
            ("discovery", _discovery(report)),
            ("integrity", _integrity(report.verify)),
            *(("not as delivered", problem) for problem in report.verify.first_problems),
            (
                "quality",
                f"{report.validate.passed} hours passed, {report.validate.warned} warned, "
                f"{len(report.validate.held)} held, {report.validate.unchanged} unchanged",
            ),
            ("coverage", _coverage(report.coverage)),
            ("counts", f"{counted.counted} hours counted ({counted.calls} calls), {counted.unchanged} unchanged"),
            (
                "insights",
                f"{judged.started} started, {judged.ended} ended; {told.started + told.ended} records published in "
                f"{len(told.keys)} objects",
            ),
            ("notified", f"{report.notify.sent} sent, {told.too_old} records too old to be news"),
        ],
    )


def _discovery(report: PipelineReport) -> str:
    again = report.verify.list_requests
    return f"{report.extract.list_requests} listings to find the objects, {again} for digests"


def _integrity(report: VerifyReport) -> str:
    if report.policy == "off":
        return "not verified: integrity.policy is off"
    reasons = "".join(f", {number} {reason}" for reason, number in report.reasons.items())
    withdrawn = f"; {report.withdrawn} records withdrawn" if report.withdrawn else ""
    gone = f", {report.gone} files gone that may be missed, first {report.first_gone[0]}" if report.gone else ""
    disputed = f"; {report.disputed} pairs of files that differ: {report.first_disputed[0]}" if report.disputed else ""
    return (
        f"{report.verified} log files verified, {report.unverified} unverified, {report.refuted} refuted{reasons}"
        f"{withdrawn}{gone}{disputed}; {report.problems} problems"
        f"{f'; {report.note}' if report.note else ''}"
    )


def _coverage(report: CoverageReport) -> str:
    first = f", first {report.first_gaps[0]}" if report.first_gaps else ""
    return (
        f"{report.data} hours with data, {report.partial} not read whole yet, {report.no_data} without data{first}; "
        f"at most {report.longest_lag_minutes} minutes late"
    )
