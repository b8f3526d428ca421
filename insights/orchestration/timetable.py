"""When an hour is run: some minutes after its end, once CloudTrail has delivered it.

Airflow's plain cron string gives an empty data interval, and its interval timetable runs an hour the moment it ends,
when a tenth of its calls is still on its way. This one keeps the aligned interval [h, h+1) and runs it at h+1 plus the
delay.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pendulum
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction
from airflow.timetables.interval import CronDataIntervalTimetable
from pendulum import DateTime


class SettledHourTimetable(CronDataIntervalTimetable):
    """Whole UTC hours, each run `settle_minutes` after its end."""

    def __init__(self, settle_minutes: int = 20) -> None:
        super().__init__("@hourly", timezone="UTC")
        self.settle_minutes = settle_minutes

    @property
    def summary(self) -> str:
        """What the UI shows as the schedule."""
        return f"hourly, {self.settle_minutes} min after the hour"

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> SettledHourTimetable:
        """Make the timetable again from what `serialize` gave."""
        return cls(data["settle_minutes"])

    def serialize(self) -> dict[str, Any]:
        """Give what `deserialize` needs."""
        return {"settle_minutes": self.settle_minutes}

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """Give the next hour's run, postponed until the hour has settled."""
        info = super().next_dagrun_info(
            last_automated_data_interval=last_automated_data_interval, restriction=restriction
        )
        if info is None:
            return None
        return info._replace(run_after=info.run_after + timedelta(minutes=self.settle_minutes))

    def _skip_to_latest(self, earliest: DateTime | None) -> DateTime:
        """Begin with the last hour that has settled, where catchup is off.

        Airflow's own rule begins with the last hour that has ended: unpaused at ten past, nothing would run for ten
        minutes, and the settled hour before would never run.
        """
        settled = _utc_now() - timedelta(minutes=self.settle_minutes)
        start = self._get_prev(self._align_to_prev(settled))
        return start if earliest is None else max(start, self._align_to_next(earliest))


def _utc_now() -> DateTime:
    return pendulum.now("UTC")
