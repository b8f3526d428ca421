"""What real trail buckets hold, in one bucket at once: every layout, version and shape is read or refused by name."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from insights.records.event import restore_text
from insights.stages import reconcile

OTHER = "444455556666"


@pytest.fixture
def ids(pipeline) -> Any:
    """Gives the numbers of the events kept, after a run."""

    def kept() -> list[int]:
        pipeline.ingest()
        return sorted(int(row["event_id"][:8], 16) for row in pipeline.rows("events"))

    return kept


@pytest.mark.parametrize(
    "prefix", ["", "audit/logs/", "o-exampleorgid/", "CloudTrail/", "AWSLogs/"], ids=lambda text: text or "none"
)
@pytest.mark.parametrize("organization", ["", "o-exampleorgid/"], ids=["account", "organization"])
def test_layouts(pipeline, ids, record, body, key, prefix: str, organization: str) -> None:
    """Account and organization trails are found below any prefix, one that looks like an organization id too."""
    pipeline.put(prefix + key().replace("AWSLogs/", f"AWSLogs/{organization}"), body(record(1)))

    assert ids() == [1]


def test_two_trails_in_one_bucket(pipeline, ids, record, body, key) -> None:
    """What two trails deliver into one bucket is kept once, and the other copies are known as duplicates."""
    pipeline.put(key(unique="A" * 16), body(record(1), record(2)))
    pipeline.put(f"other/{key(unique='B' * 16)}", body(record(2), record(1), record(3)))

    assert ids() == [1, 2, 3]
    assert reconcile.run(pipeline.window, pipeline.workspace).duplicate == 2


def test_one_event_in_two_accounts(pipeline, ids, record, body, key) -> None:
    """A call across accounts is in both, told apart by its id, related by `sharedEventID`: both count it."""
    shared = "cccccccc-3333-4333-8333-333333333333"
    pipeline.put(key(), body(record(1, sharedEventID=shared)))
    pipeline.put(key(account=OTHER), body(record(2, sharedEventID=shared, recipientAccountId=OTHER)))
    # Whether AWS gives them one id or two is not ours to rely on.
    pipeline.put(key(account=OTHER, unique="B" * 16), body(record(1, sharedEventID=shared, recipientAccountId=OTHER)))

    assert ids() == [1, 1, 2]
    assert {row["folder"].split("/")[1] for row in pipeline.rows("minute_counts")} == {
        "account_id=111122223333",
        f"account_id={OTHER}",
    }


@pytest.mark.parametrize(
    "members",
    [
        *(
            {"eventVersion": f"1.{minor}"}
            for minor in ("0", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10")
        ),
        {"eventVersion": "1.11", "eventContext": {"requestContext": {}}},
        {"eventVersion": "1.12", "newMember": {"a": 1}},
        {"eventVersion": "2.0", "other": None},
        {"awsRegion": "mars-north-1"},
        {"eventSource": "brand-new.amazonaws.com", "eventName": "DoNewThing"},
        {"eventType": "AwsServiceEvent", "serviceEventDetails": {"key": "x"}, "userIdentity": {"accountId": OTHER}},
        {"userIdentity": {"type": "Unknown", "principalId": "x", "accountId": "", "userName": ""}},
        {"userIdentity": {"accountId": OTHER, "invokedBy": "AWS Internal"}},
        {"userIdentity": None},
        {"eventTime": "2026-11-01T13:05:07.123Z"},
        {"readOnly": "true", "managementEvent": "true"},
        {"userAgent": "a\ud800b"},
        {"eventCategory": "Data", "managementEvent": False, "resources": [{"ARN": "arn:aws:s3:::bucket/key"}]},
        {"requestParameters": "null", "responseElements": []},
    ],
    ids=lambda members: json.dumps(members)[:50],
)
def test_shapes(pipeline, ids, record, members: dict[str, Any]) -> None:
    """Records of every version and shape are kept, and come back as they were written."""
    odd = record(1, **members)
    pipeline.deliver(odd)

    assert ids() == [1]
    assert [json.loads(restore_text(row)) for row in pipeline.rows("events")] == [odd]


@pytest.mark.parametrize(
    ("name", "is_read_only"),
    [("DescribeInstances", True), ("RunInstances", False), ("GetawayPlan", False)],
)
def test_nothing_said_of_reading(pipeline, record, name: str, is_read_only: bool) -> None:
    """A record that does not say whether it reads is told by its API's name, and the row says that it was."""
    silent = record(1, eventName=name)
    for member in ("readOnly", "managementEvent", "eventCategory"):
        del silent[member]
    pipeline.deliver(silent)
    pipeline.ingest()
    (row,) = pipeline.rows("events")

    assert (row["is_read_only"], row["is_management"], row["event_category"]) == (is_read_only, True, "Management")
    assert row["inferred_fields"] == "eventCategory,managementEvent,readOnly"
    assert json.loads(restore_text(row)) == silent


@pytest.mark.parametrize(
    ("content", "reason", "detail"),
    [
        (b'{"eventName":"A"}\n{"eventName":"B"}\n', "not_json", "one JSON object a line: not a trail object"),
        (b'{"@timestamp":1}\n{}\n', "not_json", "one JSON object a line (Logstash): not a trail object"),
        (b"[]", "no_records", "the top level is a list"),
        (b"<html>", "not_gzip", "begins with b'<html>'"),
    ],
    ids=["lines", "Logstash", "list", "error page"],
)
def test_refused_by_name(pipeline, ids, record, key, content: bytes, reason: str, detail: str) -> None:
    """What is no trail object is refused with what it is instead; its neighbours are read."""
    pipeline.put(key(unique="B" * 16), content)
    pipeline.deliver(record(1))

    assert ids() == [1]
    assert [(row["reason"], row["detail"]) for row in pipeline.rows("quarantine")] == [(reason, detail)]


def test_largest_object(pipeline, record, key, thorough: bool) -> None:
    """An object as large as CloudTrail delivers them is read whole; by default a tenth of it."""
    packed_bytes = (50 if thorough else 5) * 10**6
    block = gzip.compress(b"," + b",".join(json.dumps(record(number)).encode() for number in range(2, 402)), 1, mtime=0)
    # Random text packs to three quarters: a member of it fills the object without making it slow to read.
    filler = "".join(f"{number * 2654435761 % 2**32:08x}" for number in range(60_000))
    filled = gzip.compress(b"," + json.dumps(record(1, requestParameters={"x": filler})).encode(), 1, mtime=0)
    copies = (packed_bytes - len(block)) // len(filled)
    head = gzip.compress(b'{"Records":[' + json.dumps(record(0)).encode(), mtime=0)
    pipeline.put(key(), head + block + filled * copies + gzip.compress(b"]}", mtime=0))
    report = pipeline.normalize()

    assert (report.records_in, report.kept) == (401 + copies, 402)
    assert report.refused == {}
