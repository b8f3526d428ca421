"""Which places are no lakes, and which trails and lakes do not go together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from insights.errors import NotFoundError, StorageError
from insights.storage.opening import open_store
from insights.storage.places import refuse_lake_in_trail, refuse_no_lake


def test_first_run_makes_a_lake(pipeline: Any, record: Callable[..., dict[str, Any]]) -> None:
    """What a run writes first already makes a lake, though nothing was delivered for its window."""
    with pytest.raises(NotFoundError, match=r"there is no lake in memory://lake: .* made by `insights run`"):
        refuse_no_lake(pipeline.workspace.lake)
    pipeline.deliver(record(), at="20261001T1310Z")
    assert pipeline.extract().to_read == 0

    refuse_no_lake(pipeline.workspace.lake)


@pytest.mark.parametrize("table", ["events", "ledger", "minute_counts", "insights"])
def test_tables_without_state(table: str) -> None:
    """A copy of a table alone is a lake to look at."""
    lake = open_store("memory://lake")
    lake.put(f"{table}/date=2026-11-01/a.parquet", b"")

    refuse_no_lake(lake)


def test_trail_is_no_lake(pipeline: Any, record: Callable[..., dict[str, Any]]) -> None:
    """A trail that is given as lake is told from one."""
    pipeline.deliver(record())

    with pytest.raises(NotFoundError, match="there is no lake in memory://trail"):
        refuse_no_lake(pipeline.workspace.trail)


@pytest.mark.parametrize(
    ("trail", "lake", "where"),
    [
        ("s3://logs", "s3://logs", "the same place as"),
        ("s3://logs/a/", "s3://logs/a", "the same place as"),
        ("s3://logs", "s3://logs/lake", "in"),
        ("s3://logs/a", "s3://logs/a/b/lake", "in"),
        ("s3://logs/AWSLogs", "s3://logs", "around"),
        ("trail", "trail", "the same place as"),
        ("trail", "./trail/", "the same place as"),
        ("trail", "file://{here}/trail/lake", "in"),
        ("trail", "elsewhere/../trail/lake", "in"),
        ("trail", "link/lake", "in"),
        ("trail", ".", "around"),
    ],
)
def test_lake_in_trail(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, trail: str, lake: str, where: str) -> None:
    """A lake in the trail, or a folder around it, is refused however the two are written."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trail").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "trail")

    with pytest.raises(
        StorageError, match=rf"the lake \S+ is {where} the trail \S+: .* choose a bucket, prefix or folder"
    ):
        refuse_lake_in_trail(trail, lake.format(here=tmp_path))


@pytest.mark.parametrize(
    ("trail", "lake"),
    [
        ("s3://logs", "s3://lake"),
        ("s3://logs", "s3://logs-lake"),
        ("s3://logs/trail", "s3://logs/trail-insights"),
        ("s3://logs/trail", "s3://logs"),
        ("s3://logs/trail", "logs/trail"),
        ("trail", "trail-lake"),
        ("memory://", "memory://"),
    ],
)
def test_lake_beside_trail(trail: str, lake: str) -> None:
    """Other buckets, prefixes and folders go together, and one bucket for both with a prefix each."""
    refuse_lake_in_trail(trail, lake)
