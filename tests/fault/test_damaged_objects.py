"""Objects damaged at random: none stops a run, none harms another, and each loss is a row of the quarantine."""

from __future__ import annotations

import gzip
import json
import zlib
from collections import defaultdict
from random import Random
from typing import Any

import pytest

from insights.records.event import REASONS, restore_text
from insights.stages import reconcile
from tests.fault.damage import damaged

RECORDS_EACH = 6
GOOD_EVERY = 10


@pytest.fixture(scope="module")
def delivered(open_pipeline, record, key, thorough: bool) -> Any:
    """A pipeline over damaged objects with good ones among them; gives it, their contents, and the good records."""
    pipeline, contents, good = open_pipeline(), {}, {}
    for number in range(1000 if thorough else 150):
        rng = Random(number)
        records = [
            record(
                RECORDS_EACH * number + i,
                eventTime=f"2026-11-01T{rng.randrange(24):02}:{i:02}:00Z",
                eventCategory=rng.choice(("Management", "Data", "NetworkActivity")),
            )
            for i in range(RECORDS_EACH)
        ]
        name = key(f"20261101T{number % 24:02}10Z", f"{number:016}")
        if number % GOOD_EVERY == 0:
            in_scope = [each | {"eventCategory": "Management"} for each in records]
            good[name] = in_scope
            contents[name] = gzip.compress(json.dumps({"Records": in_scope}).encode(), mtime=0)
        else:
            contents[name] = damaged(rng, records)
        pipeline.put(name, contents[name])
    pipeline.ingest()
    return pipeline, contents, good


@pytest.fixture(scope="module")
def rows_of_object(delivered) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """The rows of each table by the object they came from."""
    pipeline, _, _ = delivered
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for table in ("events", "quarantine", "ledger"):
        found[table] = defaultdict(list)
        for row in pipeline.rows(table):
            found[table][row["object_key"]].append(row)
    return found


def entries_of(content: bytes) -> list[Any] | None:
    """Give the entries of Records as the standard library reads them; None where it cannot."""
    try:
        document = json.loads(gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content)
    except (ValueError, OSError, EOFError, zlib.error, RecursionError):
        return None
    entries = document.get("Records") if isinstance(document, dict) else None
    return entries if isinstance(entries, list) else None


def same(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def test_good_objects(delivered, rows_of_object) -> None:
    """Each record of the good objects is an event as it was written."""
    _, _, good = delivered
    for name, records in good.items():
        found = [json.loads(restore_text(row)) for row in rows_of_object["events"][name]]
        found.sort(key=lambda each: each["eventID"])
        assert found == records


def test_each_object_adds_up(delivered, rows_of_object) -> None:
    """Each object is in the ledger once, its numbers add up, and the quarantine has a row for each record refused."""
    _, contents, _ = delivered
    for name in contents:
        (entry,) = rows_of_object["ledger"][name]
        refused = [row for row in rows_of_object["quarantine"][name] if row["record_index"] is not None]
        assert entry["records_in"] == sum(entry[each] for each in ("kept", "duplicate", "out_of_scope", "quarantined"))
        assert entry["quarantined"] == len(refused)
        assert entry["kept"] == len(rows_of_object["events"][name])


def test_run_adds_up(delivered) -> None:
    """The run reconciles, with reasons we know."""
    pipeline, contents, _ = delivered
    report = reconcile.run(pipeline.window, pipeline.workspace)

    assert (report.read, report.unread) == (len(contents), 0)
    assert set(report.refused) <= set(REASONS)
    assert len(report.refused) >= 8


def test_unreadable_objects(delivered, rows_of_object) -> None:
    """What the standard library cannot unpack, or holds no Records, is a row of its own in the quarantine."""
    _, contents, _ = delivered
    unreadable = 0
    for name, content in contents.items():
        if entries_of(content) is None and not rows_of_object["events"][name]:
            unreadable += 1
            assert rows_of_object["quarantine"][name], name
    assert unreadable > len(contents) / 5


def test_each_loss_is_explained(delivered, rows_of_object) -> None:
    """Of what the standard library can read, each entry is an event as it was written, is out of scope, is known under
    its id already, or is a row of the quarantine; else the whole object is."""
    _, contents, _ = delivered
    known_ids = {row["event_id"] for rows in rows_of_object["events"].values() for row in rows}
    for name, content in contents.items():
        entries = entries_of(content)
        refused = {row["record_index"] for row in rows_of_object["quarantine"][name]}
        if entries is None or None in refused:
            continue
        kept = [json.loads(restore_text(row)) for row in rows_of_object["events"][name]]
        for place, entry in enumerate(entries):
            if place in refused or any(same(entry, each) for each in kept):
                continue
            assert entry.get("eventCategory") not in ("Management", "Data") or entry.get("eventID") in known_ids, name
