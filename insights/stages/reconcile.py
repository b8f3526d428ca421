"""reconcile: show that nothing was lost and nothing counted twice, from what the lake and the trail hold now.

records in = kept + duplicate + out of scope + quarantined, over every object the ledger has of the window's deliveries;
objects listed = read + skipped with a reason + unread; the quarantine holds a row for every record it is said to; every
hour that records were put into is still there; and the `events` table holds as many rows for every object of the
window's own deliveries as were kept of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from insights.errors import ReconciliationError
from insights.stages.report import RECORD_COUNTS, ReconcileReport
from insights.stages.withdrawal import Entry, hours_of, is_whole, name_of
from insights.stages.workspace import Workspace
from insights.storage import events, ledger, quarantine
from insights.storage.hours import with_versions
from insights.storage.objects import ObjectStore
from insights.storage.trail import Search, TrailObject
from insights.windows import Window

READ_BEFORE = "no trail object name, read before"
"""Of loose objects, which every search finds, those that another run read and whose calls are of other days."""


def run(window: Window, workspace: Workspace) -> ReconcileReport:
    """List the window's deliveries again and add up what became of them.

    Raises:
        ReconciliationError: the numbers do not add up, events are gone, or there are objects that may not be read; the
            message says which.
    """
    delivered = workspace.delivered(window)
    search = Search(workspace.trail, delivered, workspace.settings.trail)
    unread = {(each.key, each.etag): each for each in search.objects()}
    read, totals, entries = _take_read(workspace.lake, delivered, unread)
    for each, is_unread in ledger.unread(workspace.lake, [each for each in unread.values() if each.is_loose]):
        if not is_unread:
            del unread[each.key, each.etag]
            search.skipped[READ_BEFORE] += 1
    refused = quarantine.count_by_reason(workspace.lake, read)
    report = ReconcileReport(
        window=str(window),
        listed=search.listed,
        read=len(read),
        unread=len(unread),
        skipped=dict(sorted(search.skipped.items())),
        **{name: totals[name] for name in RECORD_COUNTS},
        refused=refused.reasons,
    )
    _check(report, refused.records)
    _check_hours(workspace, entries)
    own = workspace.delivered(window, lookback=False)
    _check_rows(workspace, [each for each in entries if each["delivered_at"] in own])
    # What appeared since the listing is read by the next run; what was refused to us is lost unless somebody acts.
    unreadable = quarantine.count_by_reason(workspace.lake, unread.values()).reasons.get("unreadable_object", 0)
    if unreadable:
        raise ReconciliationError(
            f"{unreadable} of {search.listed} objects could not be read, first {min(unread)[0]}: allow s3:GetObject on "
            "them, and kms:Decrypt on their key, to the credentials in use; then run the window again"
        )
    return report


def _take_read(
    lake: ObjectStore, delivered: Window, unread: dict[tuple[str, str], TrailObject]
) -> tuple[list[TrailObject], Counter[str], list[Entry]]:
    """Take out of what was listed what the ledger has; give that, the sums of what became of its records, and all that
    the ledger has."""
    read: list[TrailObject] = []
    totals: Counter[str] = Counter()
    entries = list(ledger.entries(lake, delivered))
    for entry in entries:
        each = unread.pop((entry["object_key"], entry["object_etag"]), None)
        if each is not None:
            # Put again with the same content, a loose object has another day than the one it was read on.
            read.append(msgspec.structs.replace(each, delivered_at=entry["delivered_at"]))
            totals.update({name: entry[name] for name in RECORD_COUNTS})
    return read, totals, entries


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


def _check_hours(workspace: Workspace, entries: Iterable[Entry]) -> None:
    """Miss what somebody deleted: an hour's file stays, even without any row, until retention ends its day."""
    hours = hours_of(entries, workspace.kept_since())
    there = {hour for _, versions in with_versions(workspace.lake, hours) for hour in versions}
    if gone := [hour for hour in hours if hour not in there]:
        raise ReconciliationError(
            f"the ledger speaks of records in {len(gone)} event hours that have no file any more, first "
            f'{workspace.lake.url}/{events.hour_key(gone[0])}: put it back; docs/operations.md says under "A file of '
            'the lake is damaged" how it is made again where there is no copy'
        )


def _check_rows(workspace: Workspace, entries: Sequence[Entry]) -> None:
    """Miss rows that somebody took out of a file, as by putting an earlier version of it back, and rows that were
    copied into one."""
    whole = [each for each in entries if is_whole(each, workspace.kept_since())]
    kept: Counter[str] = Counter()
    for each in whole:
        kept[name_of(each)] += each["kept"]
    found: Counter[str] = Counter()
    for hour in hours_of(whole):
        found.update({name: rows for name, rows in events.kept_for(workspace.lake, hour).items() if name in kept})
    if wrong := sorted(name for name in kept if found[name] != kept[name]):
        first = next(each for each in whole if name_of(each) == wrong[0])
        raise ReconciliationError(
            f"the ledger speaks of {kept[wrong[0]]} kept records of {wrong[0]}, the events table holds "
            f"{found[wrong[0]]} in {', '.join(first['partitions'])}; {len(wrong)} of {len(kept)} objects differ: was "
            "an earlier version of a file in events/ put back, or one changed? docs/operations.md says under "
            '"A file of the lake is damaged" how it is made again'
        )
