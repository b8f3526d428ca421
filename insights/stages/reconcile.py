"""reconcile: show that nothing was lost and nothing counted twice, from what the lake and the trail hold now.

records in = kept + duplicate + out of scope + quarantined, over every object the ledger has of the window's deliveries;
objects listed = read + skipped with a reason + unread; and the quarantine holds a row for every record it is said to.
"""

from __future__ import annotations

from collections import Counter

from insights.errors import ReconciliationError
from insights.stages.report import ReconcileReport
from insights.stages.workspace import Workspace
from insights.storage import ledger, quarantine
from insights.storage.trail import Search
from insights.windows import Window

_COUNTS = ("records_in", "kept", "duplicate", "out_of_scope", "quarantined")


def run(window: Window, workspace: Workspace) -> ReconcileReport:
    """List the window's deliveries again and add up what became of them.

    Raises:
        ReconciliationError: the numbers do not add up; the message says which.
    """
    delivered = workspace.delivered(window)
    search = Search(workspace.trail, delivered, workspace.settings.trail)
    listed = {(each.key, each.etag) for each in search.objects()}
    totals: Counter[str] = Counter()
    read: set[tuple[str, str]] = set()
    for entry in ledger.entries(workspace.lake, delivered):
        version = (entry["object_key"], entry["object_etag"])
        if version in listed:
            read.add(version)
            totals.update({name: entry[name] for name in _COUNTS})
    refused = quarantine.count_by_reason(workspace.lake, read)
    report = ReconcileReport(
        window=str(window),
        listed=search.listed,
        read=len(read),
        unread=len(listed) - len(read),
        skipped=dict(sorted(search.skipped.items())),
        **{name: totals[name] for name in _COUNTS},
        refused=refused.reasons,
    )
    _check(report, refused.records)
    return report


def _check(report: ReconcileReport, quarantine_rows: int) -> None:
    accounted = report.kept + report.duplicate + report.out_of_scope + report.quarantined
    if accounted != report.records_in:
        raise ReconciliationError(
            f"{report.records_in} records went in, {accounted} are accounted for ({report.kept} kept, "
            f"{report.duplicate} duplicate, {report.out_of_scope} out of scope, {report.quarantined} quarantined) in "
            f"{report.window}: run the window again; if the difference stays it is a defect of ours"
        )
    if quarantine_rows != report.quarantined:
        raise ReconciliationError(
            f"the ledger speaks of {report.quarantined} quarantined records in {report.window}, the quarantine table "
            f"holds {quarantine_rows}: was something in quarantine/ deleted or copied?"
        )
