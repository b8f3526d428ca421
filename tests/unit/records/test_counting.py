from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from insights.records.counting import COLUMNS, count_minutes
from insights.records.schemas import EVENTS, MINUTE_COUNTS, with_dictionaries


def events(rows: list[tuple]) -> pa.Table:
    schema = pa.schema([EVENTS.field(name) for name in COLUMNS])
    return pa.Table.from_pylist([dict(zip(COLUMNS, row, strict=True)) for row in rows], schema=schema)


def random_rows(number: int, seed: int) -> list[tuple]:
    rng = np.random.default_rng(seed)
    start = datetime(2026, 11, 1, 23, 50, tzinfo=UTC)
    return [
        (
            start + timedelta(seconds=int(rng.integers(1200)), microseconds=int(rng.integers(2)) * 999_999),
            str(rng.choice(["Management", "Data"])),
            bool(rng.integers(2)),
            str(rng.choice(["ec2.amazonaws.com", "s3.amazonaws.com"])),
            str(rng.choice(["Get", "Put"])),
            [None, "AccessDenied", ""][rng.integers(3)],
        )
        for _ in range(number)
    ]


@pytest.mark.parametrize("seed", range(3))
def test_counter(seed: int) -> None:
    """Counts are those of Python's own counter: by minute and everything that tells series apart; null is no error."""
    rows = random_rows(2_000, seed)
    expected = Counter((row[0].replace(second=0, microsecond=0), *row[1:]) for row in rows)

    counted = count_minutes(events(rows))
    found = {tuple(row[name] for name in MINUTE_COUNTS.names[:-1]): row["count"] for row in counted.to_pylist()}
    assert found == expected
    assert counted.num_rows == len(expected)


def test_shape() -> None:
    """The table has the schema of minute_counts and does not depend on the order of events."""
    rows = random_rows(500, 7)

    assert count_minutes(events(rows)).schema == MINUTE_COUNTS
    assert count_minutes(events(rows)).equals(count_minutes(events(rows[::-1])))


def test_dictionaries() -> None:
    """Texts may be dictionaries, each piece of the table with its own."""
    rows = random_rows(600, 8)
    schema = with_dictionaries(pa.schema([EVENTS.field(name) for name in COLUMNS]))
    pieces = pa.concat_tables([events(part).cast(schema) for part in (rows[:1], rows[1:300], rows[300:])])

    assert count_minutes(pieces).equals(count_minutes(events(rows)))


def test_nothing() -> None:
    """No events have no counts."""
    assert count_minutes(events([])).num_rows == 0
