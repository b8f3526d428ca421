import gzip
import json
from typing import Any

import pytest

from insights.errors import AccessDeniedError, NotFoundError, StorageError
from insights.records import batches
from insights.records.columns import build_rows
from insights.records.event import restore_text
from insights.stages import extract, normalize
from insights.stages.report import NormalizeReport
from insights.storage import ledger

PLACE = "account_id=111122223333/region=us-east-1/date=2026-11-01"


def reasons(pipeline) -> list[tuple[str, int | None]]:
    return sorted((row["reason"], row["record_index"]) for row in pipeline.rows("quarantine"))


class TestEvents:
    def test_event_hours(self, pipeline, record) -> None:
        """Records lie in the hour of their event, not of their delivery."""
        pipeline.deliver(
            record(1), record(2, eventTime="2026-11-01T12:59:59Z"), record(3, eventTime="2026-10-31T23:00:00Z")
        )
        report = pipeline.normalize()

        assert [row["folder"] for row in pipeline.rows("events")] == [
            "events/account_id=111122223333/region=us-east-1/date=2026-10-31/hour=23",
            f"events/{PLACE}/hour=12",
            f"events/{PLACE}/hour=13",
        ]
        assert report.hours == (
            "111122223333 us-east-1 2026-10-31T23:00Z",
            "111122223333 us-east-1 2026-11-01T12:00Z",
            "111122223333 us-east-1 2026-11-01T13:00Z",
        )

    def test_account_and_region(self, pipeline, record) -> None:
        """A record's own account and Region decide; only where it names no account, the object's does."""
        nameless = record(2, awsRegion="eu-west-1")
        del nameless["recipientAccountId"]
        pipeline.deliver(record(1, recipientAccountId="444455556666"), nameless)
        pipeline.normalize()

        assert [row["folder"].split("/")[1:3] for row in pipeline.rows("events")] == [
            ["account_id=111122223333", "region=eu-west-1"],
            ["account_id=444455556666", "region=us-east-1"],
        ]
        assert [row["recipient_account_id"] for row in pipeline.rows("events")] == [None, "444455556666"]

    def test_empty_ids(self, pipeline, record) -> None:
        """Events whose ids are empty are told apart by their content, as those without ids are, and lose nothing."""
        pipeline.deliver(record(1, eventID=""), record(2, eventID="", eventName="StopInstances"))
        report = pipeline.normalize()

        assert (report.kept, report.duplicate) == (2, 0)
        assert [json.loads(restore_text(row))["eventID"] for row in pipeline.rows("events")] == ["", ""]

    def test_loose_file(self, pipeline, record, body) -> None:
        """Records of a file that tells nothing go by what they say themselves."""
        nameless = record(2)
        del nameless["recipientAccountId"]
        pipeline.put("export.json.gz", body(record(1), nameless))
        pipeline.normalize()

        assert [row["folder"].split("/")[1] for row in pipeline.rows("events")] == [
            "account_id=-",
            "account_id=111122223333",
        ]

    def test_record_is_given_back(self, pipeline, record) -> None:
        """A row holds all of its record, and names the object it came from."""
        odd = record(1, newMember=[1], errorCode=None, eventTime="2026-11-01T13:05:07.123Z")
        key = pipeline.deliver(odd)
        pipeline.normalize()
        (row,) = pipeline.rows("events")

        assert json.loads(restore_text(row)) == odd
        assert row["object_key"] == key

    def test_long_number_in_a_record_without_a_place(self, pipeline, record, body, key) -> None:
        """A number that Python does not read as one stops nothing, and is kept with the record that is set aside."""
        odd = body(record(1), record(2, recipientAccountId="..", requestParameters="HERE"))
        pipeline.put(key(), gzip.compress(gzip.decompress(odd).replace(b'"HERE"', b"1" * 5000)))
        pipeline.normalize()

        assert len(pipeline.rows("events")) == 1
        assert [row["reason"] for row in pipeline.rows("quarantine")] == ["unusable_partition"]

    def test_many_batches(self, pipeline, record, monkeypatch: pytest.MonkeyPatch) -> None:
        """However little memory there is, all records arrive."""
        monkeypatch.setattr(batches, "BATCH_RECORDS", 5)
        monkeypatch.setattr(normalize, "PENDING_BYTES", 1)
        records = [record(number, eventTime=f"2026-11-01T{number % 24:02}:00:00Z") for number in range(40)]
        for number in range(0, 40, 8):
            pipeline.deliver(*records[number : number + 8], unique=f"{number:016}")
        report = pipeline.normalize()

        assert (report.objects, report.records_in, report.kept) == (5, 40, 40)
        assert {row["event_id"] for row in pipeline.rows("events")} == {each["eventID"] for each in records}

    def test_long_texts(self, pipeline, record, monkeypatch: pytest.MonkeyPatch) -> None:
        """Long texts count towards a batch whatever member they are of: no more text is in columns than it may hold."""
        taken = []

        def watched(batch: batches.Batch) -> object:
            taken.append(len("".join(text or "" for text in batch.codes["user_agent"].texts())))
            return build_rows(batch)

        monkeypatch.setattr(batches, "BATCH_BYTES", 50_000)
        monkeypatch.setattr(normalize, "build_rows", watched)
        for start in (0, 40, 43):
            records = (record(n, userAgent=f"{n}{'x' * 10_000}") for n in range(start, 40 if not start else start + 3))
            pipeline.deliver(*records, unique=f"{start:016}")
        report = pipeline.normalize()

        assert report.kept == 46
        assert 20_000 < max(taken) <= 50_000


class TestAccount:
    def test_everything_is_accounted_for(self, pipeline, record) -> None:
        """records in = kept + duplicate + out of scope + quarantined, in the report and for each object."""
        pipeline.deliver(record(1), record(2), record(1), "no record", unique="A" * 16)
        pipeline.deliver(record(2), record(3, eventCategory="NetworkActivity"), unique="B" * 16)
        report = pipeline.normalize()

        assert (report.records_in, report.kept, report.duplicate, report.out_of_scope, report.quarantined) == (
            6,
            2,
            2,
            1,
            1,
        )
        assert report.unaccounted == 0
        names = ("records_in", "kept", "duplicate", "out_of_scope", "quarantined")
        assert sorted(tuple(row[name] for name in names) for row in pipeline.rows("ledger")) == [
            (2, 0, 1, 1, 0),
            (4, 2, 1, 0, 1),
        ]

    def test_twice_in_a_large_object(self, pipeline, record, monkeypatch: pytest.MonkeyPatch) -> None:
        """An event that an object of several batches has twice is kept once, though memory is short in between."""
        monkeypatch.setattr(batches, "BATCH_RECORDS", 5)
        monkeypatch.setattr(normalize, "PENDING_BYTES", 1)
        pipeline.deliver(record(50), record(51), unique="A" * 16)
        pipeline.deliver(*(record(number) for number in range(12)), record(0), unique="B" * 16)
        pipeline.deliver(record(52), record(12), unique="C" * 16)
        report = pipeline.normalize()

        assert (report.records_in, report.kept, report.duplicate) == (17, 16, 1)
        assert len(pipeline.rows("events")) == 16

    def test_ledger(self, pipeline, record, body) -> None:
        """The ledger names the object's version and the event hours it touched, duplicates' too."""
        pipeline.deliver(record(1), unique="A" * 16)
        pipeline.normalize()
        key = pipeline.deliver(record(1), record(2, eventTime="2026-11-01T12:00:00Z"), unique="B" * 16)
        pipeline.normalize()
        (row,) = [row for row in pipeline.rows("ledger") if row["object_key"] == key]

        assert row["folder"] == f"ledger/{PLACE}"
        assert row["partitions"] == [f"{PLACE}/hour=12", f"{PLACE}/hour=13"]
        assert row["object_etag"] == pipeline.workspace.trail.get(key)[1]
        assert row["object_bytes"] == len(pipeline.workspace.trail.get(key)[0])

    def test_categories(self, open_pipeline, record) -> None:
        """What the settings leave out is out of scope, not lost."""
        pipeline = open_pipeline(trail={"categories": ["Management"]})
        pipeline.deliver(record(1), record(2, eventCategory="Data", managementEvent=False))
        report = pipeline.normalize()

        assert (report.kept, report.out_of_scope) == (1, 1)
        assert [row["event_category"] for row in pipeline.rows("events")] == ["Management"]

    def test_no_shard(self, pipeline) -> None:
        """Without a shard there is nothing to do."""
        assert normalize.run(pipeline.window, pipeline.workspace) == NormalizeReport(window=str(pipeline.window))

    def test_shard_that_is_done(self, pipeline, record) -> None:
        """A shard whose objects were read meanwhile is not read again."""
        pipeline.deliver(record(1))
        (shard,) = pipeline.extract().shards
        normalize.run(pipeline.window, pipeline.workspace, shard)

        assert normalize.run(pipeline.window, pipeline.workspace, shard).objects == 0


class TestQuarantine:
    """What is bad costs itself: the good record 1 in the same shard is always kept."""

    @pytest.mark.parametrize(
        ("reason", "members"),
        [
            ("invalid_field", {"eventTime": "2026-02-30T00:00:00Z"}),
            ("invalid_field", {"eventTime": "9999-12-31T23:59:59Z"}),
            ("invalid_field", {"eventName": None}),
            ("unusable_partition", {"recipientAccountId": "../../elsewhere"}),
            ("unusable_partition", {"awsRegion": "us-east-1/../x"}),
            ("unusable_partition", {"awsRegion": ""}),
        ],
        ids=["no such day", "year 9999", "no name", "account as path", "Region as path", "no Region"],
    )
    def test_record(self, pipeline, record, reason: str, members: dict[str, Any]) -> None:
        """A bad record is a row with its reason, its place and its content."""
        bad = record(2, **members)
        key = pipeline.deliver(record(1), bad)
        report = pipeline.normalize()
        (row,) = pipeline.rows("quarantine")

        assert (row["reason"], row["record_index"], row["object_key"]) == (reason, 1, key)
        assert row["folder"] == "quarantine/date=2026-11-01"
        assert json.loads(row["content"]) == bad
        assert (report.kept, report.quarantined, report.refused) == (1, 1, {reason: 1})

    @pytest.mark.parametrize(
        ("reason", "entry"), [("record_not_an_object", "text"), ("missing_field", {"eventName": "A"})]
    )
    def test_entry(self, pipeline, record, reason: str, entry: Any) -> None:
        """An entry that is no record is a row too."""
        pipeline.deliver(entry, record(1))
        report = pipeline.normalize()

        assert reasons(pipeline) == [(reason, 0)]
        assert report.kept == 1

    @pytest.mark.parametrize(
        ("reason", "content"),
        [
            ("empty_object", b""),
            ("not_gzip", b"\x00\x01\x02"),
            ("truncated_gzip", b"\x1f\x8b\x08\x00"),
            ("not_json", b"{}\n{}\n"),
            ("no_records", b"[]"),
        ],
    )
    def test_object(self, pipeline, record, key, reason: str, content: bytes) -> None:
        """A bad object is a row with its reason and bytes, is entered in the ledger, and is not read again."""
        pipeline.deliver(record(1), unique="A" * 16)
        bad = pipeline.put(key(unique="B" * 16), content)
        report = pipeline.normalize()
        (row,) = pipeline.rows("quarantine")

        assert (row["reason"], row["record_index"], row["object_key"]) == (reason, None, bad)
        assert row["content"] == content
        assert (report.objects, report.kept, report.quarantined, report.refused) == (2, 1, 0, {reason: 1})
        assert pipeline.extract().to_read == 0

    def test_limit(self, open_pipeline, record, body) -> None:
        """An object that unpacks to more than the setting allows costs itself."""
        pipeline = open_pipeline(ingest={"unpacked_megabytes": 1})
        pipeline.deliver(record(1), unique="A" * 16)
        bad = pipeline.deliver(record(2, userAgent="x" * 2**20), unique="B" * 16)
        report = pipeline.normalize()
        (row,) = pipeline.rows("quarantine")

        assert (row["reason"], row["object_key"]) == ("object_too_large", bad)
        assert (report.objects, report.kept, report.refused) == (2, 1, {"object_too_large": 1})

    def test_limit_of_what_is_fetched(self, open_pipeline, record, key, monkeypatch: pytest.MonkeyPatch) -> None:
        """An object that is larger than the limit as it lies there is not even fetched."""
        pipeline = open_pipeline(ingest={"unpacked_megabytes": 1})
        pipeline.put(key(unique="A" * 16), b"{" * (2**20 + 1))
        pipeline.deliver(record(1), unique="B" * 16)
        get, asked = pipeline.workspace.trail.get, []
        monkeypatch.setattr(pipeline.workspace.trail, "get", lambda each: asked.append(each) or get(each))
        report = pipeline.normalize()

        assert asked == [key(unique="B" * 16)]
        assert (report.objects, report.kept, report.refused) == (2, 1, {"object_too_large": 1})


class TestUnreadable:
    """Of two objects the store gives only one."""

    def fail(self, pipeline, monkeypatch: pytest.MonkeyPatch, key: str, error: StorageError) -> None:
        get = pipeline.workspace.trail.get

        def refuse(asked: str) -> tuple[bytes, str]:
            if asked == key:
                raise error
            content: tuple[bytes, str] = get(asked)
            return content

        monkeypatch.setattr(pipeline.workspace.trail, "get", refuse)

    @pytest.mark.parametrize(
        "error", [AccessDeniedError("KMS says no"), NotFoundError("gone")], ids=["refused", "gone"]
    )
    def test_lasting(self, pipeline, record, monkeypatch, error: StorageError) -> None:
        """An object that is refused or gone is told in quarantine, stays unread, and is read once it can be."""
        pipeline.deliver(record(1), unique="A" * 16)
        with monkeypatch.context() as patch:
            self.fail(pipeline, patch, pipeline.deliver(record(2), "bad", unique="B" * 16), error)
            report = pipeline.normalize()
        assert (report.objects, report.unreadable, report.kept, report.refused) == (1, 1, 1, {"unreadable_object": 1})
        assert reasons(pipeline) == [("unreadable_object", None)]

        assert pipeline.normalize().kept == 1
        assert reasons(pipeline) == [("record_not_an_object", 1), ("unreadable_object", None)]

    def test_passing(self, pipeline, record, monkeypatch) -> None:
        """What cannot be had just now fails the shard once the others are done; run again, only it is read."""
        pipeline.deliver(record(1), unique="A" * 16)
        with monkeypatch.context() as patch:
            self.fail(pipeline, patch, pipeline.deliver(record(2), unique="B" * 16), StorageError("503 slow down"))
            with pytest.raises(StorageError, match=r"1 objects could not be fetched, the rest is done; first: 503"):
                pipeline.normalize()
        assert (len(pipeline.rows("events")), pipeline.rows("quarantine")) == (1, [])

        assert pipeline.normalize().objects == 1
        assert len(pipeline.rows("events")) == 2

    def test_all_unreadable_at_first(self, pipeline, record, monkeypatch) -> None:
        """A shard of which nothing could be read leaves room for what its second reading finds bad."""
        with monkeypatch.context() as patch:
            self.fail(pipeline, patch, pipeline.deliver("bad"), AccessDeniedError("KMS says no"))
            pipeline.normalize()
        pipeline.normalize()

        assert reasons(pipeline) == [("record_not_an_object", 0), ("unreadable_object", None)]


def test_two_runs_of_one_shard(pipeline, record, body, monkeypatch) -> None:
    """Where one run could not fetch a file and another that began with it could, the ledger has that file too, and the
    list of loose files none that the ledger lacks."""
    pipeline.put("a.json.gz", body(record(1)))
    pipeline.put("b.json.gz", body(record(2)))
    (shard,) = pipeline.extract().shards
    begun = list(ledger.to_read(pipeline.workspace.lake, extract.read_plan(pipeline.workspace, shard)))
    with monkeypatch.context() as patch:
        TestUnreadable().fail(pipeline, patch, "b.json.gz", StorageError("503 slow down"))
        with pytest.raises(StorageError):
            normalize.run(pipeline.window, pipeline.workspace, shard)
    monkeypatch.setattr(ledger, "to_read", lambda *_: begun)
    normalize.run(pipeline.window, pipeline.workspace, shard)

    assert {row["object_key"] for row in pipeline.rows("ledger")} == {"a.json.gz", "b.json.gz"}


def test_reader_is_closed(pipeline, record, monkeypatch) -> None:
    """When reading fails, fetching ends at once, and not whenever garbage is collected."""
    closed = []

    def read_ahead(*_: Any, **__: Any) -> Any:
        try:
            yield "key", b"{}"
        finally:
            closed.append(True)

    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    pipeline.deliver(record(1))
    monkeypatch.setattr(normalize, "read_ahead", read_ahead)
    monkeypatch.setattr(normalize, "read_document", fail)
    with pytest.raises(MemoryError):
        pipeline.normalize()

    assert closed == [True]


class TestReports:
    def test_sum(self) -> None:
        """Reports of shards add up; an empty one changes nothing."""
        one = NormalizeReport(
            window="w", objects=1, records_in=3, kept=2, quarantined=1, refused={"b": 1}, hours=("y",)
        )
        two = NormalizeReport(
            window="w", objects=2, records_in=2, duplicate=1, out_of_scope=1, refused={"a": 2, "b": 1}, hours=("x", "y")
        )

        assert one + two == NormalizeReport(
            window="w", objects=3, records_in=5, kept=2, duplicate=1, out_of_scope=1, quarantined=1,
            refused={"a": 2, "b": 2}, hours=("x", "y"),
        )  # fmt: skip
        assert one + NormalizeReport(window="w") == one

    def test_unaccounted(self) -> None:
        """What went in and is nowhere is told."""
        assert (
            NormalizeReport(window="w", records_in=10, kept=4, duplicate=3, out_of_scope=1, quarantined=1).unaccounted
            == 1
        )
