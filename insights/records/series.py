"""Which calls are counted together."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class InsightType(StrEnum):
    """The two questions CloudTrail Insights asks of a series."""

    CALL_RATE = "ApiCallRateInsight"
    ERROR_RATE = "ApiErrorRateInsight"


class Direction(StrEnum):
    """Which way a rate left what is usual."""

    SPIKE = "spike"
    DROP = "drop"


@dataclass(frozen=True, slots=True, order=True)
class SeriesKey:
    """One API of one account and Region, as one insight type sees it.

    `error_code` is set for `ApiErrorRateInsight` only: AWS keeps an own baseline for every error of an API.
    `event_category` is `Management` or `Data`.
    """

    account_id: str
    region: str
    event_category: str
    insight_type: InsightType
    event_source: str
    event_name: str
    error_code: str | None = None

    @property
    def columns(self) -> dict[str, str | None]:
        """The series as the columns of tables name it."""
        return {
            "account_id": self.account_id,
            "region": self.region,
            "event_category": self.event_category,
            "insight_type": str(self.insight_type),
            "event_source": self.event_source,
            "event_name": self.event_name,
            "error_code": self.error_code,
        }
