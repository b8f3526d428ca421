from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from insights.errors import WindowError
from insights.orchestration.windows import window_of


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def window(params: dict[str, Any] | None = None, **run: datetime | None) -> str:
    return str(
        window_of(params=params or {}, **{"interval_start": None, "interval_end": None, "run_after": None} | run)
    )


def test_interval() -> None:
    """A run without a form is about its data interval."""
    found = window(interval_start=at("2026-11-01T13:00"), interval_end=at("2026-11-01T14:00"))

    assert found == "2026-11-01T13:00:00Z/2026-11-01T14:00:00Z"


@pytest.mark.parametrize(
    ("start", "end"),
    [(None, None), (at("2026-11-01T13:00"), None), (at("2026-11-01T13:00"), at("2026-11-01T13:00"))],
    ids=["triggered without a date", "half an interval", "an interval of no time"],
)
def test_no_interval(start: datetime | None, end: datetime | None) -> None:
    """A run without form and interval is refused with what to trigger it with."""
    with pytest.raises(WindowError, match="no data interval: trigger it with a logical date, or with data_interval_s"):
        window(interval_start=start, interval_end=end, run_after=at("2026-11-01T14:00"))


def test_from_and_to() -> None:
    """The form's From and To win over the run's own interval and over days back."""
    form = {"days_back": 7, "window_start": "2026-10-01T00:00:00Z", "window_end": "2026-10-03T06:30:00+02:00"}

    found = window(form, interval_start=at("2026-11-01T13:00"), interval_end=at("2026-11-01T14:00"))

    assert found == "2026-10-01T00:00:00Z/2026-10-03T04:30:00Z"


def test_days_back_from_to() -> None:
    """Without From the window starts so many days before To."""
    form = {"days_back": 3, "window_start": None, "window_end": "2026-11-08T12:00:00Z"}

    assert window(form) == "2026-11-05T12:00:00Z/2026-11-08T12:00:00Z"


def test_to_is_the_hour_that_has_ended() -> None:
    """Without To the window ends with the last whole hour before the run."""
    form = {"days_back": 7, "window_start": None, "window_end": None}

    assert window(form, run_after=at("2026-11-08T12:34:56")) == "2026-11-01T12:00:00Z/2026-11-08T12:00:00Z"


def test_form_without_any_time() -> None:
    """A form without To, in a run without a time, is refused by the field's name."""
    with pytest.raises(WindowError, match="fill in To"):
        window({"days_back": 7, "window_start": None, "window_end": None})


def test_from_after_to() -> None:
    """A form whose From is after its To is refused."""
    form = {"days_back": 7, "window_start": "2026-11-02T00:00:00Z", "window_end": "2026-11-01T00:00:00Z"}

    with pytest.raises(WindowError, match="its end must be later than its start"):
        window(form)


def test_no_time_at_all() -> None:
    """A field that is no time is refused with an example of one."""
    with pytest.raises(WindowError, match="'tomorrow' is not a time: write it like 2026-11-01T13:00Z"):
        window({"days_back": 7, "window_start": "tomorrow", "window_end": "2026-11-01T00:00:00Z"})
