"""Simulated trails of a wanted number of events, written to a folder, and the same folder as an S3 bucket."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from insights.cli.simulate import write
from insights.simulate import TrailPlan, scenario, simulate
from insights.storage.opening import open_store
from insights.windows import parse_instant

START = parse_instant("2026-11-03T00:00")
EVENTS_A_DAY = 1_000_000
_KEY = "benchmark"


@dataclass(frozen=True, slots=True)
class Trail:
    """What was made: `records` counts repeated deliveries too, `size` is in bytes as stored."""

    folder: Path
    objects: int
    records: int
    size: int


def ordinary(events: int) -> TrailPlan:
    """Three accounts in three Regions, a million events a day: more events are more days."""
    plan = scenario("quiet", start=START, days=max(events / EVENTS_A_DAY, 1 / 24))
    places = len(plan.accounts) * len(plan.regions)
    # A Tuesday has 6 % more calls than the mean of the week.
    return replace(plan, calls_per_hour=events / plan.days / 24 / places / 1.06)


def one_place(events: int, *, records_per_object: int) -> TrailPlan:
    """One busy account and Region for three hours, whose deliveries are cut into objects of one size."""
    plan = ordinary(EVENTS_A_DAY)
    return replace(
        plan,
        days=3 / 24,
        accounts=plan.accounts[:1],
        regions=plan.regions[:1],
        calls_per_hour=events / 3,
        records_per_object=records_per_object,
    )


def make(plan: TrailPlan, folder: Path) -> Trail:
    """Write a trail."""
    objects = records = size = 0
    with closing(write(open_store(str(folder), create=True), simulate(plan))) as written:
        for each in written:
            objects, records, size = objects + 1, records + each.records, size + len(each.body)
    return Trail(folder, objects, records, size)


@contextmanager
def served(folder: Path, rclone: Path) -> Iterator[dict[str, str]]:
    """Serve the folders in a folder as S3 buckets, read-only; gives the environment that reaches them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [
        str(rclone),
        "serve",
        "s3",
        "--read-only",
        "--addr",
        address,
        "--auth-key",
        f"{_KEY},{_KEY}",
        str(folder),
    ]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL, env={**os.environ, "RCLONE_CONFIG": ""})
    try:
        _wait_for(address, server)
        yield {
            "AWS_ENDPOINT_URL": f"http://{address}",
            "AWS_ACCESS_KEY_ID": _KEY,
            "AWS_SECRET_ACCESS_KEY": _KEY,
            "AWS_DEFAULT_REGION": "us-east-1",
        }
    finally:
        server.terminate()
        server.wait()


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    host, _, port = address.partition(":")
    for _ in range(100):
        if server.poll() is not None:
            break
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("rclone serve s3 did not start")
