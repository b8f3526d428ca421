"""From a run to its window, whatever kind of run it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from insights.errors import WindowError
from insights.windows import HOUR, Window, floor, parse_instant


def window_of(
    *,
    params: Mapping[str, Any],
    interval_start: datetime | None,
    interval_end: datetime | None,
    run_after: datetime | None,
) -> Window:
    """Give the window of a run: its form's From and To, else days back from To, else its data interval.

    Raises:
        WindowError: the run has none of them: it was triggered without a data interval.
    """
    if "days_back" in params:
        return _from_form(params, run_after)
    if interval_start is not None and interval_end is not None and interval_start < interval_end:
        return Window(interval_start, interval_end)
    raise WindowError(
        "this run has no data interval: trigger it with a logical date, or with data_interval_start and "
        "data_interval_end"
    )


def _from_form(params: Mapping[str, Any], run_after: datetime | None) -> Window:
    if params.get("window_end"):
        end = parse_instant(params["window_end"])
    elif run_after is not None:
        end = floor(run_after, HOUR)
    else:
        raise WindowError("the form names no To, and the run has no time of its own: fill in To")
    if params.get("window_start"):
        return Window(parse_instant(params["window_start"]), end)
    return Window(end - timedelta(days=params["days_back"]), end)
