"""maintain: delete what is older than `[retention]` keeps, and put the small files of a day together.

Safe beside everything else, at any time, twice at once, and if it is killed: what is left is done by the next run.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from insights.stages.report import DeletedFiles, MaintainReport, MergedFiles
from insights.stages.workspace import Workspace
from insights.storage import compaction, discovery, disputes, integrity, ledger, publications, reading, retention
from insights.storage.objects import ObjectInfo
from insights.storage.parts import Merged
from insights.windows import DAY, Window, floor

PLANS = "plans"


def run(window: Window | None, workspace: Workspace, *, is_dry_run: bool = False) -> MaintainReport:
    """Tidy the lake up (with a window: only its days, but for marks, notes and plans).

    Args:
        is_dry_run: Change nothing, and report what would be done. Files to be put together are then not read.
    """
    deleted = _delete(window, workspace, is_dry_run)
    today = floor(workspace.now(), DAY)
    until = today - (workspace.settings.lake.compact_after_days - 1) * DAY
    merged = _merge(window, workspace, until, is_dry_run)
    return MaintainReport(window=str(window or "everything"), is_dry_run=is_dry_run, merged=merged, deleted=deleted)


def _delete(window: Window | None, workspace: Workspace, is_dry_run: bool) -> dict[str, DeletedFiles]:
    lake, kept = workspace.lake, workspace.settings.retention
    today = floor(workspace.now(), DAY)
    found: dict[str, list[ObjectInfo]] = {}
    for table in retention.TABLES:
        if days := getattr(kept, f"{table}_days"):
            found[table] = list(retention.expired(lake, table, today - days * DAY, window))
    # Notes go with the table that they are about.
    if kept.quality_days:
        found[discovery.TABLE] = list(discovery.expired(lake, today - kept.quality_days * DAY))
    if kept.ledger_days:
        before = today - kept.ledger_days * DAY
        found[integrity.WITHDRAWN] = list(integrity.expired_withdrawals(lake, before))
        found[disputes.FOLDER] = list(retention.expired(lake, disputes.FOLDER, before, None))
        found[ledger.LOOSE] = list(retention.expired(lake, ledger.LOOSE, before, None))
    if kept.insights_days:
        # After the insights themselves: what is not known to be published would be published again.
        before = today - kept.insights_days * DAY
        found[publications.TABLE] = list(retention.expired(lake, publications.TABLE, before, window))
    if kept.plans_days:
        before = workspace.now() - kept.plans_days * DAY
        found[PLANS] = list(retention.unchanged_since(lake, f"{PLANS}/", before))
    if not is_dry_run:
        _forget(workspace, found.values())
    return {table: _deleted(files) for table, files in found.items() if files}


def _forget(workspace: Workspace, found: Iterable[list[ObjectInfo]]) -> None:
    since = workspace.kept_since()
    if since is not None:
        retention.forget_changes(workspace.lake, since)
    for files in found:
        retention.delete(workspace.lake, files)


def _deleted(files: list[ObjectInfo]) -> DeletedFiles:
    return DeletedFiles(files=len(files), bytes=sum(info.size for info in files))


def _merge(window: Window | None, workspace: Workspace, until: datetime, is_dry_run: bool) -> dict[str, MergedFiles]:
    lake = workspace.lake
    merged: dict[str, MergedFiles] = {}
    for table, merge in compaction.MERGES.items():
        done = [
            _planned(held) if is_dry_run else merge(lake, folder, held)
            for folder, held in compaction.small_files(lake, table, until, window)
        ]
        merged[table] = _summed([each for each in done if each is not None])
    merged[ledger.LOOSE_READ.rstrip("/")] = _of_no_day(compaction.merge_loose(lake, is_dry_run=is_dry_run))
    marks = compaction.merge_marks(lake, until, workspace.now(), is_dry_run=is_dry_run)
    merged[reading.TABLE] = _of_no_day(marks)
    return {table: report for table, report in merged.items() if report.files}


def _planned(held: list[ObjectInfo]) -> Merged:
    return Merged(len(held), sum(info.size for info in held), 0)


def _of_no_day(done: Merged) -> MergedFiles:
    return MergedFiles(days=0, files=done.files, bytes=done.bytes, bytes_written=done.bytes_written)


def _summed(done: list[Merged]) -> MergedFiles:
    return MergedFiles(
        days=len(done),
        files=sum(each.files for each in done),
        bytes=sum(each.bytes for each in done),
        bytes_written=sum(each.bytes_written for each in done),
    )
