from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]
SHORT = ("--start", "2026-11-01", "--scenario", "quiet", "--days", "0.05", "--calls-per-hour", "20")


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.json.gz")}


def test_trail(command: Command, tmp_path: Path) -> None:
    """The trail has AWS's key layout, and the report adds up with what lies there."""
    report = command("simulate", "--out", tmp_path / "trail", *SHORT, "--json").json()

    files = files_of(tmp_path / "trail")
    assert report["objects"] == len(files)
    assert report["records"] == sum(len(json.loads(gzip.decompress(body))["Records"]) for body in files.values())
    assert report["records"] > 0
    assert {key.split("/")[0] for key in files} == {"AWSLogs"}


def test_organization(command: Command, tmp_path: Path) -> None:
    """The layout of an organization's trail has the organization's id in its keys."""
    command("simulate", "--out", tmp_path / "trail", *SHORT, "--layout", "organization")

    assert {key.split("/")[1][:2] for key in files_of(tmp_path / "trail")} == {"o-"}


def test_seed(command: Command, tmp_path: Path) -> None:
    """The same seed gives the same bytes, another seed another trail."""
    for folder, seed in (("a", 7), ("b", 7), ("c", 8)):
        command("simulate", "--out", tmp_path / folder, *SHORT, "--seed", seed)

    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")
    assert files_of(tmp_path / "a") != files_of(tmp_path / "c")


def test_truth(command: Command, tmp_path: Path) -> None:
    """The truth file lists the incidents that the trail holds: here the one of AWS's announcement."""
    announcement = ("--scenario", "announcement", "--days", "8", "--calls-per-hour", "0.1", "--start", "2019-10-31")

    command("simulate", "--out", tmp_path / "trail", *announcement, "--truth", tmp_path / "truth.json")

    (incident,) = json.loads((tmp_path / "truth.json").read_text())
    assert (incident["event_name"], incident["calls"]) == ("RunInstances", 6)
    assert incident["start"].startswith("2019-11-07T13:25")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--days", "0.1"), 1, "the incidents of the scenario default lie in its last day: simulate one day or more"),
        (("--days", "inf"), 2, "Invalid value for '--days'"),
        (("--days", "1", "--calls-per-hour", "1e300"), 2, "Invalid value for '--calls-per-hour'"),
        (("--days", "1", "--start", "1999-01-01"), 1, "in which all calls lie: begin later"),
        (("--days", "1", "--start", "9999-12-31"), 1, "is empty: its end must be later than its start"),
    ],
)
def test_too_much(command: Command, tmp_path: Path, arguments: tuple[str, ...], status: int, said: str) -> None:
    """Lengths, times and rates that cannot be simulated are refused in words, and nothing is written."""
    answer = command("simulate", "--out", tmp_path / "trail", "--start", "2026-11-01", *arguments)

    assert (answer.status, said in answer.err) == (status, True)
    assert not (tmp_path / "trail").exists()
