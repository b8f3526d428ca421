"""Snapshots of what the detector learnt."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from insights.statistics.coverage import Place
from insights.statistics.parameters import Parameters
from insights.statistics.place import PlaceMemory
from insights.storage import memories
from insights.windows import HOUR, parse_instant

START = parse_instant("2026-09-20T00:00")
PLACE = ("111122223333", "us-east-1")


def index_of(store: Any, parameters: Parameters = Parameters()) -> memories.Index:  # noqa: B008 - frozen
    return memories.read_index(store, PLACE, START, parameters)


def test_a_memory_comes_back(store: Any) -> None:
    """What was saved and named is found, and is what it was."""
    memory = PlaceMemory.begin(Place(*PLACE), 495_000, Parameters(), account_since=494_000)
    snapshot = memories.save(store, index_of(store), START, memory)
    memories.write_index(store, index_of(store), [snapshot], None)
    (found,) = index_of(store).snapshots
    loaded = memories.load(store, found, Parameters())

    assert loaded is not None
    assert (loaded.next_hour, loaded.first_hour, loaded.used_since) == (495_000, 494_000, 495_000)
    assert loaded.series.subjects == memory.series.subjects


def test_other_numbers_have_other_memories(store: Any) -> None:
    """A memory made with other parameters is as good as absent."""
    memory = PlaceMemory.begin(Place(*PLACE), 495_000, Parameters(), account_since=495_000)
    memories.write_index(store, index_of(store), [memories.save(store, index_of(store), START, memory)], None)

    assert index_of(store).snapshots
    assert index_of(store, Parameters.preset("low")).snapshots == ()


def test_of_two_writers_of_an_index_one_is_heard(store: Any) -> None:
    """Who read the index before another replaced it learns that it was replaced."""
    memory = PlaceMemory.begin(Place(*PLACE), 495_000, Parameters(), account_since=495_000)
    mine = theirs = index_of(store)
    snapshot = memories.save(store, mine, START, memory)

    assert memories.write_index(store, theirs, [snapshot], None)
    assert not memories.write_index(store, mine, [snapshot], None)


def test_old_memories_are_thinned_out() -> None:
    """Of the latest hours, days and weeks one each is kept."""
    snapshots = [memories.Snapshot(START + hour * HOUR, str(hour)) for hour in range(24 * 60)]
    kept = [(snapshots[-1].until - snapshot.until) // HOUR for snapshot in memories.worth_keeping(snapshots)]

    assert kept[-6:] == [5, 4, 3, 2, 1, 0]
    assert len(kept) <= memories.KEPT_HOURS + memories.KEPT_DAYS + memories.KEPT_WEEKS
    assert kept[0] >= timedelta(days=40) // HOUR
