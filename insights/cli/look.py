"""`insights list`, `show`, `counts`, `quality`: read the lake."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Annotated, TextIO

import typer

from insights.cli.options import EndOption, JsonOption, LakeOption, SettingsOption, StartOption, window_of, workspace_of
from insights.cli.output import Output, shown, writing
from insights.errors import NotFoundError
from insights.records.partitions import EventHour
from insights.stages import quality_report
from insights.stages.workspace import Workspace
from insights.storage import insights as table
from insights.storage.counts import read_counts
from insights.windows import Window, format_instant, parse_instant

_CSV_COLUMNS = (
    "minute", "account_id", "region", "event_category", "is_read_only", "event_source", "event_name", "error_code",
    "count",
)  # fmt: skip
_COLUMNS = ("start (UTC)", "account", "Region", "what*", "id")


def list_insights(lake: LakeOption = None, settings: SettingsOption = None, as_json: JsonOption = False) -> None:
    """List the insights, newest first."""
    output = Output(as_json)
    rows = list(table.read(workspace_of(settings, lake).lake))[::-1]
    output.document([_plain(row) for row in rows])
    print_insights(output, rows)


def _plain(row: table.Row) -> dict[str, object]:
    """Give a row without its records and what is only ours."""
    return {name: value for name, value in row.items() if not (name.startswith("_") or name.endswith("_json"))}


def print_insights(output: Output, rows: list[table.Row]) -> None:
    """Print insights as a table."""
    output.table(
        f"{len(rows)} insights",
        _COLUMNS,
        [
            (
                f"{row['start_time']:%m-%d %H:%M}",
                row["account_id"],
                row["region"],
                _what(row),
                row["insight_id"][:8],
            )
            for row in rows
        ],
    )


def _what(row: table.Row) -> str:
    notes = {"open": " Still going on.", "withdrawn": " Withdrawn: later data do not show it."}
    return f"{row['explanation']}{notes.get(row['status'], '')}"


def show(
    insight_id: Annotated[str, typer.Argument(help="An insight's id, or its beginning.")],
    lake: LakeOption = None,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one insight: why it was raised, who caused it, and the records AWS would have written."""
    output = Output(as_json)
    found = [row for row in table.read(workspace_of(settings, lake).lake) if row["insight_id"].startswith(insight_id)]
    if not found:
        raise NotFoundError(f"there is no insight {insight_id!r}: `insights list` shows their ids")
    if len(found) > 1:
        some = ", ".join(row["insight_id"] for row in found[-5:])
        raise NotFoundError(
            f"{len(found)} insights have ids that begin with {insight_id!r}: write more of one, of {some}"
        )
    row = found[0]
    records = [json.loads(row[name]) for name in ("start_record_json", "end_record_json") if row[name]]
    output.document({**_plain(row), "records": records})
    output.say(shown(row["explanation"]))
    output.table(
        "Evidence",
        ("", "*"),
        [(name, value) for name, value in _plain(row).items() if value is not None],
    )
    output.say(json.dumps({"Records": records}, indent=2, ensure_ascii=True))


def counts(
    *,
    start: StartOption,
    end: EndOption,
    lake: LakeOption = None,
    settings: SettingsOption = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write CSV there; default: standard output.")] = None,
) -> None:
    """Write the minute counts of a window as CSV."""
    window = window_of(parse_instant(start), parse_instant(end))
    workspace = workspace_of(settings, lake)
    if csv_file is None:
        _write_counts(sys.stdout, window, workspace)
        return
    with writing(csv_file), csv_file.open("w", newline="", encoding="utf-8") as sink:
        _write_counts(sink, window, workspace)


def _write_counts(sink: TextIO, window: Window, workspace: Workspace) -> None:
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(_CSV_COLUMNS)
    for hour, rows in read_counts(workspace.lake, window):
        writer.writerows(_line(hour, row) for row in rows.to_pylist() if row["minute"] in window)


def _line(hour: EventHour, row: table.Row) -> tuple[object, ...]:
    """Give the values of one count in the order of `_CSV_COLUMNS`."""
    return (
        format_instant(row["minute"]),
        hour.account_id,
        hour.region,
        _cell(row["event_category"]),
        str(row["is_read_only"]).lower(),
        _cell(row["event_source"]),
        _cell(row["event_name"]),
        _cell(row["error_code"] or ""),
        row["count"],
    )


def _cell(text: str) -> str:
    """Keep a spreadsheet from running log text as a formula, and from taking one cell's text for several rows.

    What begins a formula: OWASP, "CSV Injection". A lone carriage return would end a row, unquoted by the csv module.
    """
    visible = shown(text)
    return f"'{visible}" if visible.startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠")) else visible


def quality(
    *,
    start: StartOption,
    end: EndOption,
    out: Annotated[Path, typer.Option("--out", help="Where the HTML page goes.")] = Path("quality.html"),
    lake: LakeOption = None,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the data-quality report of a window as one self-contained HTML page."""
    output = Output(as_json)
    window = window_of(parse_instant(start), parse_instant(end))
    page = quality_report.render(window, workspace_of(settings, lake))
    with writing(out):
        out.write_text(page.html, encoding="utf-8")
    output.document({"page": str(out), "verdict": page.verdict, "hours": page.hours})
    output.say(f"{page.hours} hours, {page.verdict}: {out}")
