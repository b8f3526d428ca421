from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
