"""Two processes at work on the same shards, killed at random moments: the next run ends as if nothing had happened."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from insights.settings import parse_settings
from insights.simulate import TrailPlan, simulate
from insights.stages import count, extract, normalize, reconcile
from insights.stages.workspace import Workspace
from insights.windows import Window, parse_instant
from tests.fault.worker import work

PLAN = TrailPlan(
    seed=11,
    start=parse_instant("2026-11-01T06:00"),
    days=1 / 6,
    accounts=("111122223333", "444455556666"),
    regions=("us-east-1",),
    calls_per_hour=100,
    duplicate_share=0.2,
    late_share=0.1,
    data_share=0.2,
    records_per_object=40,
)
AFTER_ALL = Window(parse_instant("2026-11-01T06:00"), parse_instant("2026-11-03"))
SHARD_BYTES = 10_000
KILLS_EACH = 4
"""How often the work on one lake is killed; a round kills two processes, each at a moment of its own."""

processes = multiprocessing.get_context("forkserver")


@pytest.fixture(scope="module", autouse=True)
def _started() -> None:
    processes.set_forkserver_preload(["insights.stages.normalize", "insights.stages.count", "pandas"])


@pytest.fixture(scope="module")
def trail(tmp_path_factory: pytest.TempPathFactory, record, key, body) -> Path:
    """Four hours of two accounts with late records, a second trail's copies whose keys come first, and bad objects."""
    folder = tmp_path_factory.mktemp("trail")

    def put(name: str, content: bytes) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    for number, each in enumerate(simulate(PLAN)):
        put(each.key, each.body)
        if number % 3 == 0:
            put(f"0-other-trail/{each.key}", each.body)
    for number in range(8):
        put(key(f"20261101T{6 + number // 2:02}10Z", f"{number:016}"), body("bad", record(number), [], record(number)))
        put(key(f"20261101T{6 + number // 2:02}20Z", f"{number:016}"), b"no trail object")
    return folder


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    shard = extract.shard
    monkeypatch.setattr(extract, "shard", lambda objects, _: shard(objects, SHARD_BYTES))


def opened(trail: Path, lake: Path) -> Workspace:
    return Workspace(parse_settings({"trail": {"url": str(trail)}, "lake": {"url": str(lake)}}))


def run_to_the_end(workspace: Workspace) -> None:
    for shard in extract.run(AFTER_ALL, workspace).shards:
        normalize.run(AFTER_ALL, workspace, shard)
    count.run(AFTER_ALL, workspace)


def started(trail: Path, lake: Path) -> list[Any]:
    """Start two processes on the same shards, one from each end; both have begun when this returns."""
    shards = list(extract.run(AFTER_ALL, opened(trail, lake)).shards)
    ready = processes.Barrier(3)
    both = [
        processes.Process(target=work, args=(str(trail), str(lake), AFTER_ALL, part, ready))
        for part in (shards, shards[::-1])
    ]
    for each in both:
        each.start()
    ready.wait(timeout=60)
    return both


def kill(running: list[Any], moments: list[float]) -> int:
    """Kill each process so many seconds from now; tells how many were still at work."""
    since, alive = time.monotonic(), 0
    for moment, process in sorted(zip(moments, running, strict=True), key=lambda pair: pair[0]):
        process.join(max(0.0, moment - (time.monotonic() - since)))
        alive += process.is_alive()
        process.kill()
    for process in running:
        process.join()
        assert process.exitcode in (0, -signal.SIGKILL)
    return alive


@pytest.fixture(scope="module")
def undisturbed(trail: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A lake filled by one process in one go."""
    workspace = opened(trail, tmp_path_factory.mktemp("lake"))
    run_to_the_end(workspace)
    return workspace


@pytest.fixture(scope="module")
def summary(rows_of: Callable[..., list[dict[str, Any]]]) -> Callable[[Workspace], dict[str, Any]]:
    """Gives what must be equal: all rows of three tables, and the totals of the ledger."""

    def summed(workspace: Workspace) -> dict[str, Any]:
        report = reconcile.run(AFTER_ALL, workspace)
        totals = {
            name: getattr(report, name)
            for name in ("read", "unread", "records_in", "kept", "duplicate", "out_of_scope", "quarantined", "refused")
        }
        return totals | {name: rows_of(workspace.lake, name) for name in ("events", "minute_counts", "quarantine")}

    return summed


def seconds_of_work(trail: Path, lake: Path) -> float:
    running, since = started(trail, lake), time.monotonic()
    for each in running:
        each.join()
    return time.monotonic() - since


@pytest.mark.usefixtures("small_shards")
def test_undisturbed(undisturbed: Workspace, summary: Any) -> None:
    """What is compared with has something of everything, and as many rows as the ledger says are kept."""
    found = summary(undisturbed)

    assert found["kept"] == len(found["events"])
    assert min(found["duplicate"], found["quarantined"]) > 15
    assert len({row["folder"] for row in found["events"]}) > 6


@pytest.mark.usefixtures("small_shards")
def test_killed_at_random(trail: Path, undisturbed: Workspace, summary: Any, tmp_path: Path, thorough: bool) -> None:
    """After any number of kills one normal run ends in the events, counts, quarantine and totals of no kill at all."""
    rng, expected = Random(5), summary(undisturbed)
    longest = seconds_of_work(trail, tmp_path / "measured")
    at_work = 0
    for attempt in range(13 if thorough else 1):
        lake = tmp_path / str(attempt)
        lake.mkdir()
        for _ in range(KILLS_EACH):
            at_work += kill(started(trail, lake), [rng.uniform(0, longest / KILLS_EACH) for _ in range(2)])
        workspace = opened(trail, lake)
        run_to_the_end(workspace)
        found = summary(workspace)
        for name, value in expected.items():
            assert found[name] == value, (attempt, name)
    assert at_work >= KILLS_EACH
