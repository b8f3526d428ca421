"""Whether it is judged hour by hour or at once, with memories or without: the same insights."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from insights.records.partitions import EventHour
from insights.records.schemas import MINUTE_COUNTS
from insights.stages import detect
from insights.storage import changes, counts, insights, memories, reading, reasons
from insights.storage.tables import encode
from insights.windows import HOUR, MINUTE, Window, parse_instant

START = parse_instant("2026-09-20T00:00")
HOURS = 13 * 24
ERA = parse_instant("2026-10-01T00:00")
RECORDED = ("start_record_json", "end_record_json", "explanation", "is_corrected")
PLACE = ("111122223333", "us-east-1")


def world() -> np.ndarray[Any, Any]:
    """Thirteen days of four operations by minute: bursts, one of them across the turn of a quarter, and a new level."""
    rng = np.random.default_rng(3)
    calls = rng.poisson(np.array([0.005, 0.02, 0.1, 0.4])[:, None], (4, HOURS * 60))
    calls[0, 9 * 1440 + 300 : 9 * 1440 + 303] += 20
    calls[1, 11 * 1440 - 50 : 11 * 1440 + 70] += 6
    calls[3, 11 * 1440 + 600 :] *= 12
    calls[2, 12 * 1440 + 100 : 12 * 1440 + 110] += 40
    return calls


def put_hour(lake: Any, calls: np.ndarray[Any, Any], hour: int, *, place: tuple[str, str] = PLACE) -> None:
    rows = [
        {
            "minute": START + hour * HOUR + int(minute) * MINUTE, "event_category": "Management", "is_read_only": False,
            "event_source": "ec2.amazonaws.com", "event_name": f"Operation{api}", "error_code": None,
            "count": int(calls[api, hour * 60 + minute]),
        }
        for api, minute in zip(*np.nonzero(calls[:, hour * 60 : hour * 60 + 60]), strict=True)
    ]  # fmt: skip
    event_hour = EventHour(*place, START + hour * HOUR)
    changes.mark(lake, event_hour, str(rows))
    lake.put(counts.hour_key(event_hour), encode(pa.Table.from_pylist(rows, schema=MINUTE_COUNTS)))


def put(lake: Any, calls: np.ndarray[Any, Any], span: Iterable[int]) -> None:
    hours = list(span)
    for hour in hours:
        put_hour(lake, calls, hour)
    reading.mark(lake, Window(START + hours[0] * HOUR, START + (hours[-1] + 1) * HOUR + 20 * MINUTE))


def judge(pipeline: Any, until: int) -> Any:
    pipeline.workspace.now = lambda: START + until * HOUR + 25 * MINUTE
    return detect.run(None, pipeline.workspace)


def numbers(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give rows without what keeps the words of an earlier day: the records, the sentence, the mark of a correction."""
    return [{name: row[name] for name in row if name not in RECORDED} for row in rows]


def told(lake: Any) -> list[dict[str, Any]]:
    return [{name: row[name] for name in row if name not in ("_key", "_etag")} for row in insights.read(lake)]


def state_keys(lake: Any) -> list[str]:
    return [info.key for info in lake.list(f"{memories.TABLE}/")]


def test_a_region_of_an_account_that_turns_out_to_be_older(pipeline: Any) -> None:
    """A burst in a Region's first hours is found once an older hour of the account, in another Region, was read, though
    nothing came for the Region itself."""
    lake, elsewhere = pipeline.workspace.lake, (PLACE[0], "eu-west-1")
    usual = np.random.default_rng(1).poisson(0.4, (1, HOURS * 60))
    burst = np.zeros_like(usual)
    burst[0, 12 * 1440 + 605 : 12 * 1440 + 625] = 40
    put(lake, usual, range(12 * 24, HOURS))
    put_hour(lake, burst, 12 * 24 + 10, place=elsewhere)
    judge(pipeline, HOURS)
    before = told(lake)
    put(lake, usual, range(12 * 24))
    judge(pipeline, HOURS)

    assert before == []
    assert [(row["region"], row["start_time"]) for row in told(lake)] == [
        ("eu-west-1", START + 12 * 24 * HOUR + 605 * MINUTE)
    ]
    assert changes.pending(lake) == {}


@pytest.fixture(scope="module")
def calls() -> np.ndarray[Any, Any]:
    return world()


@pytest.fixture(scope="module")
def expected(open_pipeline: Any, calls: np.ndarray[Any, Any]) -> list[dict[str, Any]]:
    """What one run over everything tells."""
    pipeline = open_pipeline()
    put(pipeline.workspace.lake, calls, range(HOURS))
    judge(pipeline, HOURS)
    return told(pipeline.workspace.lake)


def test_hour_by_hour_tells_what_one_run_tells(pipeline: Any, calls: np.ndarray[Any, Any], expected: Any) -> None:
    """Three days judged as their hours come, over the turn of an era, end in the same table as one run over all."""
    put(pipeline.workspace.lake, calls, range(10 * 24))
    for hour in range(10 * 24, HOURS):
        judge(pipeline, hour)
        put(pipeline.workspace.lake, calls, [hour])
    judge(pipeline, HOURS)

    assert told(pipeline.workspace.lake) == expected
    assert len(expected) >= 4


def test_early_looks_tell_what_one_run_tells(
    open_pipeline: Any, calls: np.ndarray[Any, Any], expected: list[dict[str, Any]]
) -> None:
    """Two days of which every hour is looked at when a third and two thirds of it are there: the same table in the end,
    though some of it was told early."""
    pipeline = open_pipeline(trail={"notifications": "https://sqs.us-east-1.amazonaws.com/111122223333/arrivals"})
    lake, early = pipeline.workspace.lake, 0
    put(lake, calls, range(11 * 24))
    judge(pipeline, 11 * 24)
    for hour in range(11 * 24, HOURS):
        for minute in (20, 40):
            part = calls[:, : hour * 60 + 60].copy()
            part[:, hour * 60 + minute :] = 0
            put_hour(lake, part, hour)
            pipeline.workspace.now = lambda hour=hour, minute=minute: START + hour * HOUR + minute * MINUTE
            early += detect.run(None, pipeline.workspace).early
        put(lake, calls, [hour])
        judge(pipeline, hour + 1)

    assert numbers(told(lake)) == numbers(expected)
    assert early >= 2


@pytest.mark.parametrize("damage", ["deleted", "garbled"])
def test_a_lost_memory_loses_nothing(damage: str, pipeline: Any, calls: np.ndarray[Any, Any], expected: Any) -> None:
    """Memories that are gone or unreadable in the middle are made again from the counts."""
    lake = pipeline.workspace.lake
    put(lake, calls, range(11 * 24 + 4))
    judge(pipeline, 11 * 24 + 4)
    for key in state_keys(lake):
        lake.delete(key) if damage == "deleted" else lake.put(key, b"no memory")
    put(lake, calls, range(11 * 24 + 4, HOURS))
    judge(pipeline, HOURS)

    assert told(lake) == expected


def test_late_counts_judge_the_hours_they_touch_again(
    pipeline: Any, calls: np.ndarray[Any, Any], expected: Any
) -> None:
    """Hours that arrive after later ones were judged end in what is told had they come in time."""
    late = range(9 * 24 + 4, 9 * 24 + 7)
    lake = pipeline.workspace.lake
    put(lake, calls, [hour for hour in range(HOURS - 20) if hour not in late])
    judge(pipeline, HOURS - 20)
    before = told(lake)
    put(lake, calls, late)
    put(lake, calls, range(HOURS - 20, HOURS))
    judge(pipeline, HOURS)

    assert numbers(told(lake)) == numbers(expected)
    assert len(before) < len(expected)


def test_an_hour_reads_only_what_is_new(pipeline: Any, calls: np.ndarray[Any, Any], monkeypatch: Any) -> None:
    """With a memory at hand the counts of one hour are read, however long the history."""
    put(pipeline.workspace.lake, calls, range(9 * 24))
    judge(pipeline, 9 * 24)
    put(pipeline.workspace.lake, calls, [9 * 24])
    read: list[str] = []
    whole = counts.read_files

    def read_files(store: Any, files: Any) -> Any:
        read.extend(file.key for file in files)
        return whole(store, files)

    monkeypatch.setattr(counts, "read_files", read_files)
    judge(pipeline, 9 * 24 + 1)

    assert [key[-35:] for key in read] == ["us-east-1/date=2026-09-29/hour-00.parquet"[-35:]]


def test_a_memory_another_run_replaced_is_not_trusted(
    pipeline: Any, calls: np.ndarray[Any, Any], monkeypatch: Any
) -> None:
    """Where another run was at work meanwhile, the changed hours stay marked and are judged again."""
    lake = pipeline.workspace.lake
    put(lake, calls, range(9 * 24))
    whole = memories.save

    def save_late(store: Any, index: memories.Index, until: datetime, memory: Any) -> Any:
        lake.put(f"{index.folder}index.json", b"{}")
        return whole(store, index, until, memory)

    monkeypatch.setattr(memories, "save", save_late)
    judge(pipeline, 9 * 24)
    monkeypatch.setattr(memories, "save", whole)

    assert changes.pending(lake)
    assert judge(pipeline, 9 * 24).judged == 1
    assert not changes.pending(lake)


def test_a_region_is_new_to_an_account_that_is_known(pipeline: Any, calls: np.ndarray[Any, Any]) -> None:
    """The memory of a Region knows since when there is anything of its account, in whatever Region."""
    lake = pipeline.workspace.lake
    put(lake, calls, range(8 * 24))
    start = START + timedelta(days=7, hours=12)
    hour = EventHour(PLACE[0], "ap-south-1", start)
    row = {
        "minute": start, "event_category": "Management", "is_read_only": False, "event_source": "ec2.amazonaws.com",
        "event_name": "RunInstances", "error_code": None, "count": 12,
    }  # fmt: skip
    changes.mark(lake, hour, "a")
    lake.put(counts.hour_key(hour), encode(pa.Table.from_pylist([row], schema=MINUTE_COUNTS)))
    judge(pipeline, 8 * 24)

    assert [row["region"] for row in told(lake)] == ["ap-south-1"]


def test_reasons_are_those_of_the_last_judgement(
    pipeline: Any, open_pipeline: Any, calls: np.ndarray[Any, Any]
) -> None:
    """Why something was told or kept unsaid is the same in the end, whether hours came one by one, late, or at once."""
    once, lake = open_pipeline(), pipeline.workspace.lake
    whole = Window(START, START + HOURS * HOUR)
    put(once.workspace.lake, calls, range(HOURS))
    judge(once, HOURS)
    late = range(11 * 24 + 2, 11 * 24 + 4)
    put(lake, calls, [hour for hour in range(12 * 24) if hour not in late])
    judge(pipeline, 12 * 24)
    put(lake, calls, late)
    for hour in range(12 * 24, HOURS):
        put(lake, calls, [hour])
        judge(pipeline, hour + 1)
    found = list(reasons.read(lake, whole))

    assert found == list(reasons.read(once.workspace.lake, whole))
    assert {row["insight_id"] for row in found if row["verdict"] == "told"} == {row["insight_id"] for row in told(lake)}
    assert {row["verdict"] for row in found} > {"told"}
