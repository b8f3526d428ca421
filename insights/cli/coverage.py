"""`insights coverage`: which hours were read, what they brought, how late, and whether digests vouch for it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Annotated

import typer

from insights.cli.options import JsonOption, LakeOption, NowOption, SettingsOption, instant_of, window_of, workspace_of
from insights.cli.output import Output
from insights.stages.coverage import gaps
from insights.storage import coverage as table
from insights.windows import DAY, ceil

_COLUMNS = ("day", "hours by the clock (UTC)", "records", "late", "log files*")
_VERDICTS = ("verified", "unverified", "refuted")
_SIGNS = {table.DATA: "#", table.PARTIAL: "+", table.NO_DATA: "0"}


def coverage(
    *,
    start: Annotated[
        str | None, typer.Option("--start", help="First instant (UTC); default: a week before --end.")
    ] = None,
    end: NowOption = None,
    lake: LakeOption = None,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show which hours were read and what they brought; gaps are hours that were read whole and brought nothing."""
    output = Output(as_json)
    workspace = workspace_of(settings, lake)
    until = instant_of(end, default=workspace.now())
    window = window_of(instant_of(start, default=ceil(until, DAY) - 7 * DAY), until)
    rows = list(table.read(workspace.lake, window))
    found = gaps(rows)
    output.document({"window": str(window), "hours": rows, "gaps": found})
    output.say(f"{len(rows)} hours read, gaps: {len(found)}")
    for place, of_place in groupby(rows, key=lambda row: f"{row['account_id']} {row['region']}"):
        # A table for each: beside the hours there is no room for account and Region in a narrow terminal.
        output.table(place, _COLUMNS, _days(of_place))
    output.say("# data, + not read whole yet, 0 read whole and nothing came, · not read, × a digest refutes a log file")
    for gap in found:
        output.say(f"no data: {gap}")


def _days(rows: Iterable[table.Row]) -> list[tuple[str, ...]]:
    days = groupby(rows, key=lambda row: f"{row['hour']:%Y-%m-%d}")
    return [(day, *_line(list(hours))) for day, hours in days]


def _line(rows: list[table.Row]) -> tuple[str, ...]:
    by_hour = {row["hour"].hour: row for row in rows}
    signs = "".join(_sign(by_hour.get(hour)) for hour in range(24))
    lag = max((row["lag_minutes"] or 0 for row in rows), default=0)
    files = {name: sum(row[name] for row in rows) for name in _VERDICTS}
    said = ", ".join(f"{number} {name}" for name, number in files.items() if number)
    return signs, str(sum(row["records"] for row in rows)), f"{lag} min", said or "none"


def _sign(row: table.Row | None) -> str:
    if row is None:
        return "·"
    return "×" if row["refuted"] else _SIGNS[row["status"]]
