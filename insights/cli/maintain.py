"""`insights maintain`: keep the lake small and quick to read."""

from __future__ import annotations

from typing import Annotated

import typer

from insights.cli.options import JsonOption, LakeOption, SettingsOption, workspace_of
from insights.cli.output import Output
from insights.stages import maintain as stage


def maintain(
    *,
    lake: LakeOption = None,
    is_dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing; say what would be done.")] = False,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put the small files of past days together, and delete what is older than the settings keep."""
    output = Output(as_json)
    report = stage.run(None, workspace_of(settings, lake), is_dry_run=is_dry_run)
    output.document(report.to_builtins())
    will = "would be " if is_dry_run else ""
    rows = [(table, f"{will}put together", each.files, each.bytes) for table, each in report.merged.items()]
    rows += [(table, f"{will}deleted", each.files, each.bytes) for table, each in report.deleted.items()]
    if not rows:
        output.say("nothing to put together, nothing to delete")
        return
    output.table(f"{sum(row[2] for row in rows)} files", ("table", "what", "files", "bytes"), rows)
