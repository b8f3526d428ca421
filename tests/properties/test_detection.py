"""What holds of detection whatever the counts are: no order matters, no hour is told of before it is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from insights.statistics.detector import Detection, DetectorState, detect
from insights.statistics.episodes import Episode
from insights.windows import HOUR, Window

T0 = datetime(2026, 3, 2, 7, tzinfo=UTC)
DAYS = 11
HOURS = DAYS * 24

Cells = list[tuple[str, np.ndarray, str | None]]


def world(seed: int) -> pa.Table:
    """Simulate eleven days: quiet, busy and rhythmic operations, errors, a cron job, and five incidents."""
    rng = np.random.default_rng(seed)
    minutes = DAYS * 1440
    rhythm = 1 + 0.6 * np.sin(2 * np.pi * np.arange(minutes) / 1440)
    cells: Cells = []
    for number, rate in enumerate((0.002, 0.003, 0.01, 0.02, 0.1, 0.4, 2.0, 6.0)):
        noise = np.repeat(rng.gamma(6, 1 / 6, minutes // 30 + 1), 30)[:minutes]
        counts = rng.poisson(rate * (np.ones(minutes) if number == 6 else rhythm * noise))
        if number in (0, 2, 5):  # bursts of one to forty minutes
            start, length = int(rng.integers(8 * 1440, 10 * 1440)), int(rng.integers(1, 40))
            counts[start : start + length] += rng.poisson(20 + 10 * rate, length)
        if number == 6:  # a new level for good
            counts[9 * 1440 + 400 :] *= 20
        if number == 7:  # silence across hours
            counts[9 * 1440 + 615 : 9 * 1440 + 800] = 0
        cells.append((f"Operation{number}", counts, None))
    cron = np.zeros(minutes, dtype=np.int64)
    cron[130::1440] = 40
    cells.append(("NightlySnapshot", cron, None))
    cells.append(("Operation5", rng.poisson(0.01, minutes), "Throttling"))
    storm = rng.poisson(0.004, minutes)
    storm[8 * 1440 + 59 : 8 * 1440 + 63] += 15
    cells.append(("Operation4", storm, "AccessDenied"))
    return table(cells)


def table(cells: Cells, *, gap_hours: tuple[int, ...] = ()) -> pa.Table:
    """Write counts by minute as rows, but for the hours nobody delivered."""
    columns: dict[str, list[object]] = {name: [] for name in ("minute", "event_name", "error_code", "count")}
    for name, counts, error_code in cells:
        for minute in np.flatnonzero(counts).tolist():
            if minute // 60 not in gap_hours:
                columns["minute"].append(T0 + timedelta(minutes=minute))
                columns["event_name"].append(name)
                columns["error_code"].append(error_code)
                columns["count"].append(int(counts[minute]))
    rows = len(columns["minute"])
    return pa.table(
        {
            "minute": pa.array(columns["minute"], pa.timestamp("us", tz="UTC")),
            "event_category": ["Management"] * rows,
            "is_read_only": [False] * rows,
            "event_source": ["ec2.amazonaws.com"] * rows,
            "event_name": pa.array(columns["event_name"], pa.string()),
            "error_code": pa.array(columns["error_code"], pa.string()),
            "count": pa.array(columns["count"], pa.int64()),
            "account_id": ["111122223333"] * rows,
            "region": ["us-east-1"] * rows,
        }
    )


def between(first: int, last: int) -> Window:
    return Window(T0 + first * HOUR, T0 + last * HOUR)


def in_parts(counts: pa.Table, edges: list[int]) -> tuple[list[Episode], DetectorState]:
    """Detect window after window, each with the rows of its hours only; keep the latest form of each episode."""
    latest: dict[str, Episode] = {}
    state: DetectorState | None = None
    minute = counts["minute"].to_numpy().astype("datetime64[m]")
    start = np.datetime64(T0.replace(tzinfo=None), "m")
    for first, last in pairwise(edges):
        inside = (minute >= start + first * 60) & (minute < start + last * 60)
        found: Detection = detect(counts.filter(pa.array(inside)), window=between(first, last), state=state)
        latest.update({episode.episode_id: episode for episode in found.episodes})
        state = found.state
    assert state is not None
    return sorted(latest.values(), key=lambda e: (e.start, e.episode_id)), state


def at_once(counts: pa.Table) -> list[Episode]:
    return sorted(detect(counts, window=between(0, HOURS)).episodes, key=lambda e: (e.start, e.episode_id))


@pytest.fixture(scope="module")
def counts() -> pa.Table:
    return world(11)


@pytest.fixture(scope="module")
def whole(counts: pa.Table) -> list[Episode]:
    return at_once(counts)


def test_the_world_has_incidents_of_many_kinds(whole: list[Episode]) -> None:
    """The properties below are about spikes, a drop, an error and a change of level, not about nothing."""
    assert {"spike", "drop"} == {str(e.direction) for e in whole}
    assert {"ApiCallRateInsight", "ApiErrorRateInsight"} == {str(e.series.insight_type) for e in whole}
    assert any(e.level_shift for e in whole)


def test_hour_by_hour_is_one_pass(counts: pa.Table, whole: list[Episode]) -> None:
    """Judging 264 single hours, each from its own rows and the state before, tells what one call tells."""
    episodes, _ = in_parts(counts, list(range(HOURS + 1)))

    assert episodes == whole


@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.integers(1, HOURS - 1), max_size=6))
def test_any_cut_is_one_pass(counts: pa.Table, whole: list[Episode], cuts: set[int]) -> None:
    """However the window is cut, the parts tell the same."""
    episodes, _ = in_parts(counts, [0, *sorted(cuts), HOURS])

    assert episodes == whole


@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32 - 1))
def test_order_of_rows_is_irrelevant(counts: pa.Table, whole: list[Episode], seed: int) -> None:
    """A shuffled table tells the same."""
    order = np.random.default_rng(seed).permutation(counts.num_rows)

    assert at_once(counts.take(pa.array(order))) == whole


@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(180, HOURS))
def test_nothing_is_told_from_the_future(counts: pa.Table, whole: list[Episode], last: int) -> None:
    """What was detected by the end of an hour is detected without any later row; only what closed later is open."""
    seen = detect(counts, window=between(0, last)).episodes
    until = T0 + last * HOUR

    assert {e.episode_id for e in seen} == {e.episode_id for e in whole if e.detected_at <= until}
    closed = {e.episode_id: e for e in whole if e.closed_at is not None and e.closed_at <= until}
    assert {e.episode_id: e for e in seen if e.closed_at is not None} == closed


@settings(max_examples=3)
@given(st.integers(0, 1000), st.sets(st.integers(0, 6 * 24 - 1), max_size=30))
def test_gaps_do_not_break_the_parts(seed: int, gap_hours: set[int]) -> None:
    """With hours nobody delivered, hour by hour is still one pass, and no undelivered hour is in an episode's start."""
    rng = np.random.default_rng(seed)
    calls = rng.poisson(3.0, 6 * 1440)
    calls[rng.integers(3 * 1440, 6 * 1440)] += 300
    rows = table([("PutObject", calls, None), ("Rare", rng.poisson(0.01, 6 * 1440), None)], gap_hours=tuple(gap_hours))
    once = detect(rows, window=between(0, 144)).episodes

    assert in_parts(rows, list(range(145)))[0] == sorted(once, key=lambda e: (e.start, e.episode_id))
    assert not {(e.start - T0) // HOUR for e in once} & gap_hours


@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(180, HOURS))
def test_history_is_learnt_as_it_would_be_judged(counts: pa.Table, whole: list[Episode], first: int) -> None:
    """A window that begins later tells what one over everything tells of the hours in it."""
    later = detect(counts, window=between(first, HOURS)).episodes

    assert sorted(e.episode_id for e in later) == sorted(
        e.episode_id for e in whole if e.detected_at > T0 + first * HOUR
    )


def new_spikes(counts: pa.Table, hour: int, state: DetectorState, *, is_partial: bool) -> set[tuple[str, str | None]]:
    """Give operation and error of the spikes that an hour shows first."""
    found = detect(counts, window=between(hour, hour + 1), state=state, is_partial=is_partial).episodes
    assert not is_partial or {str(e.direction) for e in found if e.detected_at > state.until} <= {"spike"}
    return {
        (e.series.event_name, e.series.error_code)
        for e in found
        if e.detected_at > state.until and str(e.direction) == "spike"
    }


@pytest.fixture(scope="module")
def busy_hours(counts: pa.Table, whole: list[Episode]) -> list[tuple[int, DetectorState, pa.Table]]:
    """Every hour of the last days that tells of something new: its number, the state before it, and its rows."""
    hours = sorted({(e.detected_at - T0) // HOUR - 1 for e in whole if e.detected_at > T0 + 180 * HOUR})
    minute = counts["minute"].to_numpy().astype("datetime64[m]")
    found = []
    for hour in hours:
        state = detect(counts, window=between(0, hour)).state
        start = np.datetime64((T0 + hour * HOUR).replace(tzinfo=None), "m")
        found.append((hour, state, counts.filter(pa.array((minute >= start) & (minute < start + 60)))))
    return found


def test_all_of_an_hour_tells_its_spikes_early(busy_hours: list[tuple[int, DetectorState, pa.Table]]) -> None:
    """Once all its calls are there, an hour that is taken for a part of one has the spikes it has; more than a few."""
    early = [new_spikes(rows, hour, state, is_partial=True) for hour, state, rows in busy_hours]

    assert early == [new_spikes(rows, hour, state, is_partial=False) for hour, state, rows in busy_hours]
    assert sum(map(len, early)) >= 4


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 1.0))
def test_a_part_of_an_hour_tells_nothing_that_all_of_it_does_not(
    busy_hours: list[tuple[int, DetectorState, pa.Table]], seed: int, share: float
) -> None:
    """Whichever of its calls are there already: a spike in a part of them is a spike in all of them."""
    rng = np.random.default_rng(seed)
    hour, state, rows = busy_hours[seed % len(busy_hours)]
    delivered = rng.binomial(rows["count"].to_numpy(), share)
    part = rows.set_column(rows.schema.get_field_index("count"), "count", pa.array(delivered)).filter(
        pa.array(delivered > 0)
    )

    assert new_spikes(part, hour, state, is_partial=True) <= new_spikes(rows, hour, state, is_partial=False)
