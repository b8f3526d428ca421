from datetime import timedelta

import numpy as np
import pyarrow as pa

from benchmarks.detection import plain
from benchmarks.detection.plain_counts import cells_of
from benchmarks.detection.plain_memory import Factors
from benchmarks.detection.scoring import Alarm
from insights.simulate.population import Population, PopulationPlan

DAYS, JUDGED_DAYS = 9, 2
JUDGED = (DAYS - JUDGED_DAYS) * 1440
BURST = JUDGED + 615


def population(minutes: list[int], calls: list[int]) -> Population:
    """Give one series of one account and Region with calls in these minutes; every hour was delivered."""
    plan = PopulationPlan(seed=1, apis=1, places=1, days=DAYS, judged_days=JUDGED_DAYS)
    texts = {"account_id": "111122223333", "region": "us-east-1", "event_category": "Management"}
    texts |= {"event_source": "ec2.amazonaws.com", "event_name": "RunInstances"}
    number = len(minutes)
    table = pa.table(
        {
            "minute": pa.array([plan.start + timedelta(minutes=m) for m in minutes], pa.timestamp("us", "UTC")),
            **{name: pa.array([value] * number) for name, value in texts.items()},
            "error_code": pa.nulls(number, pa.string()),
            "is_read_only": pa.array([False] * number),
            "count": pa.array(calls, pa.int64()),
        }
    )
    hours = [plan.start + timedelta(hours=hour) for hour in range(DAYS * 24)]
    return Population(plan, table, tuple(("111122223333", "us-east-1", hour) for hour in hours), (), (), 1)


def judged(minutes: list[int], calls: list[int]) -> list[Alarm]:
    found = plain.alarms(cells_of(population(minutes, calls)), Factors(2.3, 2.5))
    return [alarm for alarm in found if alarm.spoke_at > JUDGED]


def test_burst() -> None:
    """A burst of ten minutes in a series of a few calls a day is found, from its first minute to its last."""
    quiet = np.random.default_rng(3).choice(JUDGED, 28, replace=False).tolist()
    minutes = sorted([*quiet, *range(BURST, BURST + 10)])
    found = judged(minutes, [20 if minute >= BURST else 1 for minute in minutes])

    assert [(alarm.start, alarm.end) for alarm in found] == [(BURST, BURST + 10)]
    assert BURST < found[0].spoke_at <= BURST + 10


def test_nightly_job() -> None:
    """What comes every night is the series' own record, and no insight."""
    nightly = [day * 1440 + 120 + minute for day in range(DAYS) for minute in range(5)]

    assert judged(nightly, [50] * len(nightly)) == []


def test_causal() -> None:
    """What comes later changes nothing of an insight that has ended."""
    early = [100, *range(BURST, BURST + 10)]
    later = [BURST + 120 + minute for minute in range(30)]

    assert judged(early, [20] * 11)[0] == judged(early + later, [20] * 11 + [90] * 30)[0]
