"""What detection costs: a backfill of 28 days, and one hour after 1, 7 and 28 days, of thousands of series.

`python -m benchmarks.detect_speed` prints the figures; each is taken in a process of its own, so that memory is the
process's own peak. Series have Zipf rates from 60 calls a minute down to one in three hours, a daily rhythm, and every
eighth of them is an error of the series before it.
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from insights.records.schemas import INSTANT

START = datetime(2026, 3, 2, tzinfo=UTC)
BUSIEST_CALLS_PER_MINUTE = 60.0
ZIPF_EXPONENT = 1.1
ERRORS_EVERY = 8


def minute_counts(series: int, hours: int, *, seed: int = 1) -> pa.Table:
    """Simulate one account × Region: a table like `minute_counts` with `account_id` and `region`, in order of time."""
    rng = np.random.default_rng(seed)
    rates = BUSIEST_CALLS_PER_MINUTE / np.arange(1, series + 1) ** ZIPF_EXPONENT
    codes, minutes, calls = [], [], []
    for hour in range(hours):
        rhythm = 1.0 + 0.5 * np.sin(2 * np.pi * (hour % 24) / 24)
        counts = rng.poisson((rates * rhythm)[:, None], (series, 60))
        code, minute = np.nonzero(counts)
        order = np.argsort(minute, kind="stable")
        codes.append(code[order])
        minutes.append(minute[order] + hour * 60)
        calls.append(counts[code[order], minute[order]])
    code, minute = np.concatenate(codes), np.concatenate(minutes)
    first = int(START.timestamp()) // 60
    is_error = code % ERRORS_EVERY == ERRORS_EVERY - 1
    names = pa.array([f"Operation{number}" for number in range(series)])
    sources = pa.array([f"service{number % 40}.amazonaws.com" for number in range(series)])
    code = code.astype(np.int32)
    api = pa.array(code - is_error)
    return pa.table(
        {
            "minute": pa.array((minute + first) * 60_000_000).cast(INSTANT),
            "event_category": _constant("Management", code.size),
            "is_read_only": pa.array(np.zeros(code.size, dtype=bool)),
            "event_source": pa.DictionaryArray.from_arrays(api, sources),
            "event_name": pa.DictionaryArray.from_arrays(api, names),
            "error_code": pa.DictionaryArray.from_arrays(
                pa.array(np.zeros(code.size, dtype=np.int8), mask=~is_error), pa.array(["ThrottlingException"])
            ),
            "count": pa.array(np.concatenate(calls).astype(np.int64)),
            "account_id": _constant("111122223333", code.size),
            "region": _constant("us-east-1", code.size),
        }
    )


def _constant(value: str, rows: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, dtype=np.int8)), pa.array([value]))
