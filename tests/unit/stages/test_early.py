"""What is told of an hour before it is complete, and what becomes of it once it is."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest

from insights.records.partitions import EventHour
from insights.records.schemas import MINUTE_COUNTS
from insights.stages import detect, publish
from insights.storage import changes, counts, insights, memories, reading
from insights.storage.tables import encode
from insights.windows import HOUR, MINUTE, Window, parse_instant

START = parse_instant("2026-10-20T00:00")
HOUR_14 = parse_instant("2026-10-29T14:00")
"""The running hour; those before were read whole."""

QUEUE = "https://sqs.us-east-1.amazonaws.com/111122223333/trail-arrivals"
PLACE = ("111122223333", "us-east-1")
Cells = dict[tuple[str, str | None], dict[int, int]]
"""Calls by (API, error code) and minute of the hour."""

BURST = dict.fromkeys(range(10, 16), 20)


def put_hour(lake: Any, hour: datetime, cells: Cells, *, place: tuple[str, str] = PLACE) -> None:
    rows = [
        {
            "minute": hour + minute * MINUTE, "event_category": "Management", "is_read_only": False,
            "event_source": "ec2.amazonaws.com", "event_name": name, "error_code": error, "count": calls,
        }
        for (name, error), minutes in cells.items()
        for minute, calls in minutes.items()
    ]  # fmt: skip
    event_hour = EventHour(*place, hour)
    changes.mark(lake, event_hour, str(cells))
    lake.put(counts.hour_key(event_hour), encode(pa.Table.from_pylist(rows, schema=MINUTE_COUNTS)))


def usual(until: int = 60) -> Cells:
    """Give an hour as all are, up to a minute: a call of one API every minute, one of another at its start."""
    return {("PutMetricData", None): dict.fromkeys(range(until), 1), ("RunInstances", None): {0: 1}}


def with_burst(burst: dict[int, int], *, until: int = 60) -> Cells:
    return usual(until) | {("RunInstances", None): {0: 1} | burst}


def settle(lake: Any, until: datetime) -> None:
    reading.mark(lake, Window(START, until + 20 * MINUTE))


def put_days(lake: Any, cells: Cells) -> None:
    """Fill every hour before 14:00."""
    hour = START
    while hour < HOUR_14:
        put_hour(lake, hour, cells)
        hour += HOUR


@pytest.fixture(scope="module")
def nine_days(open_pipeline: Callable[..., Any]) -> dict[str, bytes]:
    """The files of a lake in which nine usual days, up to 14:00, are judged."""
    pipeline = open_pipeline()
    lake = pipeline.workspace.lake
    put_days(lake, usual())
    settle(lake, HOUR_14)
    judge(pipeline, 14, 5)
    return {info.key: lake.get(info.key)[0] for info in lake.list("")}


@pytest.fixture
def open_lake(open_pipeline: Callable[..., Any], nine_days: dict[str, bytes]) -> Callable[..., Any]:
    """Opens lakes of those nine days; keyword arguments are settings."""

    def opened(**tables: Any) -> Any:
        pipeline = open_pipeline(**({"trail": {"notifications": QUEUE}} | tables))
        for key, content in nine_days.items():
            pipeline.workspace.lake.put(key, content)
        return pipeline

    return opened


@pytest.fixture
def pipeline(open_lake: Callable[..., Any]) -> Any:
    return open_lake()


def judge(pipeline: Any, hour: int, minute: int) -> Any:
    pipeline.workspace.now = lambda: HOUR_14.replace(hour=hour, minute=minute)
    return detect.run(None, pipeline.workspace)


def nudge(pipeline: Any, cells: Cells, minute: int, *, hour: datetime = HOUR_14) -> Any:
    """Count what there is of an hour, and look at it."""
    put_hour(pipeline.workspace.lake, hour, cells)
    return judge(pipeline, 14, minute)


def complete(pipeline: Any, cells: Cells) -> Any:
    """Bring the rest of the hour, and the next; judge both when they have settled."""
    lake = pipeline.workspace.lake
    put_hour(lake, HOUR_14, cells)
    put_hour(lake, HOUR_14 + HOUR, usual())
    settle(lake, HOUR_14 + 2 * HOUR)
    return judge(pipeline, 16, 21)


def told(pipeline: Any) -> list[insights.Row]:
    return list(insights.read(pipeline.workspace.lake))


def facts(rows: list[insights.Row]) -> list[dict[str, Any]]:
    """Give rows without what keeps the words of an earlier look: the records and the mark that they were corrected."""
    words = ("_key", "_etag", "start_record_json", "end_record_json", "is_corrected")
    return [{name: row[name] for name in row if name not in words} for row in rows]


def published(pipeline: Any) -> list[tuple[str, str]]:
    """Publish; give state and `sharedEventID` of every record that was ever written, by what lies in the lake."""
    publish.run(None, pipeline.workspace)
    lake = pipeline.workspace.lake
    documents = [json.loads(gzip.decompress(lake.get(info.key)[0])) for info in lake.list("AWSLogs/")]
    records = [record for document in documents for record in document["Records"]]
    return sorted((record["insightDetails"]["state"], record["sharedEventID"]) for record in records)


def test_a_burst_is_told_in_the_running_hour(pipeline: Any) -> None:
    """Of a burst from 14:10 on the calls up to 14:15 are enough: at 14:17 its Start is there, and says it is early."""
    report = nudge(pipeline, with_burst(BURST, until=16), 17)

    (row,) = told(pipeline)
    assert (report.started, report.early) == (1, 1)
    assert (row["event_name"], row["status"], row["is_early"]) == ("RunInstances", "open", True)
    assert row["start_time"] == HOUR_14 + 10 * MINUTE
    assert published(pipeline) == [("Start", row["insight_id"])]


def test_it_is_told_once_however_often_one_looks(pipeline: Any) -> None:
    """More calls, also earlier ones, change nothing of what was told, and bring nothing new."""
    nudge(pipeline, with_burst(BURST, until=16), 17)
    before = told(pipeline)
    again = judge(pipeline, 14, 18)
    more = nudge(pipeline, with_burst({8: 15, 9: 15} | BURST | dict.fromkeys(range(25, 40), 90), until=40), 41)

    assert (again.started, more.started) == (0, 0)
    assert told(pipeline) == before


def test_the_hour_ends_as_without_a_look(open_lake: Callable[..., Any]) -> None:
    """Once the hour is judged the table says what it says where nobody looked early; Start and End are one each."""
    rest = dict.fromkeys(range(16, 30), 25)
    looked, waited = open_lake(), open_lake(trail={})
    nudge(looked, with_burst(BURST, until=16), 17)
    published(looked)
    nudge(looked, with_burst(BURST | rest, until=40), 41)
    for each in (looked, waited):
        complete(each, with_burst(BURST | rest))

    (row,) = told(looked)
    assert facts([row]) == facts(told(waited))
    assert (row["status"], row["is_early"], row["total_calls"]) == ("closed", False, 6 * 20 + 14 * 25)
    assert published(looked) == [("End", row["insight_id"]), ("Start", row["insight_id"])]


def test_memories_do_not_learn_from_a_look(open_lake: Callable[..., Any]) -> None:
    """What is remembered of a place is the same to the byte, whether one looked early or not."""
    looked, waited = open_lake(), open_lake(trail={})
    nudge(looked, with_burst(BURST, until=16), 17)
    for each in (looked, waited):
        complete(each, with_burst(BURST))

    def names(pipeline: Any) -> list[str]:
        return sorted(info.key for info in pipeline.workspace.lake.list(f"{memories.TABLE}/"))

    assert names(looked) == names(waited)


@pytest.mark.parametrize("tables", [{"trail": {}}, {"detect": {"early": False}}])
def test_who_does_not_ask_for_it_waits(open_lake: Callable[..., Any], tables: dict[str, Any]) -> None:
    """Without a queue, or switched off, a running hour is left alone."""
    assert nudge(open_lake(**tables), with_burst(BURST, until=16), 17).insights == ()


def test_an_hour_that_is_not_over_has_no_silence(pipeline: Any) -> None:
    """A series that is busy as ever does not look as if it had dropped, and a burst in it is seen."""
    put_days(pipeline.workspace.lake, usual() | {("CreateTags", None): dict.fromkeys(range(60), 10)})
    judge(pipeline, 14, 5)
    quiet = nudge(pipeline, usual(4) | {("CreateTags", None): dict.fromkeys(range(4), 10)}, 5)
    loud = nudge(pipeline, usual(6) | {("CreateTags", None): dict.fromkeys(range(4), 10) | {4: 40, 5: 40}}, 7)

    assert (quiet.started, loud.started) == (0, 1)
    assert [(row["event_name"], row["direction"]) for row in told(pipeline)] == [("CreateTags", "spike")]


def test_a_start_that_moves_is_the_same_insight(pipeline: Any) -> None:
    """Calls of the minutes before that come later move the start in the table, not the identity that was published."""
    nudge(pipeline, with_burst(BURST, until=16), 17)
    ((_, shared),) = published(pipeline)
    complete(pipeline, with_burst({8: 20, 9: 20} | BURST))

    (row,) = told(pipeline)
    assert (row["insight_id"], row["start_time"]) == (shared, HOUR_14 + 8 * MINUTE)
    assert published(pipeline) == [("End", shared), ("Start", shared)]


def test_an_earlier_spike_that_mutes_it_is_the_same_insight(pipeline: Any) -> None:
    """A spike from the hour's beginning that was not delivered yet makes the one that was told its repeat: to whom was
    told it is the one that began earlier."""
    nudge(pipeline, with_burst({50: 20, 51: 20}, until=52), 53)
    ((_, shared),) = published(pipeline)
    complete(pipeline, with_burst({2: 30, 3: 30, 50: 20, 51: 20}))

    (row,) = told(pipeline)
    assert (row["insight_id"], row["start_time"]) == (shared, HOUR_14 + 2 * MINUTE)
    assert published(pipeline) == [("End", shared), ("Start", shared)]


def test_no_end_is_before_its_start(pipeline: Any) -> None:
    """The earlier spike was over before the one began that was told: that one ends with the window that spoke, and the
    row says that the records are not its numbers."""
    nudge(pipeline, with_burst({50: 20, 51: 20}, until=52), 53)
    published(pipeline)
    complete(pipeline, with_burst({2: 30, 3: 30, 50: 20, 51: 20}))

    (row,) = told(pipeline)
    start, end = json.loads(row["start_record_json"]), json.loads(row["end_record_json"])
    assert start["eventTime"] < end["eventTime"] <= "2026-10-29T15:00:00Z"
    assert end["insightDetails"] == start["insightDetails"] | {"state": "End"}
    assert (row["is_corrected"], row["end_time"]) == (True, HOUR_14 + 4 * MINUTE)


def test_what_is_not_found_again_is_ended(pipeline: Any) -> None:
    """Calls that turn out to be none, those of a refuted log file for instance, leave a pair of records and a row that
    says so; judging again changes nothing."""
    nudge(pipeline, with_burst(BURST, until=16), 17)
    start = json.loads(told(pipeline)[0]["start_record_json"])
    published(pipeline)
    complete(pipeline, usual())

    (row,) = told(pipeline)
    end = json.loads(row["end_record_json"])
    assert (row["status"], row["is_early"]) == ("withdrawn", True)
    assert published(pipeline) == [("End", row["insight_id"]), ("Start", row["insight_id"])]
    assert start["eventTime"] < end["eventTime"] <= "2026-10-29T15:00:00Z"
    assert end["insightDetails"] == start["insightDetails"] | {"state": "End"}
    assert complete(pipeline, usual()).insights == ()
    assert told(pipeline) == [row]


def test_an_hour_that_is_passed_over_is_waited_for(pipeline: Any) -> None:
    """Where the hour after it is read whole first, nothing is known yet of what was told: that has no End before."""
    lake = pipeline.workspace.lake
    nudge(pipeline, with_burst(BURST, until=16), 17)
    ((_, shared),) = published(pipeline)
    put_hour(lake, HOUR_14 + HOUR, usual())
    reading.mark(lake, Window(HOUR_14 + HOUR, HOUR_14 + 2 * HOUR + 20 * MINUTE))
    judge(pipeline, 16, 21)
    meanwhile = published(pipeline)
    complete(pipeline, with_burst(BURST))

    (row,) = told(pipeline)
    assert meanwhile == [("Start", shared)]
    assert (row["insight_id"], row["status"], row["is_early"]) == (shared, "closed", False)
    assert json.loads(row["end_record_json"])["eventTime"] == "2026-10-29T14:16:00Z"


def test_an_hour_that_is_never_read_whole_is_not_waited_for_for_long(pipeline: Any) -> None:
    """After three hours an hour without data is one without an insight: whoever was told hears that it is over."""
    lake = pipeline.workspace.lake
    nudge(pipeline, with_burst(BURST, until=16), 17)
    for hour in (1, 2, 3):
        put_hour(lake, HOUR_14 + hour * HOUR, usual())
    reading.mark(lake, Window(HOUR_14 + HOUR, HOUR_14 + 4 * HOUR + 20 * MINUTE))
    judge(pipeline, 18, 21)

    (row,) = told(pipeline)
    assert row["status"] == "withdrawn"
    assert published(pipeline) == [("End", row["insight_id"]), ("Start", row["insight_id"])]


def test_an_open_insight_is_not_begun_again(pipeline: Any) -> None:
    """Where an insight is open, the part of the next hour that is there may look as if it had ended and begun louder:
    that is for the whole hour to say."""
    lake = pipeline.workspace.lake
    put_hour(lake, HOUR_14, with_burst(dict.fromkeys(range(50, 60), 20)))
    settle(lake, HOUR_14 + HOUR)
    judge(pipeline, 15, 21)
    (row,) = told(pipeline)
    put_hour(lake, HOUR_14 + HOUR, with_burst({35: 90, 36: 90, 37: 90}, until=38))
    judge(pipeline, 15, 39)

    assert row["status"] == "open"
    assert told(pipeline) == [row]


def test_a_part_of_the_hour_before(pipeline: Any) -> None:
    """Until the hour before is complete it is looked at too; a spike of it waits for its own hour, not for the one that
    is judged first."""
    lake = pipeline.workspace.lake
    put_hour(lake, HOUR_14, usual())
    put_hour(lake, HOUR_14 + HOUR, with_burst({2: 20, 3: 20}, until=4))
    report = judge(pipeline, 15, 5)
    settle(lake, HOUR_14 + HOUR)
    judge(pipeline, 15, 22)
    before = told(pipeline)
    put_hour(lake, HOUR_14 + HOUR, with_burst({2: 20, 3: 20}))
    put_hour(lake, HOUR_14 + 2 * HOUR, usual())
    settle(lake, HOUR_14 + 3 * HOUR)
    judge(pipeline, 17, 21)

    assert report.early == 1
    assert [(row["status"], row["is_early"]) for row in before] == [("open", True)]
    assert [(row["status"], row["is_early"], row["total_calls"]) for row in told(pipeline)] == [("closed", False, 40)]


def test_what_is_open_when_its_hour_is_judged(pipeline: Any) -> None:
    """A spike that goes on is confirmed before it is over, though the hour adds nothing to what was told."""
    lake, burst = pipeline.workspace.lake, with_burst(dict.fromkeys(range(50, 60), 20))
    nudge(pipeline, burst, 59)
    before = told(pipeline)
    put_hour(lake, HOUR_14, burst)
    settle(lake, HOUR_14 + HOUR)
    judge(pipeline, 15, 21)

    assert [(row["status"], row["is_early"]) for row in before] == [("open", True)]
    assert [(row["status"], row["is_early"]) for row in told(pipeline)] == [("open", False)]


def test_a_spike_that_turns_out_to_go_on_from_the_hour_before(pipeline: Any) -> None:
    """Where the hour before, once it is complete, has a spike that is not over, that is what was told of its sequel."""
    lake = pipeline.workspace.lake
    put_hour(lake, HOUR_14, usual(50))
    put_hour(lake, HOUR_14 + HOUR, with_burst({2: 20, 3: 20}, until=4))
    judge(pipeline, 15, 5)
    ((_, shared),) = published(pipeline)
    put_hour(lake, HOUR_14, with_burst(dict.fromkeys(range(45, 60), 20)))
    settle(lake, HOUR_14 + HOUR)
    judge(pipeline, 15, 21)

    (row,) = told(pipeline)
    assert (row["insight_id"], row["start_time"]) == (shared, HOUR_14 + 45 * MINUTE)
    assert published(pipeline) == [("Start", shared)]


def test_a_region_that_was_never_used(pipeline: Any) -> None:
    """A burst in a Region of which there is no memory yet, for nothing was ever called there, is told as early."""
    put_hour(pipeline.workspace.lake, HOUR_14, {("RunInstances", None): BURST}, place=(PLACE[0], "ap-south-1"))
    judge(pipeline, 14, 17)

    assert [(row["region"], row["is_early"]) for row in told(pipeline)] == [("ap-south-1", True)]


def failing(calls: dict[int, int], errors: dict[int, int]) -> Cells:
    return {("AssumeRole", None): calls, ("AssumeRole", "AccessDenied"): errors}


@pytest.mark.parametrize(("calls", "is_early"), [(900, False), (20, True)])
def test_errors_that_more_calls_could_explain_wait(open_lake: Callable[..., Any], calls: int, is_early: bool) -> None:
    """An error that a known share of calls ends in is told early only if three times the calls seen would not explain
    it: of all that is counted, its expectation alone grows with what arrives later."""
    pipeline = open_lake(detect={"call_rate": False})
    put_days(pipeline.workspace.lake, failing(dict.fromkeys(range(60), 19), dict.fromkeys(range(60), 1)))
    judge(pipeline, 14, 5)
    early = nudge(pipeline, failing({12: calls}, {12: 150}), 17)
    complete(pipeline, failing({12: calls}, {12: 150}))

    assert early.started == int(is_early)
    assert [(row["insight_type"], row["detection_calls"]) for row in told(pipeline)] == [("ApiErrorRateInsight", 150)]


def test_what_is_said_to_be_normal_of_an_error(open_lake: Callable[..., Any]) -> None:
    """That three times the calls seen must not explain an error is a caution, not what is told to be normal: of the
    500 calls of 14:12 and of 20 in each of the 47 minutes before 14:00 one in twenty is expected to fail, as ever."""
    pipeline = open_lake(detect={"call_rate": False})
    put_days(pipeline.workspace.lake, failing(dict.fromkeys(range(60), 19), dict.fromkeys(range(60), 1)))
    judge(pipeline, 14, 5)
    nudge(pipeline, failing({12: 50}, {12: 450}), 17)

    (row,) = told(pipeline)
    assert (row["is_early"], row["window_minutes"]) == (True, 60)
    assert row["expected_calls"] == pytest.approx((500 + 47 * 20) / 20, rel=0.02)


def test_when_the_hourly_run_is_behind(pipeline: Any) -> None:
    """With four hours that are not complete nothing is told early: too much of what came before may be missing."""
    for hour in range(3):
        put_hour(pipeline.workspace.lake, HOUR_14 + hour * HOUR, usual())
    put_hour(pipeline.workspace.lake, HOUR_14 + 3 * HOUR, with_burst(BURST, until=16))
    report = judge(pipeline, 17, 17)

    assert (report.judged, report.insights) == (0, ())


def test_hours_that_are_given_longer_to_settle(open_lake: Callable[..., Any]) -> None:
    """Where each hour waits three hours for its last objects, four are never complete, and nothing is behind."""
    pipeline = open_lake(trail={"notifications": QUEUE, "settle_minutes": 180})
    lake = pipeline.workspace.lake
    for hour in range(3):
        put_hour(lake, HOUR_14 + hour * HOUR, usual())
    put_hour(lake, HOUR_14 + 3 * HOUR, with_burst(BURST, until=16))
    settle(lake, HOUR_14 + 3 * HOUR)
    report = judge(pipeline, 17, 17)

    assert (report.started, report.early) == (1, 1)


def test_a_look_costs_a_memory_and_the_counts_of_the_hour(pipeline: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is unusual a look reads one hour's counts, no events and no insights."""
    lake = pipeline.workspace.lake
    read: list[str] = []
    get = type(lake).get

    def noted(self: Any, key: str) -> Any:
        read.append(key)
        return get(self, key)

    put_hour(lake, HOUR_14, usual(16))
    monkeypatch.setattr(type(lake), "get", noted)
    judge(pipeline, 14, 17)

    assert [key for key in read if key.endswith(".parquet") and not key.endswith("day.parquet")] == [
        "minute_counts/account_id=111122223333/region=us-east-1/date=2026-10-29/hour-14.parquet"
    ]
    assert len([key for key in read if key.endswith(".arrow")]) == 1
