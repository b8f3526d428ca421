"""What becomes of what was told of an hour early, once the hour is complete."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from insights.storage import insights, memories, reading
from insights.windows import HOUR, MINUTE, Window
from tests.unit.stages.running_hour import (
    BURST,
    HOUR_14,
    complete,
    judge,
    nudge,
    published,
    put_hour,
    settle,
    told,
    usual,
    with_burst,
)


def facts(rows: list[insights.Row]) -> list[dict[str, Any]]:
    """Give rows without what keeps the words of an earlier look: the records and the mark that they were corrected."""
    words = ("_key", "_etag", "start_record_json", "end_record_json", "is_corrected")
    return [{name: row[name] for name in row if name not in words} for row in rows]


def test_the_hour_ends_as_without_a_look(open_nine_days: Callable[..., Any]) -> None:
    """Once the hour is judged the table says what it says where nobody looked early; Start and End are one each."""
    rest = dict.fromkeys(range(16, 30), 25)
    looked, waited = open_nine_days(), open_nine_days(trail={})
    nudge(looked, with_burst(BURST, until=16), 17)
    published(looked)
    nudge(looked, with_burst(BURST | rest, until=40), 41)
    for each in (looked, waited):
        complete(each, with_burst(BURST | rest))

    (row,) = told(looked)
    assert facts([row]) == facts(told(waited))
    assert (row["status"], row["is_early"], row["total_calls"]) == ("closed", False, 6 * 20 + 14 * 25)
    assert published(looked) == [("End", row["insight_id"]), ("Start", row["insight_id"])]


def test_memories_do_not_learn_from_a_look(open_nine_days: Callable[..., Any]) -> None:
    """What is remembered of a place is the same to the byte, whether one looked early or not."""
    looked, waited = open_nine_days(), open_nine_days(trail={})
    nudge(looked, with_burst(BURST, until=16), 17)
    for each in (looked, waited):
        complete(each, with_burst(BURST))

    def names(running: Any) -> list[str]:
        return sorted(info.key for info in running.workspace.lake.list(f"{memories.TABLE}/"))

    assert names(looked) == names(waited)


def test_a_start_that_moves_is_the_same_insight(running: Any) -> None:
    """Calls of the minutes before that come later move the start in the table, not the identity that was published."""
    nudge(running, with_burst(BURST, until=16), 17)
    ((_, shared),) = published(running)
    complete(running, with_burst({8: 20, 9: 20} | BURST))

    (row,) = told(running)
    assert (row["insight_id"], row["start_time"]) == (shared, HOUR_14 + 8 * MINUTE)
    assert published(running) == [("End", shared), ("Start", shared)]


def test_an_earlier_spike_that_mutes_it_is_the_same_insight(running: Any) -> None:
    """A spike from the hour's beginning that was not delivered yet makes the one that was told its repeat: to whom was
    told it is the one that began earlier."""
    nudge(running, with_burst({50: 20, 51: 20}, until=52), 53)
    ((_, shared),) = published(running)
    complete(running, with_burst({2: 30, 3: 30, 50: 20, 51: 20}))

    (row,) = told(running)
    assert (row["insight_id"], row["start_time"]) == (shared, HOUR_14 + 2 * MINUTE)
    assert published(running) == [("End", shared), ("Start", shared)]


def test_no_end_is_before_its_start(running: Any) -> None:
    """The earlier spike was over before the one began that was told: that one ends with the window that spoke, and the
    row says that the records are not its numbers."""
    nudge(running, with_burst({50: 20, 51: 20}, until=52), 53)
    published(running)
    complete(running, with_burst({2: 30, 3: 30, 50: 20, 51: 20}))

    (row,) = told(running)
    start, end = json.loads(row["start_record_json"]), json.loads(row["end_record_json"])
    assert start["eventTime"] < end["eventTime"] <= "2026-10-29T15:00:00Z"
    assert end["insightDetails"] == start["insightDetails"] | {"state": "End"}
    assert (row["is_corrected"], row["end_time"]) == (True, HOUR_14 + 4 * MINUTE)


def test_what_is_not_found_again_is_ended(running: Any) -> None:
    """Calls that turn out to be none, those of a refuted log file for instance, leave a pair of records and a row that
    says so; judging again changes nothing."""
    nudge(running, with_burst(BURST, until=16), 17)
    start = json.loads(told(running)[0]["start_record_json"])
    published(running)
    complete(running, usual())

    (row,) = told(running)
    end = json.loads(row["end_record_json"])
    assert (row["status"], row["is_early"]) == ("withdrawn", True)
    assert published(running) == [("End", row["insight_id"]), ("Start", row["insight_id"])]
    assert start["eventTime"] < end["eventTime"] <= "2026-10-29T15:00:00Z"
    assert end["insightDetails"] == start["insightDetails"] | {"state": "End"}
    assert complete(running, usual()).insights == ()
    assert told(running) == [row]


def test_an_hour_that_is_passed_over_is_waited_for(running: Any) -> None:
    """Where the hour after it is read whole first, nothing is known yet of what was told: that has no End before."""
    lake = running.workspace.lake
    nudge(running, with_burst(BURST, until=16), 17)
    ((_, shared),) = published(running)
    put_hour(lake, HOUR_14 + HOUR, usual())
    reading.mark(lake, Window(HOUR_14 + HOUR, HOUR_14 + 2 * HOUR + 20 * MINUTE))
    judge(running, 16, 21)
    meanwhile = published(running)
    complete(running, with_burst(BURST))

    (row,) = told(running)
    assert meanwhile == [("Start", shared)]
    assert (row["insight_id"], row["status"], row["is_early"]) == (shared, "closed", False)
    assert json.loads(row["end_record_json"])["eventTime"] == "2026-10-29T14:16:00Z"


def test_an_hour_that_is_never_read_whole_is_not_waited_for_for_long(running: Any) -> None:
    """After three hours an hour without data is one without an insight: whoever was told hears that it is over."""
    lake = running.workspace.lake
    nudge(running, with_burst(BURST, until=16), 17)
    for hour in (1, 2, 3):
        put_hour(lake, HOUR_14 + hour * HOUR, usual())
    reading.mark(lake, Window(HOUR_14 + HOUR, HOUR_14 + 4 * HOUR + 20 * MINUTE))
    judge(running, 18, 21)

    (row,) = told(running)
    assert row["status"] == "withdrawn"
    assert published(running) == [("End", row["insight_id"]), ("Start", row["insight_id"])]


def test_a_part_of_the_hour_before(running: Any) -> None:
    """Until the hour before is complete it is looked at too; a spike of it waits for its own hour, not for the one that
    is judged first."""
    lake = running.workspace.lake
    put_hour(lake, HOUR_14, usual())
    put_hour(lake, HOUR_14 + HOUR, with_burst({2: 20, 3: 20}, until=4))
    report = judge(running, 15, 5)
    settle(lake, HOUR_14 + HOUR)
    judge(running, 15, 22)
    before = told(running)
    put_hour(lake, HOUR_14 + HOUR, with_burst({2: 20, 3: 20}))
    put_hour(lake, HOUR_14 + 2 * HOUR, usual())
    settle(lake, HOUR_14 + 3 * HOUR)
    judge(running, 17, 21)

    assert report.early == 1
    assert [(row["status"], row["is_early"]) for row in before] == [("open", True)]
    assert [(row["status"], row["is_early"], row["total_calls"]) for row in told(running)] == [("closed", False, 40)]


def test_what_is_open_when_its_hour_is_judged(running: Any) -> None:
    """A spike that goes on is confirmed before it is over, though the hour adds nothing to what was told."""
    lake, burst = running.workspace.lake, with_burst(dict.fromkeys(range(50, 60), 20))
    nudge(running, burst, 59)
    before = told(running)
    put_hour(lake, HOUR_14, burst)
    settle(lake, HOUR_14 + HOUR)
    judge(running, 15, 21)

    assert [(row["status"], row["is_early"]) for row in before] == [("open", True)]
    assert [(row["status"], row["is_early"]) for row in told(running)] == [("open", False)]


def test_a_spike_that_turns_out_to_go_on_from_the_hour_before(running: Any) -> None:
    """Where the hour before, once it is complete, has a spike that is not over, that is what was told of its sequel."""
    lake = running.workspace.lake
    put_hour(lake, HOUR_14, usual(50))
    put_hour(lake, HOUR_14 + HOUR, with_burst({2: 20, 3: 20}, until=4))
    judge(running, 15, 5)
    ((_, shared),) = published(running)
    put_hour(lake, HOUR_14, with_burst(dict.fromkeys(range(45, 60), 20)))
    settle(lake, HOUR_14 + HOUR)
    judge(running, 15, 21)

    (row,) = told(running)
    assert (row["insight_id"], row["start_time"]) == (shared, HOUR_14 + 45 * MINUTE)
    assert published(running) == [("Start", shared)]
