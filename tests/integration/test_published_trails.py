"""Trails that others recorded and published, read from start to end."""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from insights.records.batches import Batch
from insights.records.columns import build_rows
from insights.records.document import read_document
from insights.records.event import REASONS, restore_text
from insights.settings import parse_settings
from insights.stages import count, extract, normalize, reconcile, validate
from insights.stages.workspace import Workspace
from insights.storage.counts import read_counts
from insights.windows import Window, parse_instant

DATA = Path(__file__).parents[2] / "../shared/data"
TRAILS = sorted(path.name for path in DATA.glob("cloudtrail-*")) or ["none"]
ALWAYS = Window(parse_instant("2013-01-01"), parse_instant("2100-01-01"))

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="needs the published trails of ../shared/data")


def ingest(trail: str, lake: Path) -> Workspace:
    workspace = Workspace(parse_settings({"trail": {"url": str(DATA / trail)}, "lake": {"url": str(lake)}}))
    for shard in extract.run(ALWAYS, workspace).shards:
        normalize.run(ALWAYS, workspace, shard)
    count.run(ALWAYS, workspace)
    return workspace


@pytest.mark.parametrize("trail", ["cloudtrail-invictus", "cloudtrail-production-5min"])
def test_minute_counts(tmp_path: Path, trail: str) -> None:
    """The counts are, row for row, those that were summed from the trail without this product."""
    with (DATA / trail / "expected_minute_counts.csv").open() as file:
        expected = Counter({tuple(row[:-1]): int(row[-1]) for row in list(csv.reader(file))[1:]})

    found: Counter[tuple[str, ...]] = Counter()
    for hour, table in read_counts(ingest(trail, tmp_path).lake, ALWAYS):
        for row in table.to_pylist():
            key = (
                f"{row['minute']:%Y-%m-%dT%H:%M:%SZ}",
                hour.account_id,
                hour.region,
                row["event_category"],
                str(row["is_read_only"]).lower(),
                row["event_source"],
                row["event_name"],
                row["error_code"] or "",
            )
            found[key] += row["count"]
    assert found == expected


@pytest.mark.parametrize("trail", TRAILS)
def test_nothing_is_lost(tmp_path: Path, trail: str) -> None:
    """Whatever a folder holds is read, counted and accounted for; what cannot be read is told with a known reason."""
    report = reconcile.run(ALWAYS, ingest(trail, tmp_path))

    assert report.records_in == report.kept + report.duplicate + report.out_of_scope + report.quarantined
    assert report.listed == report.read + sum(report.skipped.values())
    assert report.unread == 0
    assert set(report.refused) <= set(REASONS)


def test_reasons(tmp_path: Path) -> None:
    """The odd shapes are refused for what they are: one cut off, one JSON object a line."""
    workspace = ingest("cloudtrail-odd-shapes", tmp_path)
    report = reconcile.run(ALWAYS, workspace)

    # cloudgrep's bad_cloudtrail.json and OTRF's Logstash file; what else is refused wraps its records another way.
    assert report.refused["not_json"] == 2
    assert set(report.refused) <= {"not_json", "no_records"}
    # Four data events and two of Trailscraper's are there as .json and as .json.gz.
    assert report.duplicate >= 6


def entries_of(path: Path) -> list[Any]:
    """Give a file's records as the standard library reads them; none where the file is no trail object."""
    try:
        content = path.read_bytes()
        document = json.loads(gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content)
    except (ValueError, OSError, EOFError, zlib.error):
        return []
    return document.get("Records", []) if isinstance(document, dict) else []


def test_every_record_is_given_back() -> None:
    """Every record of every file comes back from its row as the JSON object that was published."""
    given_back = 0
    for path in sorted(DATA.glob("cloudtrail-*/**/*.json*")):
        document = read_document(path.name, path.read_bytes())
        batch = Batch()
        batch.add(document, 0)
        rows, refusals = build_rows(batch)
        entries = entries_of(path)
        kept = [entries[place] for place in rows.positions]
        assert [json.loads(restore_text(row)) for row in rows.table.to_pylist()] == kept, path
        assert len(entries) == len(kept) + len(refusals) + sum(
            refusal.index is not None for refusal in document.refusals
        )
        given_back += len(kept)
    assert given_back > 4_500


def test_quality(tmp_path: Path) -> None:
    """No critical rule stops an hour of a trail that AWS wrote."""
    workspace = ingest("cloudtrail-production-5min", tmp_path)
    report = validate.run(ALWAYS, workspace)

    assert report.checked > 0
    assert report.held == {}
