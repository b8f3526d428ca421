"""The lake opens as it is in pyarrow and pandas; `benchmarks/open_lake.py` asks other engines the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from insights.simulate import TrailPlan, simulate
from insights.stages import count, detect, extract, normalize
from insights.stages.workspace import Workspace
from insights.storage.opening import open_store
from insights.windows import DAY, parse_instant

ACCOUNTS = ("012345678901", "111122223333")  # the first loses its zero where somebody takes it for a number
PLAN = TrailPlan(5, parse_instant("2026-11-01T22:00"), 4 / 24, ACCOUNTS, ("us-east-1",), calls_per_hour=60)
PLACE = [("account_id", pa.string()), ("region", pa.string()), ("date", pa.string())]
PARTITIONS = {
    "events": [*PLACE, ("hour", pa.int32())],
    "minute_counts": PLACE,
    "ledger": PLACE,
    "quarantine": PLACE[2:],
}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, open_lake: Callable[..., Workspace], body: Any, key: Any) -> Path:
    """Four hours around midnight of two accounts, and a bad record."""
    folder = tmp_path_factory.mktemp("lake")
    workspace = open_lake(simulate(PLAN))
    workspace.trail.put(key("20261102T0010Z"), body("bad"))
    workspace.lake = open_store(str(folder))
    for shard in extract.run(PLAN.window.widened(after=DAY), workspace).shards:
        normalize.run(PLAN.window, workspace, shard)
    count.run(PLAN.window, workspace)
    detect.run(None, workspace)
    return folder


def opened(lake: Path, table: str) -> ds.Dataset:
    partitioning = ds.partitioning(pa.schema(PARTITIONS[table]), flavor="hive")
    return ds.dataset(lake / table, format="parquet", partitioning=partitioning)


@pytest.mark.parametrize("table", PARTITIONS)
def test_pyarrow(lake: Path, rows_of: Any, table: str) -> None:
    """Every table is one dataset, with as many rows as its files have, and its partitions as columns."""
    found = opened(lake, table).to_table()

    assert found.num_rows == len(rows_of(open_store(str(lake)), table)) > 0
    assert not any(found[name].null_count for name, _ in PARTITIONS[table])


def test_counts_are_those_of_the_events(lake: Path) -> None:
    """Summed by account, day and API in pandas, the counts are the events."""
    events = opened(lake, "events").to_table().to_pandas()
    counts = opened(lake, "minute_counts").to_table().to_pandas()
    keys = ["account_id", "region", "date", "event_source", "event_name"]

    assert events.groupby(keys).size().to_dict() == counts.groupby(keys)["count"].sum().to_dict()
    assert set(events["account_id"]) == set(ACCOUNTS)


def test_pandas_by_itself(lake: Path) -> None:
    """`pandas.read_parquet` opens the folder, told that partitions are Hive's, and filters by them."""
    import pandas

    partitioning = ds.partitioning(pa.schema(PARTITIONS["events"]), flavor="hive")
    filters = [("account_id", "==", ACCOUNTS[0]), ("date", "==", "2026-11-02")]
    found = pandas.read_parquet(lake / "events", partitioning=partitioning, filters=filters)

    assert Counter(found["event_time"].dt.strftime("%Y-%m-%d")) == {"2026-11-02": len(found)}
    assert len(found) > 0
    assert set(found["event_time"].dt.hour) == set(found["hour"])
