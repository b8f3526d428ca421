from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from insights.errors import SettingsError
from insights.records.schemas import MINUTE_COUNTS
from insights.records.series import SeriesKey
from insights.simulate.injection import PopulationIncidentKind, Size
from insights.simulate.population import ObservedSeries, Population, PopulationPlan, populate
from insights.simulate.rhythms import Making
from insights.windows import MINUTE

SMALL = PopulationPlan(seed=3, apis=300, places=2, incidents=1)
TINY = replace(SMALL, apis=20, places=1, days=16)


@pytest.fixture(scope="module")
def population() -> Population:
    return populate(SMALL)


def calls_of(minutes: dict[tuple[str, ...], np.ndarray], series: SeriesKey, start: int, end: int) -> int:
    """Count the calls of a series in the minutes [start, end) from the population's start."""
    error = series.error_code or ""
    key = (series.account_id, series.region, series.event_source, series.event_name)
    found = [at for (*of, code), at in minutes.items() if tuple(of) == key and (not error or code == error)]
    return sum(int(at[start:end].sum()) for at in found)


def by_minute(population: Population) -> dict[tuple[str, ...], np.ndarray]:
    """Give the calls of each minute of every API and error, those with an incident only."""
    named = {series.event_name for incident in population.incidents for series in incident.series}
    names = ["account_id", "region", "event_source", "event_name", "error_code"]
    frame = population.minute_counts.to_pandas()
    frame = frame[frame["event_name"].isin(named)]
    at = (frame["minute"] - population.plan.start) // MINUTE
    frame = frame[names].astype(object).fillna("").assign(at=at, count=frame["count"])
    length = population.plan.days * 1440
    return {key: np.bincount(of["at"], of["count"], length).astype(int) for key, of in frame.groupby(names, sort=False)}


def test_columns(population: Population) -> None:
    """The table has the lake's columns of minute counts, and where they were counted; one row a key and minute."""
    table = population.minute_counts

    assert set(table.column_names) == {*MINUTE_COUNTS.names, "account_id", "region"}
    assert pc.min(table["count"]).as_py() >= 1
    keys = [name for name in table.column_names if name != "count"]
    plain = pa.table({n: table[n].cast("string") if pa.types.is_dictionary(table[n].type) else table[n] for n in keys})
    assert plain.group_by(keys).aggregate([]).num_rows == table.num_rows


def test_same_seed() -> None:
    """A plan gives the same population every time, another seed another one."""
    assert populate(TINY).minute_counts.equals(populate(TINY).minute_counts)
    assert not populate(TINY).minute_counts.equals(populate(replace(TINY, seed=4)).minute_counts)


def test_every_kind(population: Population) -> None:
    """Every kind of incident comes in every size, in the judged days."""
    counted = {(i.kind, i.size) for i in population.incidents if i.is_counted}

    rare = {PopulationIncidentKind.DROP, PopulationIncidentKind.OFF_PEAK}  # need a busy or rhythmic API each
    assert {(kind, size) for kind in PopulationIncidentKind if kind not in rare for size in Size} <= counted
    first = (SMALL.days - SMALL.judged_days) * 1440
    assert all(first <= i.start < i.end <= SMALL.days * 1440 for i in population.incidents if i.is_counted)


def test_incidents_are_in_the_counts(population: Population) -> None:
    """The calls that the truth tells of are in the table, at the series and minutes it names; a drop has none left."""
    minutes = by_minute(population)
    for incident in population.incidents:
        found = sum(
            calls_of(minutes, series, incident.start, incident.end)
            for series in incident.series
            if incident.kind is not PopulationIncidentKind.ENUMERATION or series.error_code
        )
        if incident.kind is PopulationIncidentKind.DROP:
            assert found == 0
        elif incident.kind is PopulationIncidentKind.ERRORS:  # shows twice: as error, and among the calls
            assert found >= 2 * incident.calls
        else:
            assert found >= incident.calls


def test_most_apis_are_quiet(population: Population) -> None:
    """As in real accounts, half of the series have calls in less than one of a hundred minutes."""
    table = population.minute_counts
    columns = {n: table[n].cast("string") for n in ("event_name", "event_source", "region")}
    minutes = pa.table(columns).group_by(list(columns)).aggregate([([], "count_all")])["count_all"].to_numpy()

    assert np.median(minutes) < 0.01 * SMALL.days * 1440


def test_lost_hours() -> None:
    """Hours that are lost are not delivered, and have no calls."""
    lossy = populate(replace(TINY, lost_share=0.5, incidents=0))
    frame = lossy.minute_counts.select(["account_id", "region", "minute"]).to_pandas()
    frame["minute"] = frame["minute"].dt.floor("h")

    assert set(frame.drop_duplicates().itertuples(index=False, name=None)) <= set(lossy.coverage)
    assert len(lossy.coverage) < 0.6 * TINY.days * 24


def test_late_places() -> None:
    """A place that is switched on late has nothing before."""
    late = populate(replace(TINY, late_places=1))
    ordinary = [hour for _, region, hour in late.coverage if not region.startswith("unused")]

    assert min(ordinary) >= late.plan.start + 4 * 1440 * MINUTE


def test_real_counts() -> None:
    """Drawn from a real series, an API is called in its hours only, and its labels come along."""
    counts = np.zeros(40 * 288, dtype=np.int64)
    counts[::288] = 5_000  # five minutes after each midnight
    source = ObservedSeries("midnights", 5, counts, ((10 * 1440, 10 * 1440 + 60),))
    plan = replace(SMALL, making=Making.OBSERVED, apis=1, places=1, incidents=0)
    drawn = populate(plan, [source])
    minutes = drawn.minute_counts["minute"].cast("int64").to_numpy() // 60_000_000

    assert len(np.unique(minutes % 1440 // 5)) == 1
    assert [(i.end - i.start, i.is_counted) for i in drawn.incidents] == [(60, False)]


def test_real_counts_are_needed() -> None:
    """A population of real counts says what it lacks."""
    with pytest.raises(SettingsError, match="at least one observed series"):
        populate(replace(SMALL, making=Making.OBSERVED))


def test_history_is_needed() -> None:
    """A plan without a week before the judged days is refused."""
    with pytest.raises(SettingsError, match="judged_days is 30"):
        PopulationPlan(seed=1, judged_days=30)
