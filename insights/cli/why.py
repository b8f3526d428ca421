"""`insights why`: what was a candidate for an insight, and what became of it."""

from __future__ import annotations

from typing import Annotated

import typer

from insights.cli.options import JsonOption, LakeOption, NowOption, SettingsOption, instant_of, window_of, workspace_of
from insights.cli.output import Output
from insights.storage import reasons as table
from insights.windows import DAY

_COLUMNS = ("until (UTC)", "account", "Region", "what*", "became*")


def why(  # noqa: PLR0913 - each is an option of the command
    *,
    start: Annotated[
        str | None, typer.Option("--start", help="First instant (UTC); default: a day before --end.")
    ] = None,
    end: NowOption = None,
    account: Annotated[str | None, typer.Option("--account", help="Of this account only.")] = None,
    region: Annotated[str | None, typer.Option("--region", help="Of this Region only.")] = None,
    event_name: Annotated[str | None, typer.Option("--event-name", help="Of this API only, like RunInstances.")] = None,
    lake: LakeOption = None,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what was a candidate for an insight, and why it was told or kept unsaid."""
    output = Output(as_json)
    workspace = workspace_of(settings, lake)
    until = instant_of(end, default=workspace.now())
    window = window_of(instant_of(start, default=until - DAY), until)
    wanted = {"account_id": account, "region": region, "event_name": event_name}
    rows = [
        row
        for row in table.read(workspace.lake, window)
        if all(value is None or row[name] == value for name, value in wanted.items())
    ]
    output.document({"window": str(window), "candidates": rows})
    output.table(f"{len(rows)} candidates", _COLUMNS, [_line(row) for row in rows])
    if not rows:
        output.say("nothing was near enough to be a candidate; `insights counts` shows every minute that was read")


def _line(row: table.Row) -> tuple[str, ...]:
    error = f" {row['error_code']}" if row["error_code"] else ""
    what = (
        f"{row['direction']} of {row['event_source']} {row['event_name']}{error}: {row['calls']:.0f} calls in "
        f"{row['window_minutes']} min, {row['expected_calls']:.1f} expected; score {row['score']:.1f}, needed "
        f"{row['threshold']:.1f}"
    )
    told = f" ({row['insight_id'][:8]})" if row["verdict"] == "told" else ""
    return f"{row['window_end']:%m-%d %H:%M}", row["account_id"], row["region"], what, f"{row['verdict']}{told}"
