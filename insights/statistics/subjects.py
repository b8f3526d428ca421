"""What is counted: the series that are judged, and the reads that only serve as their denominator."""

from __future__ import annotations

from dataclasses import dataclass

from insights.records.series import InsightType, SeriesKey
from insights.statistics.coverage import Place

POOL_EVENT_SOURCE = "all-services.amazonaws.com"
"""Stands for every service; it has the form AWS demands of an event source, so that its graph can be asked for."""

POOL_EVENT_NAME = "NewlyDeniedApis"
POOL_ERROR_CODE = "AccessDenied"

_DENIED_PREFIXES = ("accessdenied", "authfailure", "forbidden", "notauthorized", "unauthorized", "authorizationerror")


@dataclass(frozen=True, slots=True, order=True)
class Api:
    """One operation of one service, whatever became of the call."""

    event_category: str
    event_source: str
    event_name: str


@dataclass(frozen=True, slots=True)
class Subject:
    """One series of the memory. Unjudged ones are reads that only count as the volume errors are compared with."""

    series: SeriesKey
    is_judged: bool = True

    @property
    def api(self) -> Api:
        """The operation whose calls or errors are counted."""
        return Api(self.series.event_category, self.series.event_source, self.series.event_name)

    @property
    def is_error(self) -> bool:
        """Whether errors are counted, not calls."""
        return self.series.insight_type is InsightType.ERROR_RATE

    @property
    def is_pool(self) -> bool:
        """Whether this is the pool of first denials."""
        return self.is_error and self.series.event_source == POOL_EVENT_SOURCE

    def sort_key(self) -> tuple[str, ...]:
        """Order subjects without regard to the order of rows."""
        series = self.series
        parts = (series.event_category, series.insight_type, series.event_source, series.event_name)
        return (*parts, series.error_code or "", str(self.is_judged))


def call_subject(place: Place, api: Api, *, is_judged: bool) -> Subject:
    """Name the calls of an operation; judged calls and those that are only counted are two subjects."""
    return Subject(
        SeriesKey(
            place.account_id,
            place.region,
            api.event_category,
            InsightType.CALL_RATE,
            api.event_source,
            api.event_name,
        ),
        is_judged,
    )


def error_subject(place: Place, api: Api, error_code: str) -> Subject:
    """Name one error of an operation."""
    return Subject(
        SeriesKey(
            place.account_id,
            place.region,
            api.event_category,
            InsightType.ERROR_RATE,
            api.event_source,
            api.event_name,
            error_code,
        )
    )


def pool_subject(place: Place, event_category: str) -> Subject:
    """Name the pool of first denials: in each minute, how many operations were denied for the first time in seven days.

    It has the form of an `ApiErrorRateInsight` of the operation `NewlyDeniedApis` of all services. Its count is of
    operations, not of calls: one who tries what stolen credentials can do is denied once by many operations.
    """
    return error_subject(place, Api(event_category, POOL_EVENT_SOURCE, POOL_EVENT_NAME), POOL_ERROR_CODE)


def is_denial(error_code: str) -> bool:
    """Tell whether an error code means that the caller may not do this.

    >>> [is_denial(code) for code in ("AccessDenied", "Client.UnauthorizedOperation", "ThrottlingException")]
    [True, True, False]
    """
    return error_code.rpartition(".")[2].casefold().startswith(_DENIED_PREFIXES)
