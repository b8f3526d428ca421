"""`insights why`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from insights.records.schemas import REASONS
from insights.storage import reasons
from insights.storage.opening import open_store
from insights.windows import hour_of, parse_instant

DAY = ("--start", "2026-11-01", "--end", "2026-11-02")
AT = parse_instant("2026-11-01T13:10")


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """A lake with a candidate that was told in one Region, and one that was not in another."""
    values: dict[str, Any] = {"string": "x", "int64": 5, "double": 12.25}
    row = {field.name: values.get(str(field.type), AT) for field in REASONS} | {"error_code": None}
    told = row | {"event_name": "RunInstances", "verdict": "told", "insight_id": "aaaa1111-older"}
    small = row | {
        "event_name": "DeleteVolume",
        "verdict": "too few calls above what is expected",
        "direction": "spike",
    }
    store = open_store(str(tmp_path / "lake"), create=True)
    for region, each in (("us-east-1", told), ("eu-west-1", small)):
        found = pa.Table.from_pylist([each], schema=REASONS)
        reasons.write(store, ("111122223333", region), hour_of(AT), found)
    return tmp_path / "lake"


def test_table(command: Callable[..., Any], lake: Path) -> None:
    """People get a line for each candidate: when, where, what, and what became of it."""
    out = command("why", "--lake", lake, *DAY).out
    (told,) = [line for line in out.splitlines() if "RunInstances" in line]
    (small,) = [line for line in out.splitlines() if "DeleteVolume" in line]

    assert "2 candidates" in out
    assert ("11-01 13:10" in told, "told (aaaa1111)" in out) == (True, True)
    assert "eu-west-1" in small
    assert "too few calls" in out


@pytest.mark.parametrize(
    ("option", "value"), [("--region", "eu-west-1"), ("--event-name", "DeleteVolume"), ("--account", "999999999999")]
)
def test_of_one_only(command: Callable[..., Any], lake: Path, option: str, value: str) -> None:
    """Candidates can be asked for by account, Region and API."""
    found = command("why", "--lake", lake, *DAY, option, value, "--json").json()["candidates"]

    assert [row["event_name"] for row in found] == ([] if option == "--account" else ["DeleteVolume"])


def test_nothing(command: Callable[..., Any], lake: Path) -> None:
    """Where nothing was a candidate it says so, and where to look instead."""
    answer = command("why", "--lake", lake, "--start", "2026-10-01", "--end", "2026-10-02")

    assert answer.status == 0
    assert "insights counts" in answer.out + answer.err
