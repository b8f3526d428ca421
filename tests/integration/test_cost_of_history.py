"""What an hour costs does not depend on how much history there is, counted in requests to the stores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from insights.settings import parse_settings
from insights.simulate import SignedDigest, SigningKey, public_key_list, scenario, simulate, with_digests
from insights.stages import count, extract, maintain, normalize, quality_report, reconcile
from insights.stages.workspace import Workspace
from insights.storage import reading
from insights.storage.objects import Folder, ObjectInfo
from insights.storage.opening import open_store
from insights.windows import DAY, HOUR, Window, parse_instant

PAGE = 1000  # what S3 lists at a request
START = parse_instant("2026-11-02")
HISTORIES = (1, 7, 28)
STEPS = ("extract", "normalize", "verify", "validate", "count", "coverage", "detect", "publish", "notify", "reconcile")


class CountingStore:
    """Hands everything on, counts the requests that a bucket would be sent, and dates what is put by the clock."""

    def __init__(self) -> None:
        self.inner = open_store("memory://")
        self.url, self.requests = self.inner.url, Counter[str]()
        self.now, self.put_at = START, dict[str, datetime]()

    def put(self, key: str, content: bytes, **options: Any) -> None:
        self.requests["PUT"] += 1
        self.inner.put(key, content, **options)
        self.put_at[key] = self.now

    def list_folder(self, prefix: str) -> Folder:
        found = self.inner.list_folder(prefix)
        self.requests["LIST"] += _pages(len(found.folders) + len(found.objects))
        return replace(found, objects=tuple(map(self._dated, found.objects)))

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        found = list(self.inner.list(prefix))
        self.requests["LIST"] += _pages(len(found))
        return map(self._dated, found)

    def _dated(self, info: ObjectInfo) -> ObjectInfo:
        return replace(info, last_modified=self.put_at[info.key])

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.inner, name)

        def counted(*args: Any, **kwargs: Any) -> Any:
            self.requests[name.upper().partition("_")[0]] += 1
            return method(*args, **kwargs)

        return counted


def _pages(listed: int) -> int:
    return max(1, -(-listed // PAGE))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A signed trail of four weeks and some hours, beside which loose files may lie."""
    quiet = scenario("quiet", start=START, days=HISTORIES[-1] + 0.5, seed=3, calls_per_hour=1)
    plan = replace(quiet, accounts=("111122223333",), regions=("us-east-1",))
    key = SigningKey(rsa.generate_private_key(65537, 2048))
    (tmp_path / "keys.json").write_bytes(public_key_list(plan, key))
    made = Workspace(
        parse_settings(
            {
                "integrity": {"policy": "refuse", "keys_file": str(tmp_path / "keys.json")},
                "notify": {"channels": []},
                "trail": {"loose_files": "read"},
            }
        )
    )
    trail, lake = CountingStore(), CountingStore()
    made.trail, made.lake = trail, lake
    for each in with_digests(plan, simulate(plan), key):
        trail.put(each.key, each.body, attributes=each.attributes if isinstance(each, SignedDigest) else None)
    made.lookback = DAY
    return made


def _set_clock(workspace: Workspace, now: datetime) -> None:
    workspace.now = lambda: now
    workspace.trail.now = workspace.lake.now = now  # type: ignore[attr-defined]


def _read_day(workspace: Workspace, day: Window) -> None:
    """Read a day and note it as 24 hourly runs would have; then tidy up, as every night."""
    _set_clock(workspace, day.end)
    for shard in extract.run(day, workspace).shards:
        normalize.run(day, workspace, shard)
    for step in ("verify", "coverage", "detect", "publish"):
        if step == "coverage":
            count.run(day, workspace, is_whole=False)
            for hour in day.hours():
                reading.mark(workspace.lake, workspace.delivered(hour, lookback=False))
        import_module(f"insights.stages.{step}").run(day if step in ("verify", "coverage") else None, workspace)
    maintain.run(None, workspace)


def _run_hour(workspace: Workspace, window: Window) -> Counter[str]:
    """Do what the DAGs do of an hour; give the requests it took."""
    _set_clock(workspace, window.end + timedelta(minutes=20))
    workspace.trail.requests.clear()  # type: ignore[attr-defined]
    workspace.lake.requests.clear()  # type: ignore[attr-defined]
    shards: tuple[str, ...] = ()
    for step in STEPS:
        stage = import_module(f"insights.stages.{step}")
        if step == "extract":
            shards = stage.run(window, workspace).shards
        elif step == "normalize":
            for shard in shards:
                stage.run(window, workspace, shard)
        else:
            stage.run(None if step in ("detect", "publish", "notify") else window, workspace)
    quality_report.render(window, workspace)
    return workspace.trail.requests + workspace.lake.requests  # type: ignore[attr-defined, no-any-return]


def test_an_hour_takes_the_same_requests(workspace: Workspace) -> None:
    """After 7 and after 28 days an hour takes as many requests of each kind as after one day, within a fifth."""
    seen: dict[int, Counter[str]] = {}
    for number, day in enumerate(Window(START, START + HISTORIES[-1] * DAY).days(), start=1):
        _read_day(workspace, day)
        if number in HISTORIES:
            _run_hour(workspace, Window(day.end, day.end + HOUR))  # as after a restart: the day's hours are judged
            seen[number] = _run_hour(workspace, Window(day.end + HOUR, day.end + 2 * HOUR))
    first, *later = seen.values()

    assert {kind for kind, number in first.items() if number} >= {"LIST", "GET", "PUT"}
    for each in later:
        for kind in ("LIST", "GET", "PUT", "DELETE"):
            assert each[kind] <= max(1.2 * first[kind], first[kind] + 3), (kind, seen)


def test_loose_files_are_found_at_the_same_requests(workspace: Workspace, record: Any, body: Any) -> None:
    """Files whose names tell nothing are found again by every search, and were read: whether each of 7 days brought two
    of them or each of 28, to know that takes the lake the same requests."""
    seen: dict[int, int] = {}
    for number, day in enumerate(Window(START, START + HISTORIES[-1] * DAY).days(), start=1):
        _set_clock(workspace, day.start + 6 * HOUR)
        for which in range(2):
            call = record(2 * number + which, eventTime=f"{day.start:%Y-%m-%d}T05:00:00Z")
            workspace.trail.put(f"exports/{day.start:%Y-%m-%d}-{which}.json.gz", body(call))
        _set_clock(workspace, day.end)
        for shard in extract.run(day, workspace).shards:
            normalize.run(day, workspace, shard)
        maintain.run(None, workspace)
        if number in HISTORIES:
            hour = Window(day.end, day.end + HOUR)
            _set_clock(workspace, hour.end + timedelta(minutes=20))
            lake: CountingStore = workspace.lake  # type: ignore[assignment]
            lake.requests.clear()
            assert extract.run(hour, workspace).already_read >= 2 * number
            reconcile.run(hour, workspace)
            seen[number] = lake.requests["LIST"] + lake.requests["GET"]

    assert seen[28] <= seen[7] + 3, seen
