"""The shape rules are silent on trails that AWS wrote."""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from insights.records.rules import EVENT_RULES, Matches

DATA = Path(__file__).parents[2] / "../shared/data"
MEMBERS = {
    "event_source": "eventSource",
    "event_name": "eventName",
    "recipient_account_id": "recipientAccountId",
}

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="needs the published trails of ../shared/data")


def real_records() -> Iterator[dict[str, str]]:
    for trail in ("cloudtrail-invictus", "cloudtrail-production-5min", "cloudtrail-one-per-api"):
        for path in (DATA / trail).rglob("*.json*"):
            content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            document = json.loads(content)
            records = document.get("Records", [document]) if isinstance(document, dict) else document
            yield from (record for record in records if "eventName" in record)


def test_no_record_of_a_real_trail_has_an_odd_shape():
    """A warning that fires on ordinary records would teach people to ignore warnings."""
    patterns = {MEMBERS[r.column]: r.check.pattern for r in EVENT_RULES if isinstance(r.check, Matches) and r.column}
    records = list(real_records())

    odd = {
        (member, record[member])
        for record in records
        for member, pattern in patterns.items()
        if member in record and not re.search(pattern, record[member])
    }
    assert odd == set()
    assert len(records) > 4_000
