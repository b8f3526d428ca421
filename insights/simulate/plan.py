"""What to simulate: a trail's shape, its traffic, and the incidents in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from insights.errors import SettingsError
from insights.records.series import InsightType
from insights.simulate.bodies import failure_place
from insights.simulate.services import place_of
from insights.windows import DAY, Window

Layout = Literal["account", "organization"]


class IncidentKind(StrEnum):
    """What goes wrong, or only looks so."""

    CALL_BURST = "call_burst"
    NEW_API = "new_api"
    DENIED_ENUMERATION = "denied_enumeration"
    THROTTLING_STORM = "throttling_storm"
    DROP = "drop"
    LEVEL_CHANGE = "level_change"


_ERROR_KINDS = frozenset({IncidentKind.DENIED_ENUMERATION, IncidentKind.THROTTLING_STORM})


@dataclass(frozen=True, slots=True)
class Incident:
    """Calls that one caller adds to the ordinary traffic of an account and Region in [start, end).

    `calls` is exact; for a `DROP` it is 0: the API is silent in [start, end). `event_source` and `event_name` are None
    for a `DENIED_ENUMERATION`, which goes through many APIs. `caller` is `role/<name>` or `user/<name>`, and nobody
    else's in the simulation. With an `error_code` all the calls fail. `usual_calls_per_hour` is what the API is called
    by others at all times: None leaves it to its popularity, 0 makes an API that was never seen before.
    """

    kind: IncidentKind
    account_id: str
    region: str
    event_source: str | None
    event_name: str | None
    start: datetime
    end: datetime
    calls: int
    caller: str
    error_code: str | None = None
    usual_calls_per_hour: float | None = None

    @property
    def insight_type(self) -> InsightType:
        """The question whose answer should show the incident."""
        return InsightType.ERROR_RATE if self.kind in _ERROR_KINDS else InsightType.CALL_RATE

    @property
    def window(self) -> Window:
        """The span of the incident."""
        return Window(self.start, self.end)

    @property
    def api(self) -> int | None:
        """The place of the API in `APIS`; None for an incident of many APIs."""
        if self.event_source is None or self.event_name is None:
            return None
        return place_of(self.event_source, self.event_name)


@dataclass(frozen=True, slots=True)
class Routine:
    """Exactly `calls` calls of an API, spread evenly over [start, end).

    Nobody else in the account and Region calls the API.
    """

    account_id: str
    region: str
    event_source: str
    event_name: str
    start: datetime
    end: datetime
    calls: int
    caller: str


@dataclass(frozen=True, slots=True)
class TrailPlan:
    """A trail to simulate: everything that follows is derived from these values.

    Attributes:
        seed: chooses one trail out of many of the same shape.
        start: first instant with calls, aware, on a whole minute.
        days: length; calls lie in [start, start + days), deliveries may come later.
        calls_per_hour: mean of the ordinary calls of one account in one Region, over a whole week. The usual calls of
            an incident's or routine's API come on top.
        duplicate_share: deliveries of a record a second time, as a share of all records.
        late_share: records that arrive hours instead of minutes after their call.
        data_share: share of the ordinary calls that are data events.
        records_per_object: more records than this are split into several objects.
    """

    seed: int
    start: datetime
    days: float
    accounts: tuple[str, ...]
    regions: tuple[str, ...]
    layout: Layout = "account"
    prefix: str = ""
    organization_id: str = "o-exampleorgid"
    calls_per_hour: float = 200.0
    duplicate_share: float = 0.005
    late_share: float = 0.002
    data_share: float = 0.0
    records_per_object: int = 2000
    incidents: tuple[Incident, ...] = ()
    routines: tuple[Routine, ...] = ()

    def __post_init__(self) -> None:
        self._check_numbers()
        for account in self.accounts:
            _require(re.fullmatch(r"\d{12}", account) is not None, f"account {account!r} is not twelve digits")
        for region in self.regions:
            _require(re.fullmatch(r"[a-z0-9-]+", region) is not None, f"Region {region!r} is no name of a Region")
        _require(bool(self.accounts) and bool(self.regions), "a trail needs at least one account and one Region")
        parts: tuple[Incident | Routine, ...] = (*self.incidents, *self.routines)
        for part in parts:
            self._check_part(part)

    @property
    def window(self) -> Window:
        """The span in which calls are made."""
        return Window(self.start, self.start + self.days * DAY)

    def _check_numbers(self) -> None:
        _require(self.seed >= 0, f"seed is {self.seed}: it must not be negative")
        _require(self.start.tzinfo is not None, f"start {self.start.isoformat()} has no time zone")
        _require(not (self.start.second or self.start.microsecond), "start must lie on a whole minute")
        _require(self.days > 0, f"days is {self.days}: it must be more than 0")
        _require(self.calls_per_hour >= 0, f"calls_per_hour is {self.calls_per_hour}: it must not be negative")
        _require(self.records_per_object >= 1, f"records_per_object is {self.records_per_object}: at least 1")
        _require(self.layout in ("account", "organization"), f"layout is {self.layout!r}: account or organization")
        for name in ("duplicate_share", "late_share", "data_share"):
            share = getattr(self, name)
            _require(0 <= share <= 1, f"{name} is {share}: it must lie between 0 and 1")

    def _check_part(self, part: Incident | Routine) -> None:
        what = f"{part.event_name or 'the enumeration'} at {part.start.isoformat()}"
        _require(part.account_id in self.accounts, f"{what} is in account {part.account_id}, which is not in the plan")
        _require(part.region in self.regions, f"{what} is in Region {part.region}, which is not in the plan")
        span = Window(part.start, part.end)
        _require(self.window.start <= span.start and span.end <= self.window.end, f"{what} is outside of {self.window}")
        _require(part.calls >= 0, f"{what} has {part.calls} calls: it must not be negative")
        _require(
            re.fullmatch(r"(role|user)/[A-Za-z0-9_+=,.@-]+", part.caller) is not None,
            f"{what} has caller {part.caller!r}: write role/<name> or user/<name>",
        )
        if isinstance(part, Incident) and part.error_code is not None:
            failure_place(part.error_code)
        if part.event_source is not None and part.event_name is not None:
            place_of(part.event_source, part.event_name)


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise SettingsError(f"the plan cannot be simulated: {message}")
