"""`insights run` as people start it: a process of its own, on S3 and on folders."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from insights.settings import parse_settings
from insights.stages.workspace import Workspace
from insights.storage.opening import open_store
from insights.windows import Window
from tests.airflow_home import PROJECT

INSIGHTS = [sys.executable, "-c", "from insights.cli.main import main; main()"]
DAY = ("--start", "2026-11-01", "--end", "2026-11-02")


@pytest.fixture
def insights(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command to its end, in an empty folder, with changes to the environment."""

    def ran(*arguments: str, changes: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(PROJECT), **(changes or {})}
        return subprocess.run(
            [*INSIGHTS, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    return ran


def test_on_s3(cloud: Any, insights: Any, two_hours: Any, rows_of: Any) -> None:
    """With buckets and credentials in the environment the whole pipeline runs; its report adds up with the trail."""
    cloud.deliver(two_hours)

    done = insights("run", *DAY, "--workers", "1", "--json", changes={"AWS_ENDPOINT_URL": cloud.url})

    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0)
    report = json.loads(done.stdout)
    assert report["extract"]["listed"] == len(two_hours)
    assert report["reconcile"]["records_in"] == sum(each.records for each in two_hours)
    rows = rows_of(cloud.store("s3://lake-bucket"), "events")
    assert report["reconcile"]["kept"] == len(rows) == report["count"]["calls"]


def test_bucket_that_is_not_there(cloud: Any, insights: Any) -> None:
    """A mistyped bucket ends with status 1 and one line that names it."""
    done = insights("run", *DAY, "--trail", "s3://trail-bukcet", changes={"AWS_ENDPOINT_URL": cloud.url})

    assert done.returncode == 1
    assert "error: s3://trail-bukcet is not there: check the name of the bucket or folder" in done.stderr
    assert "Traceback" not in done.stderr


def test_refused_credentials(cloud: Any, insights: Any, two_hours: Any) -> None:
    """Credentials that AWS does not take end with status 1 and one line that says what to check."""
    cloud.deliver(two_hours[:1])

    with cloud.refusing():
        done = insights("run", *DAY, changes={"AWS_ENDPOINT_URL": cloud.url})

    assert done.returncode == 1
    assert "error: access to s3://trail-bucket was refused: check the credentials and their policy" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_credentials(insights: Any, tmp_path: Path) -> None:
    """Without any credentials the message names the variables to set."""
    nothing = {"AWS_EC2_METADATA_DISABLED": "true", "HOME": str(tmp_path)}

    done = insights("run", *DAY, "--trail", "s3://trail-bucket", "--lake", str(tmp_path), changes=nothing)

    assert done.returncode == 1
    assert "no AWS credentials for s3://trail-bucket: set AWS_ACCESS_KEY_ID" in done.stderr


def test_killed(announcement: Any, announcement_window: Window, tmp_path: Path, analyse: Any, rows_of: Any) -> None:
    """Killed while it writes events and run again, it ends in the rows of a run that nothing disturbed."""
    trail = open_store(str(tmp_path / "trail"), create=True)
    for each in announcement:
        trail.put(each.key, each.body)
    killed, undisturbed = (
        Workspace(parse_settings({"trail": {"url": str(tmp_path / "trail")}, "lake": {"url": str(tmp_path / name)}}))
        for name in ("killed", "undisturbed")
    )

    kill_once_events_are_written(tmp_path, announcement_window)
    assert list(killed.lake.list("events/"))
    assert not list(killed.lake.list("ledger/"))
    analyse(announcement_window, killed)
    analyse(announcement_window, undisturbed)

    for table in ("events", "minute_counts", "insights"):
        assert rows_of(killed.lake, table) == rows_of(undisturbed.lake, table)
    assert sorted(row["object_key"] for row in rows_of(killed.lake, "ledger")) == sorted(e.key for e in announcement)


def kill_once_events_are_written(folder: Path, window: Window) -> None:
    """Start `insights run` on the folders trail and killed, and end it and its workers by SIGKILL in the midst."""
    span = ("--start", window.start.isoformat(), "--end", window.end.isoformat())
    places = ("--trail", str(folder / "trail"), "--lake", str(folder / "killed"))
    with subprocess.Popen(
        [*INSIGHTS, "run", *span, *places, "--workers", "1"],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as running:
        deadline = time.monotonic() + 60
        while not any((folder / "killed" / "events").rglob("*.parquet")):
            assert running.poll() is None, "it ended before it was killed"
            assert time.monotonic() < deadline, "no events after a minute"
            time.sleep(0.002)
        os.killpg(running.pid, signal.SIGKILL)
