"""The table `coverage`: which hours were read, and what they brought."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from insights.checks.result import HourQuality, QualityResult, Verdict
from insights.stages import coverage
from insights.stages.coverage import gaps
from insights.storage import coverage as table
from insights.storage import integrity, quality
from insights.windows import DAY, HOUR, Window, hour_of, parse_instant

THIRTEEN = parse_instant("2026-11-01T13:00")
PLACE = "111122223333", "us-east-1"


def rows(pipeline: Any) -> dict[str, table.Row]:
    return {f"{row['hour']:%d %H}": row for row in table.read(pipeline.workspace.lake, pipeline.window)}


def test_an_hour_with_data(pipeline: Any, record: Any) -> None:
    """An hour's row says how many log files hold its calls, and how long after its end the last one came."""
    pipeline.deliver(record(1), at="20261101T1310Z", unique="A" * 16)
    pipeline.deliver(record(2), at="20261101T1412Z", unique="B" * 16)
    pipeline.ingest()
    coverage.run(pipeline.window, pipeline.workspace)
    row = rows(pipeline)["01 13"]

    assert (row["status"], row["objects"], row["lag_minutes"]) == ("data", 2, 12)
    assert (row["first_delivered_at"], row["last_delivered_at"]) == (
        parse_instant("2026-11-01T13:10"),
        parse_instant("2026-11-01T14:12"),
    )
    assert (row["verified"], row["unverified"], row["refuted"]) == (0, 2, 0)


def test_an_hour_without(pipeline: Any, record: Any) -> None:
    """An hour that was read whole and brought nothing is `no data`; one that was not read has no row."""
    pipeline.deliver(record(1))
    pipeline.window = Window(THIRTEEN, THIRTEEN + 2 * HOUR)
    pipeline.ingest()
    coverage.run(pipeline.window, pipeline.workspace)
    pipeline.window = Window(THIRTEEN - 3 * HOUR, THIRTEEN + 5 * HOUR)

    assert {hour: row["status"] for hour, row in rows(pipeline).items()} == {"01 13": "data", "01 14": "no data"}
    assert rows(pipeline)["01 14"]["objects"] == rows(pipeline)["01 14"]["records"] == 0


def test_an_hour_in_part(pipeline: Any, record: Any) -> None:
    """What came of the hour after the window makes no whole hour of it."""
    pipeline.window = Window(THIRTEEN - HOUR, THIRTEEN)
    pipeline.deliver(record(1), at="20261101T1310Z")
    pipeline.ingest()
    report = coverage.run(pipeline.window, pipeline.workspace)
    pipeline.window = Window(THIRTEEN, THIRTEEN + HOUR)

    assert rows(pipeline)["01 13"]["status"] == "partial"
    assert (report.no_data, report.partial) == (1, 0)


def test_verdicts_and_records(pipeline: Any, record: Any) -> None:
    """The row counts its log files by verdict, and has the number of records that validation saw."""
    key = pipeline.deliver(record(1))
    pipeline.ingest()
    (entry,) = pipeline.rows("ledger")
    verdict = {"kind": "log file", "object_key": key, "object_etag": entry["object_etag"], "delivered_at": THIRTEEN}
    integrity.write(pipeline.workspace.lake, *PLACE, [verdict | {"verdict": "refuted", "reason": "changed"}])
    day = "account_id=111122223333/region=us-east-1/date=2026-11-01"
    result = QualityResult(day, 7, (HourQuality(THIRTEEN, 7, Verdict.PASSED),), (), {}, ())
    judgement = quality.Judgement({f"{day}/hour=13": "x"}, {}, quality.msgspec.Raw(result.to_json()))
    quality.write(pipeline.workspace.lake, day, judgement)
    report = coverage.run(pipeline.window, pipeline.workspace)
    row = rows(pipeline)["01 13"]

    assert (row["verified"], row["unverified"], row["refuted"], row["records"]) == (0, 0, 1, 7)
    assert (report.refuted, report.places, report.data) == (1, 1, 1)


def test_twice_is_once(pipeline: Any, record: Any) -> None:
    """A second run changes no byte."""
    pipeline.deliver(record(1))
    pipeline.ingest()
    lake = pipeline.workspace.lake
    first = coverage.run(pipeline.window, pipeline.workspace)
    before = {info.key: (info.etag, lake.get(info.key)[0]) for info in lake.list("")}

    assert coverage.run(pipeline.window, pipeline.workspace) == first
    assert {info.key: (info.etag, lake.get(info.key)[0]) for info in lake.list("")} == before


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "backwards"])
def test_order_does_not_matter(pipeline: Any, record: Any, order: tuple[int, int]) -> None:
    """Hours read one after the other, in any order, end in the rows of one run over both."""
    pipeline.deliver(record(1), at="20261101T1310Z", unique="A" * 16)
    pipeline.deliver(record(2, eventTime="2026-11-01T14:01:00Z"), at="20261101T1410Z", unique="B" * 16)
    both = Window(THIRTEEN, THIRTEEN + 2 * HOUR)
    hours = [hour_of(THIRTEEN), hour_of(THIRTEEN + HOUR)]
    for number in order:
        pipeline.window = hours[number]
        pipeline.ingest()
    for number in order:
        coverage.run(hours[number], pipeline.workspace)
    one_by_one = list(table.read(pipeline.workspace.lake, both))
    coverage.run(both, pipeline.workspace)

    assert list(table.read(pipeline.workspace.lake, both)) == one_by_one
    assert [row["status"] for row in one_by_one] == ["data", "data"]


def test_what_came_the_next_day(pipeline: Any, record: Any) -> None:
    """A log file that came a day late is in the row of its calls' hour as soon as it was read, whichever window's run
    did that."""
    pipeline.deliver(record(1), at="20261101T1310Z", unique="A" * 16)
    pipeline.ingest()
    coverage.run(pipeline.window, pipeline.workspace)
    pipeline.deliver(record(2), at="20261102T1610Z", unique="B" * 16)
    pipeline.window = hour_of(THIRTEEN + 27 * HOUR)
    pipeline.ingest()
    coverage.run(pipeline.window, pipeline.workspace)
    pipeline.window = hour_of(THIRTEEN)

    assert rows(pipeline)["01 13"]["objects"] == 2
    assert rows(pipeline)["01 13"]["lag_minutes"] == 26 * 60 + 10


def test_verified_after_midnight(pipeline: Any, record: Any) -> None:
    """The run of the first hour of a day brings the verdicts on the last log files of the day before to their row."""
    key = pipeline.deliver(record(1, eventTime="2026-11-01T23:05:00Z"), at="20261101T2310Z")
    pipeline.window = hour_of(parse_instant("2026-11-01T23:00"))
    pipeline.ingest()
    coverage.run(pipeline.window, pipeline.workspace)
    (entry,) = pipeline.rows("ledger")
    named = {"kind": "log file", "object_key": key, "object_etag": entry["object_etag"]}
    said = {"delivered_at": entry["delivered_at"], "verdict": "verified", "reason": "valid"}
    integrity.write(pipeline.workspace.lake, *PLACE, [named | said])
    coverage.run(hour_of(parse_instant("2026-11-02T00:00")), pipeline.workspace)

    assert rows(pipeline)["01 23"]["verified"] == 1


def test_what_retention_has_ended_stays(open_pipeline: Any, record: Any) -> None:
    """The row of a day that retention no longer keeps is not written again from what is left of its ledger."""
    pipeline = open_pipeline(retention={"ledger_days": 40})
    lake = pipeline.workspace.lake
    pipeline.workspace.now = lambda: parse_instant("2026-11-02T00:30")
    pipeline.deliver(record(1, eventTime="2026-11-01T23:05:00Z"), at="20261101T2310Z")
    pipeline.window = hour_of(parse_instant("2026-11-01T23:00"))
    pipeline.ingest()
    coverage.run(pipeline.window, pipeline.workspace)
    before = rows(pipeline)
    for info in list(lake.list("ledger/")):
        lake.delete(info.key)
    pipeline.workspace.now = lambda: parse_instant("2026-12-11T01:30")
    coverage.run(hour_of(parse_instant("2026-11-02T00:00")), pipeline.workspace)

    assert rows(pipeline) == before != {}


class TestNewRegion:
    """A Region is known by the first data of it."""

    def read(self, pipeline: Any, start: str, hours: int = 24) -> None:
        pipeline.window = Window(parse_instant(start), parse_instant(start) + hours * HOUR)
        pipeline.ingest()
        coverage.run(pipeline.window, pipeline.workspace)

    def read_killed(self, pipeline: Any, start: str, monkeypatch: pytest.MonkeyPatch, *, written_days: int) -> None:
        """Read a day, and be killed once so many days of a place were written."""
        write, days = table.write, []

        def killed(lake: Any, day: Any, rows: Any) -> None:
            if len(days) == written_days:
                raise KeyboardInterrupt
            days.append(day)
            write(lake, day, rows)

        with monkeypatch.context() as patch:
            patch.setattr(table, "write", killed)
            with pytest.raises(KeyboardInterrupt):
                self.read(pipeline, start)

    def statuses(self, pipeline: Any, region: str) -> dict[str, str]:
        whole = Window(parse_instant("2026-10-20"), parse_instant("2026-11-20"))
        found = table.read(pipeline.workspace.lake, whole)
        return {f"{row['hour']:%m-%d %H}": row["status"] for row in found if row["region"] == region}

    @pytest.fixture
    def late(self, pipeline: Any, record: Any) -> Any:
        """A pipeline that read two days and, after a day that nobody read, one on which a Region is used at last."""
        pipeline.deliver(record(1, eventTime="2026-11-01T13:05:00Z"), at="20261101T1310Z", unique="A" * 16)
        pipeline.deliver(
            record(2, eventTime="2026-11-04T13:05:00Z", awsRegion="eu-west-1", recipientAccountId=PLACE[0]),
            at="20261104T1310Z", unique="B" * 16,
        )  # fmt: skip
        self.read(pipeline, "2026-11-01")
        self.read(pipeline, "2026-11-02")
        return pipeline

    def test_hours_before(self, late: Any) -> None:
        """The hours before it that were read brought nothing of it, and have rows; others have none."""
        assert self.statuses(late, "eu-west-1") == {}
        self.read(late, "2026-11-04", hours=14)
        found = self.statuses(late, "eu-west-1")

        assert {hour[:5] for hour in found} == {"11-01", "11-02", "11-04"}
        assert {hour for hour, status in found.items() if status == "data"} == {"11-04 13"}
        assert [found[f"11-01 {hour:02}"] for hour in range(24)] == ["no data"] * 24
        assert set(found) == set(self.statuses(late, "us-east-1"))

    def test_as_in_one_pass(self, late: Any, open_pipeline: Any) -> None:
        """Read in parts, the table ends as if all had been read at once."""
        self.read(late, "2026-11-03")
        self.read(late, "2026-11-04")
        once = open_pipeline()
        once.workspace.trail = late.workspace.trail
        self.read(once, "2026-11-01", hours=96)

        assert list(table.read(late.workspace.lake, once.window)) == list(table.read(once.workspace.lake, once.window))

    def test_hours_after(self, pipeline: Any, record: Any) -> None:
        """A Region that only a backfill of earlier days finds has rows of the later ones, which were read before."""
        pipeline.deliver(record(1, eventTime="2026-11-01T13:05:00Z", awsRegion="eu-west-1"), at="20261101T1310Z")
        pipeline.deliver(record(2, eventTime="2026-11-08T13:05:00Z"), at="20261108T1310Z")
        self.read(pipeline, "2026-11-08", hours=48)
        self.read(pipeline, "2026-11-01")
        self.read(pipeline, "2026-11-10", hours=1)

        assert {hour[:5] for hour in self.statuses(pipeline, "eu-west-1")} == {"11-01", "11-08", "11-09", "11-10"}
        assert set(self.statuses(pipeline, "eu-west-1")) == set(self.statuses(pipeline, "us-east-1"))

    def test_killed_after(self, pipeline: Any, record: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """A backfill that was killed while it wrote them is made up for by the next run, whichever it is."""
        pipeline.deliver(record(1, eventTime="2026-11-01T13:05:00Z", awsRegion="eu-west-1"), at="20261101T1310Z")
        self.read(pipeline, "2026-11-06", hours=96)
        self.read_killed(pipeline, "2026-11-01", monkeypatch, written_days=2)
        self.read(pipeline, "2026-11-10", hours=1)

        assert {hour[:5] for hour in self.statuses(pipeline, "eu-west-1")} >= {"11-01", "11-06", "11-07", "11-08"}

    def test_killed(self, late: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """A run that was killed while it wrote them is made up for by the next."""
        self.read_killed(late, "2026-11-04", monkeypatch, written_days=3)
        self.read(late, "2026-11-05", hours=1)

        assert self.statuses(late, "eu-west-1")["11-01 00"] == "no data"

    def test_once(self, late: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """Once they are there they are not looked at again, however far back they reach."""
        self.read(late, "2026-11-04")
        written: list[str] = []
        write = table.write
        monkeypatch.setattr(table, "write", lambda lake, day, rows: written.append(day.date) or write(lake, day, rows))
        self.read(late, "2026-11-06")

        assert "2026-11-01" not in written
        assert "2026-11-06" in written

    def test_retention(self, open_pipeline: Any, record: Any) -> None:
        """No row comes back of a day whose coverage retention has deleted."""
        pipeline = open_pipeline(retention={"coverage_days": 40})
        pipeline.deliver(record(1, eventTime="2026-11-01T13:05:00Z"), at="20261101T1310Z", unique="A" * 16)
        pipeline.deliver(record(2, eventTime="2026-11-04T13:05:00Z", awsRegion="eu-west-1"), at="20261104T1310Z")
        self.read(pipeline, "2026-11-01", hours=48)
        pipeline.workspace.now = lambda: parse_instant("2026-11-02") + 40 * DAY
        self.read(pipeline, "2026-11-04")

        assert {hour[:5] for hour in self.statuses(pipeline, "eu-west-1")} >= {"11-02", "11-04"}
        assert not [hour for hour in self.statuses(pipeline, "eu-west-1") if hour.startswith("11-01")]


def test_gaps_are_joined() -> None:
    """Hours without data that follow each other are told as one gap, each place by itself."""

    def row(region: str, hour: int, status: str = "no data") -> table.Row:
        return {"account_id": "1", "region": region, "hour": THIRTEEN + hour * timedelta(hours=1), "status": status}

    assert gaps([row("b", 0), row("a", 0), row("a", 1), row("a", 2, "data"), row("a", 3)]) == [
        "1 a 2026-11-01T13:00:00Z/2026-11-01T15:00:00Z",
        "1 a 2026-11-01T16:00:00Z/2026-11-01T17:00:00Z",
        "1 b 2026-11-01T13:00:00Z/2026-11-01T14:00:00Z",
    ]
