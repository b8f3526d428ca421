from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from insights.stages.extract import shard
from insights.storage.trail import TrailObject

MOST_MAPPED_TASKS = 1024
"""Airflow's own limit, `[core] max_map_length`."""

OBJECTS = st.lists(
    st.builds(
        lambda number, account, minute, size: TrailObject(
            f"{account}/{number}", "", size, account, "us-east-1",
            datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=minute), False,
        ),
        number=st.integers(0, 10**9),
        account=st.sampled_from(["111122223333", "444455556666"]),
        minute=st.integers(0, 1440),
        size=st.integers(0, 50),
    ),
    max_size=60,
    unique_by=lambda each: each.key,
)  # fmt: skip


@given(OBJECTS, st.integers(1, 100))
def test_nothing_lost(objects: list[TrailObject], maximum: int) -> None:
    """Shards hold every object once, never are empty, and keep to the bound or to one object."""
    shards = list(shard(objects, maximum))

    assert sorted(each.key for part in shards for each in part) == sorted(each.key for each in objects)
    assert all(shards)
    assert all(len(part) == 1 or sum(each.size for each in part) <= maximum for part in shards)


@given(OBJECTS, st.integers(1, 100), st.randoms())
def test_any_order(objects: list[TrailObject], maximum: int, random) -> None:
    """The same objects are cut the same way in whatever order they were listed."""
    shuffled = random.sample(objects, len(objects))

    assert list(shard(shuffled, maximum)) == list(shard(objects, maximum))


@given(st.lists(st.integers(1, 3_000), min_size=1, max_size=12), st.integers(1, 3_000))
def test_number_of_shards(sizes: list[int], number: int) -> None:
    """However much is new, there are no more shards than Airflow maps tasks."""
    sizes = (sizes * number)[:number]
    at = datetime(2026, 11, 1, tzinfo=UTC)
    objects = [TrailObject(str(i), "", size, "1", "r", at, False) for i, size in enumerate(sizes)]

    assert len(list(shard(objects, 1))) <= MOST_MAPPED_TASKS
