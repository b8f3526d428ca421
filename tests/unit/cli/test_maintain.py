from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from insights.storage import ledger
from insights.storage.opening import open_store
from insights.storage.trail import TrailObject
from insights.windows import parse_instant

Command = Callable[..., Any]


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """A lake whose ledger has two files of a day long ago."""
    entry = {"records_in": 0, "kept": 0, "duplicate": 0, "out_of_scope": 0, "quarantined": 0, "partitions": []}
    store = open_store(str(tmp_path / "lake"), create=True)
    for key in ("a", "b"):
        delivered = parse_instant("2020-01-01T13:00")
        ledger.write(store, key, [(TrailObject(key, "1", 1, "111122223333", "eu-west-1", delivered, False), entry)])
    return tmp_path / "lake"


def names(lake: Path) -> list[str]:
    return sorted(path.name for path in lake.rglob("*.parquet"))


def test_dry_run_and_run(command: Command, lake: Path) -> None:
    """People are told what would be done, then what was done; a program gets the report."""
    planned = command("maintain", "--lake", lake, "--dry-run")
    before = names(lake)
    report = command("maintain", "--lake", lake, "--json").json()

    assert "would be put together" in planned.out
    assert before == ["a.parquet", "b.parquet"]
    assert (report["merged"]["ledger"]["files"], report["is_dry_run"]) == (2, False)
    assert names(lake) == ["day.parquet"]
    assert command("maintain", "--lake", lake).out.startswith("nothing to put together")


def test_no_lake(command: Command, tmp_path: Path) -> None:
    """A lake that is not there is not made."""
    answer = command("maintain", "--lake", tmp_path / "none")

    assert (answer.status, (tmp_path / "none").exists()) == (1, False)
    assert "there is no lake in" in answer.err
