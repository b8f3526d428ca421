"""Measure what one more hour costs to ingest, after one day of history and after four weeks of it.

    python -m benchmarks.increment [--events-an-hour 1000] [--rounds 3] [--page PAGE.md]

The history is read a day at a time, and noted as hourly runs would have: what grows with it is what runs look up, not
how it came. Then each round reads one more hour into a fresh copy of either lake, from the listing to the
reconciliation, in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from statistics import median

from benchmarks import page, trails
from benchmarks.measure import LAUNCH
from insights.settings import Settings, parse_settings
from insights.stages import count, extract, normalize
from insights.stages.workspace import Workspace, tune_arrow
from insights.storage import reading
from insights.windows import DAY, HOUR, Window, parse_instant

HISTORIES_DAYS = (1, 28)
STEPS = ("extract", "normalize", "verify", "validate", "count", "coverage", "reconcile")
_PAGE = """# Does an hour cost more as history grows?

Written by `make bench-increment`; do not edit. One hour of {events:,} events of one account and Region is read
into a lake that holds one day, and into one that holds four weeks: {steps}; median CPU seconds of {rounds} processes.

{date}, {machine}.

| history | CPU s | times the first |
|---|---:|---:|
{rows}
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print, and write the page if one is named; or, for a child, read one hour."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--events-an-hour", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--page", type=Path, help="where the results page goes")
    parser.add_argument("--hour", nargs=3, help=argparse.SUPPRESS)
    found = parser.parse_args(arguments)
    if found.hour:
        _read_hour(*found.hour)
        return 0
    with tempfile.TemporaryDirectory(prefix="trail-insights-bench-") as name:
        text = _measured(Path(name), found.events_an_hour, found.rounds)
    print(text)
    if found.page:
        found.page.write_text(text, encoding="utf-8")
    return 0


def _measured(folder: Path, events: int, rounds: int) -> str:
    longest = max(HISTORIES_DAYS)
    plan = trails.one_place(events * 3, records_per_object=5_000)
    trail = trails.make(replace(plan, days=longest + 2 / 24), folder / "trail")
    last = trails.START + longest * DAY
    lakes = {days: folder / f"lake-{days}" for days in HISTORIES_DAYS}
    for days, lake in lakes.items():
        _read_history(Workspace(_settings(trail.folder, lake)), Window(last - days * DAY, last))
    seconds: dict[int, list[float]] = {days: [] for days in lakes}
    for _ in range(rounds):
        for days, lake in lakes.items():
            seconds[days].append(_hour_seconds(trail.folder, lake, folder / "copy", str(last.isoformat())))
            print(f"after {days} days: {seconds[days][-1]:.2f} CPU s", file=sys.stderr)
    first = median(seconds[HISTORIES_DAYS[0]])
    rows = (f"| {days} days | {median(each):.2f} | {median(each) / first:.2f} |" for days, each in seconds.items())
    return _PAGE.format(
        events=events,
        steps=", ".join(STEPS),
        rounds=rounds,
        date=page.today(),
        machine=page.machine(),
        rows="\n".join(rows),
    )


def _settings(trail: Path, lake: Path) -> Settings:
    return parse_settings({"trail": {"url": str(trail)}, "lake": {"url": str(lake)}})


def _read_history(workspace: Workspace, history: Window) -> None:
    for day in history.days():
        for shard in extract.run(day, workspace).shards:
            normalize.run(day, workspace, shard)
        count.run(day, workspace, is_whole=False)
        for hour in day.hours():
            reading.mark(workspace.lake, workspace.delivered(hour))


def _hour_seconds(trail: Path, lake: Path, copy: Path, start: str) -> float:
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(lake, copy)
    command = [sys.executable, str(LAUNCH), sys.executable, "-m", "benchmarks.increment", "--hour"]
    found = subprocess.run([*command, str(trail), str(copy), start], capture_output=True, text=True, check=False)
    if found.returncode:
        raise RuntimeError(found.stderr[-2000:])
    seconds: float = json.loads(found.stdout)["cpu_seconds"]
    return seconds


def _read_hour(trail: str, lake: str, start: str) -> None:
    tune_arrow()
    workspace = Workspace(_settings(Path(trail), Path(lake)))
    begin = parse_instant(start)
    window = Window(begin, begin + HOUR)
    for step in STEPS:
        stage = import_module(f"insights.stages.{step}")
        if step != "normalize":
            report = stage.run(window, workspace)
        if step == "extract":
            shards = report.shards
        if step == "normalize":
            for shard in shards:
                stage.run(window, workspace, shard)


if __name__ == "__main__":
    sys.exit(main())
