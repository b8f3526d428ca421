"""Running a candidate as a process of its own, what it used, and what it counted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from insights.records.schemas import INSTANT

CANDIDATES = Path(__file__).parent / "candidates"
LAUNCH = Path(__file__).parent / "launch.py"
_KEYS = ["account_id", "region", "minute", "event_category", "is_read_only", "event_source", "event_name", "error_code"]


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process and all its children used: processor and clock seconds, and the largest one's peak memory."""

    cpu_seconds: float
    wall_seconds: float
    peak_megabytes: float


def middle(runs: Sequence[Usage]) -> Usage:
    """Give the median of each figure of several runs."""
    return Usage(
        median(each.cpu_seconds for each in runs),
        median(each.wall_seconds for each in runs),
        median(each.peak_megabytes for each in runs),
    )


def run(python: Path, script: str, trail: str, out: Path, environment: Mapping[str, str] | None = None) -> Usage:
    """Run a candidate on a trail, into an empty folder.

    Raises:
        RuntimeError: it failed.
    """
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    variables = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | dict(environment or {})
    command = [sys.executable, str(LAUNCH), str(python), str(CANDIDATES / f"{script}.py"), trail, str(out)]
    found = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    if found.returncode:
        raise RuntimeError(f"{script} ended with status {found.returncode}: {found.stderr[-2000:]}")
    return Usage(**json.loads(found.stdout))


def counts(out: Path) -> pa.Table:
    """Give the minute counts that a candidate wrote, in one form and order."""
    folder = out / "minute_counts"
    place = pa.schema([(name, pa.string()) for name in ("account_id", "region", "date")])
    partitioning = ds.partitioning(place, flavor="hive") if any(folder.glob("account_id=*")) else None
    files = ds.dataset(folder, format="parquet", partitioning=partitioning, exclude_invalid_files=True)
    table = files.to_table(columns=_columns(files.schema))
    grouped = table.group_by(_KEYS).aggregate([("count", "sum")]).sort_by([(key, "ascending") for key in _KEYS])
    return pa.table({name: grouped[name] for name in grouped.column_names})  # whether a column may be null is no matter


def _columns(schema: pa.Schema) -> dict[str, Any]:
    columns = {key: pc.field(key).cast(pa.string()) for key in _KEYS} | {"count": pc.field("count").cast(pa.int64())}
    columns["is_read_only"] = pc.field("is_read_only")
    minute = pc.field("minute")
    if not schema.field("minute").type.tz:  # then it is UTC too: everybody was told so
        minute = minute.cast(pa.timestamp("us"))
    return columns | {"minute": minute.cast(INSTANT)}
