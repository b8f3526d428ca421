"""Real count series to draw populations from: tweets, taxi rides, requests to a web server.

The Numenta Anomaly Benchmark (tweets of six companies by five minutes, taxi rides by half hours) and NASA-HTTP of the
Internet Traffic Archive (requests by minutes) are read from a folder that is not part of this project.
"""

from __future__ import annotations

import csv
import json
import os
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from insights.simulate.population import ObservedSeries

FOLDER = Path(os.environ.get("TRAIL_INSIGHTS_SERIES", Path(__file__).parents[2] / "../shared/data"))
_DAY = 1440


def is_available() -> bool:
    """Tell whether the real series are on this machine."""
    return (FOLDER / "series-nab").is_dir() and (FOLDER / "series-nasa-http").is_dir()


@cache
def observed_series() -> tuple[ObservedSeries, ...]:
    """Read the series, each from its first Monday on, with the spans that its publisher labelled."""
    nab = FOLDER / "series-nab"
    labels = json.loads((nab / "labels" / "combined_windows.json").read_text())
    files = [(path, 5) for path in sorted((nab / "data" / "realTweets").glob("*.csv"))]
    files.append((nab / "data" / "realKnownCause" / "nyc_taxi.csv", 30))
    found = [
        _series(path, step, [tuple(map(_instant, pair)) for pair in labels[str(path.relative_to(nab / "data"))]])
        for path, step in files
    ]
    return (*found, _nasa())


def _series(path: Path, step: int, labels: list[tuple[datetime, ...]]) -> ObservedSeries:
    with path.open() as file:
        rows = [(_instant(row["timestamp"]), float(row["value"])) for row in csv.DictReader(file)]
    return _from_monday(path.stem, step, rows, labels)


def _nasa() -> ObservedSeries:
    """Read July and August 1995 without the days around the shutdown: Friday, 4 August follows Thursday, 27 July."""
    with (FOLDER / "series-nasa-http" / "requests_per_minute.csv").open() as file:
        rows = [(_instant(row["minute_utc"]), float(row["requests"])) for row in csv.DictReader(file)]
    lost = (datetime(1995, 7, 28, tzinfo=UTC), datetime(1995, 8, 4, tzinfo=UTC))
    cut = lost[1] - lost[0]
    kept = [(at if at < lost[0] else at - cut, value) for at, value in rows if not lost[0] <= at < lost[1]]
    launch = (datetime(1995, 7, 13, 12, 0, tzinfo=UTC), datetime(1995, 7, 13, 16, 0, tzinfo=UTC))
    return _from_monday("nasa_http", 1, kept, [launch])


def _from_monday(
    name: str, step: int, rows: list[tuple[datetime, float]], labels: list[tuple[datetime, ...]]
) -> ObservedSeries:
    """Lay rows on a grid of equal steps that begins at midnight of the first Monday."""
    first = int(rows[0][0].timestamp()) // 60
    monday = first + (-(first - 4 * _DAY) % (7 * _DAY))  # 1970-01-05 was a Monday
    minutes = np.array([int(at.timestamp()) // 60 for at, _ in rows]) - monday
    values = np.array([value for _, value in rows])
    place = minutes // step
    counts = np.zeros(int(place.max()) + 1, dtype=np.int64)
    inside = place >= 0
    np.add.at(counts, place[inside], np.rint(values[inside]).astype(np.int64))
    spans = [(int(a.timestamp()) // 60 - monday, int(b.timestamp()) // 60 - monday) for a, b in labels]
    return ObservedSeries(name, step, counts, (*spans, *_outbursts(counts, step)))


def _outbursts(counts: NDArray[np.int64], step: int) -> list[tuple[int, int]]:
    """Give the hours with five times the median of their hour of the day, over all days, those to come as well.

    The publishers' labels leave out outbursts that anybody would call unusual. They are neither duty nor false here.
    """
    hours = counts[: len(counts) * step // _DAY * _DAY // step].reshape(-1, 24, 60 // step).sum(axis=2)
    outburst = hours > 5 * np.maximum(np.median(hours, axis=0), 5)
    return [(int(hour) * 60, int(hour) * 60 + 60) for hour in np.flatnonzero(outburst.ravel())]


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
