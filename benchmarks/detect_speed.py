"""What detection costs: a backfill of 28 days, and one more hour after 1, 7 and 28 days, of thousands of series.

    python -m benchmarks.detect_speed [--series 5000] [--days 1,7,28]

One account × Region. Series have Zipf rates from 60 calls a minute down to one in three hours and a daily rhythm; every
eighth is an error of the operation before it. The counts lie in a lake in a folder, an hour a file, and the stage runs
in a process of its own: CPU seconds contain its start and all reading and writing, memory is that process's peak.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from insights.records.partitions import EventHour
from insights.records.schemas import INSTANT, MINUTE_COUNTS
from insights.settings import parse_settings
from insights.stages import detect
from insights.stages.workspace import Workspace, tune_arrow
from insights.storage import changes, counts, memories, reading
from insights.storage.tables import encode
from insights.windows import HOUR, MINUTE, Window

START = datetime(2026, 4, 2, tzinfo=UTC)
PLACE = ("111122223333", "us-east-1")
BUSIEST_CALLS_PER_MINUTE = 60.0
ZIPF_EXPONENT = 1.1
ERRORS_EVERY = 8


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run of the stage used."""

    cpu_seconds: float
    peak_megabytes: float


def hour_of_counts(series: int, hour: int, *, seed: int = 1) -> pa.Table:
    """Simulate the minute counts of an hour."""
    rates = BUSIEST_CALLS_PER_MINUTE / np.arange(1, series + 1) ** ZIPF_EXPONENT
    rhythm = 1.0 + 0.5 * np.sin(2 * np.pi * (hour % 24) / 24)
    calls = np.random.default_rng([seed, hour]).poisson((rates * rhythm)[:, None], (series, 60))
    code, minute = np.nonzero(calls)
    is_error = code % ERRORS_EVERY == ERRORS_EVERY - 1
    api = code - is_error
    first = int((START + hour * HOUR).timestamp()) // 60
    columns = {
        "minute": pa.array((minute + first) * 60_000_000).cast(INSTANT),
        "event_category": pa.array(np.full(code.size, "Management")),
        "is_read_only": pa.array(np.zeros(code.size, dtype=bool)),
        "event_source": pa.array([f"service{number % 40}.amazonaws.com" for number in api.tolist()]),
        "event_name": pa.array([f"Operation{number}" for number in api.tolist()]),
        "error_code": pa.array(np.full(code.size, "ThrottlingException"), mask=~is_error),
        "count": pa.array(calls[code, minute].astype(np.int64)),
    }
    return pa.table({name: columns[name] for name in MINUTE_COUNTS.names}).cast(MINUTE_COUNTS)


def fill(lake: str, series: int, hours: range) -> int:
    """Put hours of counts into a lake, marked as read and changed; give the rows."""
    store, rows = _workspace(lake, hours.stop).lake, 0
    for hour in hours:
        table = hour_of_counts(series, hour)
        event_hour = EventHour(*PLACE, START + hour * HOUR)
        changes.mark(store, event_hour, str(hour))
        store.put(counts.hour_key(event_hour), encode(table))
        rows += table.num_rows
    reading.mark(store, Window(START + hours.start * HOUR, START + hours.stop * HOUR + 20 * MINUTE))
    return rows


def judge(lake: str, until: int) -> Cost:
    """Run the stage as it is after an hour."""
    tune_arrow()
    detect.run(None, _workspace(lake, until))
    return Cost(time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detect_speed", description="Measure detection's cost.")
    parser.add_argument("--series", type=int, default=5000)
    parser.add_argument("--days", default="1,7,28", help="lengths of the backfill; default: %(default)s")
    options = parser.parse_args(arguments)
    print("| days | minute counts | backfill CPU s | peak MB | next hour CPU s | peak MB | memory on disk MB |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    for days in map(int, options.days.split(",")):
        with tempfile.TemporaryDirectory() as lake:
            rows = fill(lake, options.series, range(days * 24))
            backfill = _alone(lake, days * 24)
            fill(lake, options.series, range(days * 24, days * 24 + 1))
            hour = _alone(lake, days * 24 + 1)
            newest = max(Path(lake, memories.TABLE).rglob("*.arrow"), key=lambda path: path.name)
            print(
                f"| {days} | {rows:,} | {backfill.cpu_seconds:.1f} | {backfill.peak_megabytes:.0f} "
                f"| {hour.cpu_seconds:.2f} | {hour.peak_megabytes:.0f} | {newest.stat().st_size / 1e6:.1f} |",
                flush=True,
            )
    return 0


def _alone(lake: str, until: int) -> Cost:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(judge, lake, until).result()


def _workspace(lake: str, until: int) -> Workspace:
    workspace = Workspace(parse_settings({"lake": {"url": lake}}))
    workspace.now = lambda: START + until * HOUR + 25 * MINUTE
    return workspace


if __name__ == "__main__":
    sys.exit(main())
