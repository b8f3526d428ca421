"""The command line as a program calls it, and a small lake to look at."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from insights.cli.main import main
from insights.records.schemas import INSIGHTS
from insights.settings import parse_settings
from insights.stages import count, extract, normalize
from insights.stages.workspace import Workspace
from insights.storage import insights
from insights.storage.opening import open_store
from insights.windows import Window, parse_instant

DAY = Window(parse_instant("2026-11-01"), parse_instant("2026-11-02"))


@dataclass(frozen=True)
class Answer:
    """What a command leaves behind."""

    status: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)

    def csv(self) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.out)))


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Answer]:
    """Runs `insights` with some arguments in an empty folder, without settings from elsewhere."""
    monkeypatch.chdir(tmp_path)
    for name in ("TRAIL_INSIGHTS_SETTINGS", "TRAIL_INSIGHTS__LAKE__URL", "TRAIL_INSIGHTS__TRAIL__URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "200")

    def ran(*arguments: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["insights", *map(str, arguments)])
        status: Any = 0
        try:
            main()
        except SystemExit as end:
            status = end.code or 0
        said = capsys.readouterr()
        return Answer(status, said.out, said.err)

    return ran


def make_insight(insight_id: str, start: str, **columns: Any) -> insights.Row:
    """A closed insight: 42 calls in one minute, after 21 in the 10,885 minutes before."""
    record = {"eventVersion": "1.09", "sharedEventID": insight_id, "insightDetails": {"state": "Start"}}
    values = {
        "insight_id": insight_id,
        "status": "closed",
        "account_id": "111122223333",
        "region": "us-east-1",
        "event_category": "Management",
        "insight_type": "ApiCallRateInsight",
        "event_source": "ec2.amazonaws.com",
        "event_name": "TerminateInstances",
        "direction": "spike",
        "start_time": parse_instant(start),
        "end_time": parse_instant(start),
        "duration_minutes": 1,
        "explanation": "42 calls in one minute.",
        "start_record_json": json.dumps(record),
        "end_record_json": json.dumps(record | {"insightDetails": {"state": "End"}}),
        "detected_at": parse_instant(start),
    }
    filler = {"int64": 1, "double": 0.5, "bool": False, "string": "x"}
    blank = {
        each.name: None if each.nullable else filler[str(each.type)] for each in INSIGHTS if each.name not in values
    }
    return values | blank | columns


@pytest.fixture
def insight() -> Callable[..., insights.Row]:
    return make_insight


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """A folder with two insights in it."""
    folder = tmp_path / "lake"
    store = open_store(str(folder), create=True)
    insights.write(store, make_insight("aaaa1111-older", "2026-11-01T13:25:00Z"))
    insights.write(store, make_insight("bbbb2222-newer", "2026-11-02T02:00:00Z", status="open", end_record_json=None))
    return folder


@pytest.fixture
def counted(tmp_path: Path, key: Callable[..., str], body: Callable[..., bytes]) -> Callable[..., Path]:
    """Brings records through extract, normalize and count into a folder, which it gives."""

    def made(*records: dict[str, Any]) -> Path:
        trail, folder = tmp_path / "trail", tmp_path / "lake"
        open_store(str(trail), create=True).put(key("20261101T1310Z"), body(*records))
        workspace = Workspace(parse_settings({"trail": {"url": str(trail)}, "lake": {"url": str(folder)}}))
        for shard in extract.run(DAY, workspace).shards:
            normalize.run(DAY, workspace, shard)
        count.run(DAY, workspace)
        return folder

    return made
