from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from insights.errors import SettingsError
from insights.simulate import scenario, truth

START = datetime(2026, 11, 2, tzinfo=UTC)


def _run_instances(trail):
    return sorted(
        datetime.fromisoformat(record["eventTime"])
        for _, record in trail.distinct
        if record["eventName"] == "RunInstances"
    )


def test_announcement_has_21_calls_in_the_baseline(announcement_trail):
    """From 00:00 UTC seven days before the day up to 13:25 RunInstances is called exactly 21 times."""
    before = [at for at in _run_instances(announcement_trail) if at < datetime(2026, 11, 9, 13, 25, tzinfo=UTC)]

    assert len(before) == 21
    assert before[0] >= datetime(2026, 11, 2, tzinfo=UTC)


def test_announcement_baseline_is_even(announcement_trail):
    """The 21 calls lie 10,885 / 21 minutes apart: no two of them are a burst of their own."""
    before = _run_instances(announcement_trail)[:21]
    gaps = [(later - earlier) / timedelta(minutes=1) for earlier, later in pairwise(before)]

    assert gaps == pytest.approx([10885 / 21] * 20, abs=0.1)


def test_announcement_has_six_calls_in_one_minute_and_none_after(announcement_trail):
    """In the minute 13:25 of the last day RunInstances is called six times, as AWS's announcement tells."""
    minute = datetime(2026, 11, 9, 13, 25, tzinfo=UTC)
    after = _run_instances(announcement_trail)[21:]

    assert len(after) == 6
    assert all(minute <= at < minute + timedelta(minutes=1) for at in after)


def test_announcement_has_an_ordinary_history(announcement_trail):
    """Every hour of the seven days before is delivered with other calls."""
    hours = {record["eventTime"][:13] for _, record in announcement_trail.distinct}

    assert len(hours) == 8 * 24


@pytest.mark.parametrize(
    ("start", "days"),
    [
        pytest.param(START, 7, id="too short"),
        pytest.param(START + timedelta(hours=1), 8, id="begins within a day"),
        pytest.param(START, 7.5, id="ends before 13:25"),
    ],
)
def test_announcement_refuses_a_span_without_its_baseline(start, days):
    """The story cannot be told in less than eight days from midnight; the message says what to do."""
    with pytest.raises(SettingsError, match="eight whole days"):
        scenario("announcement", start=start, days=days)


def test_default_incidents_lie_in_the_last_day():
    """Everything before the last day is history to learn from."""
    rows = truth(scenario("default", start=START, days=10))

    assert rows
    assert all(row["start"] >= "2026-11-11T00:00:00Z" for row in rows)
    assert all(row["end"] <= "2026-11-12T00:00:00Z" for row in rows)


def test_default_refuses_less_than_a_day():
    """Incidents that the plan has no room for are an error, not left out."""
    with pytest.raises(SettingsError, match="lie in its last day: simulate one day or more"):
        scenario("default", start=START, days=0.5)


def test_quiet_has_no_incident():
    """The quiet trail is one on which nothing should be found."""
    assert truth(scenario("quiet", start=START, days=2)) == []


def test_unknown_name_is_refused_with_the_known_ones():
    """A wrong name is answered with the right ones."""
    with pytest.raises(SettingsError, match="default, announcement, quiet"):
        scenario("loud", start=START)
