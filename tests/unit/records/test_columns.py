import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from insights.records import columns
from insights.records.batches import Batch
from insights.records.columns import Rows, build_rows, complete, has_usable_partition
from insights.records.document import read_document
from insights.records.event import Refusal, restore_text
from insights.records.schemas import EVENTS, with_dictionaries

IDENTIFYING = ["event_name", "user_identity_json", "identity_type", "identity_arn", "identity_key"]


def built(*records: Any, replace: tuple[bytes, bytes] = (b"", b"")) -> tuple[Rows, list[tuple[int, Refusal]]]:
    """Build the rows of an object that the caller gave number 7."""
    document = read_document("x.json", json.dumps({"Records": records}).encode().replace(*replace))
    assert document.refusals == []
    batch = Batch()
    batch.add(document, 7)
    return build_rows(batch)


def completed(rows: Rows) -> pa.Table:
    """Give rows as the table has them."""
    return complete(rows.table.append_column("object_key", pa.array(["a"] * len(rows))))


class TestRows:
    def test_columns(self, record) -> None:
        """A record's members are in the columns of their names, in the schema's types."""
        rows, refusals = built(record(errorCode="AccessDenied", vpcEndpointId="vpce-1"))
        row = rows.table.to_pylist()[0]

        assert refusals == []
        assert row["event_time"] == datetime(2026, 11, 1, 13, 5, 7, tzinfo=UTC)
        assert (row["event_source"], row["event_name"]) == ("ec2.amazonaws.com", "RunInstances")
        assert (row["event_category"], row["is_read_only"], row["is_management"]) == ("Management", False, True)
        assert (row["error_code"], row["vpc_endpoint_id"]) == ("AccessDenied", "vpce-1")
        assert json.loads(row["request_parameters_json"]) == {"instancesSet": {"items": [{"minCount": 1}]}}
        assert (row["account_id"], row["region"]) == ("111122223333", "us-east-1")
        assert row["inferred_fields"] is None

    def test_complete(self, record) -> None:
        """With their object's key, rows get the caller's columns and are rows of the table."""
        rows, _ = built(record(), record(userIdentity={"type": "Root"}), {**record(), "userIdentity": None})
        table = completed(rows)

        assert table.schema == with_dictionaries(EVENTS)
        assert table["identity_type"].to_pylist() == ["AssumedRole", "Root", None]
        assert table["identity_key"][0].as_py() == "arn:aws:sts::111122223333:assumed-role/deploy"
        assert [json.loads(text)["type"] for text in table["user_identity_json"].to_pylist()[:2]] == [
            "AssumedRole",
            "Root",
        ]
        assert table["object_key"].to_pylist() == ["a"] * 3

    def test_complete_in_order(self, record) -> None:
        """Equal rows give equal dictionaries, in whatever order the values came to be known and whatever else with."""
        root, nobody = record(1, userIdentity={"type": "Root"}), {**record(2), "userIdentity": None}
        rows, _ = built(root, nobody, record(3), record(4))
        other, _ = built(record(5, eventName="Other"), record(4), nobody, record(3), root)
        again = Rows(other.table.take([4, 2, 3, 1]), other.sources[1:], other.positions[1:])
        first, second = completed(rows), completed(again)

        assert first.to_pylist() == second.to_pylist()
        assert [column.chunk(0).dictionary.to_pylist() for column in first.select(IDENTIFYING)] == [
            column.chunk(0).dictionary.to_pylist() for column in second.select(IDENTIFYING)
        ]
        assert first["identity_type"].chunk(0).dictionary.to_pylist() == ["Root", "AssumedRole"]

    def test_inferred(self, record) -> None:
        """What an old record does not say is derived, named, and not given back as if it had said it."""
        old = {k: v for k, v in record().items() if k not in ("readOnly", "managementEvent", "eventCategory")}
        row = built(old)[0].table.to_pylist()[0]

        assert (row["event_category"], row["is_management"], row["is_read_only"]) == ("Management", True, False)
        assert row["inferred_fields"] == "eventCategory,managementEvent,readOnly"
        assert json.loads(restore_text(row)) == old

    def test_management_flag_tells_the_category(self, record) -> None:
        """Version 1.06 has managementEvent and no category: false means a data event."""
        old = record(managementEvent=False)
        del old["eventCategory"]
        row = built(old)[0].table.to_pylist()[0]

        assert (row["event_category"], row["inferred_fields"]) == ("Data", "eventCategory")

    def test_origin(self, record) -> None:
        """Rows know the number of their object and their place in it, past entries that were refused."""
        text = json.dumps({"Records": [record(0), "no record", record(2)]}).encode()
        batch = Batch()
        batch.add(read_document("x.json", text), 4)
        batch.add(read_document("y.json", json.dumps({"Records": [record(3, newMember=1)]}).encode()), 5)
        rows, _ = build_rows(batch)

        assert (rows.sources.tolist(), rows.positions.tolist()) == ([4, 4, 5], [0, 2, 0])
        assert rows.table["other_fields_json"].to_pylist() == [None, None, '{"newMember": 1}']

    def test_nothing(self) -> None:
        """An object without records gives no rows."""
        rows, refusals = built()

        assert (rows.table.num_rows, refusals) == (0, [])

    def test_same_identity_twice(self, record) -> None:
        """Callers that repeat are parsed once and still told apart."""
        other = {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}
        rows, _ = built(record(1), record(2, userIdentity=other), record(3), record(4, userIdentity=None))

        assert completed(rows)["identity_type"].to_pylist() == ["AssumedRole", "AWSService", "AssumedRole", None]


class TestRefusals:
    """Of three records the middle one cannot become a row."""

    @pytest.mark.parametrize(
        "text",
        [
            "2026-02-30T00:00:00Z", "2026-11-01T13:05:60Z", "2026-11-01T25:00:00Z", "2026-11-01 13:05:07Z",
            "0001-01-01T00:00:00Z", "1999-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
            "20261101T130507.000Z", "????????????????????", "INVALID UTF8 TEXT   ",
        ],
    )  # fmt: skip
    def test_instants(self, record, text: str) -> None:
        """A time that no calendar has, of another age, or that could not be given back is refused with its record."""
        rows, refusals = built(record(0), record(1, eventTime=text), record(2))

        assert rows.positions.tolist() == [0, 2]
        assert [(number, refusal.reason, refusal.index) for number, refusal in refusals] == [(7, "invalid_field", 1)]
        assert refusals[0][1].detail == f'eventTime is "{text}"'
        assert json.loads(refusals[0][1].content) == record(1, eventTime=text)

    def test_nested_text(self, record) -> None:
        """Bytes that are not UTF-8 deep in a record are found although nobody looked at them before."""
        rows, refusals = built(
            record(0), record(1, requestParameters={"a": "BROKEN"}), record(2), replace=(b"BROKEN", b"\xff\xfe")
        )

        assert rows.positions.tolist() == [0, 2]
        assert [(number, refusal.reason, refusal.index) for number, refusal in refusals] == [(7, "invalid_text", 1)]
        assert b"\xff\xfe" in refusals[0][1].content

    def test_among_many(self, record) -> None:
        """Of many objects' records only those are refused that cannot be kept; the others stay as they were."""
        batch = Batch()
        for source in range(5):
            entries = [record(10 * source + i, newMember=i) for i in range(4)]
            if source in (1, 4):
                entries[1] = record(10 * source + 1, eventTime="2026-02-30T00:00:00Z")
            batch.add(read_document("x.json", json.dumps({"Records": entries}).encode()), source)
        rows, refusals = build_rows(batch)

        good = [(source, i) for source in range(5) for i in range(4) if (source, i) not in ((1, 1), (4, 1))]
        assert [(number, refusal.index) for number, refusal in refusals] == [(1, 1), (4, 1)]
        assert list(zip(rows.sources.tolist(), rows.positions.tolist(), strict=True)) == good
        assert rows.table["event_id"].to_pylist() == [record(10 * source + i)["eventID"] for source, i in good]
        assert [json.loads(text)["newMember"] for text in rows.table["other_fields_json"].to_pylist()] == [
            i for _, i in good
        ]

    def test_large(self, record, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is too large for a column together is built apart; a record that is too large itself is refused."""
        monkeypatch.setattr(columns, "_COLUMN_BYTES", 1000)
        sizes = (600, 600, 1200, 600)
        rows, refusals = built(*(record(i, requestParameters="x" * size) for i, size in enumerate(sizes)))

        assert [(each.reason, each.index) for _, each in refusals] == [("invalid_field", 2)]
        assert refusals[0][1].detail.startswith("request_parameters_json has 1,202 bytes")
        assert rows.positions.tolist() == [0, 1, 3]
        assert rows.table["request_parameters_json"].to_pylist() == [f'"{"x" * 600}"'] * 3

    def test_beside_absent_texts(self, record) -> None:
        """What the rows beside a refused record lack, they lack still."""
        errors = [None if i % 2 else f"Error{i}" for i in range(20)]
        entries = [record(i) | ({"errorCode": error} if error else {}) for i, error in enumerate(errors)]
        rows, refusals = built(*entries, record(20, eventTime="2026-02-30T00:00:00Z"))

        assert [each.index for _, each in refusals] == [20]
        assert rows.table["error_code"].to_pylist() == errors

    def test_all(self, record) -> None:
        """An object of which no record can be kept gives no rows."""
        rows, refusals = built(record(0, eventTime="2026-02-30T00:00:00Z"))

        assert (rows.table.num_rows, len(refusals)) == (0, 1)


def test_concat(record) -> None:
    """Rows of several batches follow one another, their callers told apart."""
    parts = [built(record(1))[0], built(record(2, userIdentity={"type": "Root"}), record(3))[0]]
    rows = Rows.concat(parts)

    assert [each["event_id"][:8] for each in rows.table.to_pylist()] == ["00000001", "00000002", "00000003"]
    assert completed(rows)["identity_type"].to_pylist() == ["AssumedRole", "Root", "AssumedRole"]
    assert (len(rows), rows.positions.tolist()) == (3, [0, 0, 1])


def test_filter() -> None:
    """Filtering rows keeps them in step with where they came from."""
    rows = Rows(pa.table({"a": [1, 2, 3]}), np.array([0, 0, 1]), np.array([0, 1, 0]))
    kept = rows.filter(np.array([True, False, True]))

    assert kept.table["a"].to_pylist() == [1, 3]
    assert (kept.sources.tolist(), kept.positions.tolist()) == ([0, 1], [0, 0])


def test_usable_partitions() -> None:
    """Rows whose account or Region could lead out of the lake are marked, one by one."""
    table = pa.table({"account_id": ["111122223333", "../x", "1"], "region": ["us-east-1", "us-east-1", "a/b"]})

    assert has_usable_partition(table).tolist() == [True, False, False]
