"""`insights coverage`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from insights.settings import parse_settings
from insights.stages import coverage
from insights.stages.workspace import Workspace
from insights.windows import Window, parse_instant

DAY = ("--start", "2026-11-01", "--end", "2026-11-02")


def covered(lake: Path, trail: Path) -> Path:
    window = Window(parse_instant("2026-11-01"), parse_instant("2026-11-02"))
    settings = parse_settings({"trail": {"url": str(trail)}, "lake": {"url": str(lake)}})
    coverage.run(window, Workspace(settings))
    return lake


def test_day(command: Callable[..., Any], counted: Callable[..., Path], record: Any, tmp_path: Path) -> None:
    """A day is a line with a sign for each hour; gaps are named with their ends."""
    lake = covered(counted(record(1)), tmp_path / "trail")

    answer = command("coverage", "--lake", lake, *DAY)

    assert answer.status == 0
    assert "0" * 13 + "#" + "0" * 10 in answer.out
    assert "1 unverified" in " ".join(answer.out.split())
    assert "no data: 111122223333 us-east-1 2026-11-01T00:00:00Z/2026-11-01T13:00:00Z" in answer.out


def test_narrow_terminal(
    command: Callable[..., Any],
    counted: Callable[..., Path],
    record: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In eighty columns the account, the day and all of its hours are there to the last character."""
    lake = covered(counted(record(1)), tmp_path / "trail")
    monkeypatch.setenv("COLUMNS", "80")
    answer = command("coverage", "--lake", lake, *DAY)

    assert "111122223333 us-east-1" in answer.out
    assert any(line.split()[:2] == ["2026-11-01", "0" * 13 + "#" + "0" * 10] for line in answer.out.splitlines())


def test_json(command: Callable[..., Any], counted: Callable[..., Path], record: Any, tmp_path: Path) -> None:
    """With --json there is a row for each hour that was read, and the gaps."""
    lake = covered(counted(record(1)), tmp_path / "trail")

    found = command("coverage", "--lake", lake, *DAY, "--json").json()

    assert [row["hour"] for row in found["hours"] if row["status"] == "data"] == ["2026-11-01T13:00:00Z"]
    assert (len(found["hours"]), len(found["gaps"])) == (24, 2)


def test_nothing_read(command: Callable[..., Any], tmp_path: Path) -> None:
    """A lake in which nothing was read shows no hours, and no gaps either."""
    (tmp_path / "state").mkdir()
    answer = command("coverage", "--lake", tmp_path)

    assert (answer.status, "0 hours read, gaps: 0" in answer.out) == (0, True)
